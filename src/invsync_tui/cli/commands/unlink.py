"""`invsync unlink`: takes explicit links back, so that the listings are matched by their code again."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from invsync_tui.cli.commands.identity import add_cart, cart_of, progress
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, UsageError, command
from invsync_tui.cli.text import clean

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session

EXAMPLES = """\
example:
  invsync unlink "Acme Shop" 8812            one listing, by its remote id or its code in the cart
  invsync unlink "Acme Shop" --kind CASE     all that were accepted as this kind; ALL for every link of the cart"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "unlink", "take explicit links back", EXAMPLES)
    add_cart(parser)
    parser.add_argument("listing", metavar="LISTING", nargs="*", help="remote id or code in the cart")
    parser.add_argument("--kind", metavar="K", type=str.upper, help="all links of a kind, MANUAL, or ALL")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Order it."""
    if bool(args.listing) == bool(args.kind):
        raise UsageError("invsync unlink: give listings, or --kind. See: invsync unlink --help")
    with opened(args) as session:
        message = _order(args, session, cart_of(args, session))
    output = Output(args)
    output.text(clean(message))
    output.document({"message": message})
    return Exit.OK


def _order(args: argparse.Namespace, session: Session, cart: int) -> str:
    from invsync_tui.operations.listings import links

    if args.listing:
        return links.remove(session, cart, args.listing)
    done = links.remove_all(session, cart, "" if args.kind == "ALL" else args.kind, progress(args))
    return f"{done} {'listing' if done == 1 else 'listings'} unlinked; the next push matches by code again."
