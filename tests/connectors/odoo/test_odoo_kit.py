"""The Odoo source passes the suite of the kit on a real Odoo 19."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.sources.odoo import OdooSource
from invsync_tui.kit import source_suite
from tests.support.connectors.spoiling_proxy import SpoilingThread
from tests.support.runs.sandbox_world import hurry
from tests.support.servers.odoo.server import OdooServer

pytestmark = pytest.mark.real


@dataclass
class Warehouse:
    """A real Odoo as the suite wants it."""

    server: OdooServer
    key: str = field(default="")
    spoiling: SpoilingThread = field(init=False)
    names: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.spoiling = SpoilingThread(self.server.url)
        self.key = self.server.api_key()
        self.server.create_warehouse("WEST", "West")
        self.fill()

    def fill(self) -> None:
        """Stock for the next check: some checks leave nothing behind."""
        if len(self.levels()) < 6:
            products = [self.server.create_product(f"KIT-{next(self.names)}") for _ in range(6)]
            place = self.server.stock(self.server.warehouse())
            self.server.count_all(place, {product: 5 + n for n, product in enumerate(products)})

    @property
    def url(self) -> str:
        return self.spoiling.url

    def connection(self, url: str) -> Connection:
        return replace(self.server.connection(self.key), url=url)

    def secrets(self) -> tuple[str, ...]:
        return (self.key,)

    def skus(self) -> Mapping[str, str]:
        rows = self.server.find("product.product", [["is_storable", "=", True]], "default_code")
        return {str(row["id"]): row["default_code"] or "" for row in rows}

    def levels(self) -> Mapping[tuple[str, str], int]:
        """From the records of quantities, which are not what the connector reads."""
        found: dict[tuple[str, str], int] = {}
        for warehouse in self.server.find("stock.warehouse", [], "view_location_id"):
            domain = [["location_id", "child_of", warehouse["view_location_id"][0]]]
            for row in self.server.find("stock.quant", domain, "product_id", "quantity", "reserved_quantity"):
                key = (str(row["product_id"][0]), str(warehouse["id"]))
                found[key] = found.get(key, 0) + int(row["quantity"] - row["reserved_quantity"])
        return found

    def add(self, sku: str) -> str:
        return str(self.server.create_product(sku))

    def remove(self, product: str) -> None:
        # Odoo refuses to delete what has moves; that something else does is what the suite wants.
        for table in ("stock_quant", "stock_move_line", "stock_move"):
            self.server.sql(f"DELETE FROM {table} WHERE product_id = {product}")
        self.server.rpc("product.product", "unlink", [int(product)])

    def set_level(self, product: str, warehouse: str, available: int) -> None:
        self.server.count(int(product), self.server.stock(int(warehouse)), available)

    def set_odd(self, product: str, warehouse: str, value: object) -> None:
        """The server itself has numbers only: what a broken one would say comes by a proxy."""
        place = re.compile(rb'"warehouse_id": ?%d\b' % int(warehouse))

        def of_levels(request: bytes) -> bool:
            return b'"incoming_qty"' in request and bool(place.search(request))

        self.spoiling.set_value(of_levels, product, ["free_qty", "qty_available"], value)


RUNNING: list[Warehouse] = []


@pytest.fixture(autouse=True)
def _server(odoo: OdooServer, monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)
    if not RUNNING:
        RUNNING.append(Warehouse(odoo))


@pytest.fixture(scope="module", autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    for running in RUNNING:
        running.spoiling.close()
    RUNNING.clear()


@contextmanager
def warehouse() -> Iterator[Warehouse]:
    RUNNING[0].fill()
    yield RUNNING[0]
    RUNNING[0].spoiling.clear()


TestOdoo = source_suite(
    OdooSource,
    warehouse,
    skips={
        3: "it announces no total",
        9: "it gives no reading times",
        10: "it asks for nothing in addresses",
        39: "it has nothing to look up",
    },
)
