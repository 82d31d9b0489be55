"""`invsync sync`, `runs` and `cancel`: requests runs, lists them, stops them."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from invsync_tui.cli import json_records, list_command, shapes
from invsync_tui.cli.context import opened
from invsync_tui.cli.follow import follow
from invsync_tui.cli.output import Exit, Output
from invsync_tui.cli.parser import Subparsers, UsageError, command, row_number
from invsync_tui.cli.run_text import detail_lines, listed
from invsync_tui.cli.text import clean, number, table
from invsync_tui.rules import words
from invsync_tui.rules.listing_filter import CHANGES

if TYPE_CHECKING:
    from invsync_tui.operations.lists.list_views import RunDiff
    from invsync_tui.operations.session import Session

RUNS_EXAMPLES = """\
example:
  invsync runs --merchant Acme --limit 10
  invsync runs --cart "Acme Shop" --state failed --csv
  invsync runs --since -1d --until -1h     requested in this time
  invsync runs --fold --limit 200          one line for runs in a row that found nothing to do
  invsync runs 17                          its phases, its sum, why SKUs were not set, and what happened
  invsync runs 17 --diff                   against the run before it
  invsync runs 17 --changes                what it set, from what to what; --csv for a spreadsheet
  invsync runs 17 --changes --filter "change<-20 -result:failed"
  invsync runs 17 --reason NOT_IN_WMS      the SKUs that ended so
  invsync runs 17 --outcome failed         the SKUs with this outcome, for whatever reason

A filter of changes compares before, set-to, change and diff, result:, reason:, sku:, name: and error:; one of --reason and
--outcome is as of: invsync listings --help."""
LIMIT = 20
NOTHING_FOUND = "No change of this run fulfills the filter."
OUTCOMES = ("updated", "in_sync", "skipped", "failed", "held", "in_doubt", "submitted")
STATES = ("requested", "running", "canceling", "held", "canceled", "done", "failed")


def add_runs(subparsers: Subparsers) -> None:
    """Add `invsync runs` with its arguments."""
    parser = command(subparsers, "runs", "list runs, newest first, or show one", RUNS_EXAMPLES)
    parser.add_argument("number", metavar="RUN", nargs="?", type=row_number, help="show this run")
    parser.add_argument("--merchant", metavar="M", help="only runs of this merchant, by name or number")
    parser.add_argument("--cart", metavar="C", help="only pushes to this cart, by name or number")
    parser.add_argument(
        "--state", choices=STATES, type=partial(words.name, words.STATES), help="only runs in this state"
    )
    parser.add_argument(
        "--trigger",
        metavar="WORD",
        help=f"only those: {', '.join(repr(name) if ' ' in name else name for name in words.TRIGGERS.values())}",
    )
    parser.add_argument("--who", metavar="NAME", help="only those that this operator asked for")
    parser.add_argument("--diff", action="store_true", help="RUN against the one before it")
    parser.add_argument("--changes", action="store_true", help="what RUN set, from what to what, for each listing")
    parser.add_argument("--reason", metavar="CODE", help="the SKUs of RUN that ended with this reason")
    parser.add_argument(
        "--outcome",
        choices=OUTCOMES,
        type=lambda word: words.name(words.OUTCOMES, word.replace("-", "_").replace(" ", "_")),
        help="the SKUs of RUN that ended so",
    )
    list_command.add_filter(parser, "of --changes, --reason and --outcome: a part of a SKU or code", "change<-20")
    parser.add_argument(
        "--fold", action="store_true", help="in text: one line for runs in a row that found nothing to do"
    )
    parser.add_argument("--before", metavar="RUN", type=row_number, help="the page before this run")
    list_command.add_sort(
        parser, "run; few runs also by merchant, cart, state, trigger, by, asked, took, skus, updated or failed"
    )
    list_command.add_period(parser)
    list_command.add_options(parser, LIMIT)
    parser.set_defaults(run=run_runs)


def run_runs(args: argparse.Namespace) -> int:
    """Print one run, or a page of them."""
    if args.number is None:
        if args.diff or args.reason or args.changes or args.outcome or args.filter:
            raise UsageError(
                "invsync runs: --diff, --changes, --reason, --outcome and --filter need a RUN. See: invsync runs --help"
            )
        return _list(args)
    if args.filter and not (args.changes or args.outcome or args.reason):
        raise UsageError("invsync runs: --filter goes with --changes, --reason or --outcome.")
    if args.diff:
        return _diff(args)
    if args.changes:
        return _changes(args)
    if args.outcome:
        return _outcome(args)
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

    if args.sort and (args.before is not None or args.fold):
        raise UsageError("invsync runs: --before and --fold go with the order by time, so without --sort.")
    if args.before is not None:
        args.after = list_command.token((args.before,))
    with opened(args) as session:
        merchant = names.merchant(session, args.merchant).id if args.merchant else None
        cart = names.cart(session, args.cart, merchant).id if args.cart else None
        state = args.state and words.stored(words.STATES, args.state)
        since, until = list_command.period(args)
        order = list_command.ordering(args)
        rows = run_history.runs(session, merchant, cart, state, args.trigger, args.who, since, until, order)
        page, following = list_command.page(args, rows)
    output = Output(args)
    if args.csv and not output.json:
        list_command.print_page(args, "runs", shapes.runs(), (page, following), {})
        return Exit.OK
    output.text(listed(page, fold=args.fold))
    if following:
        output.text(f"\nOlder ones: --after {following}")
    last = page[-1].id if following and not args.sort else None
    output.document({"runs": [json_records.run(row) for row in page], "next_before": last, "next": following})
    return Exit.OK


def _diff(args: argparse.Namespace) -> int:
    from invsync_tui.operations.runs import history as run_history

    with opened(args) as session:
        diff = run_history.diff(session, args.number)
    output = Output(args)
    output.text(_diff_lines(diff))
    output.document(
        {
            "diff": {
                "run": diff.run_id,
                "before": diff.before_id,
                "outcomes": {
                    words.name(words.OUTCOMES, name): {"before": then, "now": now} for name, then, now in diff.outcomes
                },
                "reasons": {name: {"before": then, "now": now} for name, then, now in diff.reasons},
            }
        }
    )
    return Exit.OK


def _diff_lines(diff: RunDiff) -> list[str]:
    before = f"run {diff.before_id}" if diff.before_id is not None else "nothing: there was no run before it"
    rows = [
        (words.outcome(name), number(then), number(now), f"{now - then:+,}")
        for name, then, now in (*diff.outcomes, *diff.reasons)
    ]
    return [clean(f"Run {diff.run_id} against {before}"), "", *table(("", "BEFORE", "NOW", "CHANGE"), rows)]


def _skus(args: argparse.Namespace) -> int:
    from invsync_tui.operations.runs import history as run_history

    looked_for = list_command.filter_text(args)
    with opened(args) as session:
        rows = run_history.skus(session, args.number, args.reason.upper(), list_command.ordering(args), looked_for)
        page, count = list_command.page(args, rows), list_command.counted(rows)
    more = {"run": args.number, "reason": args.reason.upper(), "filter": looked_for, **count}
    list_command.print_page(args, "listings", shapes.listings(time.time()), page, more)
    return Exit.OK


def _outcome(args: argparse.Namespace) -> int:
    from invsync_tui.operations.runs import history as run_history

    looked_for = list_command.filter_text(args)
    with opened(args) as session:
        outcome = words.stored(words.OUTCOMES, args.outcome)
        rows = run_history.of_outcome(session, args.number, outcome, list_command.ordering(args), looked_for)
        page, count = list_command.page(args, rows), list_command.counted(rows)
    more = {"run": args.number, "outcome": args.outcome, "filter": looked_for, **count}
    list_command.print_page(args, "listings", shapes.listings(time.time()), page, more)
    return Exit.OK


def _changes(args: argparse.Namespace) -> int:
    from invsync_tui.operations.runs import changes

    looked_for = list_command.filter_text(args, CHANGES)
    with opened(args) as session:
        rows = changes.changes(session, args.number, list_command.ordering(args), looked_for)
        page, count = list_command.page(args, rows), list_command.counted(rows)
        nothing = "" if page[0] or looked_for else changes.why_none(session, args.number)
    more = {"run": args.number, "filter": looked_for, **count, "note": nothing}
    list_command.print_page(args, "changes", shapes.changes(nothing or NOTHING_FOUND), page, more)
    return Exit.OK


def answered(args: argparse.Namespace, give: Callable[[Session], str]) -> int:
    """Change the run `args.number` and print the answer."""
    from invsync_tui.operations.runs.views import find, view

    with opened(args) as session:
        message = give(session)
        row = view(find(session, args.number))
    output = Output(args)
    output.text(clean(message))
    output.document({"message": message, "run": json_records.run(row)})
    return Exit.OK


CANCEL_EXAMPLES = """\
example:
  invsync cancel 17

It stops between two pages or batches; what was sent stays, what was not is planned again by the next run."""


def add_cancel(subparsers: Subparsers) -> None:
    """Add `invsync cancel` with its arguments."""
    parser = command(subparsers, "cancel", "stop a run that waits or runs", CANCEL_EXAMPLES)
    parser.add_argument("number", metavar="RUN", type=row_number, help="number of the run")
    parser.set_defaults(run=run_cancel)


def run_cancel(args: argparse.Namespace) -> int:
    """Do what `invsync cancel` asks for and print what came of it."""
    from invsync_tui.operations.runs import runs

    return answered(args, lambda session: runs.cancel(session, args.number))


SYNC_EXAMPLES = """\
example:
  invsync sync Acme                         start it; a service or a worker runs it
  invsync sync Acme --cart "Acme Shop" --wait
  invsync sync Acme --wait --json           one JSON object per line, for scripts

exit codes with --wait: 0 all done and every sum holds; 1 failed or canceled; 3 held, see invsync release --help"""


def add_sync(subparsers: Subparsers) -> None:
    """Add `invsync sync` with its arguments."""
    parser = command(subparsers, "sync", "download a merchant's inventory and push it to its carts", SYNC_EXAMPLES)
    parser.add_argument("merchant", metavar="MERCHANT", help="name or number")
    parser.add_argument("--cart", metavar="C", help="push to this cart only, by name or number")
    parser.add_argument("--full", action="store_true", help="read everything, not only what changed")
    parser.add_argument("--wait", action="store_true", help="follow it until it has ended")
    parser.set_defaults(run=run_sync)


def run_sync(args: argparse.Namespace) -> int:
    """Ask for the sync."""
    from invsync_tui.operations import names
    from invsync_tui.operations.runs import request as run_request

    output = Output(args)
    with opened(args) as session:
        merchant = names.merchant(session, args.merchant)
        cart = names.cart(session, args.cart, merchant.id).id if args.cart else None
        request = run_request.request(session, merchant.id, cart, full=args.full)
        if args.wait:
            return follow(session, request.runs, request.message if request.worker_started else "", output)
    output.text([clean(request.message), f"Runs: {', '.join(map(str, request.runs))}. Watch them: invsync runs RUN"])
    output.document({"runs": list(request.runs), "worker_started": request.worker_started, "message": request.message})
    return Exit.OK
