"""`invsync search`: products by SKU, alias or name, with a verdict."""

from __future__ import annotations

import argparse
import time

from invsync_tui.cli import list_command, shapes
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.text import clean

EXAMPLES = """\
example:
  invsync search 0042-BLK
  invsync search "summit pack" --merchant Acme --limit 200 --csv

Exact codes come first, then codes that begin with the text, then those that contain it (from 3 characters), then names."""

DEEPEST = 5000
"""Results that can be paged through; a longer search is narrowed instead."""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "search", "find products by SKU, alias or name", EXAMPLES)
    parser.add_argument("text", metavar="TEXT", help="a code or a part of it, or words of a name")
    parser.add_argument("--merchant", metavar="M", help="only this merchant's, by name or number")
    list_command.add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print what was found; 1 if it is nothing."""
    from invsync_tui.operations import names
    from invsync_tui.operations.catalog.search import search

    # Results are ranked, so a later page is found behind the ones before it.
    deep = args.limit + 1 if args.after is None else DEEPEST
    with opened(args) as session:
        merchant = names.merchant(session, args.merchant).id if args.merchant else None
        answer = search(session, args.text, merchant, min(deep, DEEPEST))
    page = list_command.whole(answer.hits, args, lambda hit: hit.product_id)
    output = Output(args)
    if not args.csv:
        output.text([clean(answer.verdict), *([clean(answer.hint)] if answer.hint else []), ""])
    count = {"n": answer.count.n, "exact": answer.count.exact}
    more = {"asked": answer.asked, "verdict": answer.verdict, "hint": answer.hint, "count": count}
    list_command.print_page(args, "hits", shapes.hits(time.time()), page, more)
    return Exit.OK if answer.hits else Exit.FAILED
