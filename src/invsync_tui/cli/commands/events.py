"""`invsync events`: what happened in all runs, newest first, or as it happens."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

from invsync_tui.cli import list_command
from invsync_tui.cli.context import opened
from invsync_tui.cli.list_command import Shape
from invsync_tui.cli.output import Exit, Output, print_document
from invsync_tui.cli.parser import Subparsers, UsageError, command
from invsync_tui.cli.text import clean, moment, utc
from invsync_tui.rules import words

if TYPE_CHECKING:
    from invsync_tui.operations.events import EventFilter, EventLine
    from invsync_tui.operations.session import Session

EXAMPLES = """\
example:
  invsync events                                    the newest events of all runs
  invsync events --severity warning --since -1d
  invsync events --cart "Acme Shop" --csv --limit 10000
  invsync events --follow --severity error          as they happen, until Ctrl+C or for an hour
  invsync events --follow --for 600 --json          one JSON object per line, for ten minutes"""
FOLLOW_SECONDS, FOLLOW_MOST = 3600, 7 * 86400
POLL_SECONDS = 1.0
"""Between two looks at whether anybody wrote to the store; only then events are read."""


def add_events(subparsers: Subparsers) -> None:
    """Add `invsync events` with its arguments."""
    parser = command(subparsers, "events", "show what happened in all runs, or follow it", EXAMPLES)
    parser.add_argument("--merchant", metavar="M", help="only of this merchant, its download and its carts")
    parser.add_argument("--cart", metavar="C", help="only of this cart")
    parser.add_argument("--severity", choices=("info", "warning", "error"), help="only this and worse")
    list_command.add_period(parser)
    parser.add_argument("--follow", action="store_true", help="print events as they happen, oldest first")
    parser.add_argument(
        "--for",
        dest="seconds",
        metavar="SECONDS",
        type=_seconds,
        help=f"how long to follow (default {FOLLOW_SECONDS})",
    )
    list_command.add_sort(parser, "at; few events also by severity, merchant, cart, run or text")
    list_command.add_options(parser)
    parser.set_defaults(run=run_events)


def _seconds(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= FOLLOW_MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; give whole seconds from 1 to {FOLLOW_MOST}")
    return int(text)


def run_events(args: argparse.Namespace) -> int:
    """Print a page of the event log, or what is new in it until the time is over."""
    from invsync_tui.operations import events

    _check(args)
    with opened(args) as session:
        wanted = _wanted(args)
        if args.follow:
            return _follow(args, session, wanted)
        rows = events.events(session, wanted, list_command.ordering(args))
        page, count = list_command.page(args, rows), list_command.counted(rows)
    list_command.print_page(args, "events", _shape(), page, count)
    return Exit.OK


def _check(args: argparse.Namespace) -> None:
    if args.follow and (args.after or args.until or args.csv or args.since or args.sort):
        raise UsageError("invsync events: --follow goes with --merchant, --cart, --severity, --for and --json only.")
    if args.seconds is not None and not args.follow:
        raise UsageError("invsync events: --for is for --follow.")


def _wanted(args: argparse.Namespace) -> EventFilter:
    from invsync_tui.operations.events import EventFilter, Severity

    severity = Severity(args.severity) if args.severity else None
    return EventFilter(args.merchant, args.cart, severity, *list_command.period(args))


def _follow(args: argparse.Namespace, session: Session, wanted: EventFilter) -> int:
    """The store is asked for events only after somebody wrote to it."""
    from invsync_tui.operations import events
    from invsync_tui.operations.session import Watch

    output = Output(args)
    watch = Watch(session)
    new_events = events.NewEvents(events.events(session, wanted))
    end = time.monotonic() + (args.seconds or FOLLOW_SECONDS)
    while True:
        over = time.monotonic() >= end
        if watch.changed() or over:
            while fresh := new_events.read():
                for line in fresh:
                    _print(line, output)
        if over:
            return Exit.OK
        time.sleep(min(POLL_SECONDS, max(end - time.monotonic(), 0)))


def _print(line: EventLine, output: Output) -> None:
    if output.json:
        print_document({"event": _record(line)})
    else:
        where = f"{line.merchant} > {line.cart}" if line.cart else line.merchant
        output.text(clean(f"{moment(line.at)}  {line.severity:<7}  run {line.run_id}  {where}  {line.text}"))


def _shape() -> Shape[EventLine]:
    columns = ("at", "severity", "merchant", "cart", "run", "kind", "n", "text")
    return Shape(
        columns,
        lambda line: [_record(line)[column] for column in columns],
        _record,
        ("WHEN", "SEVERITY", "MERCHANT", "CART", "RUN", "WHAT HAPPENED"),
        lambda line: (
            moment(line.at),
            str(line.severity),
            line.merchant,
            line.cart or "-",
            str(line.run_id),
            line.text,
        ),
        "No such events.",
    )


def _record(line: EventLine) -> dict[str, Any]:
    return {
        "at": utc(line.at),
        "severity": str(line.severity),
        "merchant": line.merchant,
        "cart": line.cart,
        "run": line.run_id,
        "kind": words.name(words.RUN_KINDS, line.kind.value),
        "n": line.n,
        "text": line.text,
    }
