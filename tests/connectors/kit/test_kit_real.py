"""The connectors of real systems pass the suite of the kit against their real servers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.carts.vendure import VendureCart
from invsync_tui.connectors.sources.tryton import TrytonSource
from invsync_tui.kit import cart_suite, source_suite
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
    names: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def url(self) -> str:
        return self.seeded.server.url

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
        raise NotImplementedError("what is for sale follows from documents: see test_tryton_documents")

    def add(self, sku: str) -> str:
        return str(self.seeded.server.create_product(sku))

    def remove(self, product: str) -> None:
        raise NotImplementedError("Tryton deactivates what has moves, and reports it as such: see test_tryton")

    def set_level(self, product: str, warehouse: str, available: int) -> None:
        self.seeded.server.set_stock(int(product), int(warehouse), available)

    def set_odd(self, product: str, warehouse: str, value: object) -> None:
        raise NotImplementedError("the real server has numbers only: see test_wrong_shapes")


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
            RUNNING[kind] = Warehouse(server)


@pytest.fixture(scope="module", autouse=True)
def _forgotten() -> Iterator[None]:
    yield
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
    yield found


TestVendure = cart_suite(VendureCart, shop)
TestTryton = source_suite(TrytonSource, warehouse)
