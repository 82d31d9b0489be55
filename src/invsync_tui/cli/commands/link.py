"""`invsync link`: says which product a listing means, whatever their codes are."""

from __future__ import annotations

import argparse

from invsync_tui.cli.commands.identity import add_cart, cart_of
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.text import clean

EXAMPLES = """\
example:
  invsync link "Acme Shop" 8812 TENT-0042          a listing by its remote id
  invsync link "Acme Shop" tent-42 TENT-0042       or by its code in the cart

A link goes before matching by code, and takes effect with the next push. Back: invsync unlink CART LISTING"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "link", "link a listing to a product", EXAMPLES)
    add_cart(parser)
    parser.add_argument("listing", metavar="LISTING", help="remote id or code in the cart")
    parser.add_argument("product", metavar="SKU", help="SKU of the product in the WMS")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Order it."""
    from invsync_tui.operations.listings import links

    with opened(args) as session:
        message = links.link(session, cart_of(args, session), args.listing, args.product)
    output = Output(args)
    output.text(clean(message))
    output.document({"message": message})
    return Exit.OK
