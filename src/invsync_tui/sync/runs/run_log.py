"""What a worker's log says of runs: one line for each end, one when a sync begins to fail, one when it works again.

Records carry `event` and `fields` for logs that machines read. Nothing here ever ends a run: a log that cannot be
written about is left out.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from invsync_tui.plain_text import counted
from invsync_tui.rules import words
from invsync_tui.rules.outcomes import Reason
from invsync_tui.rules.worker_health import span
from invsync_tui.store.database import Store
from invsync_tui.store.errors import StoreError
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRow
from invsync_tui.sync.executor import execute as execute_run
from invsync_tui.sync.runs.leases import Lease

log = logging.getLogger("invsync.runs")

_LEVELS = {"failed": logging.ERROR, "held": logging.WARNING}


async def execute(store: Store, run: RunRow, lease: Lease) -> None:
    """Execute a run to its end, and log how it began and ended."""
    _began(run)
    try:
        await execute_run(store, run, lease)
    finally:
        ended(store, run.id)


def ended(store: Store, run_id: int) -> None:
    """Log the end of a run; nothing for one that goes on."""
    try:
        with store.reading() as cx:
            run = runs.get(cx, run_id)
            before = None if run is None else runs.ended_before(cx, run)
            since, failed = (0, 0) if run is None else runs.failing_before(cx, run)
            logged = run is not None and run.state == "held" and runs.looked_again(cx, run.id)
    except StoreError as error:
        log.warning("the end of run %s could not be read: %s", run_id, error)
        return
    if run is None or run.state not in (*runs.FINAL, "held"):
        return
    level = logging.DEBUG if logged else _LEVELS.get(run.state, logging.INFO)  # that it is held was said before
    _tell(level, "run", _end_words(run), _fields(run))
    if run.state == "failed" and (before is None or before.state != "failed"):
        text = f"failing from now on: {_name(run)}: {run.error}"
        _tell(logging.WARNING, "failing", text, _fields(run))
    elif run.state == "done" and failed:
        lasted = span((run.ended_at or since) - since)
        text = f"works again: {_name(run)}, after {counted(failed, 'failed run')} in {lasted}"
        _tell(logging.INFO, "recovered", text, _fields(run) | {"failed_runs": failed})


def _began(run: RunRow) -> None:
    if run.state in ("running", "cancelling"):
        why = "its worker died" if run.heartbeat_at is not None else "its worker was stopped"
        _tell(logging.WARNING, "takeover", f"run {run.id} {_name(run)} is taken over: {why}", _fields(run))
    else:
        _tell(
            logging.DEBUG,
            "run_started",
            f"run {run.id} {_name(run)} started: {words.trigger(run.trigger)}",
            _fields(run),
        )


def _name(run: RunRow) -> str:
    return f"{words.run_kind(run.kind)} {_connection(run)}"


def _connection(run: RunRow) -> str:
    return f"{run.merchant} > {run.cart}" if run.cart else run.merchant


def _end_words(run: RunRow) -> str:
    parts = [f"run {run.id} {_name(run)} {words.state(run.state)}"]
    if (seconds := _seconds(run)) is not None:
        parts[0] += f" in {seconds} s"
    counts = dict(json.loads(run.counts))
    total = counts.pop("total", 0)
    if total:
        ends = ", ".join(f"{n} {words.outcome(name)}" for name, n in counts.items() if n)
        parts.append(f"{counted(total, 'SKU')}: {ends}")
    if run.state == "held":
        parts.append("held for review, nothing was sent: " + "; ".join(trip["text"] for trip in json.loads(run.trips)))
    elif run.error:
        parts.append(run.error)
    elif reasons := dict(json.loads(run.reasons)):
        parts.append(", ".join(f"{Reason(code)} {n}" for code, n in reasons.items()))
    return ". ".join(parts)


def _seconds(run: RunRow) -> int | None:
    return None if run.started_at is None or run.ended_at is None else max(0, run.ended_at - run.started_at)


def _fields(run: RunRow) -> dict[str, Any]:
    return {
        "run": run.id,
        "kind": words.name(words.RUN_KINDS, run.kind),
        "merchant": run.merchant,
        "cart": run.cart,
        "state": words.name(words.STATES, run.state),
        "trigger": words.trigger(run.trigger),
        "seconds": _seconds(run),
        "counts": words.named(words.OUTCOMES, json.loads(run.counts)),
        "reasons": {str(Reason(code)): n for code, n in json.loads(run.reasons).items()},
        "error": run.error,
    }


def _tell(level: int, event: str, text: str, fields: dict[str, Any]) -> None:
    log.log(level, "%s", text, extra={"event": event, "fields": fields})
