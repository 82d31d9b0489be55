"""Sequences of downloads against a small model of what the store should say afterwards.

A source in memory is changed at random and read by complete and by delta downloads, some of which are cut, go in a
circle, repeat themselves or hold records that nobody can read. The model knows only what the WMS truthfully said in the
last download that ended well: products and levels as of then, and that nothing is ever forgotten or made 0.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from invsync_tui.connectors.base import (
    CheckStep,
    Connection,
    LevelRow,
    Page,
    ProductRow,
    SourceCapabilities,
    WarehouseRow,
)
from invsync_tui.connectors.errors import UnavailableError
from invsync_tui.store.catalog import products as catalog_products
from invsync_tui.store.catalog import pull_progress
from invsync_tui.store.catalog.pull_progress import PageStats
from invsync_tui.sync import connections
from tests.support.stores.merchant_store import Bench

Row = TypeVar("Row")
PAGE = 2
PLACES = ("E", "W")
REFS = tuple(f"P{n}" for n in range(5))


@dataclass
class Wms:
    """Products by reference and their levels, and when each was last touched; `trouble` happens once, on the next read."""

    products: dict[str, str] = field(default_factory=dict)
    levels: dict[tuple[str, str], int] = field(default_factory=dict)
    touched: dict[str, int] = field(default_factory=dict)
    now: int = 0
    trouble: str = ""
    capabilities: SourceCapabilities = field(default_factory=lambda: SourceCapabilities(delta=True, page_size=PAGE))

    def change(self, ref: str, place: str, units: int) -> None:
        self.now += 1
        self.products.setdefault(ref, f"SKU-{ref}")
        self.levels[ref, place] = units
        for other in PLACES:
            self.levels.setdefault((ref, other), 0)
        self.touched[ref] = self.now

    def rename(self, ref: str, sku: str) -> None:
        if ref in self.products:
            self.now += 1
            self.products[ref], self.touched[ref] = sku, self.now

    def remove(self, ref: str) -> None:
        self.products.pop(ref, None)
        self.levels = {key: units for key, units in self.levels.items() if key[0] != ref}

    # --- as a source

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def check(self) -> AsyncIterator[CheckStep]:
        yield CheckStep("", True, "")

    def budget(self) -> None:
        return None

    async def mark(self) -> str:
        return str(self.now)

    async def warehouses(self) -> Sequence[WarehouseRow]:
        return [WarehouseRow(place, place, place) for place in PLACES]

    def _page(self, rows: list[tuple[str, Row]], cursor: str | None) -> Page[Row]:
        if self.trouble == "cut" and cursor is not None:
            self.trouble = ""
            raise UnavailableError("The line is cut.")
        if self.trouble in ("circle", "endless"):
            after = {"circle": "0", "endless": f"0{cursor or ''}"}[self.trouble]
            return Page([row for _, row in rows[:PAGE]], after)
        start = int(cursor or 0)
        here = rows[start : start + PAGE]
        after_here = str(start + PAGE) if start + PAGE < len(rows) else None
        if self.trouble == "unreadable" and here:
            self.trouble = ""
            return Page([row for _, row in here[1:]], after_here, rejected=[(here[0][0], "nobody can read it")])
        return Page([row for _, row in here], after_here)

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        rows = [(ref, ProductRow(ref, sku, ref)) for ref, sku in sorted(self.products.items())]
        return self._page(rows, cursor)

    async def changed_products_page(self, since: str, cursor: str | None) -> Page[ProductRow]:
        refs = [ref for ref in sorted(self.products) if self.touched[ref] > int(since)]
        return self._page([(ref, ProductRow(ref, self.products[ref], ref)) for ref in refs], cursor)

    async def levels_page(self, warehouse: WarehouseRow, cursor: str | None) -> Page[LevelRow]:
        levels = sorted(item for item in self.levels.items() if item[0][1] == warehouse.ref)
        return self._page([(ref, LevelRow(ref, place, units, units)) for (ref, place), units in levels], cursor)

    async def changed_page(self, since: str, cursor: str | None) -> Page[LevelRow]:
        levels = sorted(item for item in self.levels.items() if self.touched[item[0][0]] > int(since))
        return self._page([(ref, LevelRow(ref, place, units, units)) for (ref, place), units in levels], cursor)


Said = tuple[dict[str, str], dict[tuple[str, str], int], set[str]]
"""SKU by product, units by product and place, and the missing products."""


@dataclass
class Model:
    """What the store should say: SKU by product, units by product and place, and which products are missing."""

    skus: dict[str, str] = field(default_factory=dict)
    units: dict[tuple[str, str], int] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    mark: int = -1

    def read(self, wms: Wms, *, full: bool) -> None:
        """After a download that ended well."""
        news = {
            ref for ref in wms.products if wms.touched[ref] > self.mark and ref not in self.skus.keys() - self.missing
        }
        if full or self.mark < 0 or news:
            self.missing = {ref for ref in self.skus if ref not in wms.products}
            self.skus.update(wms.products)
            self.units.update(wms.levels)
        else:
            known = [ref for ref in wms.products if wms.touched[ref] > self.mark]
            self.skus.update({ref: wms.products[ref] for ref in known})
            self.units.update({key: units for key, units in wms.levels.items() if key[0] in known})
        self.mark = wms.now

    def adopt(self, said: Said, wms: Wms) -> None:
        """After one that failed: some pages may have come, each of which was true. Nothing became missing for it."""
        skus, units, missing = said
        assert all(skus[ref] in (self.skus.get(ref), wms.products.get(ref)) for ref in skus)
        assert all(units[key] in (self.units.get(key), wms.levels.get(key)) for key in units)
        assert missing <= self.missing | (wms.products.keys() - self.skus.keys())
        self.skus, self.units, self.missing = skus, units, missing


CHANGE = st.tuples(st.just("change"), st.sampled_from(REFS), st.sampled_from(PLACES), st.integers(0, 99))
RENAME = st.tuples(st.just("rename"), st.sampled_from(REFS), st.sampled_from(["A", "B", "C"]))
REMOVE = st.tuples(st.just("remove"), st.sampled_from(REFS))
READ = st.tuples(st.just("pull"), st.booleans(), st.sampled_from(["", "", "cut", "circle", "endless"]))
STEPS = st.lists(CHANGE | CHANGE | RENAME | REMOVE | READ, min_size=4, max_size=14)


def _said(bench: Bench) -> Said:
    products = bench.store.read("SELECT ref, sku, missing_since FROM our_product")
    levels = bench.store.read(
        "SELECT p.ref, w.ref, v.available FROM our_level AS v JOIN product AS p ON p.id = v.product_id "
        "JOIN warehouse AS w ON w.id = v.warehouse_id"
    )
    skus = {ref: sku for ref, sku, _ in products}
    return skus, {(ref, place): n for ref, place, n in levels}, {ref for ref, _, gone in products if gone is not None}


async def _live(steps: Sequence[tuple[object, ...]], folder: Path, patch: pytest.MonkeyPatch) -> None:
    wms, model, bench = Wms(), Model(), Bench.make(folder)
    patch.setattr(connections, "source", lambda *_: wms)
    bench.add_merchant(Connection("WMS", "sandbox", "http://127.0.0.1:1"))
    for ref in REFS[:3]:
        wms.change(ref, "E", 7)
    for step in [("pull", True, ""), *steps, ("pull", False, "")]:
        match step:
            case ("change", str() as ref, str() as place, int() as units):
                wms.change(ref, place, units)
            case ("rename", str() as ref, str() as sku):
                wms.rename(ref, sku)
            case ("remove", str() as ref):
                if len(wms.products) > 1:
                    wms.remove(ref)
            case ("pull", bool() as full, str() as trouble):
                wms.trouble = trouble
                run = await bench.pull(full=full)
                wms.trouble = ""
                if run.state == "done":
                    model.read(wms, full=full)
                    assert _said(bench) == (model.skus, model.units, model.missing), step
                else:
                    assert trouble
                    model.adopt(_said(bench), wms)
                assert bench.sums_hold()
    bench.store.close()


@settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(STEPS)
def test_after_any_sequence_the_store_says_what_the_wms_last_said(steps: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        asyncio.run(_live(steps, Path(folder), patch))


async def _started(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Wms, Bench]:
    wms, bench = Wms(), Bench.make(folder)
    patch.setattr(connections, "source", lambda *_: wms)
    bench.add_merchant(Connection("WMS", "sandbox", "http://127.0.0.1:1"))
    for ref in REFS:
        wms.change(ref, "E", 7)
    assert (await bench.pull(full=True)).state == "done"
    return wms, bench


@pytest.mark.parametrize("trouble", ["circle", "endless"])
async def test_pages_that_never_end_are_given_up_and_mark_nothing_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    # given
    wms, bench = await _started(tmp_path, monkeypatch)
    before = _said(bench)
    wms.trouble = trouble
    # when
    run = await bench.pull(full=True)
    # then
    assert run.state == "failed"
    assert _said(bench) == before
    # when it corrects
    wms.trouble = ""
    assert (await bench.pull()).state == "done"


async def test_an_unreadable_record_is_neither_missing_nor_zero(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    wms, bench = await _started(tmp_path, monkeypatch)
    before = _said(bench)
    wms.trouble = "unreadable"
    # when
    run = await bench.pull(full=True)
    # then
    assert run.state == "done"
    assert bench.reasons(run)["BAD_ROW"] == 1
    assert _said(bench) == before


@pytest.mark.parametrize(("age", "goes_on"), [(60, True), (21 * 86_400, False)])
async def test_a_download_that_was_cut_weeks_ago_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age: int, *, goes_on: bool
) -> None:
    # given: a full download was cut behind its first page, P0 and P1, and the worker comes back later
    wms, bench = await _started(tmp_path, monkeypatch)
    run_id = bench.request("pull", bench.merchant, full=True)
    with bench.store.transaction() as tx:
        begun = int(time.time()) - age
        generation = pull_progress.start(tx, bench.merchant, run_id, "full", "0", "products", begun)
        ids = catalog_products.ids_by_ref(tx, bench.merchant, ["P0", "P1"]).values()
        pull_progress.add_page(tx, generation.id, "products", "2", ids, PageStats(1, 2, 0, 0))
    for ref in REFS:
        wms.change(ref, "E", 50)
    wms.rename("P0", "RENAMED")
    # when
    await bench.work()
    # then: pages of a moment ago count, those of weeks ago do not
    assert bench.run(run_id).state == "done", bench.run(run_id).error
    assert any("Continuing" in text for text in bench.events(run_id)) is goes_on
    skus, units, missing = _said(bench)
    assert missing == set()
    assert {units[ref, "E"] for ref in REFS} == {50}
    assert skus["P0"] == ("SKU-P0" if goes_on else "RENAMED")
    # and what the resumed one did not see comes with the next delta
    await bench.pull()
    assert _said(bench)[0]["P0"] == "RENAMED"
