"""`invsync levels`: the levels of one warehouse, or products over all of them."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from invsync_tui.cli import list_command, shapes
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit
from invsync_tui.cli.parser import Subparsers, UsageError, command

if TYPE_CHECKING:
    from invsync_tui.operations.list_views import WarehouseLine
    from invsync_tui.operations.rows import Rows

EXAMPLES = """\
example:
  invsync levels Acme                              all warehouses, one column each
  invsync levels Acme --warehouse EAST --sort=-available
  invsync levels Acme --filter 0042 --json"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "levels", "list stock of one warehouse, or of all side by side", EXAMPLES)
    parser.add_argument("merchant", metavar="MERCHANT", help="name or number")
    parser.add_argument("--warehouse", metavar="CODE", help="only this warehouse")
    parser.add_argument("--all", action="store_true", help="all warehouses side by side (default)")
    parser.add_argument("--filter", metavar="TEXT", default="", help="only products with this in their SKU or an alias")
    list_command.add_sort(parser, "sku, available or loaded_at; more on small lists")
    list_command.add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print a page."""
    from invsync_tui.operations import names
    from invsync_tui.operations.catalog import stock

    if args.warehouse and args.all:
        raise UsageError("invsync levels: --warehouse contradicts --all; give one of them.")
    with opened(args) as session:
        merchant = names.merchant(session, args.merchant).id
        places = stock.warehouses(session, merchant)
        rows: Rows[Any]
        if args.warehouse:
            place = _place(places, args.warehouse)
            rows = stock.levels(session, place.id, args.filter, list_command.ordering(args))
            shape: list_command.Shape[Any] = shapes.levels(time.time())
        else:
            rows = stock.summary(session, merchant, args.filter, list_command.ordering(args))
            shape = shapes.summary([one.code for one in places], time.time())
        page, count = list_command.page(args, rows), list_command.counted(rows)
    list_command.print_page(args, "levels", shape, page, {"warehouse": args.warehouse or None, **count})
    return Exit.OK


def _place(places: tuple[WarehouseLine, ...], code: str) -> WarehouseLine:
    from invsync_tui.operations.errors import NotFoundError, OperationError

    found = [one for one in places if one.code == code] or [one for one in places if str(one.id) == code]
    if not found:
        known = ", ".join(one.code for one in places)
        raise NotFoundError(
            f"There is no warehouse {code!r}. Known: {known}. List them with: invsync warehouses MERCHANT."
        )
    if len(found) > 1:
        numbers = ", ".join(str(one.id) for one in found)
        raise OperationError(f"Several warehouses have the code {code!r}. Give a number instead: {numbers}.")
    return found[0]
