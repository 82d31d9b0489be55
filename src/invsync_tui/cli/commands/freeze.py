"""`invsync freeze` and `unfreeze`: stops and resumes the pushes of a cart or a merchant."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from invsync_tui.cli import list_command
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, UsageError, command
from invsync_tui.cli.text import clean, moment, number, utc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from invsync_tui.operations.plans.freeze import FreezeLine, FreezeResult

FREEZE_EXAMPLES = """\
example:
  invsync freeze "Acme Shop" --reason "stocktaking until 18:00"
  invsync freeze Acme --reason "WMS migration"      every cart of the merchant
  invsync freeze                                    what is frozen, since when, and pending changes
  invsync freeze --since -7d --csv                  of the last week, for a spreadsheet
  invsync unfreeze "Acme Shop"

Downloads and planning continue. What an operator applies, an undo or a safe level, is still sent."""


COLUMNS = ("cart_id", "cart", "merchant_id", "since", "by", "why", "waiting")


def add_freeze(subparsers: Subparsers) -> None:
    """Add `invsync freeze` with its arguments."""
    parser = command(
        subparsers, "freeze", "stop all pushes of a cart or a merchant, or list what is frozen", FREEZE_EXAMPLES
    )
    parser.add_argument("called", metavar="NAME", nargs="?", help="cart or merchant, by name or number")
    parser.add_argument("--merchant", metavar="M", help="where several have such a cart")
    parser.add_argument("--reason", metavar="TEXT", help="why, for the audit and for whoever looks")
    list_command.add_period(parser, "of the list, frozen ")
    list_command.add_options(parser)
    parser.set_defaults(run=run_freeze)


def run_freeze(args: argparse.Namespace) -> int:
    """Freeze or unfreeze, or list what is frozen."""
    from invsync_tui.operations.plans import freeze
    from invsync_tui.operations.settings import values

    if args.called is None:
        return _list(args)
    if args.csv or args.after or args.since or args.until:
        raise UsageError("invsync freeze: --since, --until, --after and --csv go with the list, so without NAME.")
    if not args.reason:
        raise UsageError("invsync freeze: say why, with --reason TEXT. See: invsync freeze --help")
    reason = values.reason(args.reason)
    with opened(args) as session:
        table, number, _ = freeze.subject(session, args.called, args.merchant)
        done = freeze.freeze(session, table, number, reason)
    return answer(args, done)


def answer(args: argparse.Namespace, done: FreezeResult) -> int:
    """Print the result of a change."""
    output = Output(args)
    output.text(clean(done.message))
    output.document({"message": done.message, "carts": [document(line) for line in done.carts]})
    return Exit.OK


def _list(args: argparse.Namespace) -> int:
    from invsync_tui.operations import names
    from invsync_tui.operations.plans import freeze

    with opened(args) as session:
        owner = names.merchant(session, args.merchant).id if args.merchant else None
        since, until = list_command.period(args)
        frozen_lines = [
            line
            for line in freeze.lines(session, owner)
            if line.since is not None
            and (since is None or since <= line.since)
            and (until is None or line.since <= until)
        ]
    page, following = list_command.whole(frozen_lines, args, lambda line: line.cart_id)
    output = Output(args)
    if args.csv and not output.json:
        list_command.print_csv(COLUMNS, [[document(line)[column] for column in COLUMNS] for line in page])
        return Exit.OK
    output.text(list(_texts(page)) or ["Nothing is frozen."])
    if following:
        output.text(f"\nMore: --after {following}")
    output.document({"message": "", "carts": [document(line) for line in page], "next": following})
    return Exit.OK


def _texts(freezes: Sequence[FreezeLine]) -> Iterator[str]:
    for line in freezes:
        why = line.why or "no reason given"
        yield clean(f"{line.cart}: frozen {moment(line.since)} by {line.by}, {number(line.waiting)} wait: {why}")


def document(line: FreezeLine) -> dict[str, Any]:
    """A cart as JSON has it."""
    return asdict(line) | {"since": utc(line.since)}


UNFREEZE_EXAMPLES = """\
example:
  invsync plan "Acme Shop"              pending changes
  invsync unfreeze "Acme Shop" --reason "stocktaking is over"

The next push will send pending changes; the same safety rules apply."""


def add_unfreeze(subparsers: Subparsers) -> None:
    """Add `invsync unfreeze` with its arguments."""
    parser = command(subparsers, "unfreeze", "allow pushes to a frozen cart or merchant again", UNFREEZE_EXAMPLES)
    parser.add_argument("called", metavar="NAME", help="cart or merchant, by name or number")
    parser.add_argument("--merchant", metavar="M", help="where several have such a cart")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, for the audit")
    parser.set_defaults(run=run_unfreeze)


def run_unfreeze(args: argparse.Namespace) -> int:
    """Do what `invsync unfreeze` asks for and print what came of it."""
    from invsync_tui.operations.plans import freeze as plans_freeze
    from invsync_tui.operations.settings import values

    reason = values.reason(args.reason) if args.reason else ""
    with opened(args) as session:
        table, number, _ = plans_freeze.subject(session, args.called, args.merchant)
        done = plans_freeze.unfreeze(session, table, number, reason)
    return answer(args, done)
