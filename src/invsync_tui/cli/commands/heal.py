"""`invsync heal`: lets the next push write what drifted."""

from __future__ import annotations

import argparse

from invsync_tui.cli.commands.drift import CLASSES
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.text import clean

EXAMPLES = """\
example:
  invsync heal "Acme Shop" DEMO-LAMP-00432 --reason "edited by hand"
  invsync heal "Acme Shop" --class oversell --reason "sold by phone"

The next push compares with what the cart shows, and writes what differs; its safety rules hold as ever."""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "heal", "let the next push write what drifted", EXAMPLES)
    parser.add_argument("cart", metavar="CART", help="name or number")
    parser.add_argument("skus", metavar="SKU", nargs="*", help="the cart's SKUs")
    parser.add_argument("--merchant", metavar="M", help="where several have such a cart")
    parser.add_argument("--class", dest="wanted", choices=CLASSES, help="all of a class instead; see: invsync drift")
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why, for the audit")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Order it."""
    from invsync_tui.operations.listings import drift

    with opened(args) as session:
        cart = drift.cart_of(session, args.cart, args.merchant)
        message = drift.heal(session, cart, args.skus, args.wanted, args.reason)
    output = Output(args)
    output.text(clean(message))
    output.document({"message": message})
    return Exit.OK
