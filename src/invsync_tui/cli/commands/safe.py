"""`invsync safe`: plans a safe level for a cart's listings."""

from __future__ import annotations

import argparse

from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.text import clean

EXAMPLES = """\
example:
  invsync safe "Acme Shop" --level 0 --reason "flood in EAST"     no listing sells anything
  invsync safe "Acme Shop" SHOE-1 SHOE-2 --level 2 --reason "recount"
  invsync plan --kept 14            look at it
  invsync apply 14 --reason "..."   send it; the cart is frozen with it

It lowers and never raises, unless told --exactly."""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "safe", "plan a safe level for all or some listings of a cart", EXAMPLES)
    parser.add_argument("cart", metavar="CART", help="name or number")
    parser.add_argument("skus", metavar="SKU", nargs="*", help="only these listings, by the cart's code")
    parser.add_argument("--merchant", metavar="M", help="where several have such a cart")
    parser.add_argument("--level", metavar="N", required=True, help="no listing shows more than this")
    parser.add_argument("--exactly", action="store_true", help="raise those that show less, too")
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why, kept with the plan")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the plan."""
    from invsync_tui.operations.plans import plans, undo
    from invsync_tui.operations.settings import values

    reason, level = values.reason(args.reason), values.whole("--level", args.level)
    with opened(args) as session:
        cart = plans.cart_of(session, args.cart, args.merchant).id
        made = undo.safe(session, cart, level, reason, args.skus, exactly=args.exactly)
    output = Output(args)
    output.text(clean(made.message))
    output.document({"message": made.message, "plan": made.plan, "unknown": made.unknown})
    return Exit.OK
