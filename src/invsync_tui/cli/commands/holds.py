"""`invsync held`, `release` and `discard`: runs that wait for an operator."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from invsync_tui.cli import list_command
from invsync_tui.cli.commands.runs import answered
from invsync_tui.cli.context import opened
from invsync_tui.cli.list_command import Shape
from invsync_tui.cli.output import Exit
from invsync_tui.cli.parser import Subparsers, command, row_number
from invsync_tui.cli.shapes import NAME_MOST, cells, record
from invsync_tui.cli.text import cut, number
from invsync_tui.plain_text import signed
from invsync_tui.rules import words
from invsync_tui.rules.listing_filter import HELD

if TYPE_CHECKING:
    from invsync_tui.operations.runs.held import HeldLine

DISCARD_EXAMPLES = """\
example:
  invsync discard 17 --reason "the WMS reported an empty warehouse"

Nothing is sent; its SKUs are planned again by the next run."""


def add_discard(subparsers: Subparsers) -> None:
    """Add `invsync discard` with its arguments."""
    parser = command(subparsers, "discard", "discard a held run without sending", DISCARD_EXAMPLES)
    parser.add_argument("number", metavar="RUN", type=row_number, help="number of the held run")
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why, for the audit")
    parser.set_defaults(run=run_discard)


def run_discard(args: argparse.Namespace) -> int:
    """Do what `invsync discard` asks for and print what came of it."""
    from invsync_tui.operations.runs import runs
    from invsync_tui.operations.settings import values

    reason = values.reason(args.reason)
    return answered(args, lambda session: runs.discard(session, args.number, reason))


HELD_EXAMPLES = """\
example:
  invsync held 17                         every held listing: in cart, target, change, group
  invsync held 17 --group to_zero --csv > zeroes.csv
  invsync held 17 --filter "change<-20 -group:to_zero"

Groups: to_zero (from stock to 0), large_changes (by more than the cart's factor), other.
A filter compares in-cart, target, change and diff, group:, sku: and name:; - in front of one means not. Other words are
looked for in SKUs and codes.
Then: invsync release 17 --group other --reason ..., or: invsync discard 17 --reason ..."""
GROUPS = tuple(words.GROUPS.values())
_group = partial(words.name, words.GROUPS)
"""The name of a group; scripts of former versions give its stored code."""


def add_held(subparsers: Subparsers) -> None:
    """Add `invsync held` with its arguments."""
    parser = command(subparsers, "held", "list what a held run would send", HELD_EXAMPLES)
    parser.add_argument("number", metavar="RUN", type=row_number, help="number of the held run")
    parser.add_argument("--group", choices=GROUPS, type=_group, help="only this group")
    list_command.add_filter(parser, "a part of a SKU or code", "change<-20")
    list_command.add_sort(parser, "sku, name, in_cart, target, change or group, where they are few")
    list_command.add_options(parser)
    parser.set_defaults(run=run_held)


def shape() -> Shape[HeldLine]:
    """A held listing: what the cart shows, what it would show, the change, the group."""
    columns = ("id", "cart_listing_id", "sku", "name", "in_cart", "target", "change", "group")
    return Shape(
        columns,
        lambda line: [*cells(columns[:-1])(line), words.name(words.GROUPS, line.group)],
        lambda line: record(line) | {"change": line.change, "group": words.name(words.GROUPS, line.group)},
        ("SKU", "NAME", "IN CART", "TARGET", "CHANGE", "GROUP"),
        lambda line: (
            line.sku,
            cut(line.name, NAME_MOST),
            "-" if line.in_cart is None else number(line.in_cart),
            number(line.target),
            signed(line.change),
            words.group(line.group),
        ),
        "This run holds no listings.",
    )


def run_held(args: argparse.Namespace) -> int:
    """Print a page of what `invsync held` lists."""
    from invsync_tui.operations.runs import held, runs

    looked_for = list_command.filter_text(args, HELD)
    with opened(args) as session:
        group = args.group and words.stored(words.GROUPS, args.group)
        rows = held.held(session, args.number, group, list_command.ordering(args), looked_for)
        page, count = list_command.page(args, rows), list_command.counted(rows)
        groups, hold = held.groups(session, args.number), runs.detail(session, args.number).hold
    rules = hold.rules if hold else ()
    more = {
        "run": args.number,
        "group": args.group,
        "filter": looked_for,
        "groups": words.named(words.GROUPS, groups),
        "reasons": [rule.text for rule in rules],
        "rules": [asdict(rule) for rule in rules],
        **count,
    }
    list_command.print_page(args, "held", shape(), page, more)
    return Exit.OK


RELEASE_EXAMPLES = """\
example:
  invsync release 17 --reason "reviewed: the first push of this shop"
  invsync release 17 --group large_changes --group other --reason "a truck came; the zeroes are wrong"

What it would send: invsync held 17. Listings of other groups stay held, and are planned again by the next run.
It is planned again, and held again if that plan is worse than the one that was shown."""


def add_release(subparsers: Subparsers) -> None:
    """Add `invsync release` with its arguments."""
    parser = command(subparsers, "release", "send a held run's updates", RELEASE_EXAMPLES)
    parser.add_argument("number", metavar="RUN", type=row_number, help="number of the held run")
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why, for the audit")
    parser.add_argument(
        "--group",
        choices=GROUPS,
        type=_group,
        action="append",
        default=[],
        help="only this group; repeatable (default all)",
    )
    parser.set_defaults(run=run_release)


def run_release(args: argparse.Namespace) -> int:
    """Do what `invsync release` asks for and print what came of it."""
    from invsync_tui.operations.runs import runs
    from invsync_tui.operations.settings import values

    reason, groups = values.reason(args.reason), [words.stored(words.GROUPS, name) for name in args.group]
    return answered(args, lambda session: runs.release(session, args.number, reason, groups))
