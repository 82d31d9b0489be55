"""A week of the service on a virtual clock: the runs that took place are those that a plain calculation expects."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors.errors import AuthError, UnavailableError
from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.store.database import open_store
from invsync_tui.store.runs import runs, waiting_requests
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.store.settings import schedule
from invsync_tui.sync import executor, worker
from invsync_tui.sync import schedule as periods
from invsync_tui.sync.runs import cancellation
from invsync_tui.sync.runs.run_context import RunContext
from tests.support.clocks.virtual_time import VirtualTime
from tests.support.runs.expected_runs import Calculation, World
from tests.support.stores.schedule_store import Field, field

START = 1_760_000_000
DAY = 86_400
WEEK = 7 * DAY
LOOK = 45.0
"""Seconds between two looks of the service."""
APART = 200.0
"""Seconds by which a run may begin later than calculated: the looks between its request, its turn and its start."""
TAKES = {"pull": 100, "push": 60, "radar": 40}

ENTRIES = [
    ("pull", 1, 3600, 100), ("pull", 2, 7200, 400), ("pull", 3, 5400, 900),
    ("push", 1, 1800, 1000), ("push", 3, 12_000, 2500),
    ("radar", 2, 14_400, 3000), ("radar", 5, 21_600, 5000),
]  # fmt: skip
"""(kind, merchant or cart, every, first at)."""

WORLD = World(
    carts={1: 1, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3},
    takes=TAKES,
    fails={("push", 3): (300_000, 420_000)},
    merchants_off={3: (350_000, 380_000)},
    carts_off={6: (450_000, 470_000)},
    down=[
        (29_240, 29_250), (43_660, 43_720), (100_500, 101_400), (144_450, 144_700), (250_300, 250_420), (280_060, 280_080),
        (503_000, 503_100),
    ],
    ahead=[
        (200_300, DAY), (200_360, 0), (250_100, DAY), (250_900, 0), (280_000, 3 * DAY), (280_100, 0), (500_000, -DAY),
        (503_600, 0),
    ],
    syncs=[
        (20_000, 1, None), (36_340, 2, 4), (43_650, 2, 3), (100_800, 1, 1), (575_000, 1, 2), (582_000, 2, 3), (593_000, 1, 1),
    ],
    refused={("push", 1): (560_000, 590_000), ("pull", 2): (565_000, 580_000), ("push", 6): (522_000, 600_000)},
)  # fmt: skip
KILLED = {29_240, 43_660, 250_300, 280_060}
"""When the service is killed rather than stopped: nothing that it would have done at its end is done."""
FROZEN = 4
"""A cart that is frozen all week: it is planned for as often as the others."""

Found = dict[tuple[str, int], list[float]]


class Week:
    """The program under test: the real store and the real runner; a run only takes its time, and fails where it is to."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, end: int = WEEK) -> None:
        self.end = end
        self.time = VirtualTime(patch, START)
        patch.setattr(worker, "POLL", LOOK)
        patch.setattr(worker, "LOOK_ANYWAY", LOOK)
        patch.setattr(cancellation, "LOOK_EVERY", DAY)
        patch.setattr(executor, "_KINDS", dict.fromkeys(TAKES, self._takes_its_time))
        self.field: Field = field(folder, merchants=3, carts=2)
        assert (self.field.merchants, self.field.carts) == ([1, 2, 3], [1, 2, 3, 4, 5, 6])
        self.began: dict[int, float] = {}
        self.found: Found = defaultdict(list)
        with self.field.store.transaction() as tx:
            tx.execute("UPDATE cart SET frozen_at = 1, frozen_by = 'x', frozen_why = 'y' WHERE id = ?", (FROZEN,))
            for kind, key, every, first in ENTRIES:
                schedule.put(tx, kind, key, every, 0, START + first)

    async def _takes_its_time(self, job: RunContext) -> None:
        run = job.run
        began = self.began.setdefault(run.id, self.time.passed)
        await asyncio.sleep(TAKES[run.kind])
        self.found[run.kind, run.key].append(began)
        key = run.kind, run.key
        for spans, error in ((WORLD.refused, AuthError("Refused.")), (WORLD.fails, UnavailableError("It is down."))):
            since, until = spans.get(key, (0, 0))
            if since <= self.time.passed < until:
                raise error
        executor._end(job, "done", Outcome.FAILED, Reason.BAD_ROW, "")

    def happenings(self) -> Iterable[tuple[float, Callable[[], Any]]]:
        """(when, what) of everything that happens to the service."""
        for at, ahead in WORLD.ahead:
            yield at, lambda ahead=ahead: self.time.set_clock(ahead)
        for at, merchant, cart in WORLD.syncs:
            yield at, lambda merchant=merchant, cart=cart: self._sync(merchant, cart)
        for table, column, spans in (
            ("merchant", "inventory_sync", WORLD.merchants_off),
            ("cart", "upload_enabled", WORLD.carts_off),
        ):
            for number, (since, until) in spans.items():
                yield since, lambda t=table, c=column, n=number: self._set(t, c, n, 0)
                yield until, lambda t=table, c=column, n=number: self._set(t, c, n, 1)

    def _set(self, table: str, column: str, number: int, value: int) -> None:
        with self.field.store.transaction() as tx:
            tx.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (value, number))

    def _sync(self, merchant: int, cart: int | None) -> None:
        """What `operations.sync.request` writes."""
        with self.field.store.transaction() as tx:
            pull = runs.request(tx, RunRequest("pull", merchant, merchant, "manual", "operator"), START)
            for number, owner in WORLD.carts.items():
                if owner == merchant and cart in (None, number):
                    runs.request(tx, RunRequest("push", number, merchant, "manual", "operator", pull.run_id), START)

    async def _live(self) -> None:
        """The service from one restart to the next, and what happens meanwhile."""
        happening = asyncio.create_task(self._happen())
        since = 0.0
        for down, up in [*(span for span in WORLD.down if span[1] < self.end), (self.end, self.end)]:
            await asyncio.sleep(since - self.time.passed)
            await self._serve(down)
            since = up
        happening.cancel()

    async def _serve(self, until: float) -> None:
        """A process with a store of its own, until it is stopped or killed."""
        service = worker.Worker(open_store(self.field.store.path))
        work = asyncio.create_task(service.run_forever())
        if until not in KILLED:
            self.time.loop.call_at(until, service.stop)
            await work
            service.store.close()
            return
        await asyncio.sleep(until - self.time.passed)
        assert not work.done()
        # From now on it can write nothing, and the kernel frees its locks.
        service.store.close()
        tasks = [*service._tasks.values(), work]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _happen(self) -> None:
        for at, what in sorted(self.happenings(), key=lambda one: one[0]):
            await asyncio.sleep(at - self.time.passed)
            what()

    def live(self) -> Found:
        """By kind and key, when runs began, of all that ended."""
        self.time.run(self._live())
        return self.found


def _expected(end: int = WEEK, world: World = WORLD) -> Found:
    found: Found = defaultdict(list)
    for kind, key, began in Calculation(world, ENTRIES).until(end):
        found[kind, key].append(began)
    return found


def _differences(began: Found, expected: Found, end: int = WEEK) -> list[str]:
    """Where the runs are not those that were expected, until some minutes before the end."""
    faults = []
    for key in sorted({*began, *expected}):
        until = end - 900
        while any(
            abs(t - until) <= APART for t in expected[key]
        ):  # a run that begins about then is in both, or in none
            until -= round(APART)
        first, other = ([t for t in sorted(side[key]) if t < until] for side in (began, expected))
        if len(first) != len(other):
            faults.append(f"{key}: {len(first)} runs for {len(other)}")
        apart = next(((a, b) for a, b in zip(first, other, strict=False) if not -10 <= a - b <= APART), None)
        if apart is not None:
            faults.append(f"{key}: began at {apart[0]:.0f}, expected at {apart[1]:.0f}")
    return faults


def test_a_week_has_exactly_the_runs_that_a_plain_calculation_expects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # when
    began = Week(tmp_path, monkeypatch).live()
    # then
    assert _differences(began, _expected()) == []
    assert sum(map(len, began.values())) > 1200


def _always_due(kind: str, patch: pytest.MonkeyPatch) -> None:
    """AND binds tighter than OR: what belongs to a cart is due at each look."""
    real = periods.Timetable.due
    patch.setattr(
        periods.Timetable,
        "due",
        lambda self, entries, now: [
            entry for entry in entries if entry.kind == kind or entry in real(self, entries, now)
        ],
    )


def _loses_the_wish_of_who_joins(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(waiting_requests.Wish, "joined", lambda self, _: self)
    patch.setattr(
        waiting_requests, "orders", lambda run: [RunRequest(run.kind, run.key, run.merchant_id, "again", "x")]
    )


def _does_not_back_off(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(periods, "BACKOFF_MOST", 1)


def _believes_the_time_of_day(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(periods.Timetable, "_latest", lambda *_: float("inf"))
    patch.setattr(periods.Timetable, "too_far", lambda *_: [])


def _pushes_after_no_download(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(periods, "request_pushes_after", lambda *_: [])


def _forgets_what_it_was_asked_while_it_ran(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(waiting_requests, "add", lambda *_: None)


def _kills_lose_what_is_under_way(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(runs, "underway", lambda _: [])


def _asks_again_after_a_refused_login(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(runs, "login_refused", lambda *_: False)


def _never_asks_again_after_a_refused_login(patch: pytest.MonkeyPatch) -> None:
    real = runs.request
    refused = runs.login_refused
    patch.setattr(
        runs,
        "request",
        lambda tx, order, now: (
            runs.RequestResult(0, False) if refused(tx, order.kind, order.key) else real(tx, order, now)
        ),
    )


@pytest.mark.parametrize(
    ("plant", "end"),
    [
        (partial(_always_due, "radar"), 20_000),
        (partial(_always_due, "push"), 20_000),
        (_loses_the_wish_of_who_joins, 60_000),
        (_does_not_back_off, 340_000),
        (_believes_the_time_of_day, 220_000),
        (_pushes_after_no_download, 20_000),
        (_forgets_what_it_was_asked_while_it_ran, 60_000),
        (_kills_lose_what_is_under_way, 60_000),
        (_asks_again_after_a_refused_login, 580_000),
        (_never_asks_again_after_a_refused_login, 600_000),
    ],
)
def test_the_calculation_finds_a_planted_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None], end: int
) -> None:
    # given
    plant(monkeypatch)
    # when
    began = Week(tmp_path, monkeypatch, end).live()
    # then
    assert _differences(began, _expected(end), end) != []


class _TwoServices(Week):
    """Two that live at once on one store."""

    async def _live(self) -> None:
        happening = asyncio.create_task(self._happen())
        services = [worker.Worker(self.field.store) for _ in range(2)]
        for service in services:
            self.time.loop.call_at(self.end, service.stop)
        await asyncio.gather(*(service.run_forever() for service in services))
        happening.cancel()


def test_two_services_have_together_the_runs_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began = _TwoServices(tmp_path, monkeypatch, 60_000).live()
    assert _differences(began, _expected(60_000, replace(WORLD, down=[])), 60_000) == []


ASKED = ((5_000, 1, None), (20_010, 2, 4), (20_700, 3, None))
LIVES = 600
"""Seconds that a detached worker of the tests lives at most: it ends by itself when there is nothing more to do."""


class _DetachedWorkers(Week):
    """No service: each request of a person starts a worker that ends by itself."""

    async def _live(self) -> None:
        for at, merchant, cart in ASKED:
            await asyncio.sleep(at - self.time.passed)
            self._sync(merchant, cart)
            await worker.Worker(self.field.store, "detached").run_until_idle(LOOK)
            assert self.time.passed < at + LIVES


def test_detached_workers_have_the_runs_that_were_asked_for_and_those_that_are_due_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given something that is due every minute
    end = 30_000
    week = _DetachedWorkers(tmp_path, monkeypatch, end)
    with week.field.store.transaction() as tx:
        schedule.put(tx, "radar", 6, 60, 0, START)
    # when
    began = week.live()
    # then
    assert len(began.pop(("radar", 6))) == len(ASKED)
    times = [at for at, _, _ in ASKED]
    gaps = [(0, times[0]), *((at + LIVES, later) for at, later in pairwise(times)), (times[-1] + LIVES, end)]
    expected = _expected(end, replace(WORLD, down=gaps, syncs=ASKED, ahead=[], fails={}, refused={}))
    assert _differences(began, expected, end) == []
    assert sum(map(len, expected.values())) > 15
