"""Tryton as a source: products, warehouses and live quantities over JSON-RPC (series 6.0 to 8.2).

Settings: `url`, `login`, `secret`; options `database` (required), `company` (an id; else the login's current company),
`overlap` (seconds that a delta looks back, for transactions that commit late) and `waiting_shipments` (`ignore`, the
default, or `subtract`: whether goods of customer shipments that nothing is assigned to yet are still for sale).

Tryton answers 0 for every product, without an error, when the login has no company or a request names no location.
So a login without a company is refused, and every quantity is asked for one warehouse at a time.

For sale is what lies in a warehouse's storage zone and is assigned to nothing: `quantity` with `stock_assign` for the
storage location (`tryton_places`). Goods in the input and output zones, in transit and in production are not. The
forecast would add receipts that are only expected.

A delta sees what touched a stock move, and which products were written. It does not see a move or an identifier that was
deleted between two deltas, a done move dated in the future on the day it begins to count, or locations moved to another
warehouse: these need a complete read from time to time. Take the next `mark` before a delta starts, as before a
complete read.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
    run_check_steps,
)
from invsync_tui.connectors.errors import ContractError, NotConfiguredError, PermissionDeniedError
from invsync_tui.connectors.record_lists import Row
from invsync_tui.connectors.sources import not_for_sale
from invsync_tui.connectors.sources.not_for_sale import Location
from invsync_tui.connectors.sources.tryton import checks, locations
from invsync_tui.connectors.sources.tryton.about import ABOUT, OVERLAP
from invsync_tui.connectors.sources.tryton.locations import Zone
from invsync_tui.connectors.sources.tryton.rpc import Domain, TrytonRpc, decode_time, encode_time
from invsync_tui.connectors.values import QUANTITY_MOST, describe_value, fraction, text

PAGE_SIZE = 1000
FLOAT_NOISE = 1e-6
"""Quantities travel as floats: 16.999999999 is 17, not 16."""
GOODS = [["template.type", "=", "goods"], ["template.consumable", "=", False]]
"""Services have no stock, assets are not sold from it, and of consumables Tryton does not keep a true one."""
ANY = ["active", "in", [True, False]]
"""Without it inactive records are left out."""
TOUCHED = ("write_date", "create_date")
"""`write_date` is null until a record is first updated."""
WAITING = ["shipment.state", "=", "waiting", "stock.shipment.out"]
"""Of a customer shipment that nothing, or not everything, is assigned to."""
MOVES_MOST = 20_000
"""Moves of waiting shipments that are added up at most."""
BEGINNING = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class _Levels:
    """Levels of some products in one warehouse. `ids` are those that the server named, readable or not."""

    ids: Sequence[int]
    rows: Sequence[LevelRow]
    rejected: Sequence[tuple[str, str]]
    read: int = 0
    """Records that the server sent, readable or not."""


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


def _next_cursor(ids: Sequence[int], limit: int, read: int) -> str | None:
    """Behind the last id of a page of `read` records, readable or not; None for the last page."""
    return str(ids[-1]) if ids and read >= limit else None


def _quantity(value: Any) -> float:
    """A quantity that stock can have; ValueError for anything else."""
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"Its quantity {describe_value(value)} is not a number.")
    if abs(value) > QUANTITY_MOST:
        raise ValueError(f"Its quantity {describe_value(value)} is larger than any stock.")
    return float(value)


def _level(product: int, warehouse: str, on_hand: float, available: float, back: float) -> LevelRow:
    """`back` is held back beside what Tryton's own `available` leaves out."""
    here, free = whole(on_hand), whole(available - back)
    # The two were read one after the other: stock that arrived in between must not look like a negative reservation.
    raw = {"id": product, "warehouse": int(warehouse), "quantity": on_hand, "quantity with stock_assign": available}
    if back:
        raw["held back"] = back
    return LevelRow(
        str(product), warehouse, here, free, max(0, here - free), raw=raw, fraction=fraction(available - back)
    )


def _levels(
    warehouse: str, on_hand: Mapping[int, Any], available: Mapping[int, Any], back: Mapping[int, float]
) -> _Levels:
    rows, rejected = [], []
    for product in sorted(on_hand.keys() & available.keys()):
        try:
            here, free = _quantity(on_hand[product]), _quantity(available[product])
        except ValueError as error:
            rejected.append((str(product), str(error)))
        else:
            rows.append(_level(product, warehouse, here, free, back.get(product, 0.0)))
    return _Levels(list(on_hand), rows, rejected)


def _product(row: Row, aliases: Sequence[AliasRow]) -> ProductRow:
    """A product; ValueError where a field is not what it must be."""
    template = row.get("template.")
    template = template if isinstance(template, dict) else {}
    code = text(row.get("code") or "")
    counted = template.get("type") == "goods" and not template.get("consumable")
    return ProductRow(
        str(row["id"]), code if code.strip() else None, text(template.get("name") or ""), tuple(aliases),
        active=bool(row.get("active", True)), counted=counted,
    )  # fmt: skip


def _aliases_by_product(rows: Iterable[Row]) -> tuple[dict[int, list[AliasRow]], dict[int, str]]:
    """Aliases by product, and by product why one of them cannot be read."""
    aliases: dict[int, list[AliasRow]] = defaultdict(list)
    wrong: dict[int, str] = {}
    for row in rows:
        product = row["product"]
        try:
            if row.get("code"):
                aliases[product].append(AliasRow(text(alias_type(row.get("type"))), text(row["code"])))
        except (ValueError, AttributeError) as error:
            wrong[product] = f"identifier {row['id']}: {error}"
    return aliases, wrong


class TrytonSource:
    """A Tryton database, read as one company."""

    capabilities: SourceCapabilities
    about = ABOUT
    review = staticmethod(checks.review)

    def __init__(self, connection: Connection) -> None:
        self.capabilities = SourceCapabilities(delta=True, page_size=PAGE_SIZE)
        self._connection = connection
        self._rpc = TrytonRpc(connection)
        self._company: int | None = None
        self._zones: Mapping[int, Zone] = {}
        self._left_out: Sequence[Location] = ()
        """Locations whose goods are not for sale."""

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

    async def identity(self) -> Mapping[str, str]:
        """The database and the company, told by the moment of its creation: ids and names repeat in every database."""
        result = {"database": self._rpc.database, "company": str(self._company)}
        try:
            rows = await self._rpc.search_read(
                "company.company", [["id", "=", self._company]], ["create_date"], self._context()
            )
            if rows and rows[0]["create_date"]:
                result["company created"] = decode_time(rows[0]["create_date"], self._rpc.where).isoformat()
        except PermissionDeniedError:
            pass
        return result

    async def warehouses(self) -> Sequence[WarehouseRow]:
        """All warehouses, inactive ones included, so that a closed one is told from a vanished one."""
        domain: Domain = [["type", "=", "warehouse"], ANY]
        names = ["code", "name", "active", *locations.FIELDS]
        rows = await self._rpc.search_read("stock.location", domain, names, self._context())
        self._zones = await self._laid_out([locations.layout(row) for row in rows])
        return [
            WarehouseRow(
                str(row["id"]), str(row.get("code") or ""), str(row.get("name") or ""), bool(row.get("active", True))
            )
            for row in rows
        ]

    async def _laid_out(self, zones: Sequence[Zone]) -> Mapping[int, Zone]:
        """The zones by their warehouse, with what is not for sale kept apart."""
        words = not_for_sale.words(self._connection)
        places = {zone.warehouse: await self._places(zone) if zone.apart or words else [] for zone in zones}
        below = [locations.location(row) for rows in places.values() for row in rows]
        chosen = not_for_sale.chosen(words, below, self._connection)
        self._left_out = [location for location in below if location.id in chosen]
        return {
            zone.warehouse: locations.named(replace(zone, apart=zone.apart | chosen), places[zone.warehouse])
            for zone in zones
        }

    async def _places(self, zone: Zone) -> list[Row]:
        """All locations below a warehouse's storage location."""
        if zone.storage is None:
            return []
        domain: Domain = [["parent", "child_of", [zone.storage], "parent"], ANY]
        return await self._rpc.search_read("stock.location", domain, list(locations.PLACE_FIELDS), self._context())

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        """All products in the order of their ids; inactive ones and those without stock are marked as such."""
        return await self._products([["id", ">", _after(cursor)]])

    async def levels_page(self, warehouse: WarehouseRow, cursor: str | None) -> Page[LevelRow]:
        """Levels of active goods, 0 where there is no stock, in the order of the products' ids."""
        limit = self.capabilities.page_size
        read_levels = await self._read_levels([*GOODS, ["id", ">", _after(cursor)]], warehouse.ref, limit)
        return Page(
            read_levels.rows, _next_cursor(read_levels.ids, limit, read_levels.read), rejected=read_levels.rejected
        )

    async def changed_page(self, since: str, cursor: str | None) -> Page[LevelRow]:
        """Present levels, in each active warehouse, of products with a move touched after `since` less the overlap, and
        then of products that were touched themselves: one may be active again, or be counted from now on.

        PermissionDeniedError if the login may not read stock.move. A product may be on several pages.
        """
        limit, moment = self.capabilities.page_size, self._moment(since)
        stage, _, after = (cursor or "moves:").partition(":")
        if stage == "moves":
            rows = await self._moves_after(moment, after, limit)
            products, ids = sorted({move["product"] for move in rows}), [move["id"] for move in rows]
        else:
            rows = await self._touched(moment, after, limit)
            products = ids = [row["id"] for row in rows]
        level_pages = [
            await self._read_levels([*GOODS, ["id", "in", products]], ref) for ref in await self._refs(products)
        ]
        return Page(
            [row for levels in level_pages for row in levels.rows],
            _next_stage(stage, _next_cursor(ids, limit, len(ids))),
            rejected=[bad for levels in level_pages for bad in levels.rejected],
        )

    async def changed_products_page(self, since: str, cursor: str | None) -> Page[ProductRow]:
        """Products of which the record, the template or an identifier was touched after `since` less the overlap."""
        touched = _touched_after(self._moment(since), "", "template.", "identifiers.")
        return await self._products([["id", ">", _after(cursor)], touched])

    async def mark(self) -> str:
        """The latest time on any stock move, moved on towards the server's now by at most the overlap.

        Records are stamped by the database's clock and compared with it, so a web server whose clock is wrong cannot
        hide a change; moving on keeps a quiet database from reading its last moves again each time. Products that were
        written since are read again until a move is made. '' if the login may not read stock.move: complete reads work
        without.
        """
        try:
            last = max([await self._latest(stamp) for stamp in TOUCHED])
        except PermissionDeniedError:
            return ""
        now = self._rpc.server_time or last
        return max(last, min(now, last + self._overlap())).isoformat()

    async def notes(self) -> Mapping[str, int]:
        """Units and products of customer shipments that nothing is assigned to yet, in all active warehouses."""
        if not self._zones:
            await self.warehouses()
        moves: list[Row] = []
        for zone in self._zones.values():
            if zone.storage is not None:
                moves += await self._waiting(zone)
        units = sum(_quantity(move["internal_quantity"]) for move in moves)
        return {"waiting_units": whole(units), "waiting_products": len({move["product"] for move in moves})}

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
        async for step in run_check_steps(steps):
            yield step

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
        return f"{len(names)} seen: {', '.join(names)}.{not_for_sale.described(self._left_out)}"

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
                f"The login {self._connection.login} {checks.NO_COMPANY}: every quantity would be 0.",
                "Give the user a company and choose it as current in Tryton (user's preferences).",
            )
        company = self._wanted_company()
        if company is None or company == current:
            return int(current)
        if company not in preferences.get("companies", ()):
            raise self._not_configured(
                f"The login {self._connection.login} {checks.NOT_OF_COMPANY} {company}: every quantity would be 0.",
                "Add the company to the user in Tryton, or correct the option company.",
            )
        return company

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

    async def _products(self, domain: Domain) -> Page[ProductRow]:
        limit = self.capabilities.page_size
        # `template.name` is four times as fast as the product's own `name`, which is computed record by record.
        names = ["code", "active", "template.name", "template.type", "template.consumable"]
        # A clause on `active` would not do: Tryton leaves inactive records out of each nested clause without one.
        context = self._context(active_test=False)
        records = await self._rpc.search_records("product.product", domain, names, context, limit=limit)
        ids = [row["id"] for row in records.rows]
        aliases, wrong = await self._aliases(ids)
        rows, rejected = [], list(records.rejected)
        for row in records.rows:
            try:
                if row["id"] in wrong:
                    raise ValueError(wrong[row["id"]])
                rows.append(_product(row, aliases.get(row["id"], ())))
            except ValueError as error:
                rejected.append((str(row["id"]), str(error)))
        return Page(rows, _next_cursor(ids, limit, len(ids) + len(records.rejected)), rejected=rejected)

    async def _aliases(self, products: Sequence[int]) -> tuple[Mapping[int, Sequence[AliasRow]], Mapping[int, str]]:
        if not products:
            return {}, {}
        domain: Domain = [["product", "in", list(products)]]
        rows = await self._rpc.search_read("product.identifier", domain, ["product", "type", "code"], self._context())
        return _aliases_by_product(rows)

    async def _read_levels(self, domain: Domain, warehouse: str, limit: int | None = None) -> _Levels:
        """What lies in the warehouse's storage zone, and then less what is assigned."""
        if int(warehouse) not in self._zones:
            await self.warehouses()
        zone = self._zones.get(int(warehouse)) or Zone(int(warehouse))
        here = self._context(**zone.context())
        on_hand, wrong, read = await self._quantities(domain, here, limit)
        available, more, _ = await self._quantities(domain, {**here, "stock_assign": True}, limit)
        back = await self._held_back(zone, sorted(on_hand))
        levels = _levels(warehouse, on_hand, available, back)
        rejected = [*levels.rejected, *dict([*wrong, *more]).items()]
        return _Levels(levels.ids, levels.rows, rejected, read)

    async def _quantities(
        self, domain: Domain, context: Mapping[str, Any], limit: int | None
    ) -> tuple[dict[int, Any], list[tuple[str, str]], int]:
        """By product, as received; records that cannot be read; and how many records came."""
        records = await self._rpc.search_records("product.product", domain, ["quantity"], context, limit=limit)
        by_product = {row["id"]: row["quantity"] for row in records.rows}
        return by_product, records.rejected, len(records.rows) + len(records.rejected)

    async def _held_back(self, zone: Zone, products: Sequence[int]) -> Mapping[int, float]:
        """Units of shipments that only wait, where the option says that these are not for sale."""
        units: Counter[int] = Counter()
        if products and self._subtracts_waiting():
            if zone.storage is None:
                await self.warehouses()
                zone = self._zones[zone.warehouse]
            for move in await self._waiting(zone, ["product", "in", list(products)]):
                units[move["product"]] += _quantity(move["internal_quantity"])  # type: ignore[assignment]
        return units

    async def _waiting(self, zone: Zone, *more: Any) -> list[Row]:
        """Draft moves of waiting customer shipments out of a zone."""
        domain = [["company", "=", self._company], ["state", "=", "draft"], WAITING, *zone.leaving(), *more]
        names = ["product", "internal_quantity"]
        return await self._rpc.search_read("stock.move", domain, names, self._context(), limit=MOVES_MOST)

    def _subtracts_waiting(self) -> bool:
        word = self._connection.options.get("waiting_shipments", "").strip() or "ignore"
        if word not in ("ignore", "subtract"):
            raise self._not_configured(
                f"The option waiting_shipments is {word!r}.", "Give ignore or subtract, or leave it out."
            )
        return word == "subtract"

    async def _refs(self, products: Sequence[int]) -> Sequence[str]:
        """Active warehouses, if there is anything to read in them."""
        return [w.ref for w in await self.warehouses() if w.active] if products else []

    def _moment(self, since: str) -> Mapping[str, Any]:
        try:
            return encode_time(datetime.fromisoformat(since) - self._overlap())
        except (ValueError, OverflowError) as error:
            raise ContractError(f"{since!r} is not a mark of this connector.", where=self._rpc.where) from error

    async def _moves_after(self, moment: Mapping[str, Any], after: str, limit: int) -> list[Row]:
        domain: Domain = [["company", "=", self._company], ["id", ">", _after(after)], _touched_after(moment, "")]
        return await self._rpc.search_read("stock.move", domain, ["product"], self._context(), limit=limit)

    async def _touched(self, moment: Mapping[str, Any], after: str, limit: int) -> list[Row]:
        domain: Domain = [["id", ">", _after(after)], _touched_after(moment, "", "template.")]
        return await self._rpc.search_read("product.product", domain, ["active"], self._context(), limit=limit)

    async def _latest(self, stamp: str) -> datetime:
        """The latest `stamp` of any stock move; long ago if there is none."""
        domain: Domain = [["company", "=", self._company], [stamp, "!=", None]]
        rows = await self._rpc.search_read(
            "stock.move", domain, [stamp], self._context(), limit=1, order=((stamp, "DESC"),)
        )
        return decode_time(rows[0].get(stamp), self._rpc.where) if rows else BEGINNING


def _touched_after(moment: Mapping[str, Any], *prefixes: str) -> list[Any]:
    """A clause for records, or those they point to by a prefix, that were written after a moment."""
    return ["OR", *([f"{prefix}{stamp}", ">", moment] for prefix in prefixes for stamp in TOUCHED)]


def _next_stage(stage: str, cursor: str | None) -> str | None:
    """Where a delta goes on: to the stage's next page, or from moves to products."""
    if cursor is not None:
        return f"{stage}:{cursor}"
    return "products:" if stage == "moves" else None
