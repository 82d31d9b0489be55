"""`invsync connections fix` and `preview`: what a connector changes in the shop, or looks up, when a person asks for it."""

from __future__ import annotations

import argparse
import asyncio
import shlex
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, UsageError, command
from invsync_tui.cli.text import clean
from invsync_tui.plain_text import counted

if TYPE_CHECKING:
    from invsync_tui.operations.listings.fixes import FixPlan, Offer
    from invsync_tui.operations.session import Session

EXAMPLES = """\
example:
  invsync connections fix "Acme Shop"                  what its connector can change in the shop, and how many listings need it
  invsync connections fix "Acme Shop" track            what it would change, listing by listing; changes nothing
  invsync connections fix "Acme Shop" track --sku MUG-BLUE --apply --reason "new product"
  invsync connections fix "Acme Shop" track --apply --reason "all of them" """.rstrip()
PREVIEW_EXAMPLES = """\
example:
  invsync connections preview Acme            what the merchant's WMS connector can look up, and shows it
  invsync connections preview Acme columns"""


def add_fix(subcommands: Subparsers) -> None:
    """Add `fix` to the orders of `invsync connections`."""
    parser = command(subcommands, "fix", "change listings in the shop, such as turning on stock tracking", EXAMPLES)
    parser.add_argument("cart", metavar="CART", help="name or number")
    parser.add_argument("fix", metavar="FIX", nargs="?", help="which change; without it they are listed")
    parser.add_argument("--merchant", metavar="M", help="its merchant, where several have a cart of this name")
    parser.add_argument("--sku", metavar="SKU", action="append", default=[],
                        help="only listings with this SKU, repeatable; without it the first 50 that need it")  # fmt: skip
    parser.add_argument("--apply", action="store_true", help="make the change; without it, it is only shown")
    parser.add_argument("--reason", metavar="TEXT", help="why, for the audit; needed with --apply")
    parser.set_defaults(run=_fix)


def add_preview(subcommands: Subparsers) -> None:
    """Add `preview` to the orders of `invsync connections`."""
    parser = command(
        subcommands, "preview", "show what a connection would read, such as the columns of a file", PREVIEW_EXAMPLES
    )
    parser.add_argument("merchant", metavar="MERCHANT", nargs="?", help="name or number")
    parser.add_argument("preview", metavar="WHAT", nargs="?", help="which preview; without it all of them are shown")
    parser.add_argument("--cart", metavar="C", help="of this cart, by name or number")
    parser.set_defaults(run=_preview)


def _fix(args: argparse.Namespace) -> int:
    from invsync_tui.operations.listings import drift, fixes

    if args.apply and not (args.fix and args.reason):
        raise UsageError("invsync connections fix: give FIX and --reason TEXT with --apply.")
    output = Output(args)
    with opened(args) as session:
        cart_id = drift.cart_of(session, args.cart, args.merchant)
        if args.fix is None:
            return _offers(session, cart_id, args, output)
        if args.apply:
            plan = fixes.make(session, cart_id, args.fix, args.sku, args.reason)
        else:
            plan = fixes.plan(session, cart_id, args.fix, args.sku)
    output.text([clean(line) for line in _lines(plan, args)])
    output.document({"fix": _document(plan, applied=args.apply)})
    return Exit.FAILED if args.apply and len(plan.done) < len(plan.lines) else Exit.OK


def _offers(session: Session, cart_id: int, args: argparse.Namespace, output: Output) -> int:
    from invsync_tui.operations.listings import fixes

    offers = fixes.offers(session, cart_id)
    for offer in offers:
        output.text([clean(line) for line in _offer(offer, args)])
    if not offers:
        output.text("Its connector changes nothing in the shop: change the listings there.")
    output.document(
        {"fixes": [{**_words(offer.fix), "listings": offer.listings, "exact": offer.exact} for offer in offers]}
    )
    return Exit.OK


def _offer(offer: Offer, args: argparse.Namespace) -> Iterator[str]:
    least = "" if offer.exact else "at least "
    need = "needs" if offer.listings == 1 and offer.exact else "need"
    yield f"{offer.fix.name}: {offer.fix.what} {offer.fix.then}"
    yield f"  {least}{counted(offer.listings, 'listing')} {need} it ({offer.fix.reason.value})"
    if offer.listings:
        yield f"  See what it would change: {_command(args)} {offer.fix.name}"


def _command(args: argparse.Namespace) -> str:
    merchant = f" --merchant {shlex.quote(args.merchant)}" if args.merchant else ""
    return f"invsync connections fix {shlex.quote(args.cart)}{merchant}"


def _lines(plan: FixPlan, args: argparse.Namespace) -> Iterator[str]:
    from invsync_tui.operations.listings.fixes import summary

    yield f"{plan.cart}: {plan.fix.what} {plan.fix.then}"
    for line in plan.lines:
        in_cart = "unknown" if line.in_cart is None else line.in_cart
        now = f"in cart {in_cart}"
        if args.apply:
            yield f"  {line.sku or line.cart_listing_id}: {line.why_not or f'done, {now}'}"
        else:
            yield f"  {line.sku or line.cart_listing_id}: {line.why_not or f'will be changed, {now} now'}"
    if args.apply:
        yield summary(plan)
        return
    more = f" {counted(plan.left, 'more listing needs', 'more listings need')} it." if plan.left else ""
    yield f"{counted(len(plan.done), 'listing', 'listings')} would be changed. Nothing was changed.{more}"
    if plan.done:
        skus = "".join(f" --sku {shlex.quote(sku)}" for sku in args.sku)
        yield f"Make the change: {_command(args)} {plan.fix.name}{skus} --apply --reason TEXT"


def _words(fix: Any) -> dict[str, str]:
    return {"name": fix.name, "reason": fix.reason.value, "what": fix.what, "then": fix.then}


def _document(plan: FixPlan, *, applied: bool) -> dict[str, Any]:
    return {
        **_words(plan.fix),
        "cart": {"id": plan.cart_id, "name": plan.cart},
        "applied": applied,
        "listings": [asdict(line) for line in plan.lines],
        "left": plan.left,
        "runs": list(plan.requested.runs) if plan.requested else [],
    }


def _preview(args: argparse.Namespace) -> int:
    from invsync_tui.operations.connections import connections

    if not args.merchant and not args.cart:
        raise UsageError(
            "invsync connections preview: give MERCHANT or --cart C. See: invsync connections preview --help"
        )
    output = Output(args)
    with opened(args) as session:
        if args.cart:
            target = connections.cart_target(session, args.cart, args.merchant)
        else:
            target = connections.source_target(session, args.merchant)
    previews = asyncio.run(connections.previews(target, args.preview))
    for preview in previews:
        output.text([clean(f"{preview.name}: {preview.what}"), *(clean(f"  {line}") for line in preview.lines)])
    if not previews:
        output.text("Its connector has nothing to look up in advance. Test it: invsync connections test --help")
    output.document({"previews": [asdict(preview) for preview in previews]})
    return Exit.OK
