"""`invsync runs`: runs, newest first; everything about one; one against the one before; the SKUs of a reason."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from invsync_tui.cli import json_records, list_command, shapes
from invsync_tui.cli.context import opened
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, UsageError, command, row_number
from invsync_tui.cli.run_text import detail_lines, listed
from invsync_tui.cli.text import clean, number, table

if TYPE_CHECKING:
    from invsync_tui.operations.list_views import RunDiff

EXAMPLES = """\
example:
  invsync runs --merchant Acme --limit 10
  invsync runs --cart "Acme Shop" --state failed --csv
  invsync runs 17                          its phases, its sum, why SKUs were not set, and what happened
  invsync runs 17 --diff                   against the run before it
  invsync runs 17 --reason NOT_IN_WMS      the SKUs that ended so"""
LIMIT = 20
STATES = ("requested", "running", "cancelling", "held", "cancelled", "done", "failed")


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "runs", "list runs, newest first, or show one", EXAMPLES)
    parser.add_argument("number", metavar="RUN", nargs="?", type=row_number, help="show this run")
    parser.add_argument("--merchant", metavar="M", help="only runs of this merchant, by name or number")
    parser.add_argument("--cart", metavar="C", help="only pushes to this cart, by name or number")
    parser.add_argument("--state", choices=STATES, help="only runs in this state")
    parser.add_argument("--trigger", metavar="WORD", help="only those: manual, schedule, 'after pull', again, demo")
    parser.add_argument("--who", metavar="NAME", help="only those that this operator asked for")
    parser.add_argument("--diff", action="store_true", help="RUN against the one before it")
    parser.add_argument("--reason", metavar="CODE", help="the SKUs of RUN that ended with this reason")
    parser.add_argument("--before", metavar="RUN", type=row_number, help="the page before this run")
    list_command.add_options(parser, LIMIT)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one run, or a page of them."""
    if args.number is None:
        if args.diff or args.reason:
            raise UsageError("invsync runs: --diff and --reason need a RUN. See: invsync runs --help")
        return _list(args)
    if args.diff:
        return _diff(args)
    return _skus(args) if args.reason else _show(args)


def _show(args: argparse.Namespace) -> int:
    from invsync_tui.operations.runs import runs

    with opened(args) as session:
        detail = runs.detail(session, args.number)
    output = Output(args)
    output.text(detail_lines(detail))
    output.document({"run": json_records.run_detail(detail)})
    return Exit.OK


def _list(args: argparse.Namespace) -> int:
    from invsync_tui.operations import names
    from invsync_tui.operations.runs import history as run_history

    if args.before is not None:
        args.after = list_command.token((args.before,))
    with opened(args) as session:
        merchant = names.merchant(session, args.merchant).id if args.merchant else None
        cart = names.cart(session, args.cart, merchant).id if args.cart else None
        rows = run_history.runs(session, merchant, cart, args.state, args.trigger, args.who)
        page, following = list_command.page(args, rows)
    output = Output(args)
    if args.csv and not output.json:
        list_command.print_page(args, "runs", shapes.runs(), (page, following), {})
        return Exit.OK
    output.text(listed(page))
    if following:
        output.text(f"\nOlder ones: --after {following}")
    last = page[-1].id if following else None
    output.document({"runs": [json_records.run(row) for row in page], "next_before": last, "next": following})
    return Exit.OK


def _diff(args: argparse.Namespace) -> int:
    from invsync_tui.operations.runs import history as run_history

    with opened(args) as session:
        found = run_history.diff(session, args.number)
    output = Output(args)
    output.text(_diff_lines(found))
    output.document(
        {
            "diff": {
                "run": found.run_id,
                "before": found.before_id,
                "outcomes": {name: {"before": then, "now": now} for name, then, now in found.outcomes},
                "reasons": {name: {"before": then, "now": now} for name, then, now in found.reasons},
            }
        }
    )
    return Exit.OK


def _diff_lines(found: RunDiff) -> list[str]:
    before = f"run {found.before_id}" if found.before_id is not None else "nothing: there was no run before it"
    rows = [
        (name, number(then), number(now), f"{now - then:+,}") for name, then, now in (*found.outcomes, *found.reasons)
    ]
    return [clean(f"Run {found.run_id} against {before}"), "", *table(("", "BEFORE", "NOW", "CHANGE"), rows)]


def _skus(args: argparse.Namespace) -> int:
    from invsync_tui.operations.runs import history as run_history

    with opened(args) as session:
        rows = run_history.skus(session, args.number, args.reason.upper())
        page, count = list_command.page(args, rows), list_command.counted(rows)
    more = {"run": args.number, "reason": args.reason.upper(), **count}
    list_command.print_page(args, "listings", shapes.listings(time.time()), page, more)
    return Exit.OK
