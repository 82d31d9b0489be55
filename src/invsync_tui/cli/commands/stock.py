"""`invsync warehouses`, `levels` and `aliases`: stock and codes of a merchant."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from invsync_tui.cli import list_command, shapes
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, UsageError, command
from invsync_tui.cli.text import clean

if TYPE_CHECKING:
    from invsync_tui.operations.lists.list_views import AliasTypeLine, WarehouseLine
    from invsync_tui.operations.lists.rows import Rows
    from invsync_tui.operations.session import Session

ALIASES_EXAMPLES = """\
example:
  invsync aliases Acme                              types with how many have, lack and share them
  invsync aliases Acme --type UPC --collisions      an alias must name one product only
  invsync aliases Acme --type UPC --missing --csv"""


def add_aliases(subparsers: Subparsers) -> None:
    """Add `invsync aliases` with its arguments."""
    parser = command(subparsers, "aliases", "list alias types, shared codes and products without one", ALIASES_EXAMPLES)
    parser.add_argument("merchant", metavar="MERCHANT", help="name or number")
    parser.add_argument("--type", metavar="TYPE", help="SKU, UPC, EAN, ...")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--collisions", action="store_true", help="codes of the type that several products have")
    which.add_argument("--missing", action="store_true", help="products that have no code of the type")
    parser.add_argument("--filter", metavar="TEXT", default="", help="only with this in the code or in a product's SKU")
    list_command.add_options(parser)
    parser.set_defaults(run=run_aliases)


def run_aliases(args: argparse.Namespace) -> int:
    """Print the types, or a page of what is wrong with one."""
    from invsync_tui.operations import names
    from invsync_tui.operations.catalog import aliases

    if (args.collisions or args.missing) and not args.type:
        raise UsageError("invsync aliases: --collisions and --missing need --type. See: invsync aliases --help")
    if args.filter and not (args.collisions or args.missing):
        raise UsageError("invsync aliases: --filter needs --collisions or --missing. See: invsync aliases --help")
    with opened(args) as session:
        merchant = names.merchant(session, args.merchant).id
        types = aliases.types(session, merchant)
        chosen = _chosen(types, args.type) if args.type else None
        if chosen is not None and (args.collisions or args.missing):
            return _print_products(args, session, merchant, chosen)
    lines = [chosen] if chosen is not None else types
    page = list_command.whole(lines, args, lambda line: line.kind)
    list_command.print_page(args, "types", shapes.alias_types(), page, {})
    return Exit.OK


def _chosen(types: tuple[AliasTypeLine, ...], name: str) -> AliasTypeLine:
    from invsync_tui.operations.errors import NotFoundError

    for alias_type in types:
        if alias_type.name == name.upper():
            return alias_type
    raise NotFoundError(
        f"No alias type {name!r} has been loaded. Known: {', '.join(alias_type.name for alias_type in types)}."
    )


def _print_products(args: argparse.Namespace, session: Session, merchant: int, chosen: AliasTypeLine) -> int:
    from invsync_tui.operations.catalog import aliases, stock

    if args.collisions:
        shared = aliases.collisions(session, merchant, chosen.kind, text=args.filter)
        more = {"type": chosen.name, **list_command.counted(shared)}
        list_command.print_page(args, "collisions", shapes.collisions(), list_command.page(args, shared), more)
        return Exit.OK
    rows = aliases.missing(session, merchant, chosen.kind, text=args.filter)
    codes = [warehouse.code for warehouse in stock.warehouses(session, merchant)]
    more = {"type": chosen.name, **list_command.counted(rows)}
    list_command.print_page(args, "missing", shapes.summary(codes, time.time()), list_command.page(args, rows), more)
    return Exit.OK


LEVELS_EXAMPLES = """\
example:
  invsync levels Acme                              all warehouses, one column each
  invsync levels Acme --warehouse EAST --sort=-available
  invsync levels Acme --warehouse EAST --since -1h    what changed there since then, the newest first
  invsync levels Acme --filter 0042 --json

The time of a level is that of its last change: a download that finds the same number writes nothing."""


def add_levels(subparsers: Subparsers) -> None:
    """Add `invsync levels` with its arguments."""
    parser = command(subparsers, "levels", "list stock of one warehouse, or of all side by side", LEVELS_EXAMPLES)
    parser.add_argument("merchant", metavar="MERCHANT", help="name or number")
    parser.add_argument("--warehouse", metavar="CODE", help="only this warehouse")
    parser.add_argument("--all", action="store_true", help="all warehouses side by side (default)")
    parser.add_argument("--filter", metavar="TEXT", default="", help="only products with this in their SKU or an alias")
    list_command.add_sort(parser, "sku, available or loaded_at; more on small lists")
    list_command.add_period(parser, "with --warehouse, loaded ")
    list_command.add_options(parser)
    parser.set_defaults(run=run_levels)


def run_levels(args: argparse.Namespace) -> int:
    """Print a page of what `invsync levels` lists."""
    from invsync_tui.operations import names
    from invsync_tui.operations.catalog import stock

    if args.warehouse and args.all:
        raise UsageError("invsync levels: --warehouse contradicts --all; give one of them.")
    loaded = list_command.period(args)
    if loaded != (None, None) and not args.warehouse:
        raise UsageError(
            "invsync levels: --since and --until go with --warehouse CODE: each warehouse has a time of its own."
        )
    with opened(args) as session:
        merchant = names.merchant(session, args.merchant).id
        places = stock.warehouses(session, merchant)
        rows: Rows[Any]
        if args.warehouse:
            place = _place(places, args.warehouse)
            rows = stock.levels(session, place.id, args.filter, list_command.ordering(args), loaded)
            shape: list_command.Shape[Any] = shapes.levels(time.time())
        else:
            rows = stock.summary(session, merchant, args.filter, list_command.ordering(args))
            shape = shapes.summary([warehouse.code for warehouse in places], time.time())
        page, count = list_command.page(args, rows), list_command.counted(rows)
    list_command.print_page(args, "levels", shape, page, {"warehouse": args.warehouse or None, **count})
    return Exit.OK


def _place(places: tuple[WarehouseLine, ...], code: str) -> WarehouseLine:
    from invsync_tui.operations.errors import NotFoundError, OperationError

    matches = [place for place in places if place.code == code] or [place for place in places if str(place.id) == code]
    if not matches:
        known = ", ".join(place.code for place in places)
        raise NotFoundError(
            f"There is no warehouse {code!r}. Known: {known}. List them with: invsync warehouses MERCHANT."
        )
    if len(matches) > 1:
        numbers = ", ".join(str(match.id) for match in matches)
        raise OperationError(f"Several warehouses have the code {code!r}. Give a number instead: {numbers}.")
    return matches[0]


ACTIONS = ("disable", "enable")
WAREHOUSES_EXAMPLES = """\
example:
  invsync warehouses Acme
  invsync warehouses Acme --csv > warehouses.csv
  invsync warehouses disable Acme EAST --reason "flooded"     its stock does not count any more
  invsync warehouses enable Acme EAST

State: fresh, stale (older than the merchant's limit), disabled (by an operator), inactive (switched off in the WMS),
vanished (no longer reported), denied (the login may not read it) or emptied (the WMS reports no levels in it). Stock
counts where it is fresh or stale only. After a change the next push of each cart that syncs with it is held for review."""


def add_warehouses(subparsers: Subparsers) -> None:
    """Add `invsync warehouses` with its arguments."""
    parser = command(
        subparsers, "warehouses", "list a merchant's warehouses, disable or enable one", WAREHOUSES_EXAMPLES
    )
    parser.add_argument(
        "words", metavar="MERCHANT | disable MERCHANT CODE | enable MERCHANT CODE", nargs="+", help="name or number"
    )
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, for the audit")
    list_command.add_options(parser)
    parser.set_defaults(run=run_warehouses)


def run_warehouses(args: argparse.Namespace) -> int:
    """List them, or change one."""
    match args.words:
        case [str() as verb, str() as merchant, str() as code] if verb in ACTIONS:
            return _change(args, merchant, code, enabled=verb == "enable")
        case [str() as merchant]:
            return _list(args, merchant)
    raise UsageError(
        "invsync warehouses: give MERCHANT, or disable|enable MERCHANT CODE. See: invsync warehouses --help"
    )


def _list(args: argparse.Namespace, merchant: str) -> int:
    from invsync_tui.operations import names
    from invsync_tui.operations.catalog import stock

    with opened(args) as session:
        lines = stock.warehouses(session, names.merchant(session, merchant).id)
    page = list_command.whole(lines, args, lambda line: line.id)
    list_command.print_page(args, "warehouses", shapes.warehouses(time.time()), page, {})
    return Exit.OK


def _change(args: argparse.Namespace, merchant: str, code: str, *, enabled: bool) -> int:
    from invsync_tui.operations import names
    from invsync_tui.operations.catalog import stock, warehouses

    with opened(args) as session:
        owner = names.merchant(session, merchant).id
        message = warehouses.set_enabled(session, owner, code, enabled=enabled, reason=args.reason)
        lines = stock.warehouses(session, owner)
    output = Output(args)
    output.text(clean(message))
    output.document({"message": message, "warehouses": [shapes.record(line) for line in lines], "next": None})
    return Exit.OK
