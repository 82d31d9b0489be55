"""What a source is checked for besides: every row once, odd values told, deltas complete."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from math import floor
from typing import Any

from invsync_tui.connectors.base import LevelRow, Page
from invsync_tui.kit import absence_checks, limit_checks, request_checks
from invsync_tui.kit.checks import COMMON, Check, Scene, everything

HOSTILE = ("A B", "ÄÖ-1", "<b>x</b>", '"; DROP TABLE x; --', "007", "1e5", "x" * 60, "a/b?c=d&e", "\u202eabc", "日本")
"""SKUs that have to come through as they are."""
ODD: tuple[object, ...] = ("many", "", None, True, [], {}, -3, 2.5, 0.999999999, 2**62, 2**63, 1e400, "12", "1,5")
"""Values in the place of a quantity."""
SIZES = (1, 2, 3, 1000)
CLOCK = 900
"""Seconds by which the time of a reading that was just made may be off; a time zone is off by at least half an hour."""


async def _pages(first: Any) -> AsyncIterator[Page[Any]]:
    cursor = None
    while True:
        page = await first(cursor)
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return


async def _levels(source: Any) -> tuple[list[LevelRow], list[tuple[str, str]]]:
    """All levels of all warehouses, and the rejected records."""
    rows: list[LevelRow] = []
    rejected: list[tuple[str, str]] = []
    for warehouse in await source.warehouses():
        if warehouse.active:
            async for page in _pages(lambda cursor, site=warehouse: source.levels_page(site, cursor)):
                rows += page.rows
                rejected += page.rejected
    return rows, rejected


async def every_row_once(scene: Scene) -> None:
    """Pages of any size give every product and every level once, with the server's numbers."""
    skus, levels = dict(scene.server.skus()), dict(scene.server.levels())
    for size in SIZES:
        async with scene.opened() as source:
            source.capabilities = replace(source.capabilities, page_size=size)
            products = await everything(source)
            assert len({row.ref for row in products}) == len(products), f"a product came twice with pages of {size}"
            assert {row.ref: row.sku or "" for row in products if row.ref in skus} == skus, (
                f"products differ with {size}"
            )
            rows, rejected = await _levels(source)
            read = {(row.product_ref, row.warehouse_ref): row.available for row in rows}
            assert len(read) == len(rows), f"a level came twice with pages of {size}"
            assert not rejected, f"rejected: {rejected[:3]}"
            wrong = {key: (read.get(key), value) for key, value in levels.items() if read.get(key, 0) != value}
            assert not wrong, f"levels differ (read, server) with pages of {size}: {dict(list(wrong.items())[:3])}"


async def rows_that_move(scene: Scene) -> None:
    """Products that come and go between two pages cost and double no other."""
    before = set(scene.server.skus())
    async with scene.opened() as source:
        source.capabilities = replace(source.capabilities, page_size=2)
        refs: list[str] = []
        removed = ""
        read = 0
        async for page in _pages(source.products_page):
            refs += [row.ref for row in page.rows]
            read += 1
            if read == 1 and page.next_cursor is not None:
                removed = refs[0]
                scene.server.remove(removed)
            if read == 3:
                scene.server.add("KIT-MOVED")
        if not removed:
            raise NotImplementedError("its pages hold more than the server's products")
    assert before - {removed} <= set(refs), "products were lost while others came and went"
    assert len(refs) == len(set(refs)), "a product came twice"


async def hostile_codes(scene: Scene) -> None:
    """Codes come through as they are."""
    added = {scene.server.add(sku): sku for sku in HOSTILE}
    async with scene.opened() as source:
        read = {row.ref: row.sku for row in await everything(source)}
    wrong = {sku: read.get(ref) for ref, sku in added.items() if read.get(ref) != sku}
    assert not wrong, f"codes differ: {wrong}"


def _whole(value: object) -> int | None:
    """What a clerk would say of a number: rounded down; None of what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return floor(value + 1e-6) if abs(value) < 2**62 else None


async def odd_quantities(scene: Scene) -> None:
    """A value that is no quantity is told with its record and is never 0; the others are read."""
    (product, warehouse), *others = list(scene.server.levels())
    for value in ODD:
        scene.server.set_odd(product, warehouse, value)
        async with scene.opened() as source:
            rows, rejected = await _levels(source)
        read = {(row.product_ref, row.warehouse_ref): row.available for row in rows}
        reading = read.get((product, warehouse))
        allowed = {None, _whole(value)}
        if isinstance(value, str):  # a text with digits may be read as the number that it says
            allowed |= {int(value)} if value.isdecimal() else set()
        assert reading in allowed, f"{value!r} was read as {reading}"
        assert reading is not None or rejected, f"{value!r} was dropped without a word"
        lost = [key for key in others if key not in read and scene.server.levels()[key] != 0]
        assert not lost, f"{value!r} cost other levels: {lost[:3]}"


async def deltas(scene: Scene) -> None:
    """A delta from a mark has every change since."""
    async with scene.opened() as source:
        if not source.capabilities.delta:
            raise NotImplementedError("it has no deltas")
        mark = await source.mark()
        keys = list(scene.server.levels())[:3]
        for n, (product, warehouse) in enumerate(keys):
            scene.server.set_level(product, warehouse, 4000 + n)
        rows = [row async for page in _pages(lambda cursor: source.changed_page(mark, cursor)) for row in page.rows]
    read = {(row.product_ref, row.warehouse_ref): row.available for row in rows}
    assert {key: read.get(key) for key in keys} == {key: 4000 + n for n, key in enumerate(keys)}, "changes are missing"


async def reading_times(scene: Scene) -> None:
    """The time of a reading that was just made is now, in epoch seconds of UTC."""
    async with scene.opened() as source:
        if not source.capabilities.reports_reading_time:
            raise NotImplementedError("it gives no reading times")
    product, warehouse = next(iter(scene.server.levels()), ("", ""))
    if not product:
        raise NotImplementedError("its server has no level")
    scene.server.set_level(product, warehouse, 4711)
    async with scene.opened() as source:
        rows, _ = await _levels(source)
    times = {(row.product_ref, row.warehouse_ref): row.read_at for row in rows if row.read_at is not None}
    assert times, "it says that it gives reading times and gives none"
    read_at = times.get((product, warehouse))
    assert read_at is not None, "a level that was just changed has no reading time"
    off = read_at - time.time()
    assert abs(off) <= CLOCK, (
        f"a reading that was just made is dated {read_at}, {off:.0f} seconds off{off_by_hours(off)}"
    )


def off_by_hours(seconds: float) -> str:
    """What such a difference of clocks looks like; '' for nothing in particular."""
    quarters = round(seconds / 900)
    if abs(seconds - quarters * 900) > 120 or not 2 <= abs(quarters) <= 14 * 4:
        return ""
    return f", as by a time zone of {quarters / 4:+g} hours"


async def warehouses_have_names(scene: Scene) -> None:
    """Every level names a warehouse that is reported."""
    async with scene.opened() as source:
        refs = {row.ref for row in await source.warehouses()}
        rows, _ = await _levels(source)
    assert refs, "it reports no warehouse"
    assert {row.warehouse_ref for row in rows} <= refs, "a level is of a warehouse that is not reported"


CHECKS = (
    Check(1, "pages of any size give every row once", every_row_once),
    Check(2, "rows that move between pages are neither lost nor doubled", rows_that_move),
    Check(40, "every level names a warehouse that is reported", warehouses_have_names),
    Check(5, "hostile codes survive", hostile_codes),
    Check(6, "odd quantities are reported and never zero", odd_quantities),
    Check(8, "a delta has every change since its mark", deltas),
    Check(9, "reading times are epoch seconds of UTC", reading_times),
    *absence_checks.CHECKS,
    request_checks.PREVIEWS,
    *COMMON,
    *limit_checks.CHECKS,
)
