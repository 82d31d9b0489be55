"""`invsync sync`: asks for a sync, and follows it where that is wanted."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from typing import TYPE_CHECKING

from invsync_tui.cli import following, records
from invsync_tui.cli.opening import opened
from invsync_tui.cli.output import Exit, Output, note, print_document
from invsync_tui.cli.parser import Subparsers, command
from invsync_tui.cli.plain import clean
from invsync_tui.cli.run_text import how_to_release, outcome_sum, title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invsync_tui.operations.model import Requested, RunRow
    from invsync_tui.operations.session import Session

EXAMPLES = """\
example:
  invsync sync Acme                         order it; a service or a worker of its own does it
  invsync sync Acme --cart "Acme Shop" --wait
  invsync sync Acme --wait --json           one JSON object per line, for scripts

exit codes with --wait: 0 all done and every sum holds; 1 failed or cancelled; 3 held, see invsync release"""


def add_parser(subparsers: Subparsers) -> None:
    """Register the command."""
    parser = command(subparsers, "sync", "download a merchant's inventory and push it to its carts", EXAMPLES)
    parser.add_argument("merchant", metavar="MERCHANT", help="name or number")
    parser.add_argument("--cart", metavar="C", help="push to this cart only, by name or number")
    parser.add_argument("--full", action="store_true", help="read everything, not only what changed")
    parser.add_argument("--wait", action="store_true", help="follow it until it has ended")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask for the sync."""
    from invsync_tui.operations import names, sync

    output = Output(args)
    with opened(args) as session:
        merchant = names.merchant(session, args.merchant)
        cart = names.cart(session, args.cart, merchant.id).id if args.cart else None
        asked = sync.request(session, merchant.id, cart, full=args.full)
        if args.wait:
            return _wait(session, asked, output)
    output.text([clean(asked.message), f"Runs: {', '.join(map(str, asked.runs))}. Watch them: invsync runs RUN"])
    output.document({"runs": list(asked.runs), "worker_started": asked.worker_started, "message": asked.message})
    return Exit.OK


def _wait(session: Session, asked: Requested, output: Output) -> int:
    from invsync_tui.operations.following import Follower

    if asked.worker_started:
        output.text(clean(asked.message))
    follower = Follower(session, asked.runs)
    view = _view(output)
    try:
        for event in follower.events():
            view.show(event)
    except KeyboardInterrupt:
        view.end()
        note(f"stopped watching; the sync goes on. See: invsync runs {asked.runs[0]}")
        return Exit.INTERRUPTED
    view.end()
    return _summary([detail.run for detail in follower.last.values()], output)


def _view(output: Output) -> following.View:
    if output.json:
        return following.JsonLines()
    if output.quiet:
        return following.Silent()
    if sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return following.ProgressLine(shutil.get_terminal_size().columns)
    return following.Lines()


def _summary(rows: Sequence[RunRow], output: Output) -> int:
    code = exit_code(rows)
    output.text(line for row in rows for line in _ended(row))
    if output.json:
        print_document({"event": "summary", "exit": int(code), "runs": [records.run(row) for row in rows]})
    return code


def _ended(row: RunRow) -> list[str]:
    lines = [f"run {row.id}  {title(row)}: {row.state.value}  {outcome_sum(row.counts)}"]
    if row.error:
        lines.append(f"    {clean(row.error)}")
    if row.state.value == "held":
        lines.append(f"    Nothing was sent. Look at it: invsync runs {row.id}   then: {how_to_release(row.id)}")
    return lines


def exit_code(rows: Sequence[RunRow]) -> Exit:
    """The worst of what became of the runs; a sum that is off has failed."""
    states = {row.state.value for row in rows}
    if states - {"done", "held"} or any(row.counts.total != row.counts.accounted for row in rows):
        return Exit.FAILED
    return Exit.HELD if "held" in states else Exit.OK
