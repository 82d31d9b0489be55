"""The sandbox WMS as a source, and the HTTP session that the sandbox cart shares with it.

Options: `customer`, where the WMS serves several; `orders` (off, on): it says which orders it has imported.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain, islice, repeat, starmap
from operator import itemgetter, methodcaller
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from invsync_tui.connectors import secrets
from invsync_tui.connectors.about import WMS_PORT, About, Example, ExampleLevel, Option, OptionKind
from invsync_tui.connectors.base import (
    AliasRow,
    Budget,
    CheckStep,
    ComponentRow,
    Connection,
    LevelRow,
    Page,
    ProductRow,
    SourceCapabilities,
    WarehouseRow,
)
from invsync_tui.connectors.errors import (
    ConnectorError,
    ContractError,
    NotConfiguredError,
)
from invsync_tui.connectors.http import HttpConnection, Response
from invsync_tui.connectors.json_rest import field_of, judged, page_of
from invsync_tui.connectors.rate_limit import RateLimiter
from invsync_tui.connectors.values import (
    NEEDED_MOST,
    SECONDS_MOST,
    are_booleans,
    are_texts,
    are_whole,
    maybe_seconds,
    maybe_whole,
    text,
    whole,
)

UNTIL_TOLD = 1000.0
"""Requests at once and per second until the server names its limit; the first answer does."""
IN_FLIGHT = 2
"""Requests at once: what the server says of its limit is only true of the requests that have reached it."""


class SandboxSession:
    """The way to one sandbox server: token, headers, limits and errors."""

    def __init__(self, connection: Connection, headers: Mapping[str, str] | None = None) -> None:
        self.connection = connection
        self.http = HttpConnection(connection, RateLimiter(UNTIL_TOLD, UNTIL_TOLD))
        self.http.headers.update(headers or {})
        self._turns = asyncio.Semaphore(IN_FLIGHT)
        self._in_flight = 0

    async def log_in(self) -> None:
        """Look up the token; requests carry it from now on."""
        token = await secrets.resolve(self.connection.secret)
        if not token:
            raise NotConfiguredError("The connection has no token.", where=self.connection.name)
        self.http.headers["authorization"] = f"Bearer {token}"

    async def read(self, method: str, path: str, **request: Any) -> Response:
        """A request that changes nothing."""
        return judged(await self._counted(self.http.read, method, path, **request))

    async def write(self, method: str, path: str, **request: Any) -> Response:
        """A request that changes something, sent once."""
        return judged(await self._counted(self.http.write, method, path, **request), writes=True)

    async def _counted(self, send: Callable[..., Any], method: str, path: str, **request: Any) -> Response:
        async with self._turns:
            self._in_flight += 1
            try:
                response: Response = await send(method, path, **request)
            finally:
                self._in_flight -= 1
            self._observe(response.headers)
            return response

    def _observe(self, headers: Mapping[str, str]) -> None:
        """Believe the server, less what is still on its way to it."""
        try:
            limit, left = float(headers["x-ratelimit-limit"]), float(headers["x-ratelimit-remaining"])
            reset = float(headers["x-ratelimit-reset"])
        except (KeyError, ValueError):
            return
        rate = (limit - left) / reset if reset > 0 else None
        self.http.limiter.observe(left - self._in_flight, limit=limit, per_second=rate)


class SandboxSource:
    """A `Source` over the sandbox WMS."""

    about = About(
        title="Sandbox WMS",
        example="http://127.0.0.1:8790",
        versions="of this package",
        signs_in_as="any name",
        signs_in_with="the password that the sandbox was started with",
        options=(
            Option("customer", "whose stock, where the WMS serves several"),
            Option("orders", "on where the WMS names the orders that it has", kind=OptionKind.CHOICE,
                   choices=("off", "on"), default="off"),
        ),
        setup=("Start it with: python -m invsync_tui.sandbox wms --port 8790 --token PASSWORD",),
        behavior=("A WMS on this machine that fails on request, for the demo and for tests.",),
        sources=("src/invsync_tui/sandbox, the server itself",),
    )  # fmt: skip

    @staticmethod
    def example(folder: Path, stock: Sequence[ExampleLevel]) -> Example:
        """The sandbox with the stock that it has by itself."""
        return Example(f"http://127.0.0.1:{WMS_PORT}", sandbox=("wms", "--port", str(WMS_PORT)))

    def __init__(self, connection: Connection) -> None:
        knows = connection.options.get("orders", "off") == "on"
        self.capabilities = SourceCapabilities(
            delta=True, reports_reading_time=True, page_size=1000, knows_orders=knows
        )
        self._session = SandboxSession(connection, {"x-customer": connection.options.get("customer", "")})

    async def open(self) -> None:
        await self._session.log_in()
        await self.mark()

    async def close(self) -> None:
        await self._session.http.close()

    async def check(self) -> AsyncIterator[CheckStep]:
        try:
            await self.open()
            yield CheckStep("Log in", True, "The token is accepted.")
        except ConnectorError as error:
            yield CheckStep("Log in", False, error.what, error.advice)
            return
        try:
            warehouses = await self.warehouses()
            yield CheckStep("Warehouses", True, f"{len(warehouses)}: {', '.join(row.code for row in warehouses)}.")
        except ConnectorError as error:
            yield CheckStep("Warehouses", False, error.what, error.advice)

    def budget(self) -> Budget | None:
        return self._session.http.limiter.budget()

    async def mark(self) -> str:
        mark = field_of(await self._session.read("GET", "/api/mark"), "mark")
        if not isinstance(mark, str):
            raise ContractError("The mark is not a text.")
        return mark

    async def clock_offset(self) -> float | None:
        """From its answers; opening has one."""
        return self._session.http.clock.offset

    async def known_orders(self, names: Sequence[str]) -> Sequence[str]:
        """Those of some orders that the WMS has imported."""
        response = await self._session.read("POST", "/api/orders", json_body={"names": list(names)})
        known = field_of(response, "known")
        return [name for name in known if isinstance(name, str)] if isinstance(known, list) else []

    async def warehouses(self) -> Sequence[WarehouseRow]:
        response = await self._session.read("GET", "/api/warehouses")
        try:
            return [_warehouse(record) for record in field_of(response, "warehouses")]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ContractError(f"A warehouse cannot be read: {error}.", where=response.where) from error

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        return page_of(await self._page("/api/products", cursor), "products", _product, _products)

    async def levels_page(self, warehouse: WarehouseRow, cursor: str | None) -> Page[LevelRow]:
        return page_of(await self._page("/api/levels", cursor, warehouse=warehouse.ref), "levels", _level, _levels)

    async def identity(self) -> Mapping[str, str]:
        """The account at the server. One that does not say is not compared."""
        try:
            return {"account": text(field_of(await self._session.read("GET", "/api/account"), "account"))}
        except (ContractError, ValueError):
            return {}

    async def changed_products_page(self, since: str, cursor: str | None) -> Page[ProductRow]:
        return page_of(await self._page("/api/changed-products", cursor, since=since), "products", _product, _products)

    async def changed_page(self, since: str, cursor: str | None) -> Page[LevelRow]:
        return page_of(await self._page("/api/changes", cursor, since=since), "levels", _level, _levels)

    async def _page(self, path: str, cursor: str | None, **query: str) -> Response:
        params = {**query, "limit": str(self.capabilities.page_size), "cursor": cursor or ""}
        return await self._session.read("GET", f"{path}?{urlencode(params)}")


def _warehouse(record: Mapping[str, Any]) -> WarehouseRow:
    return WarehouseRow(text(record["ref"]), text(record["code"]), text(record["name"]), bool(record["active"]))


def _product(record: Mapping[str, Any]) -> ProductRow:
    ref, sku, name, alias_records = _product_fields(record)
    pairs = [(text(kind.upper()), text(code)) for kind, code in map(_alias_fields, alias_records)]
    active, counted = record.get("active", True), record.get("counted", True)
    if type(active) is not bool or type(counted) is not bool:
        raise ValueError("active and counted must be true or false")
    components = _components(record.get("components", ()))
    return ProductRow(
        text(ref), text(sku) or None, text(name), tuple(starmap(AliasRow, pairs)), components, active, counted
    )


def _components(parts: Iterable[Mapping[str, Any]]) -> tuple[ComponentRow, ...]:
    return tuple([ComponentRow(text(part["ref"]), whole(part["needed"], 0, NEEDED_MOST)) for part in parts])


def _level(record: Mapping[str, Any]) -> LevelRow:
    ref, warehouse, on_hand, available, committed, incoming, read_at = _level_fields(record)
    numbers = maybe_whole(on_hand), whole(available), maybe_whole(committed), maybe_whole(incoming)
    return LevelRow(text(ref), text(warehouse), *numbers, maybe_seconds(read_at), record)


# --- a page at once --------------------------------------------------------------------------------------------------
# Reading pages is most of what a download costs, so the rows of a page are checked and made column by column: a fifth of
# what it costs record by record.

_product_fields = itemgetter("ref", "sku", "name", "aliases")
_optional_fields = (
    methodcaller("get", "components", ()),
    methodcaller("get", "active", True),
    methodcaller("get", "counted", True),
)
_alias_fields = itemgetter("type", "code")
_level_fields = itemgetter("ref", "warehouse", "on_hand", "available", "committed", "incoming", "read_at")
_product_row = partial(tuple.__new__, ProductRow)
_alias_row = partial(tuple.__new__, AliasRow)
_level_row = partial(tuple.__new__, LevelRow)


class _NotSimpleError(ValueError):
    """A page has a record that is to be looked at for itself."""


def _products(records: list[Mapping[str, Any]]) -> list[ProductRow]:
    """As `_product` of each; an error where one of them is not simple."""
    if not records:
        return []
    refs, skus, names, alias_lists = zip(*map(_product_fields, records), strict=True)
    parts, active, counted = (list(map(read, records)) for read in _optional_fields)
    lists = {*map(type, alias_lists), *map(type, parts)} <= {list, tuple}
    if not (lists and all(map(are_texts, (refs, skus, names))) and are_booleans(active) and are_booleans(counted)):
        raise _NotSimpleError
    components: Iterable[tuple[ComponentRow, ...]] = map(_components, parts) if any(parts) else repeat(())
    given = skus if all(skus) else [sku or None for sku in skus]
    fields = zip(refs, given, names, _aliases(alias_lists), components, active, counted, strict=False)
    return list(map(_product_row, fields))


def _aliases(alias_lists: Sequence[Sequence[Mapping[str, Any]]]) -> list[tuple[AliasRow, ...]]:
    """Of each product its aliases."""
    records = list(chain.from_iterable(alias_lists))
    if not records:
        return [()] * len(alias_lists)
    kinds, codes = zip(*map(_alias_fields, records), strict=True)
    if not (are_texts(kinds) and are_texts(codes)):
        raise _NotSimpleError
    upper = {kind: text(kind.upper()) for kind in {*kinds}}
    rows = map(_alias_row, zip(map(upper.__getitem__, kinds), codes, strict=True))
    return [tuple(islice(rows, count)) for count in map(len, alias_lists)]


def _levels(records: list[Mapping[str, Any]]) -> list[LevelRow]:
    """As `_level` of each; an error where one of them is not simple."""
    if not records:
        return []
    columns = list(zip(*map(_level_fields, records), strict=True))
    refs, warehouses, on_hand, available, committed, incoming, read_at = columns
    if not (
        are_texts(refs)
        and are_texts(warehouses)
        and are_whole(available)
        and all(are_whole(column, maybe=True) for column in (on_hand, committed, incoming))
        and are_whole(read_at, maybe=True, least=0, most=SECONDS_MOST)
    ):
        raise _NotSimpleError
    return list(map(_level_row, zip(*columns, records, repeat(""), strict=False)))
