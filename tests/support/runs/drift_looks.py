"""One look of the drift check at a cart."""

from __future__ import annotations

from typing import Any

from tests.support.runs.sandbox_world import Town
from tests.support.stores.merchant_store import Bench


async def look(town: Town) -> Any:
    """A drift check; everything counts as read a while ago."""
    return await look_at(town.bench, town.cart_id)


async def look_at(bench: Bench, cart: int) -> Any:
    """The same of any cart."""
    with bench.by_hand() as tx:
        tx.execute("UPDATE listing SET observed_at = observed_at - 1000")
    run_id = bench.request("radar", cart)
    await bench.work()
    run = bench.run(run_id)
    assert bench.sums_hold()
    return run
