"""For each of the suite's checks of limits, absence and changes: a connector that has exactly that defect is found by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from invsync_tui.connectors.base import CheckStep, LevelRow, ListingRow, Page, ProductRow, RowAnswer, Submitted
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.connectors.errors import BatchTooLargeError, ConnectorError, DeferredError, RowsRejectedError
from invsync_tui.connectors.network import api_notices
from invsync_tui.connectors.sources.sandbox import SandboxSource
from invsync_tui.kit.running import checks_of, run_check
from invsync_tui.rules.outcomes import Reason
from invsync_tui.sandbox import kit_servers
from tests.support.runs.sandbox_world import hurry


@pytest.fixture(autouse=True)
def _shorter_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


class TotalOfThePage(SandboxSource):
    """Takes the records of a page for those of the list."""

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        page = await super().products_page(cursor)
        return replace(page, total=len(page.rows))


class EmptyIsFine(SandboxSource):
    """Takes an answer that it cannot read for an empty page."""

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        try:
            return await super().products_page(cursor)
        except ConnectorError:
            return Page([], None)


class Remembers(SandboxSource):
    """Gives the stock of before for what is gone."""

    known: ClassVar[dict[str, list[LevelRow]]] = {}
    zero = False

    async def levels_page(self, warehouse: Any, cursor: str | None) -> Page[LevelRow]:
        page = await super().levels_page(warehouse, cursor)
        before = self.known.setdefault(f"{type(self).__name__}{warehouse.ref}", list(page.rows))
        now = {row.product_ref for row in page.rows}
        gone = [row._replace(available=0) if self.zero else row for row in before if row.product_ref not in now]
        return replace(page, rows=[*page.rows, *gone], total=None)

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        for site in await self.warehouses():
            await self.levels_page(site, None)
        return await super().products_page(cursor)


class SaysZeroOfWhatIsGone(Remembers):
    """Says 0 of what is gone, and declares that absent is unknown."""

    zero = True


class EverythingIsEast(SandboxSource):
    """Believes that the server has done what was asked of it: with parameters that are ignored it reads one place for all."""

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        try:
            return await super().products_page(cursor)
        except ConnectorError:
            return Page([ProductRow("?", "?", "?")], None)

    async def levels_page(self, warehouse: Any, cursor: str | None) -> Page[LevelRow]:
        try:
            return await super().levels_page(warehouse, cursor)
        except ConnectorError:
            return Page([LevelRow("?", warehouse.ref, 1, 1)], None)


class LocalTime(SandboxSource):
    """Takes the local time of a warehouse 8 hours off for UTC."""

    async def levels_page(self, warehouse: Any, cursor: str | None) -> Page[LevelRow]:
        page = await super().levels_page(warehouse, cursor)
        return replace(page, rows=[row._replace(read_at=(row.read_at or 0) - 8 * 3600) for row in page.rows])


class SoonAgain(SandboxSource):
    """Makes five minutes of an hour."""

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        try:
            return await super().products_page(cursor)
        except DeferredError as error:
            raise DeferredError(min(300.0, error.retry_after or 0.0)) from error


class Deaf(SandboxSource):
    """Does not hear what answers say of the interface."""

    async def open(self) -> None:
        with api_notices.collect():
            await super().open()

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        with api_notices.collect():
            return await super().products_page(cursor)


class Patient(SandboxSource):
    """Waits for an answer for as long as it takes."""

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        while True:
            try:
                return await super().products_page(cursor)
            except ConnectorError:
                await asyncio.sleep(0.1)
                if asyncio.get_running_loop().time() > self.until:
                    raise

    async def open(self) -> None:
        self.until = asyncio.get_running_loop().time() + 16
        await super().open()


class Overlooks(SandboxSource):
    """Its connection test passes where it may not read the products."""

    async def check(self) -> AsyncIterator[CheckStep]:
        async for step in super().check():
            yield CheckStep(step.name, True, "fine")


@pytest.mark.parametrize(
    ("connector", "number"),
    [
        (TotalOfThePage, 3), (EmptyIsFine, 4), (Remembers, 4), (Remembers, 7), (SaysZeroOfWhatIsGone, 7),
        (EverythingIsEast, 10), (LocalTime, 9), (SoonAgain, 22), (Deaf, 26), (Patient, 48), (Overlooks, 49),
    ],
)  # fmt: skip
def test_a_source_that_is_wrong_is_found(connector: type, number: int) -> None:
    Remembers.known.clear()
    (check,) = [check for check in checks_of(connector) if check.number == number]
    with pytest.raises(AssertionError):
        run_check(check, connector, kit_servers.wms)


class SaysConflict(SandboxCart):
    """Reports a conflict, and has written."""

    async def send(self, batch_id: str, body: bytes) -> Sequence[RowAnswer]:
        answers = await super().send(batch_id, body)
        assert not isinstance(answers, Submitted)
        return [RowAnswer(answer.ref, reason=Reason.CAS_CONFLICT) for answer in answers]


class HidesUntracked(SandboxCart):
    """Takes every listing for one that can be set."""

    async def read(self, refs: Sequence[str]) -> Sequence[ListingRow]:
        return [row._replace(tracked=True) for row in await super().read(refs)]


class ReadsOneMore(SandboxCart):
    """Lists other quantities than those that were sent."""

    async def listings_page(self, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
        page = await super().listings_page(cursor, since)
        return replace(page, rows=[row._replace(quantity=(row.quantity or 0) + 1) for row in page.rows])


class TooLargeIsBad(SandboxCart):
    """Takes a batch that is too large for one with bad rows."""

    async def send(self, batch_id: str, body: bytes) -> Sequence[RowAnswer] | Submitted:
        try:
            return await super().send(batch_id, body)
        except BatchTooLargeError as error:
            raise RowsRejectedError("refused") from error


class AlsoRenames(SandboxCart):
    """Sets a name on the way."""

    names: ClassVar[dict[str, str]] = {}

    async def send(self, batch_id: str, body: bytes) -> Sequence[RowAnswer] | Submitted:
        self.names["all"] = "Renamed"
        return await super().send(batch_id, body)

    async def listings_page(self, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
        page = await super().listings_page(cursor, since)
        return replace(page, rows=[row._replace(name=self.names.get("all", row.name)) for row in page.rows])


@pytest.mark.parametrize(
    ("connector", "number"),
    [
        (SaysConflict, 17), (HidesUntracked, 18), (ReadsOneMore, 19), (TooLargeIsBad, 25), (AlsoRenames, 50),
    ],
)  # fmt: skip
def test_a_cart_that_is_wrong_is_found(connector: type, number: int) -> None:
    AlsoRenames.names.clear()
    (check,) = [check for check in checks_of(connector) if check.number == number]
    with pytest.raises(AssertionError):
        run_check(check, connector, kit_servers.shop)


def test_the_vendors_own_form_of_too_many_requests_is_checked_where_the_server_has_one() -> None:
    calls = []

    class Counts(kit_servers.WmsServer):
        def throttle_next(self) -> None:
            calls.append(1)
            super().throttle_next()

    class Gives(SandboxSource):
        """Gives up at the first word of too many requests once it has waited before."""

        waited = False

        async def products_page(self, cursor: str | None) -> Page[ProductRow]:
            if calls:
                raise DeferredError(60.0)
            return await super().products_page(cursor)

    def server() -> Any:
        from contextlib import contextmanager

        @contextmanager
        def counted() -> Any:
            with kit_servers.wms() as running:
                yield Counts(running.url)

        return counted()

    (check,) = [check for check in checks_of(SandboxSource) if check.number == 21]
    run_check(check, SandboxSource, server)
    assert calls == [1]
    calls.clear()
    with pytest.raises(AssertionError, match="vendor's own form"):
        run_check(check, Gives, server)
