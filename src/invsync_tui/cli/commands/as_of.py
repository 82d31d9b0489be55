"""What `invsync why --as-of` prints, and the option that takes a moment."""

from __future__ import annotations

import argparse
import re
import time
from typing import TYPE_CHECKING, Any

from invsync_tui.cli.output import print_json, say
from invsync_tui.cli.parser import given
from invsync_tui.cli.text import moment, number, on_off, utc

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.why_at import Held, ListingThen, WhyThen
    from invsync_tui.operations.session import Session


def add_option(parser: argparse.ArgumentParser, flag: str, text: str) -> None:
    """An option that takes a moment."""
    # So that -2h is a value, as -2 is, and not an unknown option.
    parser._negative_number_matcher = re.compile(r"^-\s*\d+\s*[A-Za-z]*$")
    parser.add_argument(flag, metavar="TIME", help=text)


def run(args: argparse.Namespace, session: Session, cart: int | None) -> int:
    """Explain a word as of a moment."""
    from invsync_tui.cli.commands.why import document
    from invsync_tui.operations.diagnosis.why_at import why_then
    from invsync_tui.operations.moments import moment as read

    found = why_then(session, args.word, read("--as-of", args.as_of, int(time.time())), cart)
    if given(args, "json"):
        print_json(document(found.why) | {"as_of": _document(found)})
    elif not given(args, "quiet"):
        _print(found)
    return 1 if any(one.why.causes for one in found.listings) else 0


def _document(found: WhyThen) -> dict[str, Any]:
    listings = [
        {
            "cart": one.why.cart,
            "remote_id": one.why.remote_id,
            "run": one.run_id,
            "decided_at": utc(one.decided_at),
            "oldest_known": utc(one.oldest),
            "desired": _held(one.wanted),
            "acked": _held(one.accepted),
            "levels": [{"warehouse": level.warehouse, "available": _held(level.held)} for level in one.levels],
            "settings": None if one.settings is None else dict(one.settings),
        }
        for one in found.listings
    ]
    return {"at": utc(found.at), "listings": listings}


def _held(held: Held) -> dict[str, Any]:
    return {"known": held.known, "value": held.value}


def _print(found: WhyThen) -> None:
    why = found.why
    say(f"{why.asked}: taken as {why.taken_as}" + (f" ({why.sku})" if why.sku else ""))
    say(f"As of {moment(found.at)}")
    for one in found.listings:
        _print_listing(one)
    if not found.listings:
        say("\nNo cart has a listing for it.")


def _print_listing(one: ListingThen) -> None:
    from invsync_tui.rules.outcomes import REASONS

    say(f"\n{one.why.cart}: listing {one.why.sku}, remote id {one.why.remote_id}")
    say(f"  {_decided(one)}")
    for step in one.why.steps:
        say(f"  {step.step:<9} {number(step.before):>8} -> {number(step.after):<8} {step.because}")
    say(f"  should show {_quantity(one.wanted)}, the cart had accepted {_quantity(one.accepted)}")
    for level in one.levels:
        say(f"  {level.warehouse}: {_quantity(level.held)} available")
    if one.settings is not None:
        say("  settings: " + ", ".join(f"{name} {_value(value)}" for name, value in one.settings.items()))
    for cause in one.why.causes:
        say(f"  ! {cause.value}: {REASONS[cause].text}")


def _decided(one: ListingThen) -> str:
    if one.run_id is not None:
        return f"decided by run {one.run_id}, {moment(one.decided_at)}"
    if one.oldest is None:
        return "no decision on it is kept; the next push that plans it keeps one"
    return f"no decision on it is kept that is so old; the oldest is of {moment(one.oldest)}"


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
