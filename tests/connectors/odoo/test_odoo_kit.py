"""The Odoo source passes the suite of the kit on a real Odoo 19."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.sources.odoo import OdooSource
from invsync_tui.kit import source_suite
from tests.support.runs.sandbox_world import hurry
from tests.support.servers.odoo.server import OdooServer

pytestmark = pytest.mark.real


@dataclass
class Warehouse:
    """A real Odoo as the suite wants it."""

    server: OdooServer
    key: str = field(default="")

    def __post_init__(self) -> None:
        self.key = self.server.api_key()
        self.server.create_warehouse("WEST", "West")
        for number in range(6):
            product = self.server.create_product(f"KIT-{number}")
            self.server.count(product, self.server.stock(self.server.warehouse()), 5 + number)

    @property
    def url(self) -> str:
        return self.server.url

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
        raise NotImplementedError("the real server has numbers only: see test_odoo_answers and test_wrong_shapes")


RUNNING: list[Warehouse] = []


@pytest.fixture(autouse=True)
def _server(odoo: OdooServer, monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)
    if not RUNNING:
        RUNNING.append(Warehouse(odoo))


@pytest.fixture(scope="module", autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    RUNNING.clear()


@contextmanager
def warehouse() -> Iterator[Warehouse]:
    yield RUNNING[0]


TestOdoo = source_suite(OdooSource, warehouse)
