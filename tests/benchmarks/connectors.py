"""`python -m tests.benchmarks.connectors [NAME ...]`: what connectors cost, in one table. NAME is part of a row's name.

Of carts: requests for changed listings as counted on a few hundred of them, those that write against the least that the
declared grouping allows, and seconds of our processor. Of sources: requests and seconds for the levels that are read. Vendure,
Medusa, Tryton and Odoo are real servers on this machine; WooCommerce and Shopify are the strict servers of the tests.

Each measurement is a process of its own: the seconds have neither the servers nor the imports in them.
"""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from invsync_tui.connectors import http, registry
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.carts import medusa, shopify, vendure, woocommerce
from invsync_tui.connectors.http import HttpConnection
from invsync_tui.store.database import open_store
from tests.benchmarks.servers import (
    described_wms,
    medusa_shop,
    odoo_warehouse,
    shopify_shop,
    tryton_warehouse,
    vendure_shop,
    woocommerce_products,
    woocommerce_variations,
)
from tests.benchmarks.table import Figure, show
from tests.support.servers.sandbox import sandbox_wms
from tests.support.stores.merchant_store import Bench

PER_REQUESTS = 10_000
"""Changed listings that requests are given for."""
PER_CPU = 1_000
"""Listings or levels that seconds are given for."""
OF_ONE_PRODUCT = 10
"""Variations of each product of WooCommerce."""
PRODUCTS = 500
"""Of a source, in two warehouses each."""
FIRST_STOCK, STEP = 40, 5
"""Units of each listing at first, and by how many they change: too few for a safety rule."""


class Cost(NamedTuple):
    """Of one measurement. `rows`: listings that were set, or levels that were read."""

    writes: int
    reads: int
    seconds: float
    rows: int


@dataclass(frozen=True)
class CartCase:
    """A cart. `shop` starts it with listings of some SKUs; `listings` are a multiple of what one request sets."""

    name: str
    shop: Callable[[Sequence[str], Path], AbstractContextManager[Connection]]
    listings: int
    of_request: int


CARTS = (
    CartCase("Vendure", vendure_shop, 400, vendure.CAPABILITIES.max_batch),
    CartCase("Medusa", medusa_shop, 400, medusa.CAPABILITIES.max_batch),
    CartCase("WooCommerce, products", woocommerce_products, 400, woocommerce.CAPABILITIES.max_batch),
    CartCase(
        f"WooCommerce, {OF_ONE_PRODUCT} variations each",
        lambda skus, folder: woocommerce_variations(skus, OF_ONE_PRODUCT),
        400,
        OF_ONE_PRODUCT,
    ),
    CartCase("Shopify", shopify_shop, 500, shopify.CAPABILITIES.max_batch),
)
SOURCES: dict[str, Callable[[int, Path], AbstractContextManager[Connection]]] = {
    "Tryton": tryton_warehouse,
    "Odoo": odoo_warehouse,
    "REST, the sandbox WMS": described_wms,
}


# --- in a process of its own -----------------------------------------------------------------------------------------


@contextmanager
def _counted() -> Iterator[list[bool]]:
    """For each request that is sent, repeated ones too, whether it sets quantities: a login does not."""
    sent: list[bool] = []
    send = HttpConnection._once

    async def counted(self: HttpConnection, method: str, path: str, *, writes: bool, **request: Any) -> Any:
        sent.append(writes and request.get("content") is not None)
        return await send(self, method, path, writes=writes, **request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HttpConnection, "_once", counted)
        yield sent


def push(store: str, merchant: str, cart: str, system: str) -> Cost:
    """One push with everything that it decides."""
    bench = Bench(open_store(Path(store)), merchant=int(merchant))
    registry.cart(Connection("imports it", system, "https://shop.example.com"))
    http._import_the_rest()
    with _counted() as sent:
        before = time.process_time()
        run = asyncio.run(bench.push(int(cart), release=False))
        seconds = time.process_time() - before
    if run.state != "done":
        raise SystemExit(f"the push is {run.state}: {run.error}")
    return Cost(sum(sent), len(sent) - sum(sent), seconds, bench.counts(run)["set"])


async def _levels(connection: Connection) -> int:
    """Everything that a full download reads; the number of levels."""
    source, count, cursor = registry.source(connection), 0, None
    await source.open()
    while (cursor := (await source.products_page(cursor)).next_cursor) is not None:
        pass
    for warehouse in await source.warehouses():
        more = True
        while more:
            page = await source.levels_page(warehouse, cursor)
            count, cursor = count + len(page.rows), page.next_cursor
            more = cursor is not None
    await source.close()
    return count


def read(settings: str) -> Cost:
    """All products and levels of a source, without a store."""
    connection = Connection(**json.loads(settings))
    registry.source(connection)
    http._import_the_rest()
    with _counted() as sent:
        before = time.process_time()
        rows = asyncio.run(_levels(connection))
        return Cost(sum(sent), len(sent) - sum(sent), time.process_time() - before, rows)


def _measured(*arguments: object) -> Cost:
    command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, "--measure", *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return Cost(*json.loads(done.stdout.splitlines()[-1]))


# --- the servers and the table ---------------------------------------------------------------------------------------


async def _pushed(case: CartCase, folder: Path) -> Cost:
    """A push of changed listings, behind a first one that set them all."""
    with sandbox_wms(products=case.listings + 100) as wms:
        bench = Bench.make(folder, alone=True)
        bench.add_merchant(wms.connection())
        await bench.pull()
        skus = [row[0] for row in bench.store.read("SELECT sku FROM product WHERE is_kit = 0 AND sku <> ''")]
        chosen = skus[: case.listings]
        assert len(chosen) == case.listings
        with case.shop(chosen, folder) as connection:
            cart = bench.add_cart(connection)
            for stock in (FIRST_STOCK, FIRST_STOCK + STEP):
                for sku in chosen:
                    wms.set_level(sku, "EAST", stock)
                await bench.pull()
                if stock == FIRST_STOCK:
                    assert (await bench.push(cart)).state == "done"
            cost = _measured("push", folder / "store.db", bench.merchant, cart, connection.system)
    assert cost.rows == case.listings, f"{cost.rows} listings of {case.listings} were set"
    return cost


def cart_figures(case: CartCase) -> Iterator[Figure]:
    """The rows of a cart."""
    with tempfile.TemporaryDirectory() as folder:
        cost = asyncio.run(_pushed(case, Path(folder)))
    least = math.ceil(case.listings / case.of_request)
    note = f"{cost.writes} for {cost.rows} listings, at most {case.of_request} in each"
    factor = PER_REQUESTS / cost.rows
    name = f"{case.name}: requests"
    yield Figure(f"{name} that write, per {PER_REQUESTS}", cost.writes * factor, "calls", least * factor, note)
    yield Figure(f"{name} that read, per {PER_REQUESTS}", cost.reads * factor, "calls", None, f"{cost.reads} counted")
    yield Figure(f"{case.name}: CPU per {PER_CPU} listings pushed", cost.seconds / cost.rows * PER_CPU, "s CPU", None)


def source_figures(name: str) -> Iterator[Figure]:
    """The rows of a source."""
    with tempfile.TemporaryDirectory() as folder, SOURCES[name](PRODUCTS, Path(folder)) as connection:
        parts = ("name", "system", "url", "login", "secret", "options", "deadline")
        cost = _measured("read", json.dumps({part: getattr(connection, part) for part in parts}))
    factor, note = PER_CPU / cost.rows, f"{cost.writes + cost.reads} for {cost.rows} levels"
    requests = (cost.writes + cost.reads) * factor
    yield Figure(f"{name}: requests per {PER_CPU} levels read", requests, "calls", None, note)
    yield Figure(f"{name}: CPU per {PER_CPU} levels read", cost.seconds * factor, "s CPU", None)


def figures(names: Sequence[str]) -> Iterator[Figure]:
    """Of all systems, or of those that have one of `names` in theirs."""
    systems: dict[str, Callable[[], Iterator[Figure]]] = {
        **{case.name: lambda case=case: cart_figures(case) for case in CARTS},
        **{name: lambda name=name: source_figures(name) for name in SOURCES},
    }
    for system, measure in systems.items():
        if names and not any(name.lower() in system.lower() for name in names):
            continue
        try:
            yield from measure()
        except pytest.skip.Exception as missing:
            print(f"{system} is left out: {missing}", file=sys.stderr)


def main(arguments: Sequence[str]) -> int:
    """Print the table, or do one of the measurements."""
    if arguments[:1] == ["--measure"]:
        work: Callable[..., Cost] = {"push": push, "read": read}[arguments[1]]
        print(json.dumps(work(*arguments[2:])))
        return 0
    return 0 if show(figures(arguments)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
