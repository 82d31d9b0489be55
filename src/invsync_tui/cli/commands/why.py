"""`invsync why`: the arithmetic of one SKU in every cart, and every cause why it does not show its stock."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from invsync_tui.cli.commands import as_of, evidence
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import print_json, say
from invsync_tui.cli.parser import Subparsers, command, given

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.proof_words import Read
    from invsync_tui.operations.diagnosis.why import Why, WhyListing
    from invsync_tui.operations.listings.drift import DriftLine

EXAMPLES = """\
example:
  invsync why DEMO-LAMP-00432                    a SKU, an alias, a cart's code or a remote id
  invsync why 400041541119 --cart 'Web shop'     one cart only
  invsync why DEMO-LAMP-00432 --json             for tickets
  invsync why DEMO-LAMP-00432 --live             also ask the carts what they show right now
  invsync why DEMO-LAMP-00432 --as-of -2h        by what was known two hours ago, and the settings of then

Exit code 0 if every listing shows its stock, 1 if there are causes why one does not."""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "why", "say why a SKU shows what it shows, with the arithmetic", EXAMPLES)
    parser.add_argument("word", metavar="SKU", help="SKU, alias, cart's code, remote id, or nearly one")
    parser.add_argument("--cart", metavar="C", help="one cart, by name or number")
    as_of.add_option(parser, "--as-of", "what was known then: a date, a time, -2h, '2 hours ago', or epoch seconds")
    parser.add_argument("--live", action="store_true", help="also ask the carts what they show right now")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Explain it."""
    from invsync_tui.operations import names
    from invsync_tui.operations.diagnosis.why import why

    with opened(args) as session:
        cart = names.cart(session, args.cart).id if args.cart else None
        if args.as_of is not None:
            return as_of.run(args, session, cart)
        found = why(session, args.word, cart)
        live = evidence.ask(session, found.listings) if args.live else None
    if given(args, "json"):
        print_json(document(found, live))
    elif not given(args, "quiet"):
        print_why(found, live)
    return 1 if any(listing.causes for listing in found.listings) else 0


def document(found: Why, live: Mapping[int, Read] | None = None) -> dict[str, Any]:
    """The JSON document, see docs/json.md."""
    listings = [
        {
            "cart": one.cart,
            "sku": one.sku,
            "remote_id": one.remote_id,
            "steps": [step._asdict() for step in one.steps],
            "desired": one.desired,
            "acked": one.acked,
            "observed": one.observed,
            "outcome": one.outcome,
            "causes": [cause.value for cause in one.causes],
            "linked": one.linked or None,
            **evidence.document(one, live),
            "drift": _drift(one.drift),
        }
        for one in found.listings
    ]
    return {"version": 1, "asked": found.asked, "taken_as": found.taken_as, "sku": found.sku, "listings": listings}


def _drift(found: DriftLine | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"class": found.drift, "exposure": found.exposure, "heal": found.heal, "text": found.text}


def print_why(found: Why, live: Mapping[int, Read] | None = None) -> None:
    """As text."""
    say(f"{found.asked}: taken as {found.taken_as}" + (f" ({found.sku})" if found.sku else ""))
    for listing in found.listings:
        print_listing(listing, live)
    if not found.listings:
        say("\nNo cart has a listing for it, as far as plans have looked.")


def print_listing(one: WhyListing, live: Mapping[int, Read] | None = None) -> None:
    """One cart's side as text."""
    from invsync_tui.rules.outcomes import REASONS

    name = f"listing {one.sku}, remote id {one.remote_id}" if one.remote_id is not None else "not listed"
    say(f"\n{one.cart}: {name}")
    if one.linked:
        say(f"  {one.linked}")
    for step in one.steps:
        say(f"  {step.step:<9} {_number(step.before):>8} -> {_number(step.after):<8} {step.because}")
    if one.remote_id is not None:
        say(
            f"  should show {_number(one.desired)}, the cart accepted {_number(one.acked)}, "
            f"last seen {_number(one.observed)} in its own count"
        )
    for line in evidence.lines(one, live):
        say(line)
    for cause in one.causes:
        say(f"  ! {cause.value}: {REASONS[cause].text}")
        say(f"    {REASONS[cause].advice}")
    if one.drift is not None:
        marked = " The next push writes it." if one.drift.heal else ""
        say(f"  ~ {one.drift.drift}: {one.drift.text}{marked}")
    if not one.causes and one.drift is None:
        say("  Nothing is wrong.")


def _number(value: int | None) -> str:
    return "unknown" if value is None else str(value)
