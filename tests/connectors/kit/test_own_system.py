"""Checks of a connector against somebody's own system find connectors that are wrong, and put back what they wrote."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from invsync_tui.connectors.base import LevelRow, ListingRow, Page, ProductRow, PushItem, RowAnswer, Submitted
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.connectors.errors import UnavailableError
from invsync_tui.connectors.sources.sandbox import SandboxSource
from invsync_tui.kit import own_system
from invsync_tui.sandbox import kit_servers


def endings(connector: Any, server: Any) -> dict[int, str]:
    with server() as running:

        async def read() -> dict[int, str]:
            connection = running.connection(running.url)
            found = own_system.reading(lambda: connector(connection), running.secrets())
            return {finding.number: finding.ended async for finding in found}

        return asyncio.run(read())


class SkipsOnSmallPages(SandboxSource):
    """Leaves out rows where pages are not of its own size."""

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        page = await super().products_page(cursor)
        return page if self.capabilities.page_size == 1000 else replace(page, rows=page.rows[1:])


class EastAlone(SandboxSource):
    """Says of each level that it is of one warehouse."""

    async def levels_page(self, warehouse: Any, cursor: str | None) -> Page[LevelRow]:
        page = await super().levels_page(warehouse, cursor)
        return replace(page, rows=[row._replace(warehouse_ref="EAST") for row in page.rows])


class HoursAhead(SandboxSource):
    """Takes local time for UTC."""

    async def levels_page(self, warehouse: Any, cursor: str | None) -> Page[LevelRow]:
        page = await super().levels_page(warehouse, cursor)
        return replace(page, rows=[row._replace(read_at=(row.read_at or 0) + 8 * 3600) for row in page.rows])


class NoMark(SandboxSource):
    """Has deltas and no mark."""

    async def mark(self) -> str:
        return ""


class OtherCodes(SandboxCart):
    """Reads listings by reference with other codes."""

    async def read(self, refs: Sequence[str]) -> Sequence[ListingRow]:
        return [row._replace(sku="X") for row in await super().read(refs)]


class Allocates(SandboxCart):
    """Stores what is available and says that some of it is allocated."""

    async def listings_page(self, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
        page = await super().listings_page(cursor, since)
        return replace(page, rows=[row._replace(allocated=1) for row in page.rows])


class ComposesAnything(SandboxCart):
    """Makes a body of a quantity below zero."""

    def compose(self, batch_id: str, items: Sequence[PushItem]) -> bytes:
        return super().compose(batch_id, [item._replace(quantity=max(0, item.quantity)) for item in items])


def test_the_sandbox_passes() -> None:
    assert set(endings(SandboxSource, kit_servers.wms).values()) == {"passed"}
    assert set(endings(SandboxCart, kit_servers.shop).values()) == {"passed"}


@pytest.mark.parametrize(
    ("connector", "number"),
    [
        (SkipsOnSmallPages, 1), (EastAlone, 40), (HoursAhead, 9), (NoMark, 8), (OtherCodes, 45), (Allocates, 41),
        (ComposesAnything, 12),
    ],
)  # fmt: skip
def test_a_connector_that_is_wrong_is_found(connector: type, number: int) -> None:
    server = kit_servers.wms if issubclass(connector, SandboxSource) else kit_servers.shop
    found = endings(connector, server)
    assert {each for each, ended in found.items() if ended == "failed"} == {number}


def tried(connector: Any, quantity: int) -> tuple[own_system.Trial, dict[str, int | None], dict[str, int | None]]:
    """The trial of a listing that shows `quantity`, and what the shop showed before and after it."""
    with kit_servers.shop() as running:
        ref = next(iter(running.shown()))
        running.set(ref, quantity)
        before = dict(running.shown())

        async def run() -> own_system.Trial:
            cart = connector(running.connection(running.url))
            cart.server, cart.of = running, ref
            try:
                await cart.open()
                return await own_system.one_listing(cart, ref)
            finally:
                await cart.close()

        return asyncio.run(run()), before, dict(running.shown())


class LosesAnswers(SandboxCart):
    """Every write is done, and its answer is lost."""

    async def send(self, batch_id: str, body: bytes) -> Sequence[RowAnswer] | Submitted:
        await super().send(batch_id, body)
        raise UnavailableError("lost", may_have_applied=True)


class SellsMeanwhile(SandboxCart):
    """Somebody buys one between two requests."""

    server: Any
    of: str
    sold = False

    async def send(self, batch_id: str, body: bytes) -> Sequence[RowAnswer] | Submitted:
        answer = await super().send(batch_id, body)
        if not self.sold:
            self.sold = True
            self.server.set(self.of, (self.server.shown()[self.of] or 0) - 1)
        return answer


@pytest.mark.parametrize(("quantity", "sent"), [(9, 8), (1, 0), (0, 0)])
def test_a_quantity_is_never_raised_and_is_put_back(quantity: int, sent: int) -> None:
    trial, before, after = tried(SandboxCart, quantity)
    assert (trial.before, trial.wrote, trial.remaining) == (quantity, sent, quantity)
    assert [finding.ended for finding in trial.findings] == ["passed", "passed"]
    assert after == before


def test_it_is_put_back_where_every_answer_is_lost() -> None:
    trial, before, after = tried(LosesAnswers, 9)
    assert trial.findings[0].ended == "failed" and after == before


def test_what_was_sold_meanwhile_is_not_sold_again() -> None:
    trial, before, after = tried(SellsMeanwhile, 9)
    assert sum(before.values()) - sum(after.values()) == 1  # type: ignore[arg-type]
    assert trial.findings[0].ended == "failed"
