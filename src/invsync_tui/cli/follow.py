"""Follows runs until they end (`--wait`), and prints what happens meanwhile."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Protocol

from invsync_tui.cli import json_records, streams
from invsync_tui.cli.output import Exit, Output, note, print_document, rewritten
from invsync_tui.cli.run_text import outcome_sum, title, ways_out
from invsync_tui.cli.text import clean, cut, duration, number, utc
from invsync_tui.rules import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invsync_tui.operations.runs.follow import Event
    from invsync_tui.operations.session import Session
    from invsync_tui.operations.views import RunDetail, RunRow

REWRITE_EVERY = 0.5
"""Seconds between two rewrites of the progress line."""
TELLING = frozenset({"state", "phase", "log", "worker"})
"""Changes that are worth a line of text."""


class View(Protocol):
    """Shows events as they come."""

    def show(self, event: Event) -> None: ...
    def end(self) -> None: ...


class Silent:
    """Follows a run without printing anything: --quiet."""

    def show(self, event: Event) -> None:
        """With --quiet nothing is printed."""

    def end(self) -> None:
        """With --quiet there is nothing to close."""


class JsonLines:
    """One JSON object per line."""

    def show(self, event: Event) -> None:
        """Print the event as one line of JSON."""
        print_document(event_record(event))

    def end(self) -> None:
        """Each line is complete: there is nothing to close."""


def event_record(event: Event) -> dict[str, Any]:
    """An event as JSON has it."""
    row = event.run
    return {
        "event": event.change.value,
        "run": row.id,
        "kind": words.name(words.RUN_KINDS, row.kind.value),
        "merchant": row.merchant,
        "cart": row.cart,
        "state": words.name(words.STATES, row.state.value),
        "phase": row.phase,
        "done": row.done,
        "total": row.total,
        "per_second": event.detail.per_second,
        "eta": event.detail.eta,
        "counts": json_records.counts(row.counts),
        "level": event.level,
        "text": event.text,
        "at": utc(event.at),
    }


class Lines:
    """A line for whatever is worth one: for logs and pipes."""

    def show(self, event: Event) -> None:
        """Print a line if the event is worth one."""
        line = describe_event(event)
        if line:
            streams.out().write(line + "\n")
            streams.out().flush()

    def end(self) -> None:
        """Each line is complete: there is nothing to close."""


def describe_event(event: Event) -> str:
    """A change in words; '' for one that is not worth a line."""
    if event.change.value not in TELLING:
        return ""
    who = f"run {event.run.id} {title(event.run)}"
    if event.text:
        mark = "" if event.level == "info" else f"{event.level}: "
        return f"{who}: {mark}{clean(event.text)}"
    if event.change.value == "phase":
        return f"{who}: phase {clean(words.phase(event.run.phase))}" if event.run.phase else ""
    return f"{who}: {words.state(event.run.state.value)}"


class ProgressLine:
    """One line of a terminal, rewritten; warnings and errors stay above it."""

    def __init__(self) -> None:
        self._shown_at = 0.0
        self._shown = ""

    def show(self, event: Event) -> None:
        """Rewrite the line, at most so often."""
        if event.text and event.level != "info":
            self._write("")
            streams.out().write(describe_event(event) + "\n")
        waits = event.run.state.value == "requested" and self._shown
        if not waits and time.monotonic() - self._shown_at >= REWRITE_EVERY:
            self._shown_at = time.monotonic()
            self._write(cut(progress(event.detail), max(20, streams.out().columns() - 1)))

    def end(self) -> None:
        """Leave the place to what follows."""
        self._write("")

    def _write(self, text: str) -> None:
        if text != self._shown:
            self._shown = text
            rewritten(streams.out(), text)


def progress(detail: RunDetail) -> str:
    """Phase, progress, rate and time left: `pull Acme: levels 1,200/5,000 (24%) 310/s, 12 s left`."""
    row = detail.run
    parts = [f"{title(row)}: {clean(words.phase(row.phase)) or words.state(row.state.value)}"]
    if row.stall is not None:
        return f"{parts[0]}  {clean(row.stall.text)}"
    if row.phase:
        parts.append(_done(row.done, row.total))
    if detail.per_second:
        parts.append(f"{number(detail.per_second)}/s")
    if detail.eta is not None:
        parts.append(f"{duration(detail.eta)} left")
    return "  ".join(parts)


def _done(done: int, total: int | None) -> str:
    if total is None:
        return number(done)
    share = f" ({done * 100 // total}%)" if total else ""
    return f"{number(done)}/{number(total)}{share}"


def follow(session: Session, runs: Sequence[int], message: str, output: Output) -> int:
    """Follow some runs until they have ended; `message` is printed first, '' for nothing. Returns the exit code."""
    from invsync_tui.operations.runs.follow import Follower

    if message:
        output.text(clean(message))
    follower = Follower(session, runs)
    view = _view(output)
    try:
        for event in follower.events():
            view.show(event)
    except KeyboardInterrupt:
        view.end()
        note(f"stopped watching; the run continues. See: invsync runs {runs[0]}")
        return Exit.INTERRUPTED
    view.end()
    return _summary([detail.run for detail in follower.last.values()], output)


def _view(output: Output) -> View:
    if output.json:
        return JsonLines()
    if output.quiet:
        return Silent()
    if streams.out().isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return ProgressLine()
    return Lines()


def _summary(rows: Sequence[RunRow], output: Output) -> int:
    code = exit_code(rows)
    output.text(line for row in rows for line in _ended(row))
    if output.json:
        print_document({"event": "summary", "exit": int(code), "runs": [json_records.run(row) for row in rows]})
    return code


def _ended(row: RunRow) -> list[str]:
    lines = [f"run {row.id}  {title(row)}: {words.state(row.state.value)}  {outcome_sum(row.counts)}"]
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
