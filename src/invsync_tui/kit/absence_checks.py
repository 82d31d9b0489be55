"""What a source is checked for besides: totals that shrink, empty answers, what absent means, parameters that have no effect."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from invsync_tui.connectors.base import Absent, LevelRow, Page
from invsync_tui.connectors.errors import ConnectorError
from invsync_tui.kit.checks import Check, Scene, everything, failed
from invsync_tui.kit.proxy import Fault

PAGES_MOST = 60
"""Pages of a read that brings nothing new; the sync gives such a read up."""


async def pages(
    first: Callable[[str | None], Awaitable[Page[Any]]], most: int = PAGES_MOST
) -> AsyncIterator[Page[Any]]:
    """The pages of a list, at most so many."""
    cursor = None
    for _ in range(most):
        page = await first(cursor)
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return


async def shrinking_total(scene: Scene) -> None:
    """A total is that of the whole list as the server has it: from it the sync sees that pages have passed over records."""
    async with scene.opened() as source:
        source.capabilities = replace(source.capabilities, page_size=2)
        whole = [page async for page in pages(source.products_page)]
        count = sum(len(page.rows) + len(page.rejected) for page in whole)
        totals = [page.total for page in whole if page.total is not None]
        if not totals:
            raise NotImplementedError("it announces no total")
        assert set(totals) == {count}, f"it announces {sorted(set(totals))} records and has {count}"
        before = {row.ref for page in whole for row in page.rows}
        await _refuses_a_shrunken_list(scene, source, before)


async def _refuses_a_shrunken_list(scene: Scene, source: Any, before: set[str]) -> None:
    refs: list[str] = []
    totals, records, removed = [], 0, ""
    with suppress(ConnectorError):  # it refuses such a list itself
        async for page in pages(source.products_page):
            refs += [row.ref for row in page.rows]
            records += len(page.rows) + len(page.rejected)
            totals.append(page.total)
            if not removed and page.next_cursor is not None:
                removed = refs[0]
                scene.server.remove(removed)
        if not removed:
            raise NotImplementedError("its pages hold more than the server's products")
        most = max(total or 0 for total in totals)
        noticed = totals[-1] is not None and (totals[-1] < most or records < totals[-1])
        lost = before - {removed} - set(refs)
        assert not lost or noticed, f"{sorted(lost)[:3]} are passed over, and no total tells it"


async def empty_answers(scene: Scene) -> None:
    """An answer without content is no list without records, and a catalog that is empty has no stock of anything."""
    async with scene.opened() as source:
        whole = await everything(source)
        for fault in (Fault.NOTHING, Fault.EMPTY_OBJECT):
            if fault in scene.proxy.faults:
                scene.proxy.let(fault)
                await failed(everything(source), str(fault))
                scene.proxy.clear()
    for row in whole:
        scene.server.remove(row.ref)
    try:
        async with scene.opened() as source:
            assert not await everything(source), "it has products that the server does not have"
            levels = await _levels_now(source)
    except ConnectorError:
        return  # it refuses an empty catalog, as the sync does
    assert not levels, f"it has stock of products that the server does not have: {levels[:3]}"


async def _levels_now(source: Any) -> list[LevelRow]:
    rows: list[LevelRow] = []
    for site in await source.warehouses():
        if site.active:
            async for page in pages(partial(source.levels_page, site)):
                rows += page.rows
    return rows


async def absent(scene: Scene) -> None:
    """A product that is gone has no level, or 0 where the connector declares that absent means 0."""
    key = next(iter(scene.server.levels()), None)
    if key is None:
        raise NotImplementedError("its server has no level")
    async with scene.opened() as source:
        meaning = source.capabilities.absent
        known = {row.ref for row in await everything(source)}
    scene.server.remove(key[0])
    async with scene.opened() as source:
        active = {row.ref for row in await everything(source) if row.active}
        levels = await _levels_now(source)
    ghosts = [row for row in levels if row.product_ref == key[0]]
    assert key[0] in known, "a product that has a level is not listed"
    assert not ghosts or all(row.available == 0 for row in ghosts), f"a product that is gone has stock: {ghosts[:2]}"
    if meaning is Absent.UNKNOWN:
        assert not ghosts, f"it declares that absent is unknown, and says 0 of a product that is gone: {ghosts[:2]}"
        assert key[0] not in active, "it lists a product that is gone"


async def ignored_parameters(scene: Scene) -> None:
    """A server that ignores what is asked of it in the address costs no record and mixes up no warehouses."""
    async with scene.opened() as source:
        source.capabilities = replace(source.capabilities, page_size=2)
        scene.possible(Fault.NO_QUERY)
        products, levels = await _read(source)
        if not any("?" in path for _, path in scene.proxy.requests):
            raise NotImplementedError("it asks for nothing in addresses")
        scene.let(Fault.NO_QUERY)
        try:
            now = await _read(source)
        except ConnectorError:
            return
        except OverflowError:
            return  # the sync gives up a read that brings nothing new
    assert now[0] == products, "products differ where parameters are ignored, and nothing is said of it"
    wrong = {key: (now[1].get(key), value) for key, value in levels.items() if now[1].get(key) != value}
    assert not wrong and now[1].keys() == levels.keys(), (
        f"levels differ where parameters are ignored: {list(wrong.items())[:2]}"
    )


async def _read(source: Any) -> tuple[set[str], dict[tuple[str, str], int]]:
    """All products and levels; OverflowError where a list has no end."""
    products = {row.ref for page in await _all(source.products_page) for row in page.rows}
    levels: dict[tuple[str, str], int] = {}
    for site in await source.warehouses():
        if site.active:
            for page in await _all(partial(source.levels_page, site)):
                levels |= {(row.product_ref, row.warehouse_ref): row.available for row in page.rows}
    return products, levels


async def _all(first: Callable[[str | None], Awaitable[Page[Any]]]) -> list[Page[Any]]:
    read = [page async for page in pages(first)]
    if read[-1].next_cursor is not None:
        raise OverflowError
    return read


CHECKS = (
    Check(3, "a total is that of the list, so that a shrinking one is refused", shrinking_total),
    Check(4, "an empty answer decides nothing", empty_answers),
    Check(7, "absent means what the capability says", absent),
    Check(10, "a parameter without effect is noticed", ignored_parameters),
)
