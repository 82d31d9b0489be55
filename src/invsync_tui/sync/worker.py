"""The runner of the embedded store: one asyncio process, one task per pull or push, kernel locks for single flight.

It keeps no queue: requested rows are the work, and what a dead worker left running is taken over as soon as the kernel
has freed its lock. Several such processes may serve one store.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import sqlite3
import uuid
from contextlib import suppress

from invsync_tui import clock
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.rules.worker_health import BEAT_EVERY
from invsync_tui.store import audit
from invsync_tui.store.catalog import sync_marks
from invsync_tui.store.database import Store
from invsync_tui.store.errors import StoreBusyError, StoreError, StoreFullError
from invsync_tui.store.retention import Limits
from invsync_tui.store.runs import runs, workers
from invsync_tui.store.runs.records import RunRow
from invsync_tui.store.runs.workers import FencedError
from invsync_tui.sync import schedule, uptime
from invsync_tui.sync.executor import defect_text, end_plainly
from invsync_tui.sync.hooks import requests as hook_requests
from invsync_tui.sync.maintenance import LimitsNow, Upkeep
from invsync_tui.sync.runs import leases, run_log
from invsync_tui.sync.runs.cancellation import runs_stop_when
from invsync_tui.sync.runs.run_log import execute
from invsync_tui.sync.runs.store_access import writable
from invsync_tui.sync.schedule import Timetable

log = logging.getLogger(__name__)

POLL = 0.25
"""Seconds between looks at the store; a look costs microseconds while nobody else has written."""
LOOK_ANYWAY = 2.0
"""Seconds after which the tables are read even if nothing was written: due schedules, freed locks."""
BEAT = float(BEAT_EVERY)
"""Seconds between signs of life."""
FULL_DISK_WAIT = 5.0
"""Seconds before work goes on after the disk was found full."""
DRAIN_MOST = 10.0
"""Seconds that runs get to come to a safe point when the worker is told to end."""
CONCURRENT = 32
"""Runs at the same time. A run waits for its cart or WMS most of its time, and several slow ones must not keep all the
others waiting; what they write goes through one connection anyway, page by page."""
SET_BACK_FIRST, SET_BACK_MOST = 1.0, 300.0
"""Seconds before a run is taken up again whose end could not be written: doubled each time."""
KEPT = Limits()
"""How long records are kept where nothing else is said."""


def prefer_throughput() -> None:
    """Tune this process's garbage collector for a worker: a page makes some hundred thousand short-lived rows, and the
    default thresholds walk all of them several times a page."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 50)


class Worker:
    """Claims requested runs and executes them, several at a time. `kind` is for display: serve or detached."""

    def __init__(
        self,
        store: Store,
        kind: str = "serve",
        *,
        scheduled: bool = True,
        limits: Limits = KEPT,
        limits_now: LimitsNow | None = None,
    ) -> None:
        self.store = store
        self.kind = kind
        self.scheduled = scheduled
        self.id = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stop = asyncio.Event()
        self._looked = 0.0
        self._beaten = 0.0
        self._version = -1
        self._waiting = False
        self._paused_until = 0.0
        self._upkeep = Upkeep(store, limits, limits_now)
        self.turns = 0
        """How often the loop went round: it works while this grows."""
        self._timetable = Timetable()
        self._set_back: dict[int, tuple[float, float]] = {}
        """By run, for how many seconds and until when (elapsed time) it is left alone after a defect."""

    def stop(self) -> None:
        """Make the loop end after its present look."""
        self._stop.set()

    async def run_forever(self) -> None:
        """Execute requests and the schedule until `stop` is asked for."""
        await self._loop(None)

    async def run_until_idle(self, linger: float) -> None:
        """Work until there was nothing to do for `linger` seconds."""
        await self._loop(linger)

    async def _loop(self, linger: float | None) -> None:
        runs_stop_when(self._stop.is_set)
        self._timetable = Timetable(once=linger is not None)
        presence = leases.WorkerPresence(self.store.path)
        try:
            with suppress(StoreBusyError):
                await writable(self.store)
            self._register()
            await self._work(linger)
            while not self._stop.is_set():
                # From here on, whoever asks finds nobody and starts a worker; what was asked for before is seen now.
                presence.close()
                if not self._anything_asked():
                    self._end_small()
                    return
                presence = leases.WorkerPresence(self.store.path)
                await self._work(linger)
        finally:
            presence.close()
            await self._end_tasks()
            with suppress(StoreBusyError):
                await writable(self.store)
            self._unregister()

    async def _work(self, linger: float | None) -> None:
        """Until `stop`, or until nothing was to be done for `linger` seconds."""
        idle_since = clock.elapsed()
        while not self._stop.is_set():
            if not self.store.is_free() or self._start_runs() or self._tasks:
                idle_since = clock.elapsed()
            elif linger is not None and clock.elapsed() - idle_since >= linger:
                return
            await self._sleep(POLL)

    def _anything_asked(self) -> bool:
        try:
            with self.store.reading() as cx:
                return bool(runs.requested(cx, clock.seconds()) or runs.underway(cx))
        except StoreBusyError:
            return True

    @property
    def underway(self) -> int:
        """How many runs it executes now."""
        return len(self._tasks)

    async def _sleep(self, seconds: float) -> None:
        self.turns += 1
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return

    def _start_runs(self) -> bool:
        """Start what can be started; True if there is or may be work."""
        now = clock.elapsed()
        if now < self._paused_until:
            return True
        try:
            return self._look_once(now)
        except StoreFullError as error:
            self._pause(str(error))
            return True
        except StoreBusyError:
            return True
        except StoreError:
            raise
        except Exception:
            log.exception("looking for work")
            self._pause("a defect of this program; it is written above")
            return True

    def _look_once(self, now: float) -> bool:
        self._clear_removed()
        version = self.store.data_version()
        if version == self._version and now - self._looked < LOOK_ANYWAY:
            return self._waiting
        self._version, self._looked = version, now
        if self.scheduled:
            self._schedule()
        self._beat(now)
        with self.store.reading() as cx:
            waiting = [*runs.underway(cx), *runs.requested(cx, clock.seconds())]
        for run in waiting:
            if run.lease_key not in self._tasks and len(self._tasks) < CONCURRENT:
                self._try_start(run)
        self._waiting = bool(waiting)
        self._keep_small()
        return self._waiting

    def _keep_small(self) -> None:
        """Work goes on, whatever keeps old records from going."""
        with suppress(StoreBusyError, StoreFullError):
            self._upkeep.step()

    def _clear_removed(self) -> None:
        """Delete some of what was removed, at each look: a million rows would take days at the pace of old records."""
        with suppress(StoreBusyError, StoreFullError):
            self._upkeep.clearing.step()

    def _end_small(self) -> None:
        """A worker that ends by itself seldom lives long enough for a round of its own."""
        if self.kind == "detached":
            self._upkeep.finish()

    def _schedule(self) -> None:
        now, timetable = clock.seconds(), self._timetable
        self._tell_clock(timetable.clock_set())
        with self.store.reading() as cx:
            due = schedule.wants_attention(cx, now, timetable)
        if due:
            with self.store.transaction() as tx:
                schedule.request_due(tx, now, timetable)
        with self.store.reading() as cx:
            announced = hook_requests.due(cx, now)
        if announced:
            with self.store.transaction() as tx:
                hook_requests.request_pushes(tx, now)

    def _tell_clock(self, by: float) -> None:
        """Say that the time of day was set: ages and times on the screen are off by as much for a while."""
        if not by:
            return
        text = f"The system clock was set {'forward' if by > 0 else 'back'} by {abs(by):.0f} s."
        log.warning("%s The schedule continues by elapsed time.", text)
        with self.store.transaction() as tx:
            if by < 0:
                sync_marks.put_back_times_ahead(tx, round(-by), clock.seconds() + round(clock.TOLERANCE))
            for run in runs.underway(tx):
                if run.lease_key in self._tasks:
                    runs.clock_was_set(tx, run.id, round(by), clock.seconds() + round(clock.TOLERANCE))
            audit.record(tx, clock.seconds(), "invsync", "clock set", f"worker:{self.id}", after=text)

    def _try_start(self, run: RunRow) -> None:
        if clock.elapsed() < self._set_back.get(run.id, (0.0, 0.0))[1]:
            return
        if run.state == "requested" and not self._may_start(run):
            return
        lease = leases.acquire(self.store, run.lease_key, self.id)
        if lease is None:
            return
        with self.store.reading() as cx:
            fresh = runs.get(cx, run.id)
        if fresh is None or fresh.state not in ("requested", "running", "cancelling"):
            lease.release()
            return
        task = asyncio.create_task(self._execute(fresh, lease), name=fresh.lease_key)
        self._tasks[fresh.lease_key] = task
        task.add_done_callback(lambda _: self._ended(fresh.lease_key))

    def _ended(self, key: str) -> None:
        """What waited for this run may start: our own writes do not change the version that `_look` compares."""
        self._tasks.pop(key, None)
        self._version = -1

    def _may_start(self, run: RunRow) -> bool:
        """A push that waits for a pull starts when that has ended well, and ends itself if it has not."""
        if run.after_run is None or run.plan_id is not None:
            return True  # one that is bound to a plan waits for nothing that would change it
        with self.store.reading() as cx:
            before = runs.get(cx, run.after_run)
        if before is None or before.state == "done":
            return True
        if before.state in runs.FINAL:
            text = f"Run {before.id} before it ended {before.state}: {before.error}".rstrip(": ")
            with self.store.transaction() as tx:
                runs.finish(tx, run.id, "cancelled", redacted(text), clock.seconds())
            run_log.ended(self.store, run.id)
        return False

    async def _execute(self, run: RunRow, lease: leases.Lease) -> None:
        try:
            await execute(self.store, run, lease)
        except FencedError as error:
            log.warning("%s", error)
        except StoreFullError as error:
            self._pause(str(error))
            self._say_full(run, str(error))
        except StoreError as error:
            log.error("run %s: %s", run.id, error)
            self._pause(str(error))
            if not isinstance(error, StoreBusyError):
                self._put_off(run)
        except Exception as error:
            log.exception("run %s could not be ended", run.id)
            self._end_after(run, lease, error)
        else:
            self._set_back.pop(run.id, None)
        finally:
            lease.release()

    def _end_after(self, run: RunRow, lease: leases.Lease, error: Exception) -> None:
        """A defect would come again each time that the run is taken up: it ends here, or is taken up ever more rarely."""
        self._put_off(run)
        try:
            end_plainly(self.store, run, lease, defect_text(run.id, error))
        except Exception:
            log.exception("run %s could not be ended at all", run.id)
        run_log.ended(self.store, run.id)

    def _put_off(self, run: RunRow) -> None:
        last, _ = self._set_back.get(run.id, (SET_BACK_FIRST / 2, 0.0))
        wait = min(SET_BACK_MOST, last * 2)
        self._set_back[run.id] = (wait, clock.elapsed() + wait)

    def _pause(self, why: str) -> None:
        log.error("pausing: %s", why)
        self._paused_until = clock.elapsed() + FULL_DISK_WAIT

    def _say_full(self, run: RunRow, text: str) -> None:
        """Freeing the run's own progress may leave room for one more short write; if not, the log has it."""
        try:
            with self.store.transaction() as tx:
                runs.record_obstacle(tx, run.id, redacted(text))
        except StoreError:
            log.error("run %s: %s", run.id, text)

    async def _end_tasks(self) -> None:
        tasks = list(self._tasks.values())
        if tasks:
            # Between two pages or batches they stop by themselves; what waits longer for an answer is cut off.
            await asyncio.wait(tasks, timeout=DRAIN_MOST)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _register(self) -> None:
        """For display, so that a store that is busy or full now does not keep the worker from waiting."""
        try:
            with self.store.transaction() as tx:
                self._enter(tx)
        except StoreError as error:
            log.warning("%s", error)

    def _enter(self, tx: sqlite3.Connection) -> None:
        workers.register(tx, self.id, self.kind, os.getpid(), socket.gethostname(), _heartbeat())

    def _beat(self, now: float) -> None:
        if now - self._beaten >= BEAT:
            self._beaten = now
            with self.store.transaction() as tx:
                if not workers.beat(tx, self.id, _heartbeat()):
                    self._enter(tx)

    def _unregister(self) -> None:
        try:
            with self.store.transaction() as tx:
                workers.remove(tx, self.id)
            self.store.checkpoint()
        except StoreError as error:
            log.warning("%s", error)


def _heartbeat() -> workers.Beat:
    return workers.Beat(clock.seconds(), uptime.boot_id(), uptime.uptime())
