"""`invsync links`: explicit links of a cart's listings to products."""

from __future__ import annotations

import argparse
import time

from invsync_tui.cli import identity_shapes, list_command
from invsync_tui.cli.commands.identity import add_cart, cart_of
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit
from invsync_tui.cli.parser import Subparsers, command

EXAMPLES = """\
example:
  invsync links "Acme Shop"                 who linked which listing to which product, and when
  invsync links "Acme Shop" --kind CASE     those made from suggestions of one kind; MANUAL: by hand"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "links", "list explicit links of a cart's listings", EXAMPLES)
    add_cart(parser)
    parser.add_argument("--kind", metavar="K", type=str.upper, default="", help="only those made as this kind")
    parser.add_argument("--filter", metavar="TEXT", default="", help="only codes with this in them")
    list_command.add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print a page."""
    from invsync_tui.operations.listings import identity

    with opened(args) as session:
        rows = identity.link_list(session, cart_of(args, session), args.kind, args.filter)
        page, count = list_command.page(args, rows), list_command.counted(rows)
    list_command.print_page(args, "links", identity_shapes.links(time.time()), page, count)
    return Exit.OK
