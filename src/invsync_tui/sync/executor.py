"""Executes one run from its start to its one end, whatever happens on the way.

This is the only place that turns errors into the state of a run: what went wrong with the connection ends the run and
is told in its words; what is not foreseen ends it too, and is raised for the worker's log.
"""

from __future__ import annotations

import logging
import math
import sqlite3
import traceback

from invsync_tui import __version__, clock
from invsync_tui.connectors.base import Cart
from invsync_tui.connectors.errors import ConnectorError, DeferredError, NotConfiguredError, PreparingError, shorten
from invsync_tui.connectors.network.api_notices import ApiNotices, collect, merged
from invsync_tui.connectors.network.http_log import log_http_to, own_short_secrets, redacted
from invsync_tui.connectors.rate_limit import long_waits_lifted
from invsync_tui.connectors.shop_identity import location_of, shop_of
from invsync_tui.plain_text import counted
from invsync_tui.rules.outcomes import AccountingError, Outcome, Reason
from invsync_tui.rules.redaction import Redacted
from invsync_tui.rules.worker_health import span
from invsync_tui.store.catalog import pull_progress, sync_marks
from invsync_tui.store.database import Store
from invsync_tui.store.errors import StoreBusyError, StoreError, StoreFullError
from invsync_tui.store.listings import listings, plans
from invsync_tui.store.listings.plans import KeptPlan
from invsync_tui.store.runs import decision_log, runs, waiting_requests
from invsync_tui.store.runs import http_log as http_log_rows
from invsync_tui.store.runs.records import RunRow
from invsync_tui.store.runs.workers import FencedError
from invsync_tui.store.settings import schedule
from invsync_tui.sync import connections, source_identity
from invsync_tui.sync import schedule as pushing
from invsync_tui.sync.deletion_time import deletion_time
from invsync_tui.sync.listings.drift_check import DriftCheck
from invsync_tui.sync.plans.explicit_plan import ExplicitPlanner
from invsync_tui.sync.pull import Pull
from invsync_tui.sync.push import BatchSender
from invsync_tui.sync.push_plan import PushPlanner
from invsync_tui.sync.pushes import submitted
from invsync_tui.sync.runs import run_findings
from invsync_tui.sync.runs.cancellation import Interrupted, RunStopped, interruptible
from invsync_tui.sync.runs.leases import Lease
from invsync_tui.sync.runs.run_context import RunCancelled, RunContext, RunHeld, SwitchedOff
from invsync_tui.sync.runs.run_progress import Phase, RunHttpLog, RunProgress
from invsync_tui.sync.runs.store_access import writable
from invsync_tui.sync.settings import Settings, load_settings, load_source

log = logging.getLogger(__name__)

PULL_PHASES = ("connect", "warehouses")
PUSH_PHASES = ("connect", "resolve", "listings", "match", "orders", "plan", "check", "push")

DRIFT_CHECK_PHASES = ("connect", "radar")
_PHASES = {"pull": PULL_PHASES, "push": PUSH_PHASES, "radar": DRIFT_CHECK_PHASES}


async def execute(store: Store, run: RunRow, lease: Lease) -> None:
    """Execute `run` under `lease` to its end. Raises StoreError if even the end could not be written."""
    with own_short_secrets():
        await _execute(store, run, lease)


async def _execute(store: Store, run: RunRow, lease: Lease) -> None:
    hearing = RunHttpLog(run.id)
    await writable(store)
    job = _started(store, run, lease, hearing)
    try:
        with log_http_to(hearing), collect() as notices, long_waits_lifted(_tries_at_once(run)):
            try:
                async with interruptible(job.cancel_wanted):
                    await _KINDS[run.kind](job)
            finally:
                _keep_notices(job, notices)
    except RunHeld as held:
        _note_held(job, str(held))
    except (RunCancelled, Interrupted):
        _end(job, "cancelled", Outcome.SKIPPED, Reason.CANCELED, "stopped by an operator")
    except RunStopped:
        with job.transaction() as tx:
            runs.stopped(tx, run.id, clock.seconds())
    except SwitchedOff:
        notice = "Synchronization With WMS - Inventory is off: nothing was downloaded."
        job.report.reasons[Reason.SWITCH_OFF.value] += 1
        _end(job, "done", Outcome.SKIPPED, Reason.SWITCH_OFF, notice)
    except DeferredError as error:
        preparing = isinstance(error, PreparingError)
        when = ALLOWED if not preparing else PREPARED if run.kind == "pull" else PREPARED_BY_CART
        reason = Reason.CART_UNAVAILABLE if preparing and run.kind != "pull" else error.reason
        _end(job, "failed", Outcome.FAILED, reason, str(error), error.retry_after, when)
    except ConnectorError as error:
        _end(job, "failed", Outcome.FAILED, _reason(error, run.kind), str(error))
    except AccountingError as error:
        _end(job, "failed", Outcome.FAILED, Reason.ACCOUNTING, f"The outcomes do not add up: {error}. Report this run.")
    except (FencedError, StoreFullError, StoreBusyError):
        raise  # the run stays as it is, for the next worker or a later look of this one
    except StoreError as error:
        _end(job, "failed", Outcome.FAILED, Reason.STORE_FAILED, str(error))
    except Exception as error:
        log.error("run %s: %s", run.id, redacted(traceback.format_exc()))
        _end(job, "failed", Outcome.FAILED, Reason.INTERNAL_DEFECT, defect_text(run.id, error))


def _started(store: Store, run: RunRow, lease: Lease, hearing: RunHttpLog) -> RunContext:
    """The run, begun by this worker; its events say so where it takes over from another one."""
    progress = RunProgress(store, lease, run.id, [Phase(name) for name in _PHASES[run.kind]], hearing=hearing)
    job = RunContext(store, run, lease, progress)
    with job.transaction() as tx:
        job.run = runs.start(tx, run.id, lease.epoch, clock.seconds())
        if run.started_at is not None and run.state in ("running", "cancelling"):
            runs.add_event(tx, run.id, clock.seconds(), "warning", redacted(_taken_over(run)))
    return job


def _tries_at_once(run: RunRow) -> bool:
    """Whether a run does not go by what a server put off before: a person asked for it, or the wait is over by the clock."""
    return run.not_before is not None or run.trigger not in waiting_requests.BY_THEMSELVES


def _keep_notices(job: RunContext, notices: ApiNotices) -> None:
    """What the system said of its interface, for the doctor. Whatever else happened to the run counts more."""
    kind = "pull" if job.run.kind == "pull" else "cart"
    try:
        with job.store.reading() as cx:
            stored = sync_marks.notices_of(cx, kind, job.run.key)
        if (now := merged(stored, notices)) != stored:
            with job.transaction() as tx:
                sync_marks.record_notices(tx, kind, job.run.key, now)
    except (StoreError, FencedError) as error:
        log.warning("run %s: what the system said of its interface is not kept: %s", job.run.id, redacted(str(error)))


def _taken_over(run: RunRow) -> str:
    if run.heartbeat_at is None:
        return "Another worker continues the run."
    return "The worker died; another one continues the run."


async def _pull(job: RunContext) -> None:
    with job.store.reading() as cx:
        loaded = load_source(cx, job.run.merchant_id)
    if loaded is None:
        raise NotConfiguredError("The merchant has no WMS connection.", advice="Set one up: invsync merchants set.")
    merchant, row = loaded
    source = connections.source(merchant.name, row, job.store.path)
    try:
        await Pull(job, source, merchant, row).run()
    finally:
        await source.close()
    await job.writable()
    _end(job, "done", Outcome.FAILED, Reason.BAD_ROW, "")


async def _push(job: RunContext) -> None:
    loaded = _settings(job)
    cart = connections.cart(loaded.cart, job.store.path, loaded.locations)
    try:
        await _plan_and_push(job, cart, loaded)
    finally:
        await cart.close()


async def _drift_check(job: RunContext) -> None:
    loaded = _settings(job)
    cart = connections.cart(loaded.cart, job.store.path, loaded.locations)
    try:
        job.report.enter("connect")
        await cart.open()
        await source_identity.check_cart(job, cart, loaded.cart.identity)
        notice = await DriftCheck(job, cart, loaded).run()
    finally:
        await cart.close()
    await job.writable()
    _end(job, "done", Outcome.FAILED, Reason.CART_UNAVAILABLE, notice)


_KINDS = {"pull": _pull, "push": _push, "radar": _drift_check}


async def _plan_and_push(job: RunContext, cart: Cart, loaded: Settings) -> None:
    push = BatchSender(job, cart, loaded.cart.deadline_ms / 1000)
    job.report.enter("connect")
    await cart.open()
    await source_identity.check_cart(job, cart, loaded.cart.identity)
    with job.transaction() as tx:
        sync_marks.record_opened(
            tx, job.run.key, shop_of(connections.cart_connection(loaded.cart)).key, location_of(cart)
        )
    if loaded.switched_on:
        job.report.enter("resolve")
        await push.resolve_unfinished()
    await job.writable()
    with job.transaction() as tx:
        kept_plan = plans.of_run(tx, job.run.id)
    if kept_plan is not None and kept_plan.explicit:
        await _send_explicit(job, cart, loaded, kept_plan, push)
        return
    plan = PushPlanner(job, cart, loaded, kept_plan)
    await plan.run()
    await job.writable()
    waiting = job.report.counts.total - job.report.counts.accounted
    in_part = job.report.counts.held > 0  # what stays held was not handled, and its rules were not accepted
    if waiting:
        with job.transaction() as tx:
            if not in_part:
                sync_marks.record_sending(tx, job.run.key, loaded.cart.rules_rev)
                sync_marks.accept_gone(tx, job.run.key, loaded.gone)
        await push.run(waiting)
    await job.writable()
    with job.transaction() as tx:
        # With a switch off nothing was handled: turning it on looks at everything.
        if loaded.switched_on and not in_part:
            if not loaded.frozen:
                sync_marks.accept_gone(tx, job.run.key, loaded.gone)
            if sync_marks.gone_of(tx, job.run.merchant_id, loaded.warehouse_ids)[0] == loaded.gone:
                sync_marks.record_pushed(tx, job.run.key, plan.plan_seq, loaded.cart.rules_rev)
    _end(job, "done", Outcome.FAILED, Reason.CART_UNAVAILABLE, _notice(loaded))


async def _send_explicit(job: RunContext, cart: Cart, loaded: Settings, plan: KeptPlan, push: BatchSender) -> None:
    """An undo or a safe level: the settings were not asked, so how far they are handled stays as it was."""
    await ExplicitPlanner(job, cart, loaded, plan).run()
    waiting = job.report.counts.total - job.report.counts.accounted
    if waiting:
        await push.run(waiting)
    await job.writable()
    notice = "" if loaded.switched_on else _notice(loaded)
    _end(job, "done", Outcome.FAILED, Reason.CART_UNAVAILABLE, notice)


def _notice(loaded: Settings) -> str:
    """Why a push sent nothing; '' where nothing stopped it."""
    if loaded.switched_on:
        return "" if not loaded.frozen else "It is frozen: nothing was sent."
    name = "Inventory Upload Service" if not loaded.cart.upload_enabled else "Synchronization With WMS - Inventory"
    return f"{name} is off: nothing was sent."


def _settings(job: RunContext) -> Settings:
    """The settings of one push; NotConfiguredError if the cart or its merchant's source is gone."""
    with job.store.reading() as cx:
        loaded = load_settings(cx, job.run.key)
    if loaded is None:
        raise NotConfiguredError("The cart or its merchant's WMS connection is gone.", advice="See: invsync carts.")
    return loaded


def _reason(error: ConnectorError, kind: str) -> Reason:
    """What the error's class says; a download that was not answered is the WMS's, whatever the connector called it."""
    if kind == "pull" and error.reason is Reason.CART_UNAVAILABLE:
        return Reason.SOURCE_UNAVAILABLE
    return error.reason


def _note_held(job: RunContext, text: str) -> None:
    """The plan has set the state; what is left is to tell the watchers."""
    with job.transaction() as tx:
        job.report.recount(tx)
        job.report.close("done")
        job.report.put(tx)
        message = f"Held: {text}. Release or discard it, or apply its plan: invsync plan {job.run.key}"
        if job.run.kind == "pull":
            message = f"Held: {text}. Nothing was read. If that is right: invsync release {job.run.id} --reason WHY"
        runs.add_event(tx, job.run.id, clock.seconds(), "warning", redacted(message))


def _end(
    job: RunContext,
    state: str,
    rest: Outcome,
    reason: Reason,
    message: str,
    go_on_in: float | None = None,
    when: str = "",
) -> None:
    """Give the run its end: rows it did not get to end as `rest`, the sum is checked, waiting requests follow.

    `go_on_in`: seconds after which its rest is to be done by a run of its own, `when` in words.
    """
    text = redacted(message)
    now = clock.seconds()
    with job.transaction() as tx:
        old_by = deletion_time(tx, now)
        if job.run.kind == "push":
            listings.end_planned(tx, job.run.id, rest, reason, text)
            job.report.recount(tx)
            decision_log.prune(tx, job.run.key, old_by)
        state, reason, text = _verified(job, state, reason, text)
        _record_error(tx, job, reason if state == "failed" else None, text)
        job.report.close("done" if state == "done" else "failed")
        job.report.put(tx)
        if text:
            runs.add_event(tx, job.run.id, now, {"done": "warning", "cancelled": "info"}.get(state, "error"), text)
        if state == "done" and (again := _works_again(tx, job.run, now)):
            runs.add_event(tx, job.run.id, now, "info", redacted(again))
        schedule.record_result(tx, job.run.kind, job.run.key, state, now)
        run_findings.record(tx, job.run, reason if state == "failed" else None, now)
        http_log_rows.delete_old(tx, old_by)
        runs.finish(tx, job.run.id, state, text, now)
        if go_on_in is not None:
            _go_on_later(tx, job.run, now + math.ceil(go_on_in), now, when)
        if job.run.kind == "push":
            submitted.request_next_look(tx, job, now)
        if state == "done" and job.run.then_push:
            pushing.request_pushes_after(tx, job.run, now)


def _record_error(tx: sqlite3.Connection, job: RunContext, reason: Reason | None, text: Redacted) -> None:
    """Why the run failed, on its connection and among its reasons; `reason` is None for one that did not."""
    if job.run.kind == "push":
        sync_marks.record_cart_error(tx, job.run.key, text, reason.value if reason is not None else "")
    elif reason is not None and job.run.kind == "pull":
        sync_marks.record_source_error(tx, job.run.merchant_id, text, reason.value)
    if reason is not None and not job.report.reasons[reason.value]:
        job.report.reasons[reason.value] = 1  # the run itself


def _works_again(tx: sqlite3.Connection, run: RunRow, now: int) -> str:
    """That a connection recovered, for the event log; '' where its run before this one had not failed."""
    since, failed = runs.failing_before(tx, run)
    if not failed:
        return ""
    return f"Works again: {counted(failed, 'run')} before it had failed, the first {span(now - since)} ago."


ALLOWED, PREPARED = "when the rate limit allows it", "when the WMS has prepared the data"
PREPARED_BY_CART = "when the cart has prepared its listings"


def _go_on_later(tx: sqlite3.Connection, run: RunRow, at: int, now: int, when: str) -> None:
    """Ask for the rest of a run from a time on, and say so in both runs. A download goes on where this one ended: what is being
    prepared is read by the cursor that stands for it, and what was read is not read again out of the same allowance."""
    number = runs.go_on_at(tx, run, at, now)
    pull_progress.hand_over(tx, run.id, number)
    runs.add_event(tx, run.id, now, "info", redacted(f"Run {number} continues {when}."))
    text = f"Continues run {run.id} {when}. A sync that is started by hand continues at once."
    runs.add_event(tx, number, now, "info", redacted(text))


def defect_text(run: int, error: Exception) -> str:
    """What is said of a run that a defect ended: the version, the run, and how to report it."""
    what = f"{type(error).__name__}: {shorten(str(error))}".rstrip(": ")
    return f"Run {run} was ended by a defect of invsync {__version__} ({what}). Report it with the file of: invsync bundle {run}"


def end_plainly(store: Store, run: RunRow, lease: Lease, text: str) -> None:
    """End a run that could not be given its full end because of a defect, which would come again for ever.

    What is kept: that it failed and why, and the ends of its rows where those can still be counted.
    """
    job = RunContext(store, run, lease, RunProgress(store, lease, run.id, []))
    try:
        _fail(job, text, rows=run.kind == "push")
    except (FencedError, StoreError):
        raise
    except Exception:
        log.error("run %s: its rows cannot be counted: %s", run.id, redacted(traceback.format_exc()))
        _fail(job, text, rows=False)


def _fail(job: RunContext, message: str, *, rows: bool) -> None:
    text = redacted(message)
    with job.transaction() as tx:
        if rows:
            listings.end_planned(tx, job.run.id, Outcome.FAILED, Reason.INTERNAL_DEFECT, text)
            job.report.recount(tx)
        runs.end_counts(tx, job.run.id, job.report.counts.as_dict() if rows else {}, dict(job.report.reasons))
        runs.add_event(tx, job.run.id, clock.seconds(), "error", text)
        schedule.record_result(tx, job.run.kind, job.run.key, "failed", clock.seconds())
        runs.finish(tx, job.run.id, "failed", text, clock.seconds())


def _verified(job: RunContext, state: str, reason: Reason, text: Redacted) -> tuple[str, Reason, Redacted]:
    """The end that a run may have: whose sum is off has failed, and for no other reason."""
    try:
        job.report.counts.verify()
    except AccountingError as error:
        return "failed", Reason.ACCOUNTING, redacted(f"The outcomes do not add up: {error}. Report this run.")
    return state, reason, text
