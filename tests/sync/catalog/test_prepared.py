"""A WMS that has to prepare a download: the cursor is the ticket, so it outlives the process, and nothing is started twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import Page, ProductRow
from invsync_tui.connectors.errors import ContractError, PreparingError
from invsync_tui.connectors.sources.sandbox import SandboxSource
from invsync_tui.store.runs.records import RunRow
from tests.support.runs.sandbox_world import Town, town

MINUTES = 600


class Job:
    """What the WMS keeps of it."""

    def __init__(self) -> None:
        self.started = 0
        self.asked: list[str] = []
        self.ready = False
        self.lost = False


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Job:
    job = Job()
    plain = SandboxSource.products_page

    async def products_page(self: SandboxSource, cursor: str | None) -> Page[ProductRow]:
        if cursor is None:
            job.started += 1
            return Page([], f"job:{job.started}")
        if not cursor.startswith("job:"):
            return await plain(self, cursor)
        job.asked.append(cursor)
        if job.lost:
            raise ContractError("There is no such job.")
        if not job.ready:
            raise PreparingError("The export is being made.", retry_after=MINUTES)
        return await plain(self, None)

    monkeypatch.setattr(SandboxSource, "products_page", products_page)
    return job


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now, elapsed = clock.now, clock.elapsed
    monkeypatch.setattr(clock, "now", lambda: now() + seconds)
    monkeypatch.setattr(clock, "elapsed", lambda: elapsed() + seconds)


def newest(our_town: Town) -> RunRow:
    return our_town.bench.run(int(str(our_town.bench.one("SELECT max(id) FROM run WHERE kind = 'pull'"))))


async def test_it_is_asked_for_once_and_goes_on_by_itself_when_it_is_made(
    tmp_path: Path, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    with town(tmp_path) as our_town:
        run = await our_town.bench.pull(full=True)
        assert (run.state, job.started) == ("failed", 1)
        assert "The export is being made." in run.error and "continues by itself" in run.error
        following = newest(our_town)
        assert (following.id > run.id, following.state) == (True, "requested")
        # Nothing is asked before its time, not by a worker that is started anew either.
        await our_town.bench.work()
        assert (newest(our_town).state, job.asked) == ("requested", ["job:1"])
        job.ready = True
        later(monkeypatch, MINUTES + 1)
        await our_town.bench.work()
        assert (our_town.bench.run(following.id).state, job.started) == ("done", 1)
        assert set(job.asked) == {"job:1"}
        assert our_town.bench.one("SELECT count(*) FROM our_product") == len(our_town.stock())


async def test_one_that_the_wms_lost_decides_nothing_and_a_full_download_starts_another(
    tmp_path: Path, job: Job
) -> None:
    with town(tmp_path) as our_town:
        await our_town.bench.pull(full=True)
        job.lost = True
        assert (await our_town.bench.pull()).state == "failed"
        assert our_town.bench.one("SELECT count(*) FROM our_product") == 0
        job.lost, job.ready = False, True
        assert (await our_town.bench.pull(full=True)).state == "done"
