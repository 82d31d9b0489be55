"""`invsync drift`: what a cart shows otherwise than it accepted, by class."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from invsync_tui.cli import list_command
from invsync_tui.cli.context import opened
from invsync_tui.cli.list_command import Shape
from invsync_tui.cli.output import Exit
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.shapes import record
from invsync_tui.cli.text import age, number, utc

if TYPE_CHECKING:
    from invsync_tui.operations.listings.drift import DriftLine

EXAMPLES = """\
example:
  invsync drift "Acme Shop"                       as far as the radar and other reads have seen
  invsync drift "Acme Shop" --class oversell      units promised that do not exist
  invsync heal "Acme Shop" --class oversell --reason "edited by hand"

Classes: vanished, untracked, oversell, undersell, edited, lagging. A fall that sales may explain is none."""
CLASSES = ("vanished", "untracked", "oversell", "undersell", "edited", "lagging")


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "drift", "list what a cart shows otherwise than it accepted", EXAMPLES)
    parser.add_argument("cart", metavar="CART", help="name or number")
    parser.add_argument("--merchant", metavar="M", help="where several have such a cart")
    parser.add_argument("--class", dest="wanted", choices=CLASSES, help="only this class")
    list_command.add_options(parser)
    parser.set_defaults(run=run)


COLUMNS = ("id", "ref", "sku", "name", "drift", "exposure", "acked", "shows", "desired", "observed_at", "heal", "text")


def shape(now: float) -> Shape[DriftLine]:
    """Drifted listings."""
    return Shape(
        COLUMNS,
        lambda line: [utc(line.observed_at) if one == "observed_at" else getattr(line, one) for one in COLUMNS],
        lambda line: {**record(line), "observed_at": utc(line.observed_at)},
        ("SKU", "CLASS", "EXPOSURE", "ACCEPTED", "SHOWS", "SHOULD", "READ", "HEAL"),
        lambda line: (
            line.sku,
            line.drift,
            number(line.exposure),
            *("-" if one is None else number(one) for one in (line.acked, line.shows, line.desired)),
            "-" if line.observed_at is None else age(line.observed_at, now),
            "next push" if line.heal else "-",
        ),
        "Nothing drifted, as far as the cart was read. Look at it now: invsync radar CART",
    )


def run(args: argparse.Namespace) -> int:
    """Print a page."""
    from invsync_tui.operations.listings import drift

    with opened(args) as session:
        rows = drift.drifted(session, drift.cart_of(session, args.cart, args.merchant), args.wanted)
        page, count = list_command.page(args, rows), list_command.counted(rows)
    exposure = sum(line.exposure for line in page[0])
    list_command.print_page(
        args, "drift", shape(time.time()), page, {"class": args.wanted, "exposure": exposure, **count}
    )
    return Exit.OK
