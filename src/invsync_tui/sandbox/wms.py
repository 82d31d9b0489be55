"""The sandbox WMS: warehouses, products, levels and changes, in keyset pages that are encoded once.

One process serves several customers (header `X-Customer`, '' by default), as a 3PL warehouse does. Without a change it
takes a new reading of all stock every quarter of an hour; `read_at` of a level is the time of the reading.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from invsync_tui.sandbox.catalog import Catalog, Level, Product
from invsync_tui.sandbox.server import Reply, Request, encoded, ok, refusal
from invsync_tui.sandbox.server_faults import Kind
from invsync_tui.sandbox.service import Pace, Service
from invsync_tui.sandbox.table import Table, joined

READING_EVERY = 900
"""Seconds between two readings."""
READING = b'"@reading"'
"""Stands in encoded rows for the time of the last reading."""
PAGE_MOST = 5000


class CustomerStock:
    """What one customer has in the warehouse, and when each product last changed."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.products = Table(catalog.products, self._product)
        self.levels = {place.ref: self._table(place.ref) for place in catalog.places}
        self.mark = 0
        self.changed: dict[str, int] = {}
        self.imported: set[str] = set()
        """Orders of the carts that the WMS has."""
        self.changed_products: dict[str, int] = {}
        self.account = "demo"
        self.hidden: set[str] = set()
        self.forbidden: set[str] = set()
        self.odd: dict[tuple[str, str], bytes] = {}
        """By (warehouse, product), JSON that stands where its quantity belongs."""
        self._started = int(time.time())
        self._reading = self._started
        self._recent: list[tuple[str, str]] = []

    def _table(self, place: str) -> Table:
        return Table(self.catalog.levels[place], lambda ref: self._level(place, ref))

    def _product(self, ref: str) -> bytes:
        product = self.catalog.products[ref]
        row: dict[str, object] = {"ref": ref, "sku": product.sku, "name": product.name}
        row["aliases"] = [{"type": kind, "code": code} for kind, code in product.aliases]
        if not product.active:
            row["active"] = False
        if not product.counted:
            row["counted"] = False
        if product.components:
            row["components"] = [{"ref": part, "needed": needed} for part, needed in product.components]
        return encoded(row)

    def _level(self, place: str, ref: str) -> bytes:
        level = self.catalog.levels[place][ref]
        row = {
            "ref": ref,
            "warehouse": place,
            "on_hand": level.on_hand,
            "available": level.available,
            "committed": level.committed,
            "incoming": level.incoming,
            "read_at": "@reading" if level.read_at is None else level.read_at,
        }
        odd = self.odd.get((place, ref))
        return encoded(row) if odd is None else encoded(row | {"available": "@odd"}).replace(b'"@odd"', odd)

    def reading(self) -> bytes:
        """The time of the last reading; rows that changed since the one before get the common time again."""
        due = self._started + (int(time.time()) - self._started) // READING_EVERY * READING_EVERY
        if due > self._reading:
            self._reading = due
            for place, ref in self._recent:
                self._reread(place, ref)
            self._recent.clear()
        return b"%d" % self._reading

    def _reread(self, place: str, ref: str) -> None:
        level = self.catalog.levels[place].get(ref)
        if level is not None:
            self.catalog.levels[place][ref] = replace(level, read_at=None)
            self.levels[place].touch(ref)

    def set_level(self, place: str, ref: str, level: Level | None) -> None:
        """Someone counted, sold or received; None makes the WMS forget that it ever had a level."""
        self.mark += 1
        self.changed[ref] = self.mark
        if level is None:
            self.catalog.levels[place].pop(ref, None)
            self.levels[place].remove(ref)
            return
        if level.read_at is None:
            level = replace(level, read_at=int(time.time()))
            self._recent.append((place, ref))
        self.catalog.levels[place][ref] = level
        self.levels[place].touch(ref)

    def set_odd(self, place: str, ref: str, text: bytes) -> None:
        """Answer with this JSON where a quantity belongs."""
        self.odd[place, ref] = text
        self.levels[place].touch(ref)

    def set_product(self, product: Product) -> None:
        """Somebody edited a product, or added one."""
        self.mark += 1
        self.changed_products[product.ref] = self.mark
        self.changed[product.ref] = self.mark  # its levels may count from now on
        self.catalog.products[product.ref] = product
        self.products.touch(product.ref)

    def set_place(self, ref: str, *, active: bool, hidden: bool, forbidden: bool) -> None:
        """Somebody switched a warehouse on or off, or changed what the login may see of it."""
        places = self.catalog.places
        self.catalog.places = tuple(replace(p, active=active) if p.ref == ref else p for p in places)
        for flag, among in ((hidden, self.hidden), (forbidden, self.forbidden)):
            (among.add if flag else among.discard)(ref)

    def name_places(self, codes: Mapping[str, str]) -> None:
        """Somebody gave warehouses, by ref, other codes."""
        self.catalog.places = tuple(replace(p, code=codes.get(p.ref, p.code)) for p in self.catalog.places)

    def remove(self, ref: str) -> None:
        """The product and its levels are gone."""
        self.catalog.products.pop(ref, None)
        self.products.remove(ref)
        for place, table in self.levels.items():
            self.catalog.levels[place].pop(ref, None)
            table.remove(ref)

    def changes(self, since: int, after: str, limit: int) -> tuple[list[bytes], str | None, int]:
        """Levels of the products changed after a mark, all warehouses of a product on one page, and how many in all."""
        refs = [ref for ref in sorted(self.changed) if self.changed[ref] > since]
        total = sum(ref in table for ref in refs for table in self.levels.values())
        rows: list[bytes] = []
        for ref in (ref for ref in refs if ref > after):
            rows += [table.row(ref) for table in self.levels.values() if ref in table]
            if len(rows) >= limit:
                return rows, ref if ref != refs[-1] else None, total
        return rows, None, total


class Wms(Service):
    """The WMS as a service."""

    def __init__(self, token: str, pace: Pace, customers: Mapping[str, Catalog]) -> None:
        super().__init__(token, pace)
        self.customers = {name: CustomerStock(catalog) for name, catalog in customers.items()}

    def answer(self, request: Request) -> Reply:
        stock = self.customers.get(request.headers.get("x-customer", ""))
        if stock is None:
            return refusal(403, "This login may not see that customer.")
        calls = {
            "/api/warehouses": self._warehouses,
            "/api/products": self._products,
            "/api/levels": self._levels,
            "/api/changes": self._changes,
            "/api/mark": self._mark,
            "/api/orders": self._known,
            "/api/account": self._account,
            "/api/changed-products": self._changed_products,
        }
        call = calls.get(request.path)
        return call(request, stock) if call else refusal(404, "There is no such call.")

    @staticmethod
    def _warehouses(_: Request, stock: CustomerStock) -> Reply:
        places = stock.catalog.places
        hidden = stock.hidden
        rows = [
            {"ref": p.ref, "code": p.code, "name": p.name, "active": p.active} for p in places if p.ref not in hidden
        ]
        return ok({"warehouses": rows})

    @staticmethod
    def _known(request: Request, stock: CustomerStock) -> Reply:
        """Which of some orders were imported."""
        return ok({"known": [name for name in request.json()["names"] if name in stock.imported]})

    @staticmethod
    def _account(_: Request, stock: CustomerStock) -> Reply:
        return ok({"account": stock.account})

    @staticmethod
    def _changed_products(request: Request, stock: CustomerStock) -> Reply:
        since, after = int(request.query["since"]), request.query.get("cursor", "")
        refs = sorted(ref for ref, mark in stock.changed_products.items() if mark > since and ref in stock.products)
        page = [ref for ref in refs if ref > after][: _limit(request)]
        cursor = page[-1] if page and page[-1] != refs[-1] else None
        return Reply(200, joined("products", [stock.products.row(ref) for ref in page], cursor, len(refs)))

    @staticmethod
    def _mark(_: Request, stock: CustomerStock) -> Reply:
        return ok({"mark": str(stock.mark)})

    def _products(self, request: Request, stock: CustomerStock) -> Reply:
        return self._page(request, "products", stock.products)

    def _levels(self, request: Request, stock: CustomerStock) -> Reply:
        table = stock.levels.get(request.query.get("warehouse", ""))
        if table is None:
            return refusal(404, "There is no such warehouse.")
        if request.query.get("warehouse", "") in stock.forbidden:
            return refusal(403, "This login may not read that warehouse.")
        reading = stock.reading()  # before the rows are made: it gives some of them its time
        reply = self._page(request, "levels", table)
        reply.body = reply.body.replace(READING, reading)
        return reply

    @staticmethod
    def _changes(request: Request, stock: CustomerStock) -> Reply:
        since, after = int(request.query["since"]), request.query.get("cursor", "")
        reading = stock.reading()
        rows, cursor, total = stock.changes(since, after, _limit(request))
        return Reply(200, joined("levels", rows, cursor, total).replace(READING, reading))

    def _page(self, request: Request, name: str, table: Table) -> Reply:
        after, limit = request.query.get("cursor", ""), _limit(request)
        path, number = request.path, table.number(after, limit)
        if self.troubles.take(Kind.NO_ROWS, path, number):
            return Reply(200, joined(name, (), None, len(table)))
        if self.troubles.take(Kind.REPEAT, path, number):
            after = table.before(after, limit)
        keys, cursor = table.page(after, limit)
        if cursor is None and self.troubles.take(Kind.ENDLESS, path, number):
            cursor = keys[-1] if keys else after
        rows = [table.row(key) for key in keys]
        if rows and self.troubles.take(Kind.BAD_ROW, path, number):
            rows[0] = rows[0].replace(b'"available":', b'"available":"many","was":').replace(b'"name":"', b'"was":"')
        return Reply(200, joined(name, rows, cursor, len(table)))

    def page_of(self, request: Request) -> int | None:
        stock = self.customers.get(request.headers.get("x-customer", ""))
        if stock is None or request.path not in ("/api/products", "/api/levels"):
            return None
        table = stock.products if request.path == "/api/products" else stock.levels.get(request.query["warehouse"])
        return None if table is None else table.number(request.query.get("cursor", ""), _limit(request))

    # --- the control door

    def order(self, name: str, body: Any) -> Reply:
        stock = self.customers[body.get("customer", "")]
        match name:
            case "log":
                return ok(self.requests)
            case "import" | "clock":
                stock.imported.update(body.get("names", ()))
                self.clock = int(body.get("ahead", self.clock))
                return ok({})
            case "level":
                return self._order_level(stock, body)
            case "remove":
                return self._order_remove(stock, body)
            case "dump":
                return ok(_dump(stock))
        return self._order_master_data(name, stock, body)

    def _order_master_data(self, name: str, stock: CustomerStock, body: Any) -> Reply:
        match name:
            case "product":
                return self._order_product(stock, body)
            case "warehouse":
                flags = {flag: bool(body.get(flag, flag == "active")) for flag in ("active", "hidden", "forbidden")}
                stock.set_place(_place(stock, body["warehouse"]), **flags)
                return ok({})
            case "warehouse-codes":
                stock.name_places(body["codes"])
                return ok({})
            case "odd":
                stock.set_odd(_place(stock, body["warehouse"]), body["ref"], body["text"].encode())
                return ok({})
            case "account":
                stock.account = str(body["account"])
                return ok({})
        return refusal(404, "There is no such order.")

    @staticmethod
    def _order_level(stock: CustomerStock, body: Any) -> Reply:
        """{sku|ref, warehouse, available|null, committed, incoming, read_at}"""
        place = _place(stock, body.get("warehouse", ""))
        for ref in _refs(stock, body):
            if body["available"] is None:
                stock.set_level(place, ref, None)
            else:
                known = stock.catalog.levels[place].get(ref, Level(0))
                changes = {k: body[k] for k in ("available", "committed", "incoming") if k in body}
                stock.set_level(place, ref, replace(known, read_at=body.get("read_at"), **changes))
        return ok({"mark": str(stock.mark)})

    @staticmethod
    def _order_product(stock: CustomerStock, body: Any) -> Reply:
        """{ref, sku, name, aliases: [[type, code]], components: [[ref, needed]], active, counted}: what is given is changed; a
        new ref adds a product."""
        known = stock.catalog.products.get(body["ref"], Product(body["ref"], "", "", ()))
        changes = {name: body[name] for name in ("sku", "name", "active", "counted") if name in body}
        if "aliases" in body:
            changes["aliases"] = tuple((kind, code) for kind, code in body["aliases"])
        if "components" in body:
            changes["components"] = tuple((part, needed) for part, needed in body["components"])
        stock.set_product(replace(known, **changes))
        return ok({"mark": str(stock.mark)})

    @staticmethod
    def _order_remove(stock: CustomerStock, body: Any) -> Reply:
        """{skus|refs: [...]} or {first: n}: the first n products."""
        refs = list(islice(stock.products.keys, body["first"])) if "first" in body else _refs(stock, body)
        for ref in refs:
            stock.remove(ref)
        return ok({"removed": len(refs)})


def _limit(request: Request) -> int:
    return max(1, min(PAGE_MOST, int(request.query.get("limit", "1000"))))


def _place(stock: CustomerStock, name: str) -> str:
    """A warehouse by ref or code; KeyError for neither."""
    return {key: p.ref for p in stock.catalog.places for key in (p.code, p.ref)}[name]


def _refs(stock: CustomerStock, body: Any) -> list[str]:
    """The products that an order names by ref or SKU, one or several."""
    refs = [*body.get("refs", ()), *([body["ref"]] if "ref" in body else [])]
    skus = {*body.get("skus", ()), *([body["sku"]] if "sku" in body else [])}
    return refs + [p.ref for p in stock.catalog.products.values() if p.sku in skus] if skus else refs


def _dump(stock: CustomerStock) -> dict[str, object]:
    levels = {
        place: {ref: [level.available, level.on_hand] for ref, level in rows.items()}
        for place, rows in stock.catalog.levels.items()
    }
    return {"products": {p.ref: p.sku for p in stock.catalog.products.values()}, "levels": levels}
