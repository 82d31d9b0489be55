"""kill -9 of a worker that pushes one location of a cart, and another location that reads the shop next."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from invsync_tui.sandbox.shop import Mode
from invsync_tui.sync import uptime
from tests.support.faults.worker import STOP_BEFORE_SENDING
from tests.support.processes.worker_kills import Workers, _wait
from tests.support.runs.cart_location_runs import opened, request
from tests.support.runs.shared_shop import corner


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("replays", [False, True], ids=["read back", "same key"])
async def test_an_open_batch_of_one_location_survives_that_another_one_reads_the_shop(
    tmp_path: Path, replays: bool
) -> None:
    mode = Mode(basis="on_hand", orders=True, places="West", max_batch=5, idempotency=replays)
    with corner(tmp_path, mode) as our_corner:
        await opened(our_corner)
        for number, listing in enumerate(our_corner.carts.dump()["a"]):
            our_corner.wms.set_level(listing["sku"], "WEST", 40 + number)
            our_corner.wms.set_level(listing["sku"], "EAST", 80 + number)
        await our_corner.pull()
        (first,) = request(our_corner, our_corner.east, full=True)
        with our_corner.bench.by_hand() as cx:  # West goes first, and East, which was asked for before, takes over
            cx.execute("UPDATE run SET not_before = requested_at + 3600 WHERE id = ?", (first,))
        (killed,) = request(our_corner, our_corner.west)
        process = Workers(our_corner.bench.store.path).start(STOP_BEFORE_SENDING)
        _until(lambda: uptime.process(process) is uptime.Process.STOPPED)
        os.kill(process, signal.SIGKILL)
        _wait(process)
        assert our_corner.bench.run(killed).state == "running"
        open_batches = "SELECT count(*) FROM push_batch WHERE state = 'intent' AND cart_id = ?"
        assert our_corner.bench.one(open_batches, our_corner.west) == 1
        # when: a listing that West has planned is deleted in the shop, and East reads all for both
        our_corner.carts.control("remove", {"shop": "a", "refs": [our_corner.listing()["ref"]]})
        with our_corner.bench.by_hand() as cx:
            cx.execute("UPDATE run SET not_before = NULL WHERE id = ?", (first,))
        await our_corner.bench.work()
        for number in (first, killed):
            if our_corner.bench.run(number).state == "held":
                our_corner.bench.release(number)
        await our_corner.bench.work()
        # then
        assert [our_corner.bench.run(number).state for number in (first, killed)] == ["done", "done"]
        assert our_corner.bench.sums_hold()
        assert our_corner.bench.one(open_batches, our_corner.west) == 0
        wanted = {sku: row["desired"] for sku, row in our_corner.bench.listings(our_corner.west).items()}
        shown = {row["sku"]: row["places"].get("West", {}).get("quantity") for row in our_corner.carts.dump()["a"]}
        assert {sku: units for sku, units in shown.items() if units is not None} == {
            sku: units for sku, units in wanted.items() if shown.get(sku) is not None
        }
        assert {40, 41, 42} <= set(shown.values())
