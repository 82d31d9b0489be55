"""A merchant on a real Tryton and a cart on a real Vendure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from invsync_tui.connectors.base import Connection
from tests.support.servers.tryton import server as tryton_servers
from tests.support.servers.tryton.server import EAN_BLANK, EAN_RED, SHARED_ALIAS, Seeded
from tests.support.servers.vendure import server as vendure_servers
from tests.support.servers.vendure.server import VendureServer
from tests.support.stores.merchant_store import Bench

UNTOUCHED = 77
"""The stock that every variant starts with: whatever still shows it was not written."""


@pytest.fixture(scope="module")
def tryton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """A Tryton of its own, since these tests change its stock."""
    with tryton_servers.served(tmp_path_factory.mktemp("tryton")) as server:
        yield tryton_servers.seed(server)


@pytest.fixture(scope="module")
def vendure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VendureServer]:
    """A Vendure of its own, so that its listings are these and no others."""
    packages = vendure_servers._packages()
    folder = tmp_path_factory.mktemp("vendure")
    database = vendure_servers.seeded_database(packages, folder)
    with vendure_servers.running(packages, folder, database) as server:
        server.refresh_locations()
        yield server


def cart_connection(server: VendureServer, folder: Path, location: str) -> Connection:
    secret = folder / "vendure-secret"
    secret.touch(mode=0o600)
    secret.write_text(server.password)
    return Connection(
        "shop", "vendure", server.url, server.login, f"file:{secret}", {"location": location}, deadline=20.0
    )


@dataclass
class Thread:
    """The bench with both systems, after a pull and a released first push of both carts."""

    bench: Bench
    tryton: Seeded
    vendure: VendureServer
    variants: dict[str, str]
    by_sku: int
    by_ean: int

    def shows(self, sku: str, location: str = "East") -> int | None:
        return self.vendure.stock(self.variants[sku], location)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def thread(tryton: Seeded, vendure: VendureServer, tmp_path_factory: pytest.TempPathFactory) -> Thread:
    folder = tmp_path_factory.mktemp("thread")
    skus = ["MUG-RED", "MUG-BLUE", "FLOUR", "mug-red", "NOWHERE", SHARED_ALIAS, EAN_RED, EAN_BLANK, "DUP", "DUP"]
    ids = vendure.create_variants(skus, stock=UNTOUCHED, location="East")
    for variant in ids:
        vendure.set_stock(variant, UNTOUCHED, "West")
    variants = dict(zip(skus, ids, strict=True))
    vendure.place_order(variants["MUG-BLUE"], 2)
    bench = Bench.make(folder)
    bench.add_merchant(tryton.server.connection(), orders_within=0)  # this WMS has each order at once
    assert (await bench.pull()).state == "done"
    east = cart_connection(vendure, folder, "East")
    west = Connection(east.name, east.system, east.url, east.login, east.secret, {"location": "West"}, east.deadline)
    by_sku = bench.add_cart(east, name="by SKU")
    by_ean = bench.add_cart(west, name="by EAN", alias="EAN", warehouses=["WH"], buffer=1)
    return Thread(bench, tryton, vendure, variants, by_sku, by_ean)
