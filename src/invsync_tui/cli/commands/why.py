"""`invsync why`: the arithmetic of one SKU in every cart, now or at a past time, with its evidence."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from invsync_tui.cli.context import opened
from invsync_tui.cli.output import DOCUMENT_VERSION, print_json, say, say_prose
from invsync_tui.cli.parser import Subparsers, add_moment, command, given
from invsync_tui.cli.text import clean, fields, moment, on_off, utc
from invsync_tui.operations.diagnosis.evidence_text import (
    CartReadings,
    in_own_count,
    read_from_cart,
    record_lines,
    records_of,
    refs_by_cart,
    remarks,
    stock,
)
from invsync_tui.rules import words

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.evidence import ExchangeView, SentView, SourceView
    from invsync_tui.operations.diagnosis.why import Why, WhyListing
    from invsync_tui.operations.diagnosis.why_at import Held, ListingThen, WhyThen
    from invsync_tui.operations.listings.drift import DriftLine
    from invsync_tui.operations.session import Session
    from invsync_tui.rules.quantity import Step


def run(args: argparse.Namespace, session: Session, cart: int | None) -> int:
    """Explain a word as of a moment."""
    from invsync_tui.operations.diagnosis.why_at import why_then
    from invsync_tui.operations.time_text import moment as read

    answer = why_then(session, args.word, read("--as-of", args.as_of, int(time.time())), cart)
    if given(args, "json"):
        print_json(document(answer.why) | {"as_of": _document(answer)})
    elif not given(args, "quiet"):
        _print(answer)
    return 1 if any(listing.why.causes for listing in answer.listings) else 0


def _document(answer: WhyThen) -> dict[str, Any]:
    listings = [
        {
            "cart": listing.why.cart,
            "cart_listing_id": listing.why.cart_listing_id,
            "run": listing.run_id,
            "decided_at": utc(listing.decided_at),
            "oldest_known": utc(listing.oldest),
            "target": _held(listing.wanted),
            "confirmed": _held(listing.accepted),
            "levels": [{"warehouse": level.warehouse, "available": _held(level.held)} for level in listing.levels],
            "settings": None if listing.settings is None else dict(listing.settings),
        }
        for listing in answer.listings
    ]
    return {"at": utc(answer.at), "listings": listings}


def _held(held: Held) -> dict[str, Any]:
    return {"known": held.known, "value": held.value}


def _print(answer: WhyThen) -> None:
    why = answer.why
    say(f"{why.asked}: matched as {why.matched_as}" + (f" ({why.sku})" if why.sku else ""))
    say(f"As of {moment(answer.at)}")
    for listing in answer.listings:
        _print_listing(listing)
    if not answer.listings:
        say("\nNo cart has a listing for it.")


def _print_listing(listing_then: ListingThen) -> None:
    from invsync_tui.rules.outcomes import REASONS

    say(
        f"\n{listing_then.why.cart}: listing {listing_then.why.sku}, cart listing ID {listing_then.why.cart_listing_id}"
    )
    say(f"  {_decided(listing_then)}")
    for row in chain(listing_then.why.steps):
        say(row)
    say(f"  target {_quantity(listing_then.wanted)}, confirmed {_quantity(listing_then.accepted)}")
    for level in listing_then.levels:
        say(f"  {level.warehouse}: {_quantity(level.held)} available")
    if listing_then.settings is not None:
        say("  settings: " + ", ".join(f"{name} {_value(value)}" for name, value in listing_then.settings.items()))
    for cause in listing_then.why.causes:
        say_prose(f"  ! {cause.value}: {REASONS[cause].text}")


def _decided(listing_then: ListingThen) -> str:
    if listing_then.run_id is not None:
        return f"decided by run {listing_then.run_id}, {moment(listing_then.decided_at)}"
    if listing_then.oldest is None:
        return "no decision about it is kept; the next push that plans it keeps one"
    return f"no decision about it is kept that is so old; the oldest is of {moment(listing_then.oldest)}"


def _quantity(held: Held) -> str:
    if not held.known:
        return "unknown"
    return "nothing yet" if held.value is None else f"{held.value:,}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return on_off(value)
    if isinstance(value, list):
        return "+".join(value) or "all"
    return "none" if value is None else str(value)


def ask(session: Session, listings: Sequence[WhyListing]) -> dict[int, CartReadings]:
    """Read the listings back from their carts, each cart once; a cart that does not answer is told as such."""
    from invsync_tui.operations.diagnosis.evidence import read_back
    from invsync_tui.operations.errors import OperationError

    result: dict[int, CartReadings] = {}
    for cart_id, mine in refs_by_cart(listings).items():
        try:
            result[cart_id] = CartReadings(read_back(session, cart_id, mine))
        except OperationError as error:
            result[cart_id] = CartReadings({}, str(error))
    return result


def evidence_document(listing: WhyListing, live: Mapping[int, CartReadings] | None) -> dict[str, Any]:
    """The keys that evidence adds to a listing of `why --json`; `live` only with --live."""
    result: dict[str, Any] = {
        "source": [asdict(row) for row in listing.source],
        "sent": asdict(listing.sent) if listing.sent is not None else None,
    }
    if live is not None:
        result["live"] = _live_document(listing, live.get(listing.cart_id or 0))
    return result


def _live_document(listing: WhyListing, live: CartReadings | None) -> dict[str, Any] | None:
    if live is None or listing.cart_listing_id is None:
        return None
    reading = live.shown.get(listing.cart_listing_id)
    return {
        "quantity": reading.quantity if reading else None,
        "allocated": reading.allocated if reading else None,
        "tracked": reading.tracked if reading else None,
        "at": reading.at if reading else None,
        "in_cart": None if live.error else reading is not None,
        "error": live.error or None,
    }


def chain(steps: Iterable[Step]) -> list[str]:
    """The quantity chain as an aligned table, numbers to the right; nothing for no steps."""
    from invsync_tui.operations.diagnosis.why_table import HEAD, table_rows

    rows = table_rows(steps)
    if not rows:
        return []
    step, change, total = (max(map(len, column)) for column in list(zip(HEAD, *rows, strict=False))[:3])
    cells = [tuple(name.upper() for name in HEAD), *(row[:4] for row in rows)]
    return [
        clean(f"  {name:<{step}}  {number:>{change}}  {after:>{total}}  {rule}".rstrip())
        for name, number, after, rule in cells
    ]


def lines(listing: WhyListing, live: Mapping[int, CartReadings] | None, *, records: bool = False) -> Iterator[str]:
    """The rows of the source, the last request and what the cart shows now, as lines of text.

    Records and requests themselves only with `records`.
    """
    for row in listing.source:
        yield from _source(row, records)
    if listing.sent is not None:
        yield from _sent(listing.sent, records)
    if (count := records_of(listing)) and not records:
        yield f"  records   {count}: --records shows them"
    if live is not None and listing.cart_listing_id is not None:
        yield f"  now       {_now(listing.cart_listing_id, live.get(listing.cart_id or 0))}"


def _source(row: SourceView, records: bool) -> Iterator[str]:
    text = f"{stock(row)}; loaded {moment(row.loaded_at)}{remarks(row)}"
    yield clean(f"  source    {row.warehouse}: {row.sku}: {text}")
    if row.raw is not None and records:
        yield from _record(row.raw)


def _record(raw: str) -> Iterator[str]:
    """A key and its value for each line."""
    pairs = record_lines(raw)
    yield from fields([pair for pair in pairs if pair[0]], " " * 14)
    yield from (clean(f"              {text}") for key, text in pairs if not key)


def _sent(sent: SentView, records: bool) -> Iterator[str]:
    before = "unknown" if sent.before is None else sent.before
    asked = f" ({sent.asked_by})" if sent.asked_by else ""
    yield clean(
        f"  sent      run {sent.run_id}{asked}, {moment(sent.at)}: {before} -> {sent.target} in the cart's count, {sent.state}"
        + _until(sent)
        + (f", {sent.attempts} attempts" if sent.attempts > 1 else "")
        + (f": {sent.error}" if sent.error else "")
    )
    for attempt in sent.exchanges if records else ():
        yield from _attempt(attempt)


def _until(sent: SentView) -> str:
    """Of what the cart applies later: when that is asked about, and when the listing is read back instead."""
    if sent.look_after is None or sent.give_up_at is None:
        return ""
    return f", checked again at {moment(sent.look_after)}, read from the cart at {moment(sent.give_up_at)}"


def _attempt(attempt: ExchangeView) -> Iterator[str]:
    came = f"answered {attempt.status} in {attempt.took_ms} ms" if attempt.status else f"no answer: {attempt.error}"
    named = f", its id there {attempt.vendor_id}" if attempt.vendor_id else ""
    yield clean(f"            {attempt.method} {attempt.url} {came}{named}")
    for name, text in (("request", attempt.request), ("answer", attempt.answer)):
        if text:
            yield f"            {name}"
            yield from _record(text)


def _now(ref: str, live: CartReadings | None) -> str:
    if live is None or live.error:
        return clean(f"the cart could not be asked: {live.error if live else 'it was not named'}")
    reading = live.shown.get(ref)
    return (
        "the cart no longer has this listing"
        if reading is None
        else f"{read_from_cart(reading)} (asked {moment(reading.at)})"
    )


WHY_EXAMPLES = """\
example:
  invsync why DEMO-LAMP-00432                    a SKU, an alias, a cart's code or a cart listing ID
  invsync why 400041541119 --cart 'Web shop'     one cart only
  invsync why DEMO-LAMP-00432 --json             for tickets
  invsync why DEMO-LAMP-00432 --records          with the records of the WMS and the requests to the cart
  invsync why DEMO-LAMP-00432 --live             also ask the carts what they show right now
  invsync why DEMO-LAMP-00432 --as-of -2h        by what was known two hours ago, and the settings of then

Exit code 0 if every listing shows its stock, 1 if there are causes why one does not."""


def add_why(subparsers: Subparsers) -> None:
    """Add `invsync why` with its arguments."""
    parser = command(subparsers, "why", "say why a SKU shows what it shows, with the arithmetic", WHY_EXAMPLES)
    parser.add_argument("word", metavar="SKU", help="SKU, alias, cart's code, cart listing ID, or nearly one")
    parser.add_argument("--cart", metavar="C", help="one cart, by name or number")
    add_moment(parser, "--as-of", "what was known then: a date, a time, -2h, '2 hours ago', or epoch seconds")
    parser.add_argument("--live", action="store_true", help="also ask the carts what they show right now")
    parser.add_argument(
        "--records", action="store_true", help="also show the WMS's records and the requests as they were"
    )
    parser.set_defaults(run=run_why)


def run_why(args: argparse.Namespace) -> int:
    """Print why each listing of a SKU shows its number; 1 where something stops one."""
    from invsync_tui.operations import names
    from invsync_tui.operations.diagnosis.why import why

    with opened(args) as session:
        cart = names.cart(session, args.cart).id if args.cart else None
        if args.as_of is not None:
            return run(args, session, cart)
        answer = why(session, args.word, cart)
        live = ask(session, answer.listings) if args.live else None
    if given(args, "json"):
        print_json(document(answer, live))
    elif not given(args, "quiet"):
        print_why(answer, live, records=args.records)
    return 1 if any(listing.causes for listing in answer.listings) else 0


def document(answer: Why, live: Mapping[int, CartReadings] | None = None) -> dict[str, Any]:
    """The JSON document, see docs/json.md."""
    listings = [
        {
            "cart": listing.cart,
            "sku": listing.sku,
            "cart_listing_id": listing.cart_listing_id,
            "steps": [step._asdict() for step in listing.steps],
            "target": listing.target,
            "confirmed": listing.confirmed,
            "in_cart": listing.in_cart,
            "cart_count": listing.cart_count,
            "cart_orders": listing.cart_orders,
            "outcome": listing.outcome and words.name(words.OUTCOMES, listing.outcome),
            "causes": [cause.value for cause in listing.causes],
            "set_by": [
                {
                    "cause": change.cause.value,
                    "who": change.who,
                    "at": utc(change.at),
                    "reason": change.reason,
                    "certain": change.certain,
                }
                for change in listing.set_by
            ],
            "linked": listing.linked or None,
            **evidence_document(listing, live),
            "drift": _drift(listing.drift),
        }
        for listing in answer.listings
    ]
    return {
        "version": DOCUMENT_VERSION,
        "asked": answer.asked,
        "matched_as": answer.matched_as,
        "taken_as": answer.matched_as,  # its former name
        "sku": answer.sku,
        "listings": listings,
    }


def _drift(drift: DriftLine | None) -> dict[str, Any] | None:
    if drift is None:
        return None
    return {"class": drift.drift, "exposure": drift.exposure, "to_correct": drift.to_correct, "text": drift.text}


def print_why(answer: Why, live: Mapping[int, CartReadings] | None = None, *, records: bool = False) -> None:
    """Print the answer as text."""
    say(f"{answer.asked}: matched as {answer.matched_as}" + (f" ({answer.sku})" if answer.sku else ""))
    for listing in answer.listings:
        print_listing(listing, live, records=records)
    if not answer.listings:
        say("\nNo cart has a listing for it, as far as plans have looked.")


def print_listing(
    listing: WhyListing, live: Mapping[int, CartReadings] | None = None, *, records: bool = False
) -> None:
    """One cart's side as text."""
    from invsync_tui.rules.outcomes import REASONS

    name = (
        f"listing {listing.sku}, cart listing ID {listing.cart_listing_id}"
        if listing.cart_listing_id is not None
        else "not listed"
    )
    say(f"\n{listing.cart}: {name}")
    if listing.linked:
        say(f"  {listing.linked}")
    for row in chain(listing.steps):
        say(row)
    if listing.cart_listing_id is not None:
        count = in_own_count(listing.cart_count, listing.cart_orders)
        say(
            f"  target {_number(listing.target)}, confirmed {_number(listing.confirmed)}, "
            f"in cart {_number(listing.in_cart)}{f' ({count})' if count else ''}"
        )
    for line in lines(listing, live, records=records):
        say(line)
    for cause in listing.causes:
        say_prose(f"  ! {cause.value}: {REASONS[cause].text}")
        for change in listing.set_by:
            if change.cause is cause:
                say(f"    {change.text}")
        say_prose(f"    {REASONS[cause].advice}")
    if listing.drift is not None:
        marked = " The next push writes it." if listing.drift.to_correct else ""
        say_prose(f"  ~ {listing.drift.drift}: {listing.drift.text}{marked}")
    if not listing.causes and listing.drift is None:
        say("  Nothing is wrong.")


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"
