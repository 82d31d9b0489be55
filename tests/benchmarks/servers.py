"""Systems for the benchmark of connectors: started, filled, and gone when the block ends. Skips where one cannot be had."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from invsync_tui.connectors.base import Connection
from tests.support.connectors.rest_example import connection as described
from tests.support.connectors.rest_example import example
from tests.support.runs.real_servers import cart_connection
from tests.support.servers import postgres
from tests.support.servers.medusa import install as medusa_install
from tests.support.servers.medusa.server import DATABASE, MedusaServer
from tests.support.servers.odoo import server as odoo
from tests.support.servers.odoo.install import NotAvailableError as NoOdooError
from tests.support.servers.odoo.server import OdooServer
from tests.support.servers.postgres_copies import Databases
from tests.support.servers.sandbox import sandbox_wms
from tests.support.servers.shopify.server import shopify_server
from tests.support.servers.tryton import server as tryton_servers
from tests.support.servers.vendure import server as vendure
from tests.support.servers.woocommerce.server import woocommerce_server

LOCATION = "East"
STOCK = 5
CHUNK = 50
"""Listings or products that are made by one request."""


def _chunks(skus: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(skus), CHUNK):
        yield skus[start : start + CHUNK]


# --- carts with a listing for each SKU -------------------------------------------------------------------------------


@contextmanager
def vendure_shop(skus: Sequence[str], folder: Path) -> Iterator[Connection]:
    """A real Vendure."""
    packages = vendure._packages()
    with vendure.running(packages, folder, vendure.seeded_database(packages, folder)) as server:
        server.refresh_locations()
        for chunk in _chunks(skus):
            server.create_variants(chunk, stock=STOCK, location=LOCATION)
        yield cart_connection(server, folder, LOCATION)


@contextmanager
def _postgres() -> Iterator[postgres.PostgresServer]:
    try:
        postgres.programs()
    except postgres.NoPostgresError as error:
        pytest.skip(str(error))
    with postgres.postgres() as server:
        yield server


@contextmanager
def medusa_shop(skus: Sequence[str], folder: Path) -> Iterator[Connection]:
    """A real Medusa."""
    with _postgres() as database:
        shop = medusa_install.installed(database)
        seed = medusa_install.template(shop, folder)
        database.execute(f"CREATE DATABASE {DATABASE} TEMPLATE {medusa_install.TEMPLATE}")
        with medusa_install.running(shop, folder, DATABASE) as url:
            server = MedusaServer(url, seed, database, DATABASE, itertools.count(1))
            for chunk in _chunks(skus):
                server.add_all(chunk, STOCK, LOCATION)
            yield server.connection(folder / "key", location=LOCATION)


@contextmanager
def woocommerce_products(skus: Sequence[str], folder: Path) -> Iterator[Connection]:
    """The WooCommerce of the tests with simple products."""
    with woocommerce_server(products=0) as server:
        for sku in skus:
            server.add_product(sku, STOCK)
        yield server.connection()


@contextmanager
def woocommerce_variations(skus: Sequence[str], each: int) -> Iterator[Connection]:
    """The WooCommerce of the tests, with products of so many variations."""
    with woocommerce_server(products=0) as server:
        for number, sku in enumerate(skus):
            if number % each == 0:
                parent = server.add_product(f"PARENT-{number}", None, kind="variable")
            server.add_variation(parent, sku, STOCK)
        yield server.connection()


@contextmanager
def shopify_shop(skus: Sequence[str], folder: Path) -> Iterator[Connection]:
    """The Shopify of the tests."""
    with shopify_server(products=0) as server:
        for sku in skus:
            server.add(sku, STOCK)
        yield server.connection(server.url)


# --- sources with so many products in two warehouses -----------------------------------------------------------------


@contextmanager
def tryton_warehouse(products: int, folder: Path) -> Iterator[Connection]:
    """A real Tryton."""
    with tryton_servers.served(folder) as server:
        server.create_company()
        warehouses = server.location("warehouse"), server.create_warehouse("WEST", "West")
        made: list[int] = []
        for chunk in _chunks([f"{number:05d}" for number in range(products)]):
            made += server.create_variants(f"BENCH-{len(made)}-", *((suffix, ()) for suffix in chunk))
        for warehouse in warehouses:
            server.set_stocks(warehouse, {product: STOCK + product % 7 for product in made})
        yield server.connection()


@contextmanager
def odoo_warehouse(products: int, folder: Path) -> Iterator[Connection]:
    """A real Odoo 19."""
    with _postgres() as database:
        try:
            process = odoo.start(Databases(database), folder)
        except NoOdooError as error:
            pytest.skip(f"Odoo is not available: {error}")
        try:
            name = f"{odoo.PREFIX}1"  # the server of the tests answers for no others
            process.databases.create(name, odoo.TEMPLATE)
            server = OdooServer(process, name, folder)
            warehouses = server.warehouse(), server.create_warehouse("WEST", "West")
            names = [f"BENCH-{number:05d}" for number in range(products)]
            values = [{"name": name, "default_code": name, "is_storable": True} for name in names]
            made = server.rpc("product.product", "create", values)
            for warehouse in warehouses:
                server.count_all(server.stock(warehouse), {product: STOCK + product % 7 for product in made})
            yield server.connection()
        finally:
            process.stop()


@contextmanager
def described_wms(products: int, folder: Path) -> Iterator[Connection]:
    """The sandbox WMS, by its description in the manual."""
    with sandbox_wms(products=products, warehouses=2) as wms:
        yield described(folder, wms.url, example(), wms.secret)
