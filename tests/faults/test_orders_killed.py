"""kill -9 of a worker while it learns of an order that lowers another cart: the push of that is neither lost nor doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.processes.worker_kills import Workers, _wait
from tests.support.runs.market import WEST, market, settle

ELSEWHERE = "invsync_tui.sync.orders.orders_elsewhere"


@pytest.mark.parametrize(
    ("moment", "kept"),
    [
        (f"{ELSEWHERE} before before", 0),
        (f"{ELSEWHERE} request_pushes after", 0),
        ("invsync_tui.sync.push_plan PushPlanner._decide before", 1),
        ("invsync_tui.sync.executor _end before", 1),
    ],
    ids=["before the orders are stored", "before the commit", "after the commit", "before the end"],
)
async def test_a_push_for_an_order_survives_a_kill(tmp_path: Path, moment: str, kept: int) -> None:
    with market(tmp_path) as our_market:
        await settle(our_market)
        our_market.sell("a", 3)
        number = our_market.bench.request("push", our_market.numbers["a"])
        _wait(Workers(our_market.bench.store.path).start(f"killed-at {moment}"))
        # then: the orders and the pushes are both there, or neither is
        assert our_market.bench.run(number).state == "running"
        assert our_market.bench.one("SELECT count(*) FROM our_pending_order") == kept
        assert len(our_market.asked()) == 2 * kept
        # and whoever comes next does it, once
        await our_market.bench.work()
        assert our_market.shown() == {"a": 7, "b": 11, "c": WEST, "d": 11}
        assert our_market.asked() == ["b: order at A", "d: order at A"]
        assert our_market.bench.sums_hold()
