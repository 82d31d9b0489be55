"""Calls to a cart: a push sends ceil(changed / max batch) requests and reads nothing that it does not need."""

from __future__ import annotations

import asyncio
import math
import tempfile
from pathlib import Path

from invsync_tui.sandbox.shop import Mode
from tests.benchmarks.table import Figure
from tests.support.servers.sandbox import sandbox_cart, sandbox_wms
from tests.support.stores.merchant_store import Bench

PRODUCTS = 2_000
BATCH = 100
CHANGED = (1, 99, 100, 101, 777)


async def _measure(folder: Path) -> list[Figure]:
    found = []
    shops = {"main": Mode(max_batch=BATCH)}
    with sandbox_wms(products=PRODUCTS) as wms, sandbox_cart(products=PRODUCTS, shops=shops) as shop:
        bench = Bench.make(folder)
        bench.add_merchant(wms.connection())
        cart = bench.add_cart(shop.connection("main"))
        await bench.pull()
        await bench.push(cart)
        skus = [row[0] for row in bench.store.read("SELECT sku FROM product WHERE is_kit = 0 ORDER BY id DESC")]
        for n in CHANGED:
            before = len(shop.requests())
            for number, sku in enumerate(skus[:n]):
                wms.set_level(sku, "EAST", 1000 + n + number)
            await bench.pull()
            run = await bench.push(cart)
            changed = bench.counts(run)["set"]
            calls = len(shop.requests()) - before
            needed = math.ceil(changed / BATCH)
            found.append(Figure(f"calls to the cart for {changed} changed listings", calls, "calls", needed))
    return found


def figures() -> list[Figure]:
    """One figure for each number of changed listings; the budget is the least possible."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


if __name__ == "__main__":
    from tests.benchmarks.table import show

    show(figures())
