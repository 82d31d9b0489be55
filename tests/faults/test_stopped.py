"""A worker that is stopped for longer than its deadline and then goes on: it finds itself replaced."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from invsync_tui.sandbox.shop import Mode
from invsync_tui.sync import uptime
from invsync_tui.sync.runs import leases
from tests.support.faults.scenarios import everything
from tests.support.faults.worker import STOP_BEFORE_SENDING, writing_flag
from tests.support.processes.worker_kills import Workers, _wait
from tests.support.runs.journal_proof import order_violations, state_violations, store_violations
from tests.support.runs.sandbox_world import SHOP, Town, town

DEADLINE = 0.4
STOPS = 6
MODE = Mode(max_batch=4, idempotency=False, latency=0.03)


def _raise_everything(made: Town, wave: int, history: dict[str, list[int]]) -> None:
    refs = list(made.wms.dump()["products"])
    made.wms.control("level", {"refs": refs, "warehouse": "EAST", "available": 1000 * wave})
    stock = made.stock()
    for listing in made.cart.dump()[SHOP]:
        history.setdefault(listing["ref"], []).append(stock[listing["sku"]])


def _order(made: Town) -> None:
    pull = made.bench.request("pull", made.bench.merchant)
    made.bench.request("push", made.cart_id, after=pull)


def _free_the_locks(made: Town) -> None:
    """As a lock server does that has not heard of a holder for too long."""
    for lock in leases._folder(made.bench.store.path).glob("pu*.lock"):
        lock.unlink()


def _writable(store: Path) -> bool:
    """Whether nobody is in the middle of a transaction: a worker that is stopped there stops every other one too."""
    try:
        with closing(sqlite3.connect(store, timeout=0.05, isolation_level=None)) as cx:
            cx.execute("BEGIN IMMEDIATE")
            cx.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return False
    return True


def _writes(store: Path) -> bool:
    """Whether bytes of a request are being written: who is stopped there sends them when it goes on, and cannot know."""
    return writing_flag(store).read_bytes() == b"1"


@contextmanager
def _stopped(workers: Workers, store: Path, seconds: float) -> Iterator[int | None]:
    """A worker that was stopped so long after its start; None if it had done its work by then."""
    process = workers.start()
    time.sleep(seconds)
    while (stopped := _stop(process)) and (not _writable(store) or _writes(store)):
        _signalled(process, signal.SIGCONT)
        time.sleep(0.002)
    yield process if stopped else None
    _signalled(process, signal.SIGKILL)


def _stop(process: int) -> bool:
    """Whether it is stopped now; False where it came to its end first."""
    _signalled(process, signal.SIGSTOP)
    _until(lambda: uptime.process(process) is not uptime.Process.RUNNING)
    return uptime.process(process) is uptime.Process.STOPPED


def _signalled(process: int, number: signal.Signals) -> bool:
    try:
        os.kill(process, number)
    except ProcessLookupError:
        return False
    return True


def test_a_stopped_worker_that_was_replaced_writes_nothing_and_sends_nothing_older(tmp_path: Path) -> None:
    # given
    rng = random.Random(5)
    history: dict[str, list[int]] = {}
    with town(tmp_path, mode=MODE, deadline=DEADLINE) as made:
        made.bench.set_cart(made.cart_id, observe_every=0, jump_factor=0)
        workers = Workers(made.bench.store.path)
        _raise_everything(made, 1, history)
        _order(made)
        _wait(workers.start())
        for (number,) in made.bench.store.read("SELECT id FROM our_run WHERE state = 'held'"):
            made.bench.release(number)
        stops = 0
        for wave in range(2, 2 + 3 * STOPS):
            _raise_everything(made, wave, history)
            _order(made)
            with _stopped(workers, made.bench.store.path, rng.uniform(0.02, 0.5)) as straggler:
                if straggler is None:
                    continue
                stops += 1
                # when: another takes over, stock changes, and all is pushed
                time.sleep(DEADLINE)
                _free_the_locks(made)
                _wait(workers.start())
                _raise_everything(made, wave + 100, history)
                _order(made)
                _wait(workers.start())
                before, rows, continued = everything(made.bench), len(made.cart.log()), time.time()
                os.kill(straggler, signal.SIGCONT)
                _wait(straggler)
                # then
                after = everything(made.bench)
                assert [table for table in before if before[table] != after[table]] == []
                assert made.cart.log()[rows:] == [], _late(made, rows, continued)
            history = {ref: _in_order(quantities) for ref, quantities in history.items()}
            if stops == STOPS:
                break
        assert stops == STOPS
        assert made.bench.one("SELECT count(*) FROM run_event WHERE text LIKE 'The worker died%'") >= STOPS / 2
        assert order_violations(made.cart.log(), history, SHOP) == []
        assert state_violations(made.shown(), made.stock()) == []
        assert store_violations(made.bench.store.path) == []


def _late(made: Town, rows: int, continued: float) -> str:
    """What arrived after a straggler went on, with the record of its batches, to see whose they were and when they left."""
    late = made.cart.log()[rows:]
    keys = {row["key"] for row in late}
    batches = [made.bench.store.read("SELECT * FROM push_batch WHERE id = ?", key) for key in keys]
    requests = [request for request in made.cart.requests() if request["t"] > continued - 5]
    return f"went on at {continued}\nrows {late}\nbatches {batches}\nrequests {requests}"


@pytest.mark.parametrize("stopped_for", [1.2, 3.0])
def test_a_worker_that_was_stopped_right_before_a_request_never_sends_it_after_its_deadline(
    tmp_path: Path, stopped_for: float
) -> None:
    # given: a worker that has recorded a batch, and is stopped before its request leaves
    history: dict[str, list[int]] = {}
    with town(tmp_path, mode=MODE, deadline=DEADLINE) as made:
        made.bench.set_cart(made.cart_id, observe_every=0, jump_factor=0)
        workers = Workers(made.bench.store.path)
        _raise_everything(made, 1, history)
        _order(made)
        _wait(workers.start())
        for (number,) in made.bench.store.read("SELECT id FROM our_run WHERE state = 'held'"):
            made.bench.release(number)
        straggler = workers.start(STOP_BEFORE_SENDING)
        _until(lambda: uptime.process(straggler) is uptime.Process.STOPPED)
        assert (
            made.bench.one("SELECT count(*) FROM push_batch WHERE state = 'intent' AND cart_id = ?", made.cart_id) == 1
        )
        sent = len(made.cart.log())
        # when: its deadline passes by a little, somebody else has sent newer quantities, and it goes on
        time.sleep(DEADLINE * stopped_for)
        _free_the_locks(made)
        _wait(workers.start())
        _raise_everything(made, 2, history)
        _order(made)
        _wait(workers.start())
        assert len(made.cart.log()) > sent
        before, rows = everything(made.bench), len(made.cart.log())
        os.kill(straggler, signal.SIGCONT)
        _wait(straggler)
        # then: nothing of it leaves, and it writes nothing
        assert made.cart.log()[rows:] == []
        assert everything(made.bench) == before
        assert state_violations(made.shown(), made.stock()) == []


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _in_order(quantities: list[int]) -> list[int]:
    """As they were wanted; each wave's numbers are its own."""
    return list(dict.fromkeys(quantities))
