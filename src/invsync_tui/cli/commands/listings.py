"""`invsync listings`: View Product Sync of a cart."""

from __future__ import annotations

import argparse
import time

from invsync_tui.cli import list_command, shapes
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit
from invsync_tui.cli.parser import Subparsers, command

EXAMPLES = """\
example:
  invsync listings "Acme Shop" --only never      Last synced: Never
  invsync listings "Acme Shop" --only ambiguous --csv > ambiguous.csv
  invsync listings "Acme Shop" --filter 0042"""
ONLY = ("all", "never", "failed", "ambiguous", "not-in-wms", "drift", "excluded")


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "listings", "list what a cart lists, and how its sync went", EXAMPLES)
    parser.add_argument("cart", metavar="CART", help="name or number")
    parser.add_argument("--merchant", metavar="M", help="where several have such a cart")
    parser.add_argument("--only", choices=ONLY, default="all", help="only these (default all)")
    parser.add_argument("--filter", metavar="TEXT", default="", help="only SKUs with this in them or in a code")
    list_command.add_sort(parser, "sku or synced_at; more on small lists")
    list_command.add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print a page."""
    from invsync_tui.operations import names
    from invsync_tui.operations.list_views import ListingFilter
    from invsync_tui.operations.listings import product_sync

    with opened(args) as session:
        owner = names.merchant(session, args.merchant).id if args.merchant else None
        cart = names.cart(session, args.cart, owner).id
        rows = product_sync.listings(session, cart, ListingFilter(args.only), args.filter, list_command.ordering(args))
        page, count = list_command.page(args, rows), list_command.counted(rows)
    list_command.print_page(args, "listings", shapes.listings(time.time()), page, {"only": args.only, **count})
    return Exit.OK
