"""A WMS of each system for the thread with faults: how its stock is changed, and what goes wrong with it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.kit.proxy import Fault
from tests.support.connectors import rest_example
from tests.support.connectors.spoiling_proxy import Rows, SpoilingProxy
from tests.support.connectors.sql_databases import TestDatabase
from tests.support.servers.odoo.server import OdooServer
from tests.support.servers.sandbox import WmsHandle
from tests.support.servers.tryton.server import TrytonServer


class Wms(Protocol):
    """A source whose stock a test changes."""

    def connection(self) -> Connection: ...

    def stock(self) -> Mapping[str, int]: ...

    def set(self, sku: str, units: int) -> None: ...

    def spoil_one(self) -> None:
        """One record cannot be read from now on."""

    def fail(self) -> None:
        """It cannot be read to its end."""

    def empty(self) -> None:
        """It answers with nothing."""

    def ask_for_an_hour(self) -> bool:
        """Too many requests: the next ones are told to come again in an hour. False for a system that has no such answer."""

    def mend(self) -> None: ...


class Feed:
    """A CSV file that is written anew with each change, as a WMS does."""

    def __init__(self, folder: Path, stock: Mapping[str, int]) -> None:
        self.file = folder / "stock.csv"
        self._stock = dict(stock)
        self._at = time.time() - 3600
        self.mend()

    def connection(self) -> Connection:
        return Connection("wms", "feed", str(self.file), options={"complete": "any", "last_line": "END"})

    def stock(self) -> Mapping[str, int]:
        return self._stock

    def set(self, sku: str, units: int) -> None:
        self._stock[sku] = units
        self.mend()

    def _write(self, rows: Mapping[str, object], end: str = "END,\n") -> None:
        self._at += 10  # an older file would be refused
        self.file.write_text("SKU,Available\n" + "".join(f"{sku},{units}\n" for sku, units in rows.items()) + end)
        os.utime(self.file, (self._at, self._at))

    def spoil_one(self) -> None:
        self._write({**self._stock, min(self._stock): "n/a"})

    def fail(self) -> None:
        self._write(dict(list(self._stock.items())[:3]), end="")

    def empty(self) -> None:
        self._write({})

    def ask_for_an_hour(self) -> bool:
        return False  # a file on a disk; see the test of one on a web server

    def mend(self) -> None:
        self._write(self._stock)


class Described:
    """The sandbox WMS, by its description in the manual."""

    def __init__(self, folder: Path, wms: WmsHandle) -> None:
        self._folder, self._wms = folder, wms

    def connection(self) -> Connection:
        return rest_example.connection(self._folder, self._wms.url, rest_example.example(), self._wms.secret)

    def stock(self) -> Mapping[str, int]:
        dump = self._wms.dump()
        units = dict.fromkeys(dump["products"].values(), 0)
        for levels in dump["levels"].values():
            for ref, (available, _) in levels.items():
                units[dump["products"][ref]] += available
        return units

    def set(self, sku: str, units: int) -> None:
        for warehouse, available in (("EAST", units), ("DEFAULT", 0)):
            self._wms.set_level(sku, warehouse, available)

    def spoil_one(self) -> None:
        self._wms.faults({"kind": "bad_row", "path": "/levels", "times": 1})

    def fail(self) -> None:
        self._wms.faults({"kind": "half_json", "path": "/levels"})

    def empty(self) -> None:
        self._wms.faults({"kind": "no_rows", "path": "/levels"}, {"kind": "no_rows", "path": "/products"})

    def ask_for_an_hour(self) -> bool:
        self._wms.faults({"kind": "status", "status": 429, "seconds": 3600, "path": "/levels"})
        return True

    def mend(self) -> None:
        self._wms.faults()


class Database:
    """A table in a real PostgreSQL."""

    def __init__(self, database: TestDatabase, stock: Mapping[str, int]) -> None:
        self._database, self._stock = database, dict(stock)
        self._away = False
        self.mend()

    def connection(self) -> Connection:
        return self._database.connection()

    def stock(self) -> Mapping[str, int]:
        return self._stock

    def set(self, sku: str, units: int) -> None:
        self._stock[sku] = units
        self._update(sku, str(units))

    def _update(self, sku: str, units: str) -> None:
        self._database.execute(f"UPDATE stock SET available = {units}, on_hand = {units} WHERE sku = '{sku}'")

    def spoil_one(self) -> None:
        self._update(min(self._stock), "NULL")

    def fail(self) -> None:
        self._database.execute("ALTER TABLE stock RENAME TO elsewhere")
        self._away = True

    def empty(self) -> None:
        self._come_back()
        self._database.execute("DELETE FROM stock")

    def ask_for_an_hour(self) -> bool:
        return False

    def mend(self) -> None:
        self._come_back()
        self._database.execute("DELETE FROM stock")
        self._database.put(*((sku, "EAST", units, units) for sku, units in self._stock.items()))

    def _come_back(self) -> None:
        if self._away:
            self._database.execute("ALTER TABLE elsewhere RENAME TO stock")
        self._away = False


class Server:
    """A real server behind a proxy, which spoils its answers. `quantity` is the field that a level is read from, and `levels` a
    field that only an answer with levels has."""

    quantity = levels = ""
    products = b""
    """What a request for products or levels has in it."""

    def __init__(self, proxy: SpoilingProxy, stock: Mapping[str, int]) -> None:
        self._proxy, self._stock = proxy, dict(stock)

    def stock(self) -> Mapping[str, int]:
        return self._stock

    def spoil_one(self) -> None:
        lives = [1]

        def spoil(request: bytes, rows: Rows) -> Rows:
            if lives and rows and self.levels in rows[0]:
                lives.pop()
                return [{**rows[0], self.quantity: "n/a"}, *rows[1:]]
            return rows

        self._proxy.spoil = spoil

    def fail(self) -> None:
        self._proxy.spoil = None
        wanted = f'"{self.levels}"'.encode()
        self._proxy.let(Fault.CUT_BODY, wanted=lambda method, path: wanted in self._proxy.request)

    def empty(self) -> None:
        self._proxy.clear()
        self._proxy.spoil = lambda request, rows: [] if self.products in request else rows

    def ask_for_an_hour(self) -> bool:
        self.fail()
        self._proxy.fault = Fault.HOUR
        return True

    def mend(self) -> None:
        self._proxy.clear()
        self._proxy.spoil = None


def _of_before(code: str, number: int) -> str:
    """Another code for a product of a test before this one on the same server: a code is that of one product."""
    return f"{code} OF BEFORE {number}"


class Odoo(Server):
    """A real Odoo 19."""

    quantity, levels = "free_qty", "incoming_qty"
    products = b"/product.product/search_read"

    def __init__(self, proxy: SpoilingProxy, stock: Mapping[str, int], server: OdooServer) -> None:
        super().__init__(proxy, stock)
        self._server = server
        self._place = server.stock(server.warehouse())
        for row in server.find("product.product", [["default_code", "in", [*stock]]], "default_code"):
            server.write("product.product", row["id"], default_code=_of_before(row["default_code"], row["id"]))
        self._products = {sku: server.create_product(sku) for sku in stock}
        server.count_all(self._place, {self._products[sku]: units for sku, units in stock.items()})

    def connection(self) -> Connection:
        return replace(self._server.connection(), url=self._proxy.url)

    def set(self, sku: str, units: int) -> None:
        self._stock[sku] = units
        self._server.count(self._products[sku], self._place, units)


class Tryton(Server):
    """A real Tryton."""

    quantity = levels = "quantity"
    products = b"model.product.product.search_read"

    def __init__(self, proxy: SpoilingProxy, stock: Mapping[str, int], server: TrytonServer) -> None:
        super().__init__(proxy, stock)
        self._server = server
        if server.company is None:
            server.create_company()
        self._east = server.location("warehouse")
        for row in server.find("product.product", [["code", "in", [*stock]]], "code"):
            server.rename(row["id"], _of_before(row["code"], row["id"]))
        self._products = {sku: server.create_product(sku) for sku in stock}
        server.set_stocks(self._east, {self._products[sku]: units for sku, units in stock.items()})

    def connection(self) -> Connection:
        return replace(self._server.connection(), url=self._proxy.url)

    def set(self, sku: str, units: int) -> None:
        self._stock[sku] = units
        self._server.set_stock(self._products[sku], self._east, units)


REAL_SERVERS = [pytest.param("odoo", marks=[pytest.mark.real]), pytest.param("tryton", marks=[pytest.mark.real])]
