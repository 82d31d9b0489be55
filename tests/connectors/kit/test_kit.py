"""The sandbox connectors pass the whole suite of the kit, and the suite finds connectors that are wrong."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors.about import Preview, SecretPart, SignIn
from invsync_tui.connectors.base import (
    CheckStep,
    Connection,
    LevelRow,
    ListingRow,
    Page,
    Pending,
    ProductRow,
    PushItem,
    RowAnswer,
    Submitted,
)
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.connectors.errors import AuthError, ConnectorError, ContractError, UnavailableError
from invsync_tui.connectors.on_request import FixAnswer
from invsync_tui.connectors.sources.sandbox import SandboxSource
from invsync_tui.kit import cart_suite, source_suite
from invsync_tui.kit.running import checks_of, run_check
from invsync_tui.sandbox import kit_servers
from tests.support.runs.sandbox_world import hurry


@pytest.fixture(autouse=True)
def _shorter_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


TestSandboxSource = source_suite(SandboxSource, kit_servers.wms)
TestSandboxCart = cart_suite(SandboxCart, kit_servers.shop)
TestSandboxCartWithGroups = cart_suite(SandboxCart, kit_servers.shop_with_groups)
TestSandboxCartThatAppliesLater = cart_suite(SandboxCart, kit_servers.shop_that_applies_later)


class LosesRows(SandboxSource):
    """Forgets the last row of each page that is not the last one."""

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        page = await super().products_page(cursor)
        return Page(page.rows[:-1] if page.next_cursor else page.rows, page.next_cursor, page.total)


class PagesByNumber(SandboxSource):
    """Reads from the beginning again for every page, and takes the next rows by their position."""

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        rows: list[ProductRow] = []
        at = None
        while True:
            page = await super().products_page(at)
            rows += page.rows
            at = page.next_cursor
            if at is None:
                break
        start, size = int(cursor or 0), self.capabilities.page_size
        end = start + size
        return Page(rows[start:end], str(end) if end < len(rows) else None)


class OddIsZero(SandboxSource):
    """Takes what it cannot read for 0."""

    async def levels_page(self, warehouse: Any, cursor: str | None) -> Page[LevelRow]:
        page = await super().levels_page(warehouse, cursor)
        zeros = [LevelRow(ref, warehouse.ref, 0, 0) for ref, _ in page.rejected]
        return Page([*page.rows, *zeros], page.next_cursor, page.total)


class OddIsSilent(SandboxSource):
    """Leaves out what it cannot read."""

    async def levels_page(self, warehouse: Any, cursor: str | None) -> Page[LevelRow]:
        page = await super().levels_page(warehouse, cursor)
        return Page(page.rows, page.next_cursor, page.total)


class TrimsCodes(SandboxSource):
    """Changes codes."""

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        page = await super().products_page(cursor)
        rows = [row._replace(sku=row.sku and row.sku.lstrip("0")) for row in page.rows]
        return Page(rows, page.next_cursor, page.total)


class NoDelta(SandboxSource):
    """Says that nothing changed."""

    async def changed_page(self, since: str, cursor: str | None) -> Page[LevelRow]:
        return Page([], None)


class Milliseconds(SandboxSource):
    """Gives reading times in milliseconds."""

    async def levels_page(self, warehouse: Any, cursor: str | None) -> Page[LevelRow]:
        page = await super().levels_page(warehouse, cursor)
        return Page([row._replace(read_at=row.read_at and row.read_at * 1000) for row in page.rows], page.next_cursor)


class TriesLoginsAgain(SandboxSource):
    """Logs in until it works."""

    async def open(self) -> None:
        for _ in range(5):
            try:
                await super().open()
            except AuthError:
                continue
            return
        await super().open()


class SwallowsErrors(SandboxSource):
    """Takes an answer that it cannot read for an empty page."""

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        try:
            return await super().products_page(cursor)
        except ConnectorError:
            return Page([], None)


class Tells(SandboxSource):
    """Has its token in what it says."""

    async def check(self) -> AsyncIterator[CheckStep]:
        yield CheckStep("Log in", True, f"with {kit_servers.TOKEN}")
        async for step in super().check():
            yield step


class PassesAnyway(SandboxSource):
    """Its connection test tests nothing."""

    async def check(self) -> AsyncIterator[CheckStep]:
        yield CheckStep("Log in", True, "fine")


class Writes(SandboxSource):
    """Leaves a file behind."""

    async def open(self) -> None:
        Path("cache.json").write_text("{}", encoding="utf-8")  # noqa: ASYNC240
        await super().open()


class SaysNothing(SandboxSource):
    """Has no `about`."""

    about = None  # type: ignore[assignment]


class TwoOfOneName(SandboxSource):
    """Has two secrets of one name."""

    about = replace(SandboxSource.about, secrets=(SecretPart("password", "A", "a"), SecretPart("password", "B", "b")))


class NoWayIn(SandboxSource):
    """Has a login in a browser without an address for it."""

    about = replace(SandboxSource.about, sign_in=SignIn("/token"))


@pytest.mark.parametrize(
    ("connector", "number"),
    [
        (LosesRows, 1), (PagesByNumber, 2), (TrimsCodes, 5), (OddIsZero, 6), (OddIsSilent, 6), (NoDelta, 8),
        (Milliseconds, 9), (TriesLoginsAgain, 23), (SwallowsErrors, 24), (Tells, 27), (Writes, 30),
        (PassesAnyway, 31), (SaysNothing, 32), (TwoOfOneName, 32), (NoWayIn, 32),
    ],
)  # fmt: skip
def test_a_source_that_is_wrong_is_found(connector: type, number: int) -> None:
    (check,) = [check for check in checks_of(connector) if check.number == number]
    with pytest.raises(AssertionError):
        run_check(check, connector, kit_servers.wms)


class Repeats(SandboxCart):
    """Sends a write again by itself."""

    async def send(self, batch_id: str, body: bytes) -> Sequence[RowAnswer]:
        try:
            return await super().send(batch_id, body)
        except UnavailableError:
            return await super().send(batch_id, body)


class OneByOne(SandboxCart):
    """Needs a call for each listing, and says nothing of it."""

    async def send(self, batch_id: str, body: bytes) -> Sequence[RowAnswer]:
        await super().read(["L0000001"])
        return await super().send(batch_id, body)


class Assumes(SandboxCart):
    """Answers with what was sent, whatever the cart said."""

    async def send(self, batch_id: str, body: bytes) -> Sequence[RowAnswer]:
        answers = await super().send(batch_id, body)
        assert not isinstance(answers, Submitted)
        return [RowAnswer(answer.ref, 999) for answer in answers]


class KeyInBody(SandboxCart):
    """Makes another body each time."""

    made = 0

    def compose(self, batch_id: str, items: Sequence[PushItem]) -> bytes:
        self.made += 1
        return super().compose(batch_id, items) + b" " * self.made


class TakesNegatives(SandboxCart):
    """Composes anything."""

    def compose(self, batch_id: str, items: Sequence[PushItem]) -> bytes:
        return super().compose(batch_id, [item._replace(quantity=max(0, item.quantity)) for item in items])


class ReadsDeleted(SandboxCart):
    """Reports what is not there."""

    async def read(self, refs: Sequence[str]) -> Sequence[ListingRow]:
        rows = {row.ref: row for row in await super().read(refs)}
        return [rows.get(ref, ListingRow(ref, "", quantity=0)) for ref in refs]


class OwnStockEverywhere(SandboxCart):
    """Takes the stock at its own location for that at the others."""

    async def listings_page(self, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
        page = await super().listings_page(cursor, since)
        own = {row.ref: row.quantity for row in page.rows if not row.location}
        rows = [row._replace(quantity=own[row.ref]) for row in page.rows]
        return Page(rows, page.next_cursor, page.total, page.rejected)


class RequestPerListing(SandboxCart):
    """Sets by one request what its listings say belongs together, and takes one for each all the same."""

    async def send(self, batch_id: str, body: bytes) -> Sequence[RowAnswer]:
        answers: list[RowAnswer] = []
        for number, row in enumerate(json.loads(body)["rows"]):
            key = f"{int(batch_id, 16) + number:032x}"[-32:]
            part = await super().send(key, json.dumps({"rows": [row]}).encode())
            assert not isinstance(part, Submitted)
            answers += part
        return answers


class AllBelongTogether(SandboxCart):
    """Says that everything belongs to one thing."""

    async def read(self, refs: Sequence[str]) -> Sequence[ListingRow]:
        return [row._replace(group="all") for row in await super().read(refs)]

    async def listings_page(self, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
        page = await super().listings_page(cursor, since)
        return replace(page, rows=[row._replace(group="all") for row in page.rows])


class ForgetsGroups(SandboxCart):
    """Reads some listings without what they belong to."""

    async def read(self, refs: Sequence[str]) -> Sequence[ListingRow]:
        return [row._replace(group="") for row in await super().read(refs)]


@pytest.mark.parametrize("connector", [RequestPerListing, AllBelongTogether, ForgetsGroups])
def test_a_cart_whose_groups_are_wrong_is_found(connector: type) -> None:
    (check,) = [check for check in checks_of(connector) if check.number == 43]
    with pytest.raises((AssertionError, ConnectorError)):
        run_check(check, connector, kit_servers.shop_with_groups)


@pytest.mark.parametrize(
    ("connector", "number"),
    [
        (OwnStockEverywhere, 42),
        (ReadsDeleted, 45),
        (OneByOne, 11),
        (KeyInBody, 12),
        (Assumes, 13),
        (Repeats, 15),
        (TakesNegatives, 44),
    ],
)
def test_a_cart_that_is_wrong_is_found(connector: type, number: int) -> None:
    (check,) = [check for check in checks_of(connector) if check.number == number]
    with pytest.raises(AssertionError):
        run_check(check, connector, kit_servers.shop)


class EndsBeforeItLooks(SandboxCart):
    """Gives up before anything can be known."""

    async def send(self, batch_id: str, body: bytes) -> Sequence[RowAnswer] | Submitted:
        answer = await super().send(batch_id, body)
        return replace(answer, give_up_at=0.0) if isinstance(answer, Submitted) else answer


class Hopes(SandboxCart):
    """Says that a batch is done as soon as the cart has it."""

    async def outcome(self, ticket: str) -> Sequence[RowAnswer] | Pending:
        answer = await super().outcome(ticket)
        return [] if isinstance(answer, Pending) else answer


class DeclaresNothing(SandboxCart):
    """Applies later, and says nothing of it."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.capabilities = replace(self.capabilities, applies_within=0.0)


class Remembers(SandboxCart):
    """Knows the tickets that it was given itself."""

    async def send(self, batch_id: str, body: bytes) -> Sequence[RowAnswer] | Submitted:
        answer = await super().send(batch_id, body)
        self.known = answer.ticket if isinstance(answer, Submitted) else ""
        return replace(answer, ticket="mine") if isinstance(answer, Submitted) else answer

    async def outcome(self, ticket: str) -> Sequence[RowAnswer] | Pending:
        return await super().outcome(getattr(self, "known", ticket))


class AllIsWell(SandboxCart):
    """Takes every row of a batch that is done for a good one."""

    async def outcome(self, ticket: str) -> Sequence[RowAnswer] | Pending:
        answer = await super().outcome(ticket)
        return answer if isinstance(answer, Pending) else [RowAnswer(row.ref, row.quantity) for row in answer]


class WritesWhenAsked(SandboxCart):
    """Sends the batch again to see what the cart says of it."""

    body = b""

    async def send(self, batch_id: str, body: bytes) -> Sequence[RowAnswer] | Submitted:
        self.body = body
        return await super().send(batch_id, body)

    async def outcome(self, ticket: str) -> Sequence[RowAnswer] | Pending:
        answer = await super().outcome(ticket)
        if not isinstance(answer, Pending):
            await super().send("another key", self.body)
        return answer


class UnknownIsDone(SandboxCart):
    """Takes a ticket that the cart does not know for one without rows."""

    async def outcome(self, ticket: str) -> Sequence[RowAnswer] | Pending:
        try:
            return await super().outcome(ticket)
        except ContractError:
            return []


@pytest.mark.parametrize(
    ("connector", "number"),
    [
        (EndsBeforeItLooks, 33), (Hopes, 33), (DeclaresNothing, 33), (Remembers, 34), (AllIsWell, 35),
        (WritesWhenAsked, 36), (UnknownIsDone, 37),
    ],
)  # fmt: skip
def test_a_cart_that_is_wrong_about_what_it_applies_later_is_found(connector: type, number: int) -> None:
    (check,) = [check for check in checks_of(connector) if check.number == number]
    with pytest.raises(AssertionError):
        run_check(check, connector, kit_servers.shop_that_applies_later)


class FixesWithoutBeingAsked(SandboxCart):
    """Turns on tracking where it only looks."""

    async def unfixable(self, name: str, refs: Sequence[str]) -> Mapping[str, str]:
        await self.fix(name, refs)
        return {}


class SaysThatItFixed(SandboxCart):
    """Says so and does nothing."""

    async def fix(self, name: str, refs: Sequence[str]) -> Sequence[FixAnswer]:
        return [FixAnswer(ref) for ref in refs]


class FixesTooMuch(SandboxCart):
    """Turns on tracking, and sets another listing on the way."""

    async def fix(self, name: str, refs: Sequence[str]) -> Sequence[FixAnswer]:
        other = next(row.ref for row in (await self.listings_page(None)).rows if row.ref not in refs)
        await self.send("0" * 32, self.compose("0" * 32, [PushItem(other, 999)]))
        return await super().fix(name, refs)


class FixesWithoutAWord(SandboxCart):
    """Has a fix that its page does not tell of."""

    about = replace(SandboxCart.about, fixes=())


class LooksUpNothing(SandboxCart):
    """Declares what it cannot look up."""

    about = replace(SandboxCart.about, previews=(Preview("columns", "The columns."),))


@pytest.mark.parametrize(
    ("connector", "number"),
    [
        (FixesWithoutBeingAsked, 38), (SaysThatItFixed, 38), (FixesTooMuch, 38), (FixesWithoutAWord, 38),
        (LooksUpNothing, 39),
    ],
)  # fmt: skip
def test_a_cart_that_is_wrong_about_what_it_does_on_request_is_found(connector: type, number: int) -> None:
    (check,) = [check for check in checks_of(connector) if check.number == number]
    with pytest.raises(AssertionError):
        run_check(check, connector, kit_servers.shop)


def test_an_exemption_needs_a_check_that_there_is() -> None:
    with pytest.raises(ValueError, match="99"):
        source_suite(SandboxSource, kit_servers.wms, {99: "no"})
