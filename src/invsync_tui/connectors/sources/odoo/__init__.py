"""Odoo as a source: products, warehouses and live quantities, by JSON-RPC (14 to 18) or JSON-2 (19 and later).

Settings: `url`, `login`, `secret`; options `database` (required), `company` (an id; else the user's current one),
`overlap` (seconds that a delta looks back), `zone` (`warehouse`, the default, or `stock`), `waiting_deliveries` (`ignore`
or `subtract`) and `protocol`.

For sale is Odoo's own `free_qty`: what lies in the locations of a warehouse less what is reserved there. `available` never
comes from the forecast, which adds receipts that are only expected.

A delta reads the products whose moves, move lines or quants were written since, and products written themselves. Quants
alone would not do: one that falls to nothing is deleted, and with it the sell-out. Odoo stamps records with the database's
clock at the beginning of a transaction, so that a mark is taken from stamps and a delta looks back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
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
from invsync_tui.connectors.sources.odoo import checks, kits, quantities
from invsync_tui.connectors.sources.odoo.about import ABOUT, OVERLAP
from invsync_tui.connectors.sources.odoo.kits import Kits
from invsync_tui.connectors.sources.odoo.quantities import ContextCheck, OdooWarehouse, many_to_one
from invsync_tui.connectors.sources.odoo.rpc import ID_MOST, JSON_2_SINCE, Domain, OdooRpc, Protocol
from invsync_tui.connectors.values import text, yes_or_no

PAGE_SIZE = 1000
TIME = "%Y-%m-%d %H:%M:%S"
"""As Odoo writes and takes times, in UTC."""
STAMPED = ("stock.move", "stock.quant", "product.product")
"""Models whose latest stamp is the mark."""
WRITTEN = ("write_date", "product_tmpl_id.write_date")
"""Stamps of a product's record."""
MOVED = ("stock_move_ids.write_date", "stock_move_ids.move_line_ids.write_date", "stock_quant_ids.write_date")
"""Stamps of what changes a product's quantities. Odoo 19 stamps the move for each document; lines and quants are looked at
too, since a module or an older version may write those alone."""
BILLED = ("product_tmpl_id.bom_ids.write_date", "product_tmpl_id.bom_ids.bom_line_ids.write_date")
"""Stamps of a product's bills of materials."""
BARCODES = {8: "EAN", 12: "UPC", 13: "EAN", 14: "GTIN"}
"""The type of a code of so many digits."""


@dataclass(frozen=True, slots=True)
class _Schema:
    """What this version of Odoo, with its modules, knows."""

    storable: str
    """`is_storable` since Odoo 18, else ''."""
    kits: bool
    """The app Manufacturing is installed."""

    @property
    def counted(self) -> Domain:
        """Products of which Odoo keeps stock."""
        return [[self.storable, "=", True]] if self.storable else [["type", "=", "product"]]

    @property
    def fields(self) -> list[str]:
        """Fields that tell whether stock of a product is kept."""
        return ["type", self.storable] if self.storable else ["type"]

    def counts(self, row: Row) -> bool:
        """Whether Odoo keeps stock of a product."""
        if self.storable:
            return yes_or_no(row[self.storable]) and row["type"] != "service"
        return bool(row["type"] == "product")


def alias_type(barcode: str) -> str:
    """What kind of code a barcode is, by its length; BARCODE for what is not all digits."""
    return BARCODES.get(len(barcode), "BARCODE") if barcode.isascii() and barcode.isdigit() else "BARCODE"


def _text(row: Row, name: str) -> str:
    """A text; Odoo says `false` for none."""
    return "" if row[name] is False or row[name] is None else text(row[name])


def _after(cursor: str | None) -> int:
    """The id after which a page begins."""
    try:
        number = int(cursor or 0)
        if not 0 <= number < ID_MOST:
            raise ValueError
    except ValueError as error:
        raise ContractError(f"{cursor!r} is not a cursor of this connector.") from error
    return number


def _next_cursor(ids: Sequence[int], limit: int, read: int, after: int) -> str | None:
    """Behind the last id of a page of `read` records, readable or not; None for the last page. `after` is where the page
    began: ContractError for a server that pages in circles."""
    if not ids or read < limit:
        return None
    if ids[-1] <= after or any(later <= earlier for earlier, later in pairwise(ids)):
        raise ContractError("The records of a page are not in the order of their ids.")
    return str(ids[-1])


class OdooSource:
    """An Odoo database, read as one company."""

    capabilities: SourceCapabilities
    about = ABOUT
    review = staticmethod(checks.review)

    def __init__(self, connection: Connection) -> None:
        self.capabilities = SourceCapabilities(delta=True, page_size=PAGE_SIZE)
        self._connection = connection
        self._rpc = OdooRpc(connection)
        self._company: int | None = None
        self._schema: _Schema | None = None
        self._left_out: Mapping[int, Sequence[Location]] | None = None
        """By warehouse, the locations whose goods are not for sale; None before they are looked up."""

    async def open(self) -> None:
        """Log in; NotConfiguredError where quantities would silently be wrong: another company, an ignored warehouse."""
        await self._rpc.login()
        self._company = await self._find_company()
        self._schema = await self._find_schema()
        await self._compare()

    async def close(self) -> None:
        """Close the connection."""
        self._company = self._schema = self._left_out = None
        await self._rpc.close()

    def budget(self) -> Budget | None:
        """Our own request limit; Odoo has none."""
        return self._rpc.budget()

    # --- reading -----------------------------------------------------------------------------------------------------

    async def identity(self) -> Mapping[str, str]:
        """The database and the company. The database's own id only where the login may read system parameters."""
        result = {"database": self._rpc.database, "company": str(self._company)}
        companies = await self._rpc.search_read(
            "res.company", [["id", "=", self._company]], ["create_date"], self._context()
        )
        if companies and companies[0]["create_date"]:
            result["company created"] = _moment(companies[0]["create_date"]).isoformat()
        try:
            domain = [["key", "=", "database.uuid"]]
            parameters = await self._rpc.search_read("ir.config_parameter", domain, ["value"], self._context())
            if parameters and parameters[0]["value"]:
                result["database id"] = text(parameters[0]["value"])
        except PermissionDeniedError:
            pass
        return result

    async def warehouses(self) -> Sequence[WarehouseRow]:
        """All warehouses of the company, archived ones included, so that a closed one is told from a vanished one."""
        rows = await self._warehouse_records()
        return [
            WarehouseRow(str(row["id"]), _text(row, "code"), _text(row, "name"), yes_or_no(row["active"]))
            for row in rows
        ]

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        """All product variants in the order of their ids; archived ones and those without stock are marked as such."""
        return await self._products(_after(cursor))

    async def levels_page(self, warehouse: WarehouseRow, cursor: str | None) -> Page[LevelRow]:
        """Levels of goods that are not archived, 0 where there is no stock, in the order of the products' ids."""
        place = await self._place(warehouse.ref)
        return await self._levels([["id", ">", _after(cursor)]], place, self.capabilities.page_size, _after(cursor))

    async def changed_page(self, since: str, cursor: str | None) -> Page[LevelRow]:
        """Present levels, in each active warehouse, of products whose moves, move lines, quants or records were written
        after `since` less the overlap. PermissionDeniedError if the login may not read stock.move."""
        limit = self.capabilities.page_size
        touched = _written_after(self._since(since), *MOVED, *WRITTEN)
        domain = [*self._goods(), ["id", ">", _after(cursor)], *touched]
        records = await self._rpc.search_records("product.product", domain, ["id"], self._context(), limit=limit)
        ids = [row["id"] for row in records.rows]
        levels: list[LevelRow] = []
        rejected = list(records.rejected)
        for place in await self._places() if ids else ():
            if place.active:
                page = await self._levels([["id", "in", ids]], place)
                levels += page.rows
                rejected += page.rejected
        next_cursor = _next_cursor(ids, limit, len(ids) + len(records.rejected), _after(cursor))
        return Page(levels, next_cursor, rejected=list(dict(rejected).items()))

    async def changed_products_page(self, since: str, cursor: str | None) -> Page[ProductRow]:
        """Products whose record, template or bill of materials was written after `since` less the overlap."""
        bills = BILLED if self._known().kits else ()
        touched = _written_after(self._since(since), *WRITTEN, *bills)
        return await self._products(_after(cursor), *touched)

    async def mark(self) -> str:
        """The latest stamp on any move, quant or product, moved on towards the server's now by at most the overlap.

        Stamps are by the database's clock and compared with it, so that a web server whose clock is wrong cannot hide
        a change. '' if the login may not read stock.move: complete reads work without.
        """
        try:
            last = max([await self._latest(model) for model in STAMPED])
        except PermissionDeniedError:
            return ""
        now = self._rpc.server_time or last
        return max(last, min(now, last + self._overlap())).isoformat()

    # --- the connection test -----------------------------------------------------------------------------------------

    async def check(self) -> AsyncIterator[CheckStep]:
        """Server, login, company, Inventory, warehouses, quantities, deltas; ends after the first that is not ok."""
        steps: list[tuple[str, Callable[[], Awaitable[str]]]] = [
            ("server", self._check_server),
            ("login", self._check_login),
            ("company", self._check_company),
            ("inventory", self._check_inventory),
            ("warehouses", self._check_warehouses),
            ("quantities", self._check_quantities),
            ("stock moves", self._check_moves),
        ]
        async for step in run_check_steps(steps):
            yield step

    async def _check_server(self) -> str:
        version = await self._rpc.version()
        ends = ""
        if self._rpc.protocol is Protocol.JSON_RPC and version.major >= JSON_2_SINCE:
            ends = f" {checks.JSON_RPC_ENDS} Use an API key and the option protocol=auto."
        return f"Odoo {version.text} answers at {self._connection.url} by {self._rpc.protocol}.{ends}"

    async def _check_login(self) -> str:
        await self._rpc.login()
        return f"Logged in to database {self._rpc.database} as user {self._rpc.user}."

    async def _check_company(self) -> str:
        self._company = await self._find_company()
        domain = [["id", "=", self._company]]
        rows = await self._rpc.search_read("res.company", domain, ["name"], self._context())
        name = f"{_text(rows[0], 'name')} ({self._company})" if rows else str(self._company)
        return f"Quantities are read as company {name}."

    async def _check_inventory(self) -> str:
        self._schema = await self._find_schema()
        rows = await self._rpc.search_read("product.product", self._goods(), ["id"], self._context(), limit=1)
        if self._schema.kits:
            await self._rpc.search_read("mrp.bom", [["type", "=", "phantom"]], ["type"], self._context(), limit=1)
        seen = "Products with stock may be read" if rows else "There is no product yet whose stock is tracked"
        return f"{seen}; kits {'are read' if self._schema.kits else 'are not: Manufacturing is not installed'}."

    async def _check_warehouses(self) -> str:
        names = [f"{place.code} {place.name}".strip() for place in await self.warehouses() if place.active]
        if not names:
            raise self._not_configured(
                f"Company {self._company} has no warehouse that this user sees.",
                "Correct the option company, or create a warehouse in Inventory > Configuration > Warehouses.",
            )
        await self._places()
        left_out = [location for locations in (self._left_out or {}).values() for location in locations]
        return f"{len(names)} seen: {', '.join(names)}.{not_for_sale.described(left_out)}"

    async def _check_quantities(self) -> str:
        compared = await self._compare()
        if not compared:
            return "No stock yet, so that quantities by warehouse could not be compared."
        return f"{compared} products have the same quantity by warehouse and by location."

    async def _check_moves(self) -> str:
        try:
            await self._latest("stock.move")
        except PermissionDeniedError as error:
            raise PermissionDeniedError(
                error.what,
                where=error.where,
                advice="Give the user the right Inventory: User. Until then each download is a complete one, and slow.",
            ) from error
        return "May be read, so that a download fetches changes only."

    # --- company, schema, requests -----------------------------------------------------------------------------------

    async def _find_company(self) -> int:
        """The company to read as: only one that the user is allowed gives true quantities."""
        rows = await self._rpc.search_read(
            "res.users", [["id", "=", self._rpc.user]], ["company_id", "company_ids"], {"active_test": False}
        )
        if not rows:
            raise ContractError("The user's own record cannot be read.", where=self._rpc.where)
        current, allowed = many_to_one(rows[0]["company_id"]), rows[0]["company_ids"]
        if current is None or not isinstance(allowed, list):
            raise ContractError("The user's companies cannot be read.", where=self._rpc.where)
        company = self._connection.options.get("company", "").strip()
        if not company:
            return current
        if not company.isdecimal() or int(company) not in allowed:
            raise self._not_configured(
                f"The user {checks.NOT_OF_COMPANY} {company}: every quantity would be 0.",
                "Allow the user that company in Odoo (Settings > Users), or correct the option company: "
                f"{', '.join(str(number) for number in allowed[:10])}.",
            )
        return int(company)

    async def _find_schema(self) -> _Schema:
        field_names = ["type", "free_qty", "is_storable", "bom_ids", "stock_move_ids"]
        fields = await self._rpc.call(
            "product.product", "fields_get", allfields=field_names, attributes=["type"], context=self._context()
        )
        if not isinstance(fields, dict):
            raise ContractError("The fields of products are not a record.", where=self._rpc.where)
        if "free_qty" not in fields:
            raise self._not_configured(f"{checks.NO_INVENTORY} in this database.", "Install the app Inventory in Odoo.")
        return _Schema("is_storable" if "is_storable" in fields else "", "bom_ids" in fields)

    async def _compare(self) -> int:
        check = ContextCheck(self._rpc, self._known_company(), self._context(), self._zone())
        return await check.run(await self._places())

    def _known(self) -> _Schema:
        if self._schema is None:
            raise self._not_configured("The connection is not open.", "Open it before reading.")
        return self._schema

    def _known_company(self) -> int:
        if self._company is None:
            raise self._not_configured("The connection is not open.", "Open it before reading.")
        return self._company

    def _context(self, **more: Any) -> dict[str, Any]:
        language = {"lang": self._rpc.language} if self._rpc.language else {}
        return {"allowed_company_ids": [self._known_company()], "active_test": False, **language, **more}

    def _zone(self) -> str:
        return self._connection.options.get("zone", "").strip() or "warehouse"

    def _overlap(self) -> timedelta:
        seconds = self._connection.options.get("overlap", "").strip() or str(OVERLAP)
        if not seconds.isdecimal():
            raise self._not_configured("The option overlap is not a number.", "Give seconds, or leave it out.")
        return timedelta(seconds=int(seconds))

    def _not_configured(self, what: str, advice: str) -> NotConfiguredError:
        return NotConfiguredError(what, where=self._connection.name, advice=advice)

    async def _warehouse_records(self) -> list[Row]:
        domain = [["company_id", "=", self._known_company()]]
        names = ["code", "name", "active", "view_location_id", "lot_stock_id"]
        return await self._rpc.search_read("stock.warehouse", domain, names, self._context())

    async def _places(self) -> Sequence[OdooWarehouse]:
        places = [
            OdooWarehouse(
                row["id"],
                many_to_one(row["view_location_id"]) or 0,
                many_to_one(row["lot_stock_id"]) or 0,
                yes_or_no(row["active"]),
            )
            for row in await self._warehouse_records()
        ]
        words = not_for_sale.words(self._connection)
        if not words:
            return places
        if self._left_out is None:
            self._left_out = await self._find_left_out(words, places)
        return [
            replace(place, left_out=tuple(location.id for location in self._left_out.get(place.warehouse, ())))
            for place in places
        ]

    async def _find_left_out(
        self, words: Sequence[str], places: Sequence[OdooWarehouse]
    ) -> Mapping[int, Sequence[Location]]:
        """NotConfiguredError for a word that means no location."""
        below = {place.warehouse: await self._locations(place) for place in places}
        everywhere = [location for locations in below.values() for location in locations]
        chosen = not_for_sale.chosen(words, everywhere, self._connection)
        return {
            warehouse: [location for location in locations if location.id in chosen]
            for warehouse, locations in below.items()
        }

    async def _locations(self, place: OdooWarehouse) -> Sequence[Location]:
        """What lies below a warehouse, without the stock location itself: without it nothing would be left."""
        root = place.root(self._zone())
        domain: Domain = [["id", "child_of", root], ["id", "not in", [root, place.stock]]]
        names = ["name", "complete_name", "barcode"]
        rows = await self._rpc.search_read("stock.location", domain, names, self._context())
        return [Location(row["id"], tuple(filter(None, (_text(row, name) for name in names)))) for row in rows]

    async def _place(self, ref: str) -> OdooWarehouse:
        number = _after(ref)
        if self._zone() == "warehouse" and not not_for_sale.words(self._connection):
            return OdooWarehouse(number, 0, 0)
        for place in await self._places():
            if place.warehouse == number:
                return place
        raise ContractError(f"There is no warehouse {ref}.", where=self._rpc.where)

    def _goods(self) -> Domain:
        """Products that have levels."""
        return [*self._known().counted, ["active", "=", True]]

    async def _levels(
        self, which: Domain, place: OdooWarehouse, limit: int | None = None, after: int = 0
    ) -> Page[LevelRow]:
        """Levels of some goods in one warehouse: all, or a page of `limit` that begins behind the id `after`."""
        context, domain = self._context(**place.context(self._zone())), [*self._goods(), *which]
        records = await self._rpc.search_records("product.product", domain, quantities.FIELDS, context, limit=limit)
        rows: list[LevelRow] = []
        rejected = list(records.rejected)
        waiting = self._connection.options.get("waiting_deliveries", "").strip() == "subtract"
        ids = [row["id"] for row in records.rows]
        left_out = await self._not_for_sale(place, ids) if place.left_out else {}
        for row in records.rows:
            try:
                held = _held(left_out, row["id"]) if place.left_out else None
                rows.append(quantities.level(row, str(place.warehouse), subtract_waiting=waiting, left_out=held))
            except ValueError as error:
                rejected.append((str(row["id"]), str(error)))
        cursor = None if limit is None else _next_cursor(ids, limit, len(ids) + len(records.rejected), after)
        return Page(rows, cursor, rejected=rejected)

    async def _not_for_sale(self, place: OdooWarehouse, products: Sequence[int]) -> Mapping[int, Row]:
        """What of some products lies where nothing is for sale, in HELD_FIELDS."""
        context = self._context(location=list(place.left_out))
        names = list(quantities.HELD_FIELDS)
        rows = await self._rpc.search_read("product.product", [["id", "in", list(products)]], names, context)
        return {row["id"]: row for row in rows}

    async def _products(self, after: int, *which: Any) -> Page[ProductRow]:
        domain = [["id", ">", after], *which]
        limit, schema = self.capabilities.page_size, self._known()
        parts = [*kits.PART_FIELDS, *schema.fields]
        names = ["default_code", "barcode", "name", "active", *(parts if schema.kits else schema.fields)]
        records = await self._rpc.search_records("product.product", domain, names, self._context(), limit=limit)
        product_kits = await self._kits(records.rows, parts) if schema.kits else Kits()
        rows: list[ProductRow] = []
        rejected = list(records.rejected)
        for row in records.rows:
            try:
                rows.append(_product(row, schema, product_kits))
            except ValueError as error:
                rejected.append((str(row["id"]), str(error)))
        ids = [row["id"] for row in records.rows]
        return Page(rows, _next_cursor(ids, limit, len(ids) + len(records.rejected), after), rejected=rejected)

    async def _kits(self, rows: Sequence[Row], parts: Sequence[str]) -> Kits:
        """PermissionDeniedError where bills of materials may not be read: kits would look like goods without stock."""
        product_kits = await kits.read_kits(self._rpc, self._known_company(), rows, parts, self._context())
        product_kits.counted = {number: self._known().counts(row) for number, row in product_kits.parts.items()}
        return product_kits

    def _since(self, since: str) -> str:
        try:
            return (datetime.fromisoformat(since) - self._overlap()).strftime(TIME)
        except (ValueError, OverflowError) as error:
            raise ContractError(f"{since!r} is not a mark of this connector.", where=self._rpc.where) from error

    async def _latest(self, model: str) -> datetime:
        """The latest stamp on any record of a model; long ago if there is none."""
        domain = [["write_date", "!=", False]]
        rows = await self._rpc.search_read(
            model, domain, ["write_date"], self._context(), limit=1, order="write_date desc"
        )
        return _moment(rows[0]["write_date"]) if rows else datetime(1970, 1, 1)


def _held(left_out: Mapping[int, Row], product: int) -> Row:
    """ValueError for a product that is gone since its quantities were read."""
    if product not in left_out:
        raise ValueError("Its quantity in the locations that are not for sale cannot be read.")
    return left_out[product]


def _moment(value: Any) -> datetime:
    """A time as Odoo writes it; ValueError for anything else."""
    return datetime.strptime(text(value), TIME)


def _written_after(moment: str, *stamps: str) -> Domain:
    """A domain for records of which one of the stamps is not before a moment: stamps have whole seconds."""
    return ["|"] * (len(stamps) - 1) + [[stamp, ">=", moment] for stamp in stamps]


def _product(row: Row, schema: _Schema, product_kits: Kits) -> ProductRow:
    """A product; ValueError where a field is not what it must be."""
    code, barcode = _text(row, "default_code"), _text(row, "barcode")
    components = product_kits.components(row) if schema.kits else None
    return ProductRow(
        str(row["id"]),
        code if code.strip() else None,
        _text(row, "name"),
        (AliasRow(alias_type(barcode), barcode),) if barcode.strip() else (),
        components or (),
        active=yes_or_no(row["active"]),
        # Odoo keeps no stock of most kits, but of what they are made of. One made of services alone has none at all.
        counted=schema.counts(row) if components is None else bool(components),
    )
