"""A pull that is cut at any page, in any way, zeroes nothing and marks nothing as missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from invsync_tui import clock
from tests.support.runs.cut_downloads import PAGE, cut_violations, levels_before, requests_of, small_pages
from tests.support.runs.sandbox_world import Town, town

CUTS = ("cut", "half_json", "status", "drop", "empty", "no_rows", "repeat", "endless")


@pytest.fixture
def paged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Town]:
    """A town whose WMS answers in pages of twelve."""
    small_pages(monkeypatch)
    with town(tmp_path) as our_town:
        yield our_town


@pytest.mark.parametrize("how", CUTS)
async def test_a_cut_pull_never_zeroes(paged: Town, how: str) -> None:
    # given
    before, requests = await levels_before(paged)
    assert requests > 4 * 40 / PAGE
    ends = set()
    for n in range(requests):
        # when: from request n on, everything goes wrong
        paged.wms.faults({"kind": how, "path": "/api/", "after": n, "status": 500})
        run = await paged.bench.pull(full=True)
        ends.add(run.state)
        # then
        assert cut_violations(paged, before) == [], f"cut at request {n}"
        assert run.state == "failed" or how in ("no_rows", "repeat", "endless"), f"cut at request {n}"
    assert "failed" in ends
    # and when the WMS is well again
    paged.wms.faults()
    # then
    assert (await paged.bench.pull()).state == "done"
    assert cut_violations(paged, before) == []
    assert paged.bench.sums_hold()


@pytest.mark.parametrize("how", ["cut", "half_json", "status", "drop"])
async def test_a_cut_delta_loses_no_change(paged: Town, how: str) -> None:
    # given
    await paged.bench.pull()
    skus = paged.in_stock()
    for n in range(4):
        for i, sku in enumerate(skus):
            paged.wms.set_level(sku, "EAST", 100 * (n + 1) + i)
        paged.wms.faults({"kind": how, "path": "/api/changes", "after": n, "status": 500})
        # when
        run = await paged.bench.pull()
        # then
        assert run.state == "failed"
    paged.wms.faults()
    await paged.bench.pull()
    await paged.bench.push(paged.cart_id)
    assert paged.shown() == paged.stock()


async def test_an_interrupted_pull_continues_at_its_page(paged: Town) -> None:
    # given: the worker dies in the middle of a stage
    from invsync_tui.sync.catalog.page_reader import PageReader

    pages = []
    write = PageReader._write_page

    def dying(self, generation, reading, page, state):  # type: ignore[no-untyped-def]
        write(self, generation, reading, page, state)
        pages.append(reading.stage)
        if len(pages) == 7:
            raise KeyboardInterrupt

    number = paged.bench.request("pull", paged.bench.merchant)
    PageReader._write_page = dying  # type: ignore[method-assign]
    try:
        await _work_that_dies(paged)
    finally:
        PageReader._write_page = write  # type: ignore[method-assign]
    since = len(paged.wms.requests())
    assert paged.bench.run(number).state == "running"
    # when
    await paged.bench.work()
    # then
    run = paged.bench.run(number)
    paths = requests_of(paged.wms, since)
    assert run.state == "done"
    assert not any(path.startswith("/api/products") for path in paths)
    assert paged.bench.counts(run)["total"] == 40 + paged.bench.one("SELECT count(*) FROM our_level")
    assert paged.bench.one("SELECT count(*) FROM our_product WHERE missing_since IS NOT NULL") == 0
    await paged.bench.push(paged.cart_id)
    assert paged.shown() == paged.stock()


async def _work_that_dies(our_town: Town) -> None:
    """The run's task is gone as if its process had died: its lock is free, nothing was said."""
    import asyncio

    from invsync_tui.store.runs import runs
    from invsync_tui.sync.executor import execute
    from invsync_tui.sync.runs import leases

    lease = leases.acquire(our_town.bench.store, f"pull:{our_town.bench.merchant}", "dying")
    assert lease is not None
    with our_town.bench.store.reading() as cx:
        row = runs.requested(cx, clock.seconds())[0]
    try:
        await execute(our_town.bench.store, row, lease)
    except KeyboardInterrupt:
        await asyncio.sleep(0)
    lease.release()
