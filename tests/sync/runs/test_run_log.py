"""The log of a worker: one line for each run's end, one when a sync begins to fail, one when it works again."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import pytest

from invsync_tui.sandbox.shop import Mode
from invsync_tui.store.runs import runs
from invsync_tui.sync.worker import Worker
from tests.support.runs.sandbox_world import Town, town


@pytest.fixture(autouse=True)
def _all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="invsync.runs")


def said(caplog: pytest.LogCaptureFixture, event: str) -> list[str]:
    """The messages of an event since the last call of `clear`."""
    return [record.getMessage() for record in caplog.records if getattr(record, "event", "") == event]


async def test_each_run_that_ends_is_one_line_with_its_names_and_counts(
    pulled: Town, caplog: pytest.LogCaptureFixture
) -> None:
    # when
    caplog.clear()
    pull = await pulled.bench.pull()
    push = await pulled.bench.push(pulled.cart_id, release=False)
    # then
    first, second = said(caplog, "run")
    assert first.startswith(f"run {pull.id} pull Demo done in ")
    assert second.startswith(f"run {push.id} push Demo > Demo Cart held in ")
    assert "SKUs: " in second and "held for review, nothing was sent: " in second
    assert [record.levelname for record in caplog.records if getattr(record, "event", "") == "run"] == [
        "INFO",
        "WARNING",
    ]
    fields = next(record for record in caplog.records if getattr(record, "event", "") == "run").fields  # type: ignore[attr-defined]
    assert (fields["run"], fields["kind"], fields["merchant"], fields["state"]) == (pull.id, "pull", "Demo", "done")


async def test_a_sync_that_breaks_is_told_once_and_once_when_it_works_again(
    synced: Town, caplog: pytest.LogCaptureFixture
) -> None:
    # given
    caplog.clear()
    url = synced.bench.one("SELECT url FROM our_source")

    def reach(address: str) -> None:
        with synced.bench.by_hand() as tx:
            tx.execute("UPDATE source SET url = ?", (address,))

    # when: it fails three times, in three workers
    reach("http://127.0.0.1:9")
    for _ in range(3):
        assert (await synced.bench.pull()).state == "failed"
    # then
    assert len(said(caplog, "run")) == 3
    (broke,) = said(caplog, "failing")
    assert "pull Demo" in broke
    # and when
    reach(url)
    assert (await synced.bench.pull()).state == "done"
    assert (await synced.bench.pull()).state == "done"
    # then
    (healed,) = said(caplog, "recovered")
    assert "works again: pull Demo, after 3 failed runs" in healed


async def test_a_push_that_ends_because_the_download_before_it_failed_is_a_line_too(
    synced: Town, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE source SET url = 'http://127.0.0.1:9'")
    pull = synced.bench.request("pull", synced.bench.merchant)
    push = synced.bench.request("push", synced.cart_id, after=pull)
    await synced.bench.work()
    assert said(caplog, "run")[0].startswith(f"run {pull} pull Demo failed")
    assert any(line.startswith(f"run {push} push Demo > Demo Cart canceled") for line in said(caplog, "run"))


async def test_a_run_of_a_worker_that_died_is_told_as_taken_over(
    synced: Town, caplog: pytest.LogCaptureFixture
) -> None:
    number = synced.bench.request("pull", synced.bench.merchant)
    with synced.bench.store.transaction() as tx:
        runs.start(tx, number, 1, 1000)
    await synced.bench.work()
    assert said(caplog, "takeover") == [f"run {number} pull Demo is taken over: its worker died"]


async def test_a_worker_that_is_told_to_end_stops_its_push_between_two_batches_and_the_next_one_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # given: a push in many batches
    with town(tmp_path, mode=Mode(max_batch=2, latency=0.02)) as our_town:
        await our_town.bench.pull()
        number = our_town.bench.request("push", our_town.cart_id)
        with our_town.bench.by_hand() as tx:
            tx.execute("UPDATE cart SET zero_count = 1000, jump_factor = 0")
        await our_town.bench.work()
        our_town.bench.release(number)
        runner = Worker(our_town.bench.store, scheduled=False)
        working = asyncio.create_task(runner.run_forever())
        while len(our_town.writes()) < 2:
            assert not working.done()
            await asyncio.sleep(0.005)
        # when
        runner.stop()
        await working
        # then: nothing is in doubt, no batch is open, and nobody pretends to be working
        run = our_town.bench.run(number)
        assert (run.state, run.heartbeat_at) == ("running", None)
        assert our_town.bench.one("SELECT count(*) FROM our_push_batch WHERE state IN ('intent', 'in_doubt')") == 0
        assert our_town.bench.events(number)[-1] == "The worker was stopped; the next one continues the run."
        assert our_town.bench.one("SELECT count(*) FROM worker WHERE pid = ?", os.getpid()) == 0
        # and the next worker ends it
        await our_town.bench.work()
        assert our_town.bench.run(number).state == "done"
        assert "The worker died; another one continues the run." not in our_town.bench.events(number)
        assert said(caplog, "takeover") == [f"run {number} push Demo > Demo Cart is taken over: its worker was stopped"]
        assert our_town.shown() == our_town.stock()
