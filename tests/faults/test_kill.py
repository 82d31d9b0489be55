"""kill -9 of the worker at fifty random moments: nothing is lost, and nothing older overwrites newer."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from invsync_tui.sandbox.catalog import KIT_EVERY, generate
from invsync_tui.sandbox.shop import Mode
from invsync_tui.sync.runs import leases
from tests.support.processes.worker_kills import Workers, _alive, _wait
from tests.support.runs.journal_proof import order_violations, state_violations, store_violations
from tests.support.servers.sandbox import CartHandle, WmsHandle, sandbox_cart, sandbox_wms
from tests.support.stores.merchant_store import Bench

KILLS = 50
PRODUCTS = 600
CHANGED = 100
"""SKUs that change between two kills."""
SHOPS = {
    "replays": Mode(max_batch=20, latency=0.012, jitter=0.008),
    "reads": Mode(
        max_batch=150, latency=0.012, jitter=0.008, basis="on_hand", row_errors="whole_batch", idempotency=False,
        returns_quantity=False,
    ),
}  # fmt: skip
DEADLINE = 1.0


@dataclass
class Scene:
    """The servers, the store, and what each listing was wanted to show over time."""

    wms: WmsHandle
    cart: CartHandle
    bench: Bench
    rng: random.Random
    history: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.catalog = generate(PRODUCTS, 4, 7)
        self.refs = {listing["sku"]: listing["ref"] for listing in self.cart.dump()["replays"]}
        self.plain = [product for product in self.catalog.products.values() if not product.components]
        for product in self.plain:
            self.history[self.refs[product.sku]] = [self.catalog.available(product.ref)]

    def change(self, wave: int) -> None:
        """Give some products more than they ever had, so that each quantity of a listing tells its age."""
        chosen = self.rng.sample(self.plain, CHANGED)
        new = 1000 * (wave + 1)
        self.wms.control("level", {"refs": [product.ref for product in chosen], "warehouse": "EAST", "available": new})
        for product in chosen:
            elsewhere = sum(
                level.available
                for place, levels in self.catalog.levels.items()
                if place != "wh-1" and (level := levels.get(product.ref)) is not None
            )
            self.history[self.refs[product.sku]].append(new + elsewhere)

    def wanted(self) -> dict[str, int]:
        """By SKU, what every listing has to show in the end, kits too."""
        dump = self.wms.dump()["levels"]
        sums = {ref: sum(levels[ref][0] for levels in dump.values() if ref in levels) for ref in self.catalog.products}
        return {
            product.sku: min(sums[part] // needed for part, needed in product.components)
            if product.components
            else sums[product.ref]
            for product in self.catalog.products.values()
        }

    def order(self) -> None:
        """A pull and the pushes after it, as an operator asks for them; what is held is released."""
        pull = self.bench.request("pull", self.bench.merchant, full=self.rng.random() < 0.2)
        for cart in self.bench.carts.values():
            self.bench.request("push", cart, after=pull)
        self.release()

    @contextmanager
    def pushes_kept_waiting(self) -> Iterator[None]:
        """Meanwhile a pull may end, so that the push taken over knows newer quantities than the one that was killed."""
        locks = [leases._open(self.bench.store.path, f"push:{cart}") for cart in self.bench.carts.values()]
        for lock in locks:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
        for lock in locks:
            os.close(lock)

    def release(self) -> None:
        for (number,) in self.bench.store.read("SELECT id FROM our_run WHERE state = 'held'"):
            self.bench.release(number)


@contextmanager
def scene(folder: Path, seed: int) -> Iterator[Scene]:
    with sandbox_wms(PRODUCTS, latency=0.004) as wms, sandbox_cart(PRODUCTS, shops=SHOPS) as cart:
        bench = Bench.make(folder)
        bench.add_merchant(wms.connection())
        for shop in SHOPS:
            bench.add_cart(cart.connection(shop, DEADLINE), name=shop, zero_count=PRODUCTS, jump_factor=0)
        yield Scene(wms, cart, bench, random.Random(seed))
        bench.store.close()


def _kill(process: int) -> bool:
    """Whether it was still there to be killed."""
    if not _alive(process):
        return False
    os.kill(process, signal.SIGKILL)
    while _alive(process):
        time.sleep(0.001)
    return True


@pytest.mark.slow
def test_fifty_kills_lose_nothing_and_never_let_an_older_quantity_win(tmp_path: Path) -> None:
    # given
    with scene(tmp_path, seed=1) as town:
        workers = Workers(town.bench.store.path)
        town.cart.faults({"kind": "slow", "path": "/shops/reads/stock", "seconds": 0.0, "most": DEADLINE * 0.9})
        town.order()
        kills = tries = 0
        # when
        while kills < KILLS:
            tries += 1
            assert tries < 4 * KILLS
            town.change(tries)
            town.order()
            with town.pushes_kept_waiting():
                worker = workers.start()
                time.sleep(town.rng.choice([0.0, 0.1, 0.15]))
            time.sleep(town.rng.uniform(0.02, 1.3))
            kills += _kill(worker)
        for _ in range(3):  # what is held meanwhile is released; the last request finishes everything
            town.order()
            _wait(workers.start())
        # then
        wanted = town.wanted()
        journal = town.cart.log()
        assert store_violations(town.bench.store.path) == []
        for shop in SHOPS:
            assert state_violations(town.cart.quantities(shop), wanted) == []
            assert order_violations(journal, town.history, shop) == []
        assert town.bench.one("SELECT count(*) FROM run_event WHERE text LIKE 'The worker died%'") > KILLS / 4
        print(f"{kills} kills in {tries} tries, {len(journal)} rows applied, {PRODUCTS // KIT_EVERY} kits")
