"""`invsync warehouses`: the warehouses of a merchant, and when each was last loaded."""

from __future__ import annotations

import argparse
import time

from invsync_tui.cli import listing, shapes
from invsync_tui.cli.opening import opened
from invsync_tui.cli.output import Exit
from invsync_tui.cli.parser import Subparsers, command

EXAMPLES = """\
example:
  invsync warehouses Acme
  invsync warehouses Acme --csv > warehouses.csv"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "warehouses", "list the warehouses of a merchant with their last load", EXAMPLES)
    parser.add_argument("merchant", metavar="MERCHANT", help="name or number")
    listing.add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print them."""
    from invsync_tui.operations import browse, names

    with opened(args) as session:
        lines = browse.warehouses(session, names.merchant(session, args.merchant).id)
    page = listing.whole(lines, args, lambda line: line.id)
    listing.print_page(args, "warehouses", shapes.warehouses(time.time()), page, {})
    return Exit.OK
