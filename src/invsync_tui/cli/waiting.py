"""Follows runs until they have ended: `--wait` of the orders that start them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from invsync_tui.cli import follow as cli_follow
from invsync_tui.cli import json_records, streams
from invsync_tui.cli.output import Exit, Output, note, print_document
from invsync_tui.cli.run_text import outcome_sum, title, ways_out
from invsync_tui.cli.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invsync_tui.operations.session import Session
    from invsync_tui.operations.views import RunRow


def follow(session: Session, runs: Sequence[int], told: str, output: Output) -> int:
    """Follow some runs until they have ended; `told` is said first, '' for nothing. Returns the exit code."""
    from invsync_tui.operations.runs.follow import Follower

    if told:
        output.text(clean(told))
    follower = Follower(session, runs)
    view = _view(output)
    try:
        for event in follower.events():
            view.show(event)
    except KeyboardInterrupt:
        view.end()
        note(f"stopped watching; it goes on. See: invsync runs {runs[0]}")
        return Exit.INTERRUPTED
    view.end()
    return _summary([detail.run for detail in follower.last.values()], output)


def _view(output: Output) -> cli_follow.View:
    if output.json:
        return cli_follow.JsonLines()
    if output.quiet:
        return cli_follow.Silent()
    if streams.out().isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return cli_follow.ProgressLine()
    return cli_follow.Lines()


def _summary(rows: Sequence[RunRow], output: Output) -> int:
    code = exit_code(rows)
    output.text(line for row in rows for line in _ended(row))
    if output.json:
        print_document({"event": "summary", "exit": int(code), "runs": [json_records.run(row) for row in rows]})
    return code


def _ended(row: RunRow) -> list[str]:
    lines = [f"run {row.id}  {title(row)}: {row.state.value}  {outcome_sum(row.counts)}"]
    if row.error:
        lines.append(f"    {clean(row.error)}")
    if row.state.value == "held":
        lines.append(f"    Nothing was sent. Look at it: invsync runs {row.id}   then: {ways_out(row.id, row.cart)}")
    return lines


def exit_code(rows: Sequence[RunRow]) -> Exit:
    """The worst of what became of the runs; a sum that is off has failed."""
    states = {row.state.value for row in rows}
    if states - {"done", "held"} or any(row.counts.total != row.counts.accounted for row in rows):
        return Exit.FAILED
    return Exit.HELD if "held" in states else Exit.OK
