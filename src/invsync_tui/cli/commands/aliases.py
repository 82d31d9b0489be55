"""`invsync aliases`: alias types, codes that several products share, and products that lack a type."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from invsync_tui.cli import list_command, shapes
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit
from invsync_tui.cli.parser import Subparsers, UsageError, command

if TYPE_CHECKING:
    from invsync_tui.operations.list_views import AliasTypeLine
    from invsync_tui.operations.session import Session

EXAMPLES = """\
example:
  invsync aliases Acme                              types with how many have, lack and share them
  invsync aliases Acme --type UPC --collisions      an alias must name one product only
  invsync aliases Acme --type UPC --missing --csv"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "aliases", "list alias types, shared codes and products without one", EXAMPLES)
    parser.add_argument("merchant", metavar="MERCHANT", help="name or number")
    parser.add_argument("--type", metavar="TYPE", help="SKU, UPC, EAN, ...")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--collisions", action="store_true", help="codes of the type that several products have")
    which.add_argument("--missing", action="store_true", help="products that have no code of the type")
    parser.add_argument("--filter", metavar="TEXT", default="", help="only with this in the code or in a product's SKU")
    list_command.add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
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

    for one in types:
        if one.name == name.upper():
            return one
    raise NotFoundError(f"No alias type {name!r} has been loaded. Known: {', '.join(one.name for one in types)}.")


def _print_products(args: argparse.Namespace, session: Session, merchant: int, chosen: AliasTypeLine) -> int:
    from invsync_tui.operations.catalog import aliases, stock

    if args.collisions:
        shared = aliases.collisions(session, merchant, chosen.kind, text=args.filter)
        more = {"type": chosen.name, **list_command.counted(shared)}
        list_command.print_page(args, "collisions", shapes.collisions(), list_command.page(args, shared), more)
        return Exit.OK
    rows = aliases.missing(session, merchant, chosen.kind, text=args.filter)
    codes = [one.code for one in stock.warehouses(session, merchant)]
    more = {"type": chosen.name, **list_command.counted(rows)}
    list_command.print_page(args, "missing", shapes.summary(codes, time.time()), list_command.page(args, rows), more)
    return Exit.OK
