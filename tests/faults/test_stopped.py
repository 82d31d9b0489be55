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


def _raise_everything(our_town: Town, wave: int, history: dict[str, list[int]]) -> None:
    refs = list(our_town.wms.dump()["products"])
    our_town.wms.control("level", {"refs": refs, "warehouse": "EAST", "available": 1000 * wave})
    stock = our_town.stock()
    for listing in our_town.cart.dump()[SHOP]:
        history.setdefault(listing["ref"], []).append(stock[listing["sku"]])


def _order(our_town: Town) -> None:
    pull = our_town.bench.request("pull", our_town.bench.merchant)
    our_town.bench.request("push", our_town.cart_id, after=pull)


def _free_the_locks(our_town: Town) -> None:
    """As a lock server does that has not heard of a holder for too long."""
    for lock in leases._folder(our_town.bench.store.path).glob("pu*.lock"):
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
    with town(tmp_path, mode=MODE, deadline=DEADLINE) as our_town:
        our_town.bench.set_cart(our_town.cart_id, observe_every=0, jump_factor=0)
        workers = Workers(our_town.bench.store.path)
        _raise_everything(our_town, 1, history)
        _order(our_town)
        _wait(workers.start())
        for (number,) in our_town.bench.store.read("SELECT id FROM our_run WHERE state = 'held'"):
            our_town.bench.release(number)
        stops = 0
        for wave in range(2, 2 + 3 * STOPS):
            _raise_everything(our_town, wave, history)
            _order(our_town)
            with _stopped(workers, our_town.bench.store.path, rng.uniform(0.02, 0.5)) as straggler:
                if straggler is None:
                    continue
                stops += 1
                # when: another takes over, stock changes, and all is pushed
                time.sleep(DEADLINE)
                _free_the_locks(our_town)
                _wait(workers.start())
                _raise_everything(our_town, wave + 100, history)
                _order(our_town)
                _wait(workers.start())
                before, rows, continued = everything(our_town.bench), len(our_town.cart.log()), time.time()
                os.kill(straggler, signal.SIGCONT)
                _wait(straggler)
                # then
                after = everything(our_town.bench)
                assert [table for table in before if before[table] != after[table]] == []
                assert our_town.cart.log()[rows:] == [], _late(our_town, rows, continued)
            history = {ref: _in_order(quantities) for ref, quantities in history.items()}
            if stops == STOPS:
                break
        assert stops == STOPS
        assert our_town.bench.one("SELECT count(*) FROM run_event WHERE text LIKE 'The worker died%'") >= STOPS / 2
        assert order_violations(our_town.cart.log(), history, SHOP) == []
        assert state_violations(our_town.shown(), our_town.stock()) == []
        assert store_violations(our_town.bench.store.path) == []


def _late(our_town: Town, rows: int, continued: float) -> str:
    """What arrived after a straggler went on, with the record of its batches, to see whose they were and when they left."""
    late = our_town.cart.log()[rows:]
    keys = {row["key"] for row in late}
    batches = [our_town.bench.store.read("SELECT * FROM push_batch WHERE id = ?", key) for key in keys]
    requests = [request for request in our_town.cart.requests() if request["t"] > continued - 5]
    return f"went on at {continued}\nrows {late}\nbatches {batches}\nrequests {requests}"


@pytest.mark.parametrize("stopped_for", [1.2, 3.0])
def test_a_worker_that_was_stopped_right_before_a_request_never_sends_it_after_its_deadline(
    tmp_path: Path, stopped_for: float
) -> None:
    # given: a worker that has recorded a batch, and is stopped before its request leaves
    history: dict[str, list[int]] = {}
    with town(tmp_path, mode=MODE, deadline=DEADLINE) as our_town:
        our_town.bench.set_cart(our_town.cart_id, observe_every=0, jump_factor=0)
        workers = Workers(our_town.bench.store.path)
        _raise_everything(our_town, 1, history)
        _order(our_town)
        _wait(workers.start())
        for (number,) in our_town.bench.store.read("SELECT id FROM our_run WHERE state = 'held'"):
            our_town.bench.release(number)
        straggler = workers.start(STOP_BEFORE_SENDING)
        _until(lambda: uptime.process(straggler) is uptime.Process.STOPPED)
        assert (
            our_town.bench.one(
                "SELECT count(*) FROM push_batch WHERE state = 'intent' AND cart_id = ?", our_town.cart_id
            )
            == 1
        )
        sent = len(our_town.cart.log())
        # when: its deadline passes by a little, somebody else has sent newer quantities, and it goes on
        time.sleep(DEADLINE * stopped_for)
        _free_the_locks(our_town)
        _wait(workers.start())
        _raise_everything(our_town, 2, history)
        _order(our_town)
        _wait(workers.start())
        assert len(our_town.cart.log()) > sent
        before, rows = everything(our_town.bench), len(our_town.cart.log())
        os.kill(straggler, signal.SIGCONT)
        _wait(straggler)
        # then: nothing of it leaves, and it writes nothing
        assert our_town.cart.log()[rows:] == []
        assert everything(our_town.bench) == before
        assert state_violations(our_town.shown(), our_town.stock()) == []


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _in_order(quantities: list[int]) -> list[int]:
    """As they were wanted; each wave's numbers are its own."""
    return list(dict.fromkeys(quantities))
