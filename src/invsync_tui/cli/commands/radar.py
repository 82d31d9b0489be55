"""`invsync radar`: lets the drift radar look at a cart, now or by itself."""

from __future__ import annotations

import argparse

from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.text import clean

EXAMPLES = """\
example:
  invsync radar "Acme Shop"               read its listings back, the one not seen for the longest first
  invsync radar "Acme Shop" --every 30m   by itself too; off: on request only

It uses what pushes leave of the cart's rate limit, half of it at most, and ends as soon as a push is wanted.
What it found: invsync drift "Acme Shop". What it heals by itself: invsync carts set "Acme Shop" --heal oversell"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "radar", "look for drift in a cart", EXAMPLES)
    parser.add_argument("cart", metavar="CART", help="name or number")
    parser.add_argument("--merchant", metavar="M", help="where several have such a cart")
    parser.add_argument("--every", metavar="TIME", help="set the schedule instead: 30m, 2h, ...; off: on request only")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Order it."""
    from invsync_tui.operations.listings import drift

    with opened(args) as session:
        cart = drift.cart_of(session, args.cart, args.merchant)
        if args.every is not None:
            message, runs = drift.radar_every(session, cart, args.every), []
        else:
            asked = drift.radar(session, cart)
            message, runs = asked.message, list(asked.runs)
    output = Output(args)
    output.text(clean(message) + (f" Watch it: invsync runs {runs[0]}" if runs else ""))
    output.document({"message": message, "runs": runs})
    return Exit.OK
