"""Tryton as a source: products, warehouses and live quantities over JSON-RPC (series 6.0 to 8.2).

Settings: `url`, `login`, `secret`; options `database` (required), `company` (an id; else the login's current company)
and `overlap` (seconds that a delta looks back, for transactions that commit late).

Tryton answers 0 for every product, without an error, when the login has no company or a request names no location.
So a login without a company is refused, and every quantity is asked for one warehouse at a time.

A delta sees what touched a stock move. It does not see a move that was released and then deleted between two deltas,
a done move dated in the future on the day it begins to count, or locations moved to another warehouse: these need a
complete read from time to time. Take the next `mark` before a delta starts, as before a complete read.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from invsync_tui.connectors.base import (
    AliasRow,
    Budget,
    CheckStep,
    Connection,
    LevelRow,
    Page,
    ProductRow,
    SourceCapabilities,
    WarehouseRow,
)
from invsync_tui.connectors.errors import ConnectorError, ContractError, NotConfiguredError, PermissionDeniedError
from invsync_tui.connectors.sources import tryton_review
from invsync_tui.connectors.sources.tryton_rpc import Domain, Row, TrytonRpc, decode_time, encode_time

PAGE_SIZE = 1000
OVERLAP = 300
"""Seconds that a delta looks back: a transaction is stamped when it writes, but seen only when it commits."""
FLOAT_NOISE = 1e-6
"""Quantities travel as floats: 16.999999999 is 17, not 16."""
GOODS = ["template.type", "=", "goods"]
"""Services have no stock, and assets are not sold from it."""
BEGINNING = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class _Levels:
    """Levels of some products in one warehouse. `ids` are those that the server named, readable or not."""

    ids: Sequence[int]
    rows: Sequence[LevelRow]
    rejected: Sequence[tuple[str, str]]


def whole(quantity: float) -> int:
    """Whole units in a quantity: rounded down, so that half a kilogram is never sold as one."""
    return math.floor(quantity + FLOAT_NOISE)


def alias_type(kind: str | None) -> str:
    """Our word for the type of a Tryton identifier; those without a type are CUSTOM."""
    return kind.upper() if kind else "CUSTOM"


def _after(cursor: str | None) -> int:
    """The id after which a page begins."""
    try:
        return int(cursor or 0)
    except ValueError as error:
        raise ContractError(f"{cursor!r} is not a cursor of this connector.") from error


def _next_cursor(ids: Sequence[int], limit: int) -> str | None:
    return str(ids[-1]) if len(ids) >= limit else None


def _quantities(rows: Iterable[Row]) -> dict[int, float | None]:
    def readable(value: Any) -> float | None:
        good = isinstance(value, int | float) and math.isfinite(value)
        return float(value) if good else None

    return {row["id"]: readable(row.get("quantity")) for row in rows}


def _level(product: int, warehouse: str, on_hand: float, available: float) -> LevelRow:
    here, free = whole(on_hand), whole(available)
    # The two were read one after the other: stock that arrived in between must not look like a negative reservation.
    raw = {"id": product, "locations": [int(warehouse)], "quantity": on_hand, "quantity with stock_assign": available}
    return LevelRow(str(product), warehouse, here, free, max(0, here - free), raw=raw)


def _levels(warehouse: str, on_hand: Mapping[int, float | None], available: Mapping[int, float | None]) -> _Levels:
    rows, rejected = [], []
    for product in on_hand.keys() & available.keys():
        here, free = on_hand[product], available[product]
        if here is None or free is None:
            rejected.append((str(product), "Its quantity is not a number."))
        else:
            rows.append(_level(product, warehouse, here, free))
    return _Levels(list(on_hand), sorted(rows, key=lambda row: int(row.product_ref)), rejected)


def _product(row: Row, aliases: Sequence[AliasRow]) -> ProductRow:
    code = row.get("code") or ""
    name = (row.get("template.") or {}).get("name") or ""
    return ProductRow(str(row["id"]), code if code.strip() else None, name, tuple(aliases))


def _aliases_by_product(rows: Iterable[Row]) -> dict[int, list[AliasRow]]:
    found: dict[int, list[AliasRow]] = {}
    for row in rows:
        if row.get("code"):
            found.setdefault(row["product"], []).append(AliasRow(alias_type(row.get("type")), row["code"]))
    return found


class TrytonSource:
    """A Tryton database, read as one company."""

    capabilities: SourceCapabilities
    review = staticmethod(tryton_review.review)

    def __init__(self, connection: Connection) -> None:
        self.capabilities = SourceCapabilities(delta=True, page_size=PAGE_SIZE)
        self._connection = connection
        self._rpc = TrytonRpc(connection)
        self._company: int | None = None

    async def open(self) -> None:
        """Log in; NotConfiguredError without a company, since every quantity would silently be 0."""
        await self._rpc.login()
        self._company = await self._find_company()

    async def close(self) -> None:
        """Log out and close the connection."""
        self._company = None
        await self._rpc.close()

    def budget(self) -> Budget | None:
        """Our own request limit; Tryton has none."""
        return self._rpc.budget()

    # --- reading -----------------------------------------------------------------------------------------------------

    async def warehouses(self) -> Sequence[WarehouseRow]:
        """All warehouses, inactive ones included, so that a closed one is told from a vanished one."""
        domain: Domain = [["type", "=", "warehouse"], ["active", "in", [True, False]]]
        rows = await self._rpc.search_read("stock.location", domain, ["code", "name", "active"], self._context())
        return [
            WarehouseRow(str(row["id"]), row.get("code") or "", row.get("name") or "", bool(row.get("active", True)))
            for row in rows
        ]

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        """Active goods in the order of their ids; services and inactive products are left out."""
        limit = self.capabilities.page_size
        domain: Domain = [GOODS, ["id", ">", _after(cursor)]]
        # `template.name` is four times as fast as the product's own `name`, which is computed record by record.
        rows = await self._rpc.search_read(
            "product.product", domain, ["code", "template.name"], self._context(), limit=limit
        )
        ids = [row["id"] for row in rows]
        aliases = await self._aliases(ids)
        return Page([_product(row, aliases.get(row["id"], ())) for row in rows], _next_cursor(ids, limit))

    async def levels_page(self, warehouse: WarehouseRow, cursor: str | None) -> Page[LevelRow]:
        """Levels of active goods, 0 where there is no stock, in the order of the products' ids."""
        limit = self.capabilities.page_size
        found = await self._read_levels([GOODS, ["id", ">", _after(cursor)]], warehouse.ref, limit)
        return Page(found.rows, _next_cursor(found.ids, limit), rejected=found.rejected)

    async def changed_page(self, since: str, cursor: str | None) -> Page[LevelRow]:
        """Present levels, in each active warehouse, of products with a move touched after `since` less the overlap.

        PermissionDeniedError if the login may not read stock.move. A product may be on several pages.
        """
        limit = self.capabilities.page_size
        moves = await self._moves_after(since, cursor, limit)
        products = sorted({move["product"] for move in moves})
        found = [await self._read_levels([GOODS, ["id", "in", products]], ref) for ref in await self._refs(products)]
        return Page(
            [row for levels in found for row in levels.rows],
            _next_cursor([move["id"] for move in moves], limit),
            rejected=[bad for levels in found for bad in levels.rejected],
        )

    async def mark(self) -> str:
        """The latest time on any stock move, moved on towards the server's now by at most the overlap.

        Moves are stamped by the database's clock and compared with it, so a web server whose clock is wrong cannot
        hide a change; moving on keeps a quiet database from reading its last moves again each time. '' if the login
        may not read stock.move: complete reads work without.
        """
        try:
            last = max(await self._latest("write_date"), await self._latest("create_date"))
        except PermissionDeniedError:
            return ""
        now = self._rpc.server_time or last
        return max(last, min(now, last + self._overlap())).isoformat()

    # --- the connection test -----------------------------------------------------------------------------------------

    async def check(self) -> AsyncIterator[CheckStep]:
        """Server, login, company, warehouses, permission for deltas; ends after the first step that is not ok."""
        steps: list[tuple[str, Callable[[], Awaitable[str]]]] = [
            ("server", self._check_server),
            ("login", self._check_login),
            ("company", self._check_company),
            ("warehouses", self._check_warehouses),
            ("stock moves", self._check_moves),
        ]
        for name, step in steps:
            try:
                detail = await step()
            except ConnectorError as error:
                yield CheckStep(name, ok=False, detail=error.what, advice=error.advice)
                return
            yield CheckStep(name, ok=True, detail=detail)

    async def _check_server(self) -> str:
        return f"Tryton {await self._rpc.version()} answers at {self._connection.url}."

    async def _check_login(self) -> str:
        await self._rpc.login()
        return f"Logged in to database {self._rpc.database} as {self._connection.login}."

    async def _check_company(self) -> str:
        self._company = await self._find_company()
        return f"Quantities are read as company {self._company}."

    async def _check_warehouses(self) -> str:
        names = [f"{w.code} {w.name}".strip() for w in await self.warehouses() if w.active]
        if not names:
            raise NotConfiguredError("The login sees no warehouse.", advice="Create a location of type warehouse.")
        return f"{len(names)} seen: {', '.join(names)}."

    async def _check_moves(self) -> str:
        try:
            await self._latest("create_date")
        except PermissionDeniedError as error:
            raise PermissionDeniedError(
                error.what,
                where=error.where,
                advice="Add the login to the group Stock. Until then each download is a complete one, and slow.",
            ) from error
        return "May be read, so that a download fetches changes only."

    # --- company and requests ----------------------------------------------------------------------------------------

    async def _find_company(self) -> int:
        """The company to read as; only one that the login belongs to gives true quantities."""
        preferences = await self._rpc.call("model.res.user.get_preferences", True, {})
        if not isinstance(preferences, dict):
            raise ContractError("The login's preferences are not a record.", where=self._rpc.where)
        current = preferences.get("company")
        if not current:
            raise self._not_configured(
                f"The login {self._connection.login} {tryton_review.NO_COMPANY}: every quantity would be 0.",
                "Give the user a company and choose it as current in Tryton (user's preferences).",
            )
        wanted = self._wanted_company()
        if wanted is None or wanted == current:
            return int(current)
        if wanted not in preferences.get("companies", ()):
            raise self._not_configured(
                f"The login {self._connection.login} {tryton_review.NOT_OF_COMPANY} {wanted}: every quantity would be 0.",
                "Add the company to the user in Tryton, or correct the option company.",
            )
        return wanted

    def _wanted_company(self) -> int | None:
        text = self._connection.options.get("company", "").strip()
        if text and not text.isdecimal():
            raise self._not_configured("The option company is not a number.", "Give the company's id, or leave it out.")
        return int(text) if text else None

    def _overlap(self) -> timedelta:
        text = self._connection.options.get("overlap", "").strip() or str(OVERLAP)
        if not text.isdecimal():
            raise self._not_configured("The option overlap is not a number.", "Give seconds, or leave it out.")
        return timedelta(seconds=int(text))

    def _not_configured(self, what: str, advice: str) -> NotConfiguredError:
        return NotConfiguredError(what, where=self._connection.name, advice=advice)

    def _context(self, **more: Any) -> dict[str, Any]:
        if self._company is None:
            raise self._not_configured("The connection is not open.", "Open it before reading.")
        return {"company": self._company, "companies": [self._company], **more}

    async def _aliases(self, products: Sequence[int]) -> Mapping[int, Sequence[AliasRow]]:
        if not products:
            return {}
        domain: Domain = [["product", "in", list(products)]]
        rows = await self._rpc.search_read("product.identifier", domain, ["product", "type", "code"], self._context())
        return _aliases_by_product(rows)

    async def _read_levels(self, domain: Domain, warehouse: str, limit: int | None = None) -> _Levels:
        """On hand, and then less what is assigned. `forecast_quantity` would add receipts that are only expected."""
        here = self._context(locations=[int(warehouse)])
        on_hand = await self._quantities(domain, here, limit)
        available = await self._quantities(domain, {**here, "stock_assign": True}, limit)
        return _levels(warehouse, on_hand, available)

    async def _quantities(
        self, domain: Domain, context: Mapping[str, Any], limit: int | None
    ) -> dict[int, float | None]:
        return _quantities(await self._rpc.search_read("product.product", domain, ["quantity"], context, limit=limit))

    async def _refs(self, products: Sequence[int]) -> Sequence[str]:
        """Active warehouses, if there is anything to read in them."""
        return [w.ref for w in await self.warehouses() if w.active] if products else []

    async def _moves_after(self, since: str, cursor: str | None, limit: int) -> list[Row]:
        try:
            moment = encode_time(datetime.fromisoformat(since) - self._overlap())
        except (ValueError, OverflowError) as error:
            raise ContractError(f"{since!r} is not a mark of this connector.", where=self._rpc.where) from error
        # write_date is null until a move is first updated.
        touched = ["OR", ["write_date", ">", moment], ["create_date", ">", moment]]
        domain: Domain = [["company", "=", self._company], ["id", ">", _after(cursor)], touched]
        return await self._rpc.search_read("stock.move", domain, ["product"], self._context(), limit=limit)

    async def _latest(self, stamp: str) -> datetime:
        """The latest `stamp` of any stock move; long ago if there is none."""
        domain: Domain = [["company", "=", self._company], [stamp, "!=", None]]
        rows = await self._rpc.search_read(
            "stock.move", domain, [stamp], self._context(), limit=1, order=((stamp, "DESC"),)
        )
        return decode_time(rows[0].get(stamp), self._rpc.where) if rows else BEGINNING
