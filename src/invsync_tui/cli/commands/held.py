"""`invsync held`: what a held run would send."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from invsync_tui.cli import list_command
from invsync_tui.cli.context import opened
from invsync_tui.cli.list_command import Shape
from invsync_tui.cli.output import Exit
from invsync_tui.cli.parser import Subparsers, command, row_number
from invsync_tui.cli.shapes import NAME_MOST, cells, record
from invsync_tui.cli.text import cut, number

if TYPE_CHECKING:
    from invsync_tui.operations.runs.held import HeldLine

EXAMPLES = """\
example:
  invsync held 17                         every held listing: shows now, would show, its group
  invsync held 17 --group zero --csv > zeroes.csv

Groups: zero (from stock to 0), jump (by more than the cart's factor), rest.
Then: invsync release 17 --group rest --reason ..., or: invsync discard 17 --reason ..."""
GROUPS = ("zero", "jump", "rest")


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "held", "list what a held run would send", EXAMPLES)
    parser.add_argument("number", metavar="RUN", type=row_number, help="number of the held run")
    parser.add_argument("--group", choices=GROUPS, help="only this group")
    list_command.add_options(parser)
    parser.set_defaults(run=run)


def shape() -> Shape[HeldLine]:
    """Held listings."""
    columns = ("id", "ref", "sku", "name", "shows", "would_show", "group")
    return Shape(
        columns,
        cells(columns),
        record,
        ("SKU", "NAME", "SHOWS", "WOULD SHOW", "GROUP"),
        lambda line: (
            line.sku,
            cut(line.name, NAME_MOST),
            "-" if line.shows is None else number(line.shows),
            number(line.would_show),
            line.group,
        ),
        "No listing of this run is held (any more).",
    )


def run(args: argparse.Namespace) -> int:
    """Print a page."""
    from invsync_tui.operations.runs import held, runs

    with opened(args) as session:
        rows = held.held(session, args.number, args.group)
        page, count = list_command.page(args, rows), list_command.counted(rows)
        groups, hold = held.groups(session, args.number), runs.detail(session, args.number).hold
    reasons = list(hold.reasons) if hold else []
    more = {"run": args.number, "group": args.group, "groups": groups, "reasons": reasons, **count}
    list_command.print_page(args, "held", shape(), page, more)
    return Exit.OK
