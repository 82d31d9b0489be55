"""The connectors of real systems pass the suite of the kit against their real servers."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.carts.vendure import VendureCart
from invsync_tui.connectors.sources.tryton import TrytonSource
from invsync_tui.kit import cart_suite, source_suite
from tests.support.connectors.spoiling_proxy import SpoilingThread
from tests.support.runs.real_servers import cart_connection, tryton, vendure
from tests.support.runs.sandbox_world import hurry
from tests.support.servers.tryton.server import Seeded
from tests.support.servers.vendure.server import VendureServer

pytestmark = pytest.mark.real
__all__ = ["tryton", "vendure"]
LOCATION = "East"


@dataclass
class Shop:
    """A real Vendure as the suite wants it."""

    server: VendureServer
    folder: Path

    @property
    def url(self) -> str:
        return self.server.url

    def connection(self, url: str) -> Connection:
        return replace(cart_connection(self.server, self.folder, LOCATION), url=url)

    def secrets(self) -> tuple[str, ...]:
        return (self.server.password,)

    def shown(self) -> Mapping[str, int | None]:
        return {row["id"]: self.server.stock(row["id"], LOCATION) or 0 for row in self.server.variants()}

    def add(self, sku: str, quantity: int) -> str:
        (variant,) = self.server.create_variants([sku], stock=quantity, location=LOCATION)
        return variant

    def remove(self, listing: str) -> None:
        self.server.delete_variant(listing)

    def set(self, listing: str, quantity: int) -> None:
        self.server.set_stock(listing, quantity, LOCATION)

    def ail(self, fix: str) -> str:
        (variant,) = self.server.create_variants([f"AILING-{fix}"], location=LOCATION, trackInventory="FALSE")
        return variant


@dataclass
class Warehouse:
    """A real Tryton as the suite wants it."""

    seeded: Seeded
    spoiling: SpoilingThread
    names: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def url(self) -> str:
        return self.spoiling.url

    def connection(self, url: str) -> Connection:
        return replace(self.seeded.server.connection(), url=url)

    def secrets(self) -> tuple[str, ...]:
        return (self.seeded.server.password,)

    def skus(self) -> Mapping[str, str]:
        rows = self.seeded.server.find(
            "product.product", [["template.type", "=", "goods"], ["template.consumable", "=", False]], "code"
        )
        return {str(row["id"]): row["code"] or "" for row in rows}

    def levels(self) -> Mapping[tuple[str, str], int]:
        """From the moves of goods, which are not what the connector reads: done ones, less what is assigned to leave."""
        found: dict[tuple[str, str], float] = {}
        storage = {row["storage_location"]: str(row["id"]) for row in self._find_warehouses()}
        names = ("product", "internal_quantity", "from_location", "to_location", "state")
        for move in self.seeded.server.find("stock.move", [["state", "in", ["done", "assigned"]]], *names):
            ends = (("from_location", -1), ("to_location", 1 if move["state"] == "done" else 0))
            for end, sign in ends:
                if move[end] in storage:
                    key = (str(move["product"]), storage[move[end]])
                    found[key] = found.get(key, 0.0) + sign * move["internal_quantity"]
        active = self.skus()
        return {key: math.floor(units + 1e-6) for key, units in found.items() if key[0] in active}

    def _find_warehouses(self) -> list[dict[str, Any]]:
        return self.seeded.server.find("stock.location", [["type", "=", "warehouse"]], "storage_location")

    def fill(self) -> None:
        """Stock for the next check: some checks leave nothing behind."""
        if len(self.levels()) < 6:
            products = [self.seeded.server.create_product(f"KIT-{next(self.names)}") for _ in range(6)]
            self.seeded.server.set_stocks(self.seeded.east, {product: 5 + n for n, product in enumerate(products)})

    def add(self, sku: str) -> str:
        return str(self.seeded.server.create_product(sku))

    def remove(self, product: str) -> None:
        # Tryton refuses to delete what has moves; that something else does is what the suite wants.
        self.seeded.server.delete_rows(
            int(product), ("stock_inventory_line", "stock_move", "product_identifier"), "product_product"
        )

    def set_level(self, product: str, warehouse: str, available: int) -> None:
        """A count finds what is on hand: what is assigned is not available."""
        storage = self.seeded.server.storage(int(warehouse))
        domain = [["product", "=", int(product)], ["from_location", "=", storage], ["state", "=", "assigned"]]
        assigned = sum(
            move["internal_quantity"] for move in self.seeded.server.find("stock.move", domain, "internal_quantity")
        )
        self.seeded.server.set_stock(int(product), int(warehouse), available + assigned)

    def set_odd(self, product: str, warehouse: str, value: object) -> None:
        """The server itself has numbers only: what a broken one would say comes by a proxy."""
        place = re.compile(rb'"locations": ?\[%d\]' % int(warehouse))
        self.spoiling.set_value(lambda request: bool(place.search(request)), product, ["quantity"], value)


RUNNING: dict[str, Shop | Warehouse] = {}


@pytest.fixture(autouse=True)
def _servers(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The real server that a test needs, once for all tests of this file."""
    hurry(monkeypatch)
    kind = "vendure" if "Vendure" in request.node.cls.__name__ else "tryton"
    if kind not in RUNNING:
        server = request.getfixturevalue(kind)
        if kind == "vendure":
            RUNNING[kind] = Shop(server, tmp_path_factory.mktemp("kit"))
            for n in range(6):
                RUNNING[kind].add(f"KIT-{n}", 5)  # type: ignore[call-arg]
        else:
            RUNNING[kind] = Warehouse(server, SpoilingThread(server.server.url))


@pytest.fixture(scope="module", autouse=True)
def _forgotten() -> Iterator[None]:
    yield
    found = RUNNING.get("tryton")
    if isinstance(found, Warehouse):
        found.spoiling.close()
    RUNNING.clear()


@contextmanager
def shop() -> Iterator[Shop]:
    found = RUNNING["vendure"]
    assert isinstance(found, Shop)
    yield found


@contextmanager
def warehouse() -> Iterator[Warehouse]:
    found = RUNNING["tryton"]
    assert isinstance(found, Warehouse)
    found.fill()
    yield found
    found.spoiling.clear()


AT_ONCE = "it applies a batch before it answers"
TestVendure = cart_suite(
    VendureCart,
    shop,
    skips={
        17: "the cart sets without comparing",
        39: "it has nothing to look up",
        43: "its batches may hold any listings",
        **dict.fromkeys(range(33, 38), AT_ONCE),
    },
)
TestTryton = source_suite(
    TrytonSource,
    warehouse,
    skips={
        3: "it announces no total",
        9: "it gives no reading times",
        10: "it asks for nothing in addresses",
        39: "it has nothing to look up",
    },
)
