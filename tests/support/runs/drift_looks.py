"""One look of the drift check at a cart."""

from __future__ import annotations

from typing import Any

from tests.support.runs.sandbox_world import Town


async def look(made: Town) -> Any:
    """A drift check; everything counts as read a while ago."""
    with made.bench.by_hand() as tx:
        tx.execute("UPDATE listing SET observed_at = observed_at - 1000")
    run_id = made.bench.request("radar", made.cart_id)
    await made.bench.work()
    run = made.bench.run(run_id)
    assert made.bench.sums_hold()
    return run
