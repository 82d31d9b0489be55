"""A real service left running for real minutes: the runs that took place are those that a plain calculation expects.

`INVSYNC_SOAK_MINUTES=30 python -m pytest -n 0 tests/sync/runs/test_soak.py` leaves it longer than the one minute of the suite.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.sandbox.shop import Mode
from invsync_tui.store.settings import schedule
from tests.support.runs.expected_runs import Calculation, World
from tests.support.servers.sandbox import sandbox_cart, sandbox_wms
from tests.support.stores.merchant_store import Bench

MINUTES = float(os.environ.get("INVSYNC_SOAK_MINUTES", "1"))
LATE = 14.0
"""Seconds by which a run may begin after its time: the whole suite may run beside this. The shortest period is 30 s, and who
comes later than half of it begins a new rhythm."""
EARLY = 9.0
"""Seconds by which it may begin before: a first time that lies further away than a period is not waited for."""
SHIFTS = int(MINUTES // 5)
"""How often a schedule may begin a new rhythm, as it does after a stall of the machine: never in the one minute of the suite."""
WARM = 20.0
"""Seconds after which a service has opened what it keeps open."""
NOWHERE = Connection("Dead", "sandbox", "http://127.0.0.1:9", options={"shop": "x"}, deadline=5)


class _OneSecond(Calculation):
    STEP = 1


@contextmanager
def _serving(store: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-m", "invsync_tui", "--store", str(store), "serve"])
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _open_files(process: subprocess.Popen[bytes]) -> int:
    return len(list(Path(f"/proc/{process.pid}/fd").iterdir()))


def _fewest_open_files(process: subprocess.Popen[bytes], seconds: float) -> int:
    """How many are open between runs: what a run forgot to close stays, and how many runs meet is chance."""
    fewest, until = _open_files(process), time.monotonic() + seconds
    while time.monotonic() < until:
        fewest = min(fewest, _open_files(process))
        time.sleep(0.2)
    return fewest


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted in /proc")
def test_a_service_left_running_has_exactly_the_runs_of_its_schedule(tmp_path: Path) -> None:
    # given: two merchants; a cart with a period and one with a verification period, a frozen one, and a dead one
    with sandbox_wms(30) as wms, sandbox_cart(30, shops={"a": Mode(), "b": Mode(), "c": Mode()}) as shops:
        bench = Bench.make(tmp_path, alone=True)
        first = bench.add_merchant(wms.connection(), name="First")
        carts = [bench.add_cart(shops.connection(shop), name=shop) for shop in ("a", "b", "c")]
        asyncio.run(_first_time(bench, carts))
        second = bench.add_merchant(wms.connection(), name="Second")
        dead = bench.add_cart(NOWHERE, name="dead")
        entries = [
            ("pull", first, 60, 20), ("pull", second, 60, 25), ("push", carts[0], 30, 25), ("push", dead, 30, 28),
            ("push", carts[2], 60, 50), ("radar", carts[1], 120, 45),
        ]  # fmt: skip
        start = int(time.time())
        with bench.store.transaction() as tx:
            tx.execute("UPDATE cart SET frozen_at = 1, frozen_by = 'x', frozen_why = 'y' WHERE id = ?", (carts[2],))
            for kind, key, every, at in entries:
                schedule.put(tx, kind, key, every, 0, start + at)
        before = bench.one("SELECT coalesce(max(id), 0) FROM our_run")
        # when
        with _serving(bench.store.path) as service:
            time.sleep(WARM)
            early = _fewest_open_files(service, 45)
            time.sleep(max(0.0, start + MINUTES * 60 - 45 - time.time()))
            late = _fewest_open_files(service, 45)
            assert service.poll() is None
        # then
        world = World(
            carts={carts[0]: first, carts[1]: first, carts[2]: first, dead: second},
            takes={"pull": 1, "push": 2, "radar": 1}, fails={("push", dead): (0, 1e9)},
            merchants_off={}, carts_off={}, down=[], ahead=[], syncs=[],
        )  # fmt: skip
        end = time.time() - start
        expected = _by_key(_OneSecond(world, entries).until(end))
        rows = bench.store.read(
            "SELECT kind, key, started_at FROM our_run WHERE id > ? AND started_at NOT NULL", (before,)
        )
        began = _by_key([(kind, key, at - start) for kind, key, at in rows])
        print({key: len(times) for key, times in began.items()}, "open files:", early, late)
        assert _differences(began, expected, end) == []
        assert late <= early + 1
        assert bench.sums_hold()
        bench.store.close()


def _by_key(runs: list[tuple[str, int, float]]) -> dict[tuple[str, int], list[float]]:
    """When the runs of each pull, push and verification began."""
    began: dict[tuple[str, int], list[float]] = defaultdict(list)
    for kind, key, at in sorted(runs, key=lambda run: run[2]):
        began[kind, key].append(at)
    return began


Found = dict[tuple[str, int], list[float]]


def _differences(found: Found, expected: Found, end: float, shifts: int = SHIFTS) -> list[str]:
    """Runs that nobody expected, those that are missing, and those at another time; what was due right before the end may
    have come or not. A run that is late by more than `LATE` begins a new rhythm, from which the later ones are counted."""
    faults = []
    for key in sorted({*found, *expected}):
        ours, theirs = found.get(key, []), expected.get(key, [])
        shifts_left, shift = shifts, 0.0
        for a, b in zip(ours, theirs, strict=False):
            if a - b - shift > LATE and shifts_left:
                print(f"{key}: a new rhythm from {a:.0f} on, for {b + shift:.0f}")
                shifts_left, shift = shifts_left - 1, a - b
            if not -EARLY <= a - b - shift <= LATE:
                faults.append(f"{key}: at {a:.0f} for {b + shift:.0f}")
        both = min(len(ours), len(theirs))
        faults += [f"{key}: unexpected at {a:.0f}" for a in ours[both:] if a < end - LATE - 3]
        faults += [f"{key}: missing at {b + shift:.0f}" for b in theirs[both:] if b + shift < end - LATE - 3]
    return faults


@pytest.mark.parametrize(
    ("found", "tells"),
    [
        ([20, 50, 80], False), ([20, 63, 80], False), ([20, 50, 80, 99], False), ([20, 50], False),
        ([20, 50, 65, 80], True), ([20, 66, 80], True), ([20], True), ([], True), ([10, 50, 80], True),
    ],
)  # fmt: skip
def test_runs_too_many_too_few_and_too_late_are_told(found: list[float], tells: bool) -> None:
    assert bool(_differences({("pull", 1): found}, {("pull", 1): [20, 50, 80]}, 96, 0)) is tells


def test_a_stall_begins_a_new_rhythm_as_often_as_is_allowed() -> None:
    expected = {("pull", 1): [20.0, 50.0, 80.0, 110.0, 140.0]}
    assert _differences({("pull", 1): [20, 70, 100, 130]}, expected, 150, 1) == []
    assert _differences({("pull", 1): [20, 70, 100, 130]}, expected, 150, 0) != []
    assert _differences({("pull", 1): [20, 70, 100]}, expected, 150, 1) != [], "one is missing"
    assert _differences({("pull", 1): [20, 70, 72, 100, 130]}, expected, 150, 1) != [], "one too many"
    assert _differences({("pull", 1): [20, 70, 120, 150]}, expected, 200, 1) != [], "two stalls"


async def _first_time(bench: Bench, carts: list[int]) -> None:
    """The first push of a cart is held for an operator, who has released it."""
    assert (await bench.pull()).state == "done"
    for cart in carts:
        assert (await bench.push(cart)).state == "done"
