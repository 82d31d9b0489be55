"""Runs: requested by anybody, executed by one worker, watched by all.

At most one requested and one active run exist per pull or push (a unique index sees to it); a request that comes while
one is active is remembered as a single `again`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from invsync_tui import clock
from invsync_tui.rules import safety
from invsync_tui.rules.redaction import Redacted
from invsync_tui.store import audit, named_rows, numbers
from invsync_tui.store.runs import waiting_requests
from invsync_tui.store.runs.records import RunRequest, RunRow
from invsync_tui.store.runs.waiting_requests import Wish

ACTIVE = "('running', 'cancelling', 'held')"
FINAL = frozenset({"cancelled", "done", "failed"})
EVENTS_KEPT = 200
"""Events kept of a run."""


RUN_COLUMNS = (
    "r.id, r.kind, r.key, r.merchant_id, r.state, r.trigger, r.requested_by, r.requested_at, r.after_run, r.full, "
    "r.again, r.cancel_requested, r.epoch, r.started_at, r.ended_at, r.heartbeat_at, r.phase, r.done, r.total, r.phases, "
    "r.counts, r.reasons, r.rate, r.trips, r.released, r.plan_seq, r.error, r.rev, r.groups, r.plan_id, "
    "r.then_push, r.after_again, r.again_for, r.not_before, m.name, c.name, c.of_cart"
)
RUN_ORIGIN = (
    "run AS r CROSS JOIN merchant AS m ON m.id = r.merchant_id "
    # The runs of a cart that was removed go soon: nobody sees or executes them until then.
    "AND (r.kind = 'pull' OR EXISTS (SELECT 1 FROM cart AS k WHERE k.id = r.key)) "
    "LEFT JOIN cart AS c ON r.kind <> 'pull' AND c.id = r.key"
)
_SELECT = f"SELECT {RUN_COLUMNS} FROM {RUN_ORIGIN} "


class RequestResult(NamedTuple):
    """The run that serves a request, and whether it is a new one."""

    run_id: int
    fresh: bool


def request(tx: sqlite3.Connection, order: RunRequest, now: int) -> RequestResult:
    """Ask for a run. One that is requested already, or is held, serves; a running one is asked to run once more.

    Whatever both sides wanted is done: a complete read, the pushes that follow, and each side's own condition. A run that
    is held since it would have read or written somebody else's data looks again whose they are.
    """
    row = tx.execute(
        "SELECT id FROM run WHERE kind = ? AND key = ? AND state IN ('requested', 'running', 'cancelling', 'held') "
        "ORDER BY state = 'requested' DESC, state = 'held' DESC",
        (order.kind, order.key),
    ).fetchone()
    wish = waiting_requests.of_order(tx, order)
    run = get(tx, row[0]) if row is not None else None
    if run is None:
        return RequestResult(_insert(tx, order, wish, now), True)
    if run.state == "held":
        sql = "UPDATE run SET full = max(full, ?), then_push = max(then_push, ?) WHERE id = ?"
        tx.execute(sql, (order.full, order.pushes, run.id))
        _look_again(tx, run, now)
    elif run.state == "requested" and run.plan_id is None:
        waiting_requests.join(tx, run, wish, now)
        if order.trigger not in waiting_requests.BY_THEMSELVES or run.trigger == waiting_requests.LOOK != order.trigger:
            tx.execute("UPDATE run SET not_before = NULL WHERE id = ?", (run.id,))
    else:  # an active one, and one that is bound to a plan, hand it on
        waiting_requests.add(tx, run, wish)
    return RequestResult(run.id, False)


LOOKED_AGAIN = "Requested while it was held: whose data it would read or write is checked again."


def _look_again(tx: sqlite3.Connection, run: RunRow, now: int) -> None:
    """Take a held run up again where nothing but an account holds it: the right one may be back by now."""
    rules = {trip["breaker"] for trip in json.loads(run.trips)}
    if not rules or not rules <= safety.WHOSE_DATA:
        return
    tx.execute(
        "UPDATE run SET state = 'requested', requested_at = ?, started_at = NULL, rev = rev + 1 WHERE id = ?",
        (now, run.id),
    )
    if not looked_again(tx, run.id):
        _append_event(tx, run.id, now, "info", LOOKED_AGAIN)


def looked_again(cx: sqlite3.Connection, run_id: int) -> bool:
    """Whether a run was held before, and taken up again by a request."""
    sql = "SELECT 1 FROM run_event WHERE run_id = ? AND text = ?"
    return cx.execute(sql, (run_id, LOOKED_AGAIN)).fetchone() is not None


def _insert(tx: sqlite3.Connection, order: RunRequest, wish: Wish, now: int) -> int:
    done = tx.execute(
        "INSERT INTO run (id, kind, key, merchant_id, state, trigger, requested_by, requested_at, after_run, after_again, "
        "full, then_push) VALUES (?, ?, ?, ?, 'requested', ?, ?, ?, ?, ?, ?, ?)",
        (
            numbers.upcoming(tx, "run"), order.kind, order.key, order.merchant_id, order.trigger, order.by, now,
            wish.after_run, wish.after_again, order.full, order.pushes,
        ),
    )  # fmt: skip
    return int(done.lastrowid or 0)


def get(cx: sqlite3.Connection, run_id: int) -> RunRow | None:
    """One run, None if there is none of this number."""
    return named_rows.first(RunRow, cx.execute(_SELECT + "WHERE r.id = ?", (run_id,)))


def recent(cx: sqlite3.Connection, merchant_id: int | None, before: int | None, limit: int) -> list[RunRow]:
    """The newest runs, of one merchant or of all, below a run number for the next page."""
    where, values = ["r.id < ?"], [before if before is not None else 2**62]
    if merchant_id is not None:
        where.append("r.merchant_id = ?")
        values.append(merchant_id)
    rows = cx.execute(f"{_SELECT} WHERE {' AND '.join(where)} ORDER BY r.id DESC LIMIT ?", (*values, limit))
    return named_rows.filled(RunRow, rows)


def newest_per_key(cx: sqlite3.Connection, merchant_id: int | None) -> list[RunRow]:
    """The newest run of each pull and push, of one merchant or of all."""
    rows = cx.execute(
        _SELECT + "WHERE r.id IN (SELECT max(id) FROM run WHERE ?1 IS NULL OR merchant_id = ?1 GROUP BY kind, key) "
        "ORDER BY r.merchant_id, r.kind, r.key",
        (merchant_id,),
    )
    return named_rows.filled(RunRow, rows)


def last_ended(cx: sqlite3.Connection, kind: str) -> dict[int, RunRow]:
    """By key, the newest run of a kind that ended."""
    rows = cx.execute(
        _SELECT + "WHERE r.id IN (SELECT max(id) FROM run WHERE kind = ? AND state IN ('done', 'failed') GROUP BY key)",
        (kind,),
    )
    return {run.key: run for run in named_rows.filled(RunRow, rows)}


def failing_since(cx: sqlite3.Connection, kind: str, key: int) -> tuple[int, int]:
    """When the first run ended of those that failed since the last good one, and how many they are; (0, 0) for none."""
    row = cx.execute(
        "SELECT min(ended_at), count(*) FROM run WHERE kind = ?1 AND key = ?2 AND state = 'failed' AND id > coalesce("
        "(SELECT max(id) FROM run WHERE kind = ?1 AND key = ?2 AND state = 'done'), 0)",
        (kind, key),
    ).fetchone()
    return int(row[0] or 0), int(row[1])


def ended_before(cx: sqlite3.Connection, run: RunRow) -> RunRow | None:
    """The run of the same kind and key that ended before this one, well or not; cancelled ones say nothing."""
    return named_rows.first(
        RunRow,
        cx.execute(
            _SELECT
            + "WHERE r.kind = ? AND r.key = ? AND r.id < ? AND r.state IN ('done', 'failed') ORDER BY r.id DESC LIMIT 1",
            (run.kind, run.key, run.id),
        ),
    )


def failing_before(cx: sqlite3.Connection, run: RunRow) -> tuple[int, int]:
    """Of the runs that failed in a row before this one: when the first ended, and how many they are; (0, 0) for none."""
    row = cx.execute(
        "SELECT min(ended_at), count(*) FROM run WHERE kind = ?1 AND key = ?2 AND state = 'failed' AND id < ?3 "
        "AND id > coalesce((SELECT max(id) FROM run WHERE kind = ?1 AND key = ?2 AND state = 'done' AND id < ?3), 0)",
        (run.kind, run.key, run.id),
    ).fetchone()
    return int(row[0] or 0), int(row[1])


def stopped(tx: sqlite3.Connection, run_id: int, now: int) -> None:
    """The worker ended in order at a safe point; the run waits for the next one, and nobody beats for it."""
    tx.execute("UPDATE run SET heartbeat_at = NULL, rev = rev + 1 WHERE id = ?", (run_id,))
    _append_event(tx, run_id, now, "info", "The worker was stopped; the next one continues the run.")


def record_obstacle(tx: sqlite3.Connection, run_id: int, text: Redacted) -> None:
    """Say on a run why it does not go on; its state stays."""
    tx.execute("UPDATE run SET error = ?, rev = rev + 1 WHERE id = ?", (text, run_id))


_BEHIND_HELD = "(r.plan_id IS NULL AND EXISTS (SELECT 1 FROM run AS b WHERE b.id = r.after_run AND b.state = 'held'))"


_NOT_YET = "(r.not_before > :now AND r.requested_at <= :now + :tolerance)"
"""A time to come, unless the clock was set back since: then it is not known when it comes, and trying costs one request."""


def requested(cx: sqlite3.Connection, now: int) -> list[RunRow]:
    """Runs that may start, oldest first; those that wait for a held run wait for an operator."""
    sql = f"WHERE r.state = 'requested' AND NOT {_BEHIND_HELD} AND NOT coalesce({_NOT_YET}, 0) ORDER BY r.id"
    values = {"now": now, "tolerance": int(clock.TOLERANCE)}
    return named_rows.filled(RunRow, cx.execute(_SELECT + sql, values))


def go_on_at(tx: sqlite3.Connection, run: RunRow, at: int, now: int) -> int:
    """Ask for the rest of a run that has ended, by itself from a time on; the number of the run that does it.

    What an operator released or applied holds for the rest too. A person's request that comes before starts it at once.
    """
    order = RunRequest(
        run.kind, run.key, run.merchant_id, "again", run.requested_by, None, bool(run.full), bool(run.then_push)
    )
    number, fresh = request(tx, order, now)
    if fresh:
        tx.execute(
            "UPDATE run SET not_before = ?, plan_id = ?, released = ?, groups = ? WHERE id = ?",
            (at, run.plan_id, run.released, run.groups, number),
        )
    return number


def request_from(tx: sqlite3.Connection, order: RunRequest, at: int, now: int) -> RequestResult:
    """Ask for a run that begins at a time, or when a person asks for it; one that is asked for already keeps its own."""
    result = request(tx, order, now)
    if result.fresh:
        tx.execute("UPDATE run SET not_before = ? WHERE id = ?", (at, result.run_id))
    return result


def look_again_at(tx: sqlite3.Connection, run: RunRow, at: int, now: int) -> int | None:
    """Ask for another run of the same cart, by itself from a time on; None where a run is asked for already."""
    asked = tx.execute(
        "SELECT 1 FROM run WHERE kind = ? AND key = ? AND state = 'requested'", (run.kind, run.key)
    ).fetchone()
    if asked:
        return None
    order = RunRequest(run.kind, run.key, run.merchant_id, waiting_requests.LOOK, run.requested_by)
    number, fresh = request_from(tx, order, at, now)
    return number if fresh else None


def held_before(cx: sqlite3.Connection, run_id: int) -> int | None:
    """The held run that a requested one waits for; None if it waits for none."""
    row = cx.execute(
        f"SELECT r.after_run FROM run AS r WHERE r.id = ? AND r.state = 'requested' AND {_BEHIND_HELD}", (run_id,)
    ).fetchone()
    return int(row[0]) if row else None


def cancel_behind(tx: sqlite3.Connection, run_id: int, text: Redacted, now: int) -> None:
    """End what waits for a held run that is given up."""
    sql = f"SELECT r.id FROM run AS r WHERE r.after_run = ? AND r.state = 'requested' AND {_BEHIND_HELD}"
    for (number,) in tx.execute(sql, (run_id,)).fetchall():
        finish(tx, number, "cancelled", text, now)


def active_of(cx: sqlite3.Connection, merchant_id: int) -> list[RunRow]:
    """The runs of a merchant and its carts that are requested, executed or held, oldest first."""
    sql = f"{_SELECT} WHERE r.merchant_id = ? AND (r.state = 'requested' OR r.state IN {ACTIVE}) ORDER BY r.id"
    return named_rows.filled(RunRow, cx.execute(sql, (merchant_id,)))


def underway(cx: sqlite3.Connection) -> list[RunRow]:
    """Runs that some worker executes, or was executing when it died."""
    return named_rows.filled(RunRow, cx.execute(_SELECT + "WHERE r.state IN ('running', 'cancelling') ORDER BY r.id"))


def start(tx: sqlite3.Connection, run_id: int, epoch: int, now: int) -> RunRow:
    """Begin to execute a run, or take it over: what it had decided before stays, the phases begin anew.

    Returns the run as it is now: until this moment requests could join it. Those that come from now on are for another.
    """
    tx.execute(
        "UPDATE run SET state = CASE WHEN cancel_requested THEN 'cancelling' ELSE 'running' END, epoch = ?, "
        "started_at = coalesce(started_at, ?), ended_at = NULL, heartbeat_at = ?, trips = '[]', error = '', rev = rev + 1 "
        "WHERE id = ?",
        (epoch, now, now, run_id),
    )
    row = get(tx, run_id)
    if row is None:
        raise LookupError(f"there is no run {run_id}")
    return row


class Progress(NamedTuple):
    """What watchers see of a run; the last four are JSON-ready."""

    phase: str
    done: int
    total: int | None
    phases: Sequence[Mapping[str, Any]]
    counts: Mapping[str, int]
    reasons: Mapping[str, int]
    rate: Mapping[str, Any] | None


def progress(tx: sqlite3.Connection, run_id: int, report: Progress, now: int) -> None:
    """Write the progress, in the transaction of the work that it reports where there is one."""
    tx.execute(
        "UPDATE run SET phase = ?, done = ?, total = ?, phases = ?, counts = ?, reasons = ?, rate = ?, heartbeat_at = ?, "
        "rev = rev + 1 WHERE id = ?",
        (
            report.phase, report.done, report.total, json.dumps(report.phases), json.dumps(report.counts),
            json.dumps(report.reasons), json.dumps(report.rate) if report.rate else "", now, run_id,
        ),
    )  # fmt: skip


def clock_was_set(tx: sqlite3.Connection, run_id: int, by: int, now: int) -> None:
    """The clock was set by so many seconds while a run was under way: what was dated by the clock of before, and could not
    have been by that of now, is dated as if it had been set then already."""
    # Set back: everything before is ahead. Set forward: everything before is at least as long ago.
    tx.execute(
        "UPDATE run SET started_at = started_at + CASE WHEN (?2 < 0 AND started_at > ?3) OR (?2 > 0 AND started_at <= ?3 - ?2) "
        "THEN ?2 ELSE 0 END, heartbeat_at = heartbeat_at + CASE WHEN (?2 < 0 AND heartbeat_at > ?3) "
        "OR (?2 > 0 AND heartbeat_at <= ?3 - ?2) THEN ?2 ELSE 0 END, rev = rev + 1 WHERE id = ?1",
        (run_id, by, now),
    )


def end_counts(tx: sqlite3.Connection, run_id: int, counts: Mapping[str, int], reasons: Mapping[str, int]) -> None:
    """The sums of a run that ends otherwise than by its report."""
    tx.execute("UPDATE run SET counts = ?, reasons = ? WHERE id = ?", (json.dumps(counts), json.dumps(reasons), run_id))


def plan_until(tx: sqlite3.Connection, run_id: int, seq: int) -> None:
    """Remember up to which write batch the plan of this run looked."""
    tx.execute("UPDATE run SET plan_seq = ? WHERE id = ?", (seq, run_id))


def finish(tx: sqlite3.Connection, run_id: int, state: str, error: Redacted, now: int) -> RunRow | None:
    """End a run; returns the request that was waiting behind it (`again`), made now."""
    tx.execute(
        "UPDATE run SET state = ?, error = ?, ended_at = ?, rev = rev + 1 WHERE id = ?", (state, error, now, run_id)
    )
    row = get(tx, run_id)
    if row is None or not row.again:
        return None
    numbers = [request(tx, order, now).run_id for order in waiting_requests.orders(row)]
    waiting_requests.add_origins(tx, row, numbers[0], now)
    waiting_requests.follow(tx, row, numbers[0])
    return get(tx, numbers[0])


def hold(tx: sqlite3.Connection, run_id: int, trips: Sequence[Mapping[str, Any]], now: int) -> None:
    """Stop before anything is sent, until an operator decides. Requests that wait behind it are served by its release."""
    row = get(tx, run_id)
    behind = waiting_requests.of_run(row) if row is not None else []
    full, pushes = any(wish.full for wish in behind), any(wish.pushes for wish in behind)
    tx.execute(
        "UPDATE run SET state = 'held', trips = ?, ended_at = ?, again = 0, again_for = '[]', full = max(full, ?), "
        "then_push = max(then_push, ?), rev = rev + 1 WHERE id = ?",
        (json.dumps(trips), now, full, pushes, run_id),
    )


def release(tx: sqlite3.Connection, run_id: int, now: int, groups: Mapping[str, int] | None = None) -> bool:
    """Let a held run go: it is planned anew, and what was accepted is what its safety rules showed. False if not held.

    `groups` are the released groups with their sizes, None for all: the listings of the others stay held.
    """
    row = get(tx, run_id)
    if row is None or row.state != "held":
        return False
    shown = json.loads(row.released) | {trip["breaker"]: trip["measure"] for trip in json.loads(row.trips)}
    accepted = shown if groups is None else safety.accepted(shown, groups)
    text = "" if groups is None or set(groups) == set(safety.Group) else json.dumps(sorted(groups))
    tx.execute(
        "UPDATE run SET state = 'requested', released = ?, groups = ?, requested_at = ?, started_at = NULL, rev = rev + 1 "
        "WHERE id = ?",
        (json.dumps(accepted), text, now, run_id),
    )
    return True


def cancel(tx: sqlite3.Connection, run_id: int, now: int) -> str | None:
    """Ask a run to stop. Returns the state it has now, None if there is nothing to stop."""
    row = get(tx, run_id)
    if row is None or row.state in FINAL:
        return None
    state = "cancelling" if row.state in ("running", "cancelling") else "cancelled"
    tx.execute(
        "UPDATE run SET state = ?, cancel_requested = 1, again = 0, again_for = '[]', "
        "ended_at = CASE WHEN ? = 'cancelled' THEN ? END, "
        "rev = rev + 1 WHERE id = ?",
        (state, state, now, run_id),
    )
    return state


def add_event(tx: sqlite3.Connection, run_id: int, now: int, level: str, text: Redacted) -> None:
    """Append an event; the oldest beyond EVENTS_KEPT are dropped."""
    _append_event(tx, run_id, now, level, text)


def _append_event(tx: sqlite3.Connection, run_id: int, now: int, level: str, text: str) -> None:
    """`add_event` for texts that are written in this module, of numbers alone."""
    tx.execute(
        "INSERT INTO run_event (run_id, n, at, level, text) "
        "SELECT ?1, coalesce(max(n), 0) + 1, ?2, ?3, ?4 FROM run_event WHERE run_id = ?1",
        (run_id, now, level, text),
    )
    tx.execute(
        "DELETE FROM run_event WHERE run_id = ?1 AND n <= (SELECT max(n) FROM run_event WHERE run_id = ?1) - ?2",
        (run_id, EVENTS_KEPT),
    )


class RunEvent(NamedTuple):
    """An event of a run. `n` counts within it; `at` in epoch seconds."""

    n: int
    at: int
    level: str
    text: str


def events(cx: sqlite3.Connection, run_id: int, after: int = 0) -> list[RunEvent]:
    """A run's events, oldest first."""
    sql = "SELECT n, at, level, text FROM run_event WHERE run_id = ? AND n > ? ORDER BY n"
    return named_rows.filled(RunEvent, cx.execute(sql, (run_id, after)))


def cancel_requested(cx: sqlite3.Connection, run_id: int) -> bool:
    """Whether somebody wants the run to stop."""
    row = cx.execute("SELECT cancel_requested FROM run WHERE id = ?", (run_id,)).fetchone()
    return bool(row and row[0])


def last_good_start(cx: sqlite3.Connection, kind: str, key: int, now: int) -> int:
    """When the last run of a pull or push began that ended well and was not released in part; 0 if none did.

    One that is dated after `now` began while the clock was ahead, nobody knows when: the one before it counts.
    """
    sql = (
        "SELECT max(started_at) FROM run WHERE kind = ? AND key = ? AND state = 'done' "
        "AND coalesce(json_extract(counts, '$.held'), 0) = 0 AND started_at <= ?"
    )
    return int(cx.execute(sql, (kind, key, now)).fetchone()[0] or 0)


def last_good_phase(cx: sqlite3.Connection, kind: str, key: int, phase: str, after: int) -> int | None:
    """When the last run began, `after` some time, that ended well and with it a phase of this name."""
    rows = cx.execute(
        "SELECT started_at, phases FROM run WHERE kind = ? AND key = ? AND state = 'done' AND started_at > ? "
        "ORDER BY id DESC",
        (kind, key, after),
    )
    for started_at, phases in rows:
        if any(load["name"] == phase and load["state"] == "done" for load in json.loads(phases)):
            return int(started_at)
    return None


def phase_serves(cx: sqlite3.Connection, kind: str, keys: Sequence[int], phase: str, request: RequestTimes) -> bool:
    """Whether a run of one of `keys` began after a request was made, and ended well, and with it a phase of this name.

    One that began in the very second of the request did so after it where both were asked for together.
    """
    rows = cx.execute(
        "SELECT phases FROM run WHERE kind = ?1 AND key IN (SELECT value FROM json_each(?2)) AND state = 'done' "
        "AND started_at BETWEEN ?3 AND ?4 AND (started_at > ?5 OR (started_at = ?5 AND requested_at = ?5))",
        (kind, json.dumps(list(keys)), request.earliest, request.now, request.made_at),
    )
    return any(load["name"] == phase and load["state"] == "done" for (phases,) in rows for load in json.loads(phases))


class RequestTimes(NamedTuple):
    """A request that a phase of another run may serve, where that began at `earliest` or later, and not after `now`: one
    that is dated after now began while the clock was ahead, nobody knows when."""

    made_at: int
    earliest: int
    now: int


def login_refused(cx: sqlite3.Connection, kind: str, key: int) -> bool:
    """Whether the last run of a pull or push ended because the login was refused, and its connection is as it was then."""
    row = cx.execute(
        "SELECT state, reasons, ended_at FROM run WHERE kind = ? AND key = ? AND state IN ('done', 'failed') "
        "ORDER BY id DESC LIMIT 1",
        (kind, key),
    ).fetchone()
    if row is None:
        return False
    state, reasons, ended_at = row
    if state != "failed" or "AUTH_FAILED" not in json.loads(reasons):
        return False
    subject = f"merchant:{key}" if kind == "pull" else f"cart:{key}"
    return not audit.connection_changed(cx, subject, ended_at)


class WantedRead(NamedTuple):
    """A push that has not begun and is to read all listings, as it was asked for at revision `rev`."""

    run_id: int
    rev: int


def complete_reads_wanted(cx: sqlite3.Connection, cart_id: int) -> list[WantedRead]:
    """The pushes of a cart that wait and are to read all its listings."""
    sql = "SELECT id, rev FROM run WHERE kind = 'push' AND key = ? AND state = 'requested' AND full <> 0"
    return named_rows.filled(WantedRead, cx.execute(sql, (cart_id,)))


def complete_reads_done(tx: sqlite3.Connection, reads: Sequence[WantedRead], by: int, now: int) -> None:
    """Run `by` has read the listings that some pushes were to read. Who joined one of these meanwhile wants a later read."""
    for read in reads:
        done = tx.execute(
            "UPDATE run SET full = 0, rev = rev + 1 WHERE id = ? AND rev = ? AND state = 'requested'", read
        )
        if done.rowcount:
            _append_event(tx, read.run_id, now, "info", f"Run {by} read the listings of all locations.")
