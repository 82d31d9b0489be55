"""What a number rests on, in words and as JSON: source rows, the last request and answer, and what the cart shows now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from invsync_tui.cli.text import clean, moment
from invsync_tui.operations.diagnosis.proof_words import Read, refs_by_cart, remarks, shown, stock

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.evidence import ExchangeView, SentView, SourceView
    from invsync_tui.operations.diagnosis.why import WhyListing
    from invsync_tui.operations.session import Session


def ask(session: Session, listings: Sequence[WhyListing]) -> dict[int, Read]:
    """Read the listings back from their carts, each cart once; a cart that does not answer is told as such."""
    from invsync_tui.operations.diagnosis.readback import read_back
    from invsync_tui.operations.errors import OperationError

    found: dict[int, Read] = {}
    for cart_id, mine in refs_by_cart(listings).items():
        try:
            found[cart_id] = Read(read_back(session, cart_id, mine))
        except OperationError as error:
            found[cart_id] = Read({}, str(error))
    return found


def document(one: WhyListing, live: Mapping[int, Read] | None) -> dict[str, Any]:
    """The keys that evidence adds to a listing of `why --json`; `live` only with --live."""
    told: dict[str, Any] = {
        "source": [asdict(row) for row in one.source],
        "sent": asdict(one.sent) if one.sent is not None else None,
    }
    if live is not None:
        told["live"] = _live_document(one, live.get(one.cart_id or 0))
    return told


def _live_document(one: WhyListing, live: Read | None) -> dict[str, Any] | None:
    if live is None or one.remote_id is None:
        return None
    found = live.shown.get(one.remote_id)
    return {
        "quantity": found.quantity if found else None,
        "allocated": found.allocated if found else None,
        "tracked": found.tracked if found else None,
        "at": found.at if found else None,
        "in_cart": None if live.error else found is not None,
        "error": live.error or None,
    }


def lines(one: WhyListing, live: Mapping[int, Read] | None) -> Iterator[str]:
    """As text."""
    for row in one.source:
        yield from _source(row)
    if one.sent is not None:
        yield from _sent(one.sent)
    if live is not None and one.remote_id is not None:
        yield f"  now       {_now(one.remote_id, live.get(one.cart_id or 0))}"


def _source(row: SourceView) -> Iterator[str]:
    told = f"{stock(row)}; loaded {moment(row.loaded_at)}{remarks(row)}"
    yield clean(f"  source    {row.warehouse}: {row.sku}: {told}")
    if row.raw is not None:
        yield clean(f"            {row.raw}")


def _sent(sent: SentView) -> Iterator[str]:
    before = "unknown" if sent.before is None else sent.before
    yield clean(
        f"  sent      run {sent.run_id}, {moment(sent.at)}: {before} -> {sent.target} in the cart's count, {sent.state}"
        + (f", {sent.attempts} attempts" if sent.attempts > 1 else "")
        + (f": {sent.error}" if sent.error else "")
    )
    for attempt in sent.exchanges:
        yield from _attempt(attempt)


def _attempt(attempt: ExchangeView) -> Iterator[str]:
    came = f"answered {attempt.status} in {attempt.took_ms} ms" if attempt.status else f"no answer: {attempt.error}"
    named = f", its id there {attempt.vendor_id}" if attempt.vendor_id else ""
    yield clean(f"            {attempt.method} {attempt.url} {came}{named}")
    yield clean(f"            request {attempt.request}")
    if attempt.answer:
        yield clean(f"            answer  {attempt.answer}")


def _now(ref: str, live: Read | None) -> str:
    if live is None or live.error:
        return clean(f"the cart could not be asked: {live.error if live else 'it was not named'}")
    found = live.shown.get(ref)
    return "the cart no longer has this listing" if found is None else f"{shown(found)} (asked {moment(found.at)})"
