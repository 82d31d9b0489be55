"""`invsync warehouses`: the warehouses of a merchant with their state, and whether their stock counts."""

from __future__ import annotations

import argparse
import time

from invsync_tui.cli import list_command, shapes
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, UsageError, command
from invsync_tui.cli.text import clean

ACTIONS = ("disable", "enable")
EXAMPLES = """\
example:
  invsync warehouses Acme
  invsync warehouses Acme --csv > warehouses.csv
  invsync warehouses disable Acme EAST --reason "flooded"     its stock does not count any more
  invsync warehouses enable Acme EAST

State: fresh, stale (older than the merchant's limit), disabled (by an operator), inactive (switched off in the WMS),
vanished (no longer reported), denied (the login may not read it) or emptied (the WMS reports no levels in it). Stock
counts where it is fresh or stale only. After a change the next push of each cart that syncs with it is held for review."""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "warehouses", "list a merchant's warehouses, disable or enable one", EXAMPLES)
    parser.add_argument(
        "words", metavar="MERCHANT | disable MERCHANT CODE | enable MERCHANT CODE", nargs="+", help="name or number"
    )
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, for the audit")
    list_command.add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
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
