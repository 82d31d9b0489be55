"""kill -9 of the worker at each step of a batch that is applied later: nothing is lost, doubled, or older than what was."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from invsync_tui.sandbox.shop import Mode
from tests.support.faults.worker import KILLED_AT
from tests.support.processes.worker_kills import Workers, _alive, _wait
from tests.support.runs.journal_proof import order_violations, state_violations, store_violations
from tests.support.runs.sandbox_world import SHOP, Town, town

CART = "invsync_tui.connectors.carts.sandbox SandboxCart"
BATCHES = "invsync_tui.store.listings.push_batches"
SENDING = [
    f"{BATCHES} intend after",
    f"{CART}.send before",
    f"{CART}.send after",
    f"{BATCHES} submit after",
    "invsync_tui.sync.pushes.submitted request_next_look after",
    "invsync_tui.sync.executor _end after",
]
LOOKING = [
    f"{CART}.outcome before",
    f"{CART}.outcome after",
    f"{BATCHES} settle after",
    "invsync_tui.sync.pushes.doubt_resolver DoubtResolver._ask_about after",
    "invsync_tui.sync.executor _end after",
]
GIVING_UP = [
    f"{BATCHES} not_applied after",
    "invsync_tui.sync.pushes.doubt_resolver DoubtResolver._resolve_by_reading after",
    f"{CART}.send after",
]
MOST = 20
"""Workers that may be needed to come to an end."""
MODES = {
    "keys": Mode(later=True, apply_after=-1, max_batch=20),
    "no keys": Mode(later=True, apply_after=-1, max_batch=20, idempotency=False, give_up_after=1.0),
}


@pytest.fixture(params=MODES, ids=list(MODES))
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """A town whose cart applies what it is ordered to and may be asked at once."""
    with town(tmp_path, products=12, mode=MODES[request.param], deadline=1.0, jump_factor=0, zero_count=99) as built:
        yield built


@pytest.fixture
def workers(made: Town) -> Workers:
    return Workers(made.bench.store.path)


def work(made: Town, workers: Workers, word: str = "") -> None:
    """A push by a worker of its own, which `word` may kill; what is held is released."""
    made.bench.request("push", made.cart_id)
    _wait(workers.start(word))
    for (number,) in made.bench.store.read("SELECT id FROM our_run WHERE state = 'held'"):
        made.bench.release(number)
        _wait(workers.start(word))


def died(made: Town) -> bool:
    """A run is left as a worker leaves it that dies."""
    sql = "SELECT count(*) FROM our_run WHERE state IN ('running', 'cancelling')"
    return bool(made.bench.one(sql)) or made.bench.one("SELECT count(*) FROM worker") > 0


def story(made: Town) -> str:
    """What the store says, for a failure that is hard to come by again."""
    tables = {
        "run": "SELECT id, kind, state, trigger, requested_at, ended_at, error FROM our_run",
        "run_event": "SELECT run_id, at, text FROM run_event",
        "push_batch": "SELECT * FROM push_batch",
        "our_listing": "SELECT * FROM our_listing",
    }
    return "\n".join(f"{name}: {row}" for name, sql in tables.items() for row in made.bench.store.read(sql))


def settle(made: Town, workers: Workers) -> None:
    """The cart applies what it has, and pushes come until nothing waits."""
    for n in itertools.count():
        made.cart.control("apply", {"shop": SHOP})
        work(made, workers)
        if not made.bench.one("SELECT count(*) FROM our_listing WHERE inflight IS NOT NULL OR pending"):
            return
        assert n < MOST, made.bench.store.read("SELECT sku, outcome, inflight FROM our_listing WHERE pending")
        time.sleep(0.2)  # the times of the cart are whole seconds


def prove(made: Town, history: dict[str, list[int]]) -> None:
    wanted = made.stock()
    assert state_violations(made.shown(), wanted) == []
    assert order_violations(made.cart.log(), history, SHOP) == []
    assert store_violations(made.bench.store.path) == []
    assert made.bench.sums_hold()


def moved(made: Town, history: dict[str, list[int]], units: int) -> None:
    """All stock moves; a larger quantity is a newer one."""
    for listing in made.cart.dump()[SHOP]:
        made.wms.set_level(listing["sku"], "EAST", units)
    stock = made.stock()
    for listing in made.cart.dump()[SHOP]:
        history.setdefault(listing["ref"], []).append(stock[listing["sku"]])


async def due(made: Town, column: str) -> None:
    """Wait until the time has come to look at every batch that the cart took, or to give it up."""
    while (at := made.bench.one(f"SELECT max({column}) FROM push_batch WHERE state = 'submitted'")) is not None:
        if time.time() >= at:
            return
        await asyncio.sleep(0.1)


async def begun(made: Town, workers: Workers) -> dict[str, list[int]]:
    history: dict[str, list[int]] = {}
    moved(made, history, 1000)
    await made.bench.pull()
    return history


@pytest.mark.parametrize("step", SENDING)
async def test_killed_while_it_sends(made: Town, workers: Workers, step: str) -> None:
    history = await begun(made, workers)
    work(made, workers, f"{KILLED_AT} {step}")
    assert died(made), story(made)
    moved(made, history, 2000)
    await made.bench.pull()
    settle(made, workers)
    prove(made, history)


@pytest.mark.parametrize("made", ["keys"], indirect=True)
@pytest.mark.parametrize("step", LOOKING)
async def test_killed_while_it_looks_up_what_became_of_it(made: Town, workers: Workers, step: str) -> None:
    history = await begun(made, workers)
    work(made, workers)
    moved(made, history, 2000)
    await made.bench.pull()  # a look that is due runs along with it: the cart has applied nothing yet
    made.cart.control("apply", {"shop": SHOP})
    await due(made, "look_after")
    work(made, workers, f"{KILLED_AT} {step}")
    assert died(made), story(made)
    settle(made, workers)
    prove(made, history)


@pytest.mark.parametrize("made", ["no keys"], indirect=True)
@pytest.mark.parametrize("step", GIVING_UP)
async def test_killed_while_it_gives_up(made: Town, workers: Workers, step: str) -> None:
    history = await begun(made, workers)
    work(made, workers)
    made.cart.control("lose", {"shop": SHOP, "drop": True})
    moved(made, history, 2000)
    await made.bench.pull()
    await due(made, "give_up_at")
    work(made, workers, f"{KILLED_AT} {step}")
    assert died(made), story(made)
    settle(made, workers)
    prove(made, history)


@pytest.mark.parametrize("made", ["keys"], indirect=True)
def test_a_worker_that_was_killed_is_gone(made: Town, workers: Workers) -> None:
    process = workers.start(f"{KILLED_AT} invsync_tui.sync.worker Worker._register before")
    _wait(process)
    assert not _alive(process)
