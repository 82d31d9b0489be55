"""A state machine of doubt: answers are lost while stock moves, shoppers buy and operators undo; in the end all is right."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.plans import plans, undo
from invsync_tui.operations.runs import request as run_request
from invsync_tui.sandbox.shop import Mode
from tests.support.runs.sandbox_world import SHOP, Town, town

SKUS = st.integers(0, 3)
Result = TypeVar("Result")


class Doubt(RuleBasedStateMachine):
    """A cart that counts on hand and holds back what its orders took; its answers may be lost."""

    made: Town
    counted = 0
    loop: asyncio.AbstractEventLoop

    def _do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run_until_complete(work)

    def _listing(self, which: int) -> dict[str, Any]:
        """One of the listings of plain products, in a fixed order."""
        return dict(sorted(self.made.cart.dump()[SHOP], key=lambda one: one["ref"])[which])

    @rule(which=SKUS, units=st.integers(1, 60))
    def stock_moves(self, which: int, units: int) -> None:
        self.made.wms.set_level(self._listing(which)["sku"], "EAST", units)
        assert self._do(self.made.bench.pull()).state == "done"

    @rule(which=SKUS, units=st.integers(1, 3))
    def a_shopper_orders(self, which: int, units: int) -> None:
        self.made.cart.control("order", {"shop": SHOP, "ref": self._listing(which)["ref"], "units": units})

    @rule(which=SKUS)
    def an_order_is_shipped(self, which: int) -> None:
        listing = self._listing(which)
        self.made.cart.control("ship", {"shop": SHOP, "ref": listing["ref"], "units": listing["allocated"]})

    @rule(loss=st.sampled_from(["lost", "half_json", "status_after", "drop", "status"]), times=st.integers(1, 40))
    def a_push_loses_answers(self, loss: str, times: int) -> None:
        """Of one batch, or of all that are tried while the cart can be read all the same."""
        self.made.cart.faults({"kind": loss, "path": "/stock", "times": times, "status": 502})
        self._do(self.made.bench.push(self.made.cart_id))
        self.made.cart.faults()

    @rule(loss=st.sampled_from(["lost", "drop"]))
    def a_push_loses_the_cart_itself(self, loss: str) -> None:
        """The batch may be applied, and nothing can be read: it stays in doubt over the runs that follow."""
        unreadable = {"kind": "status", "path": "/listings/read", "after": 1, "times": 99, "status": 503}
        self.made.cart.faults({"kind": loss, "path": "/stock", "times": 40}, unreadable)
        self._do(self.made.bench.push(self.made.cart_id))
        self.made.cart.faults()

    @rule()
    def a_push(self) -> None:
        assert self._do(self.made.bench.push(self.made.cart_id)).state == "done"

    @rule()
    def an_operator_undoes_the_last_push(self) -> None:
        session = self.made.bench.session()
        rows = self.made.bench.store.read(
            "SELECT id FROM our_run WHERE kind = 'push' AND state = 'done' ORDER BY id DESC LIMIT 1"
        )
        try:
            remedy = undo.undo(session, rows[0][0], "a test")
            plans.apply(session, remedy.plan, "a test", freeze=False)
        except (OperationError, IndexError):
            return  # there is nothing to undo
        self._do(self.made.bench.work())

    def teardown(self) -> None:
        """The obstacle is gone: two pushes later the shop sells what the WMS has, and nothing is in doubt."""
        bench = self.made.bench
        self.made.cart.faults()
        for which in range(4):  # an own order alone is no reason to write: the stock of all that was sold moves
            type(self).counted += 1
            self.made.wms.set_level(self._listing(which)["sku"], "EAST", 100 + type(self).counted)
        assert self._do(bench.pull()).state == "done"
        for _ in range(2):
            run = self._do(bench.push(self.made.cart_id, full=True))
            assert (run.state, run.error) == ("done", "")
        sells = {listing["sku"]: listing["quantity"] - listing["allocated"] for listing in self.made.cart.dump()[SHOP]}
        assert sells == self.made.stock()
        assert bench.one("SELECT count(*) FROM our_listing WHERE inflight IS NOT NULL OR outcome = 'in_doubt'") == 0
        assert bench.sums_hold()


@pytest.mark.parametrize("idempotency", [True, False], ids=["replays", "reads back"])
def test_whatever_answers_are_lost_the_cart_ends_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, idempotency: bool
) -> None:
    monkeypatch.setattr(run_request, "ensure_worker", lambda session: False)
    loop = asyncio.new_event_loop()
    mode = Mode(basis="on_hand", max_batch=3, idempotency=idempotency, row_errors="whole_batch")
    with town(tmp_path, products=12, mode=mode, deadline=0.5) as our_town:
        loop.run_until_complete(our_town.bench.pull())
        loop.run_until_complete(our_town.bench.push(our_town.cart_id))
        machine = type("Here", (Doubt,), {"made": our_town, "loop": loop})
        bounds = settings(
            max_examples=6, stateful_step_count=8, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        run_state_machine_as_test(machine, settings=bounds)
    loop.close()
