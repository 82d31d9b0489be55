"""A state machine of carts that apply later, in any order, in part or never: the newest quantity wins, and sums add up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from invsync_tui import clock
from invsync_tui.sandbox.shop import Mode
from tests.support.runs.journal_proof import order_violations
from tests.support.runs.sandbox_world import SHOP, Town, town

SKUS = st.integers(0, 1)
LOOK, GIVE_UP = 600, 3600
Result = TypeVar("Result")


class AppliedLater(RuleBasedStateMachine):
    """A cart of which nobody knows when it applies what it took, but for that it never does after `GIVE_UP`."""

    made: Town
    loop: asyncio.AbstractEventLoop
    counted = 0
    """Quantities only grow, so that each tells its age."""
    ahead = 0.0
    """Seconds that have passed beside the real ones."""
    history: dict[str, list[int]]
    taken_at: dict[str, float]

    def _do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run_until_complete(work)

    def _push(self) -> None:
        assert self._do(self.made.bench.push(self.made.cart_id)).state in ("done", "failed")
        self._note_tickets()

    def _control(self, order: str, **body: Any) -> Any:
        return self.made.cart.control(order, {"shop": SHOP, **body})

    def _waiting(self) -> list[str]:
        return list(self._control("tickets"))

    def _note_tickets(self) -> None:
        for ticket in self._waiting():
            self.taken_at.setdefault(ticket, self.ahead)

    @rule(which=SKUS)
    def stock_moves(self, which: int) -> None:
        type(self).counted += 1
        listing = sorted(self.made.cart.dump()[SHOP], key=lambda one: one["ref"])[which]
        self.made.wms.set_level(listing["sku"], "EAST", 1000 + self.counted)
        assert self._do(self.made.bench.pull()).state == "done"
        self.history.setdefault(listing["ref"], []).append(self.made.stock()[listing["sku"]])

    @rule()
    def a_push(self) -> None:
        self._push()

    @rule(
        which=SKUS, moves=st.integers(2, 3), loss=st.sampled_from(["", "lost", "drop"]),
        order=st.sampled_from([0, -1, -1, 1]),
    )  # fmt: skip
    def a_busy_hour(self, which: int, moves: int, loss: str, order: int) -> None:
        """A listing changes again and again, and then the cart applies what it took, the newest first or last."""
        for n in range(moves):
            self.stock_moves(which)
            if loss and not n:
                self.a_push_loses_answers(loss, 1)
            else:
                self._push()
            self.time_passes(LOOK + 1, False)
        if order:
            self._control("apply", tickets=self._waiting()[::order])

    @rule(loss=st.sampled_from(["lost", "half_json", "drop", "status_after"]), times=st.integers(1, 6))
    def a_push_loses_answers(self, loss: str, times: int) -> None:
        self.made.cart.faults({"kind": loss, "path": "/stock", "times": times, "status": 502})
        self._push()
        self.made.cart.faults()

    @rule(where=st.sampled_from(["/tickets/", "/listings/read"]), status=st.sampled_from([401, 429, 500]))
    def a_push_cannot_ask(self, where: str, status: int) -> None:
        self.made.cart.faults({"kind": "status", "path": where, "status": status, "seconds": 0.01})
        self._push()
        self.made.cart.faults()

    @rule(which=SKUS)
    def a_push_is_refused_later(self, which: int) -> None:
        listing = sorted(self.made.cart.dump()[SHOP], key=lambda one: one["ref"])[which]
        self.made.cart.faults({"kind": "reject", "path": "/stock", "refs": [listing["ref"]]})
        self._push()
        self.made.cart.faults()

    @rule(data=st.data())
    def the_cart_applies_some(self, data: st.DataObject) -> None:
        waiting = self._waiting()
        if waiting:
            self._control("apply", tickets=data.draw(st.lists(st.sampled_from(waiting), unique=True)))

    @rule(data=st.data(), drop=st.booleans())
    def the_cart_loses_a_ticket(self, data: st.DataObject, drop: bool) -> None:
        waiting = self._waiting()
        if waiting:
            self._control("lose", tickets=[data.draw(st.sampled_from(waiting))], drop=drop)

    @rule(seconds=st.sampled_from([LOOK // 2, LOOK + 1, GIVE_UP // 2]), dropped=st.booleans())
    def time_passes(self, seconds: int, dropped: bool) -> None:
        """What the cart has not applied when its time is over it applies in the last moment, or never."""
        type(self).ahead += seconds
        over = [ticket for ticket in self._waiting() if self.ahead - self.taken_at.get(ticket, 0.0) >= GIVE_UP - 60]
        if over:
            self._control("lose", tickets=over, drop=True) if dropped else self._control("apply", tickets=over)
        self._do(self.made.bench.work())
        self._note_tickets()

    def teardown(self) -> None:
        """All is well again: after the cart had its time the shop shows what the WMS has."""
        bench = self.made.bench
        self.made.cart.faults()
        for _ in range(3):
            self.time_passes(GIVE_UP + 60, False)
            self._control("apply")
            self.time_passes(LOOK + 1, False)
            self._push()
        self._control("apply")
        self.time_passes(LOOK + 1, False)
        self._push()
        assert self.made.shown() == self.made.stock()
        assert bench.one("SELECT count(*) FROM our_listing WHERE inflight IS NOT NULL OR pending") == 0
        assert bench.one("SELECT count(*) FROM our_listing WHERE outcome IN ('submitted', 'in_doubt', 'failed')") == 0
        assert bench.one("SELECT count(*) FROM our_push_batch WHERE state NOT IN ('answered', 'refused')") == 0
        assert order_violations(self.made.cart.log(), self.history, SHOP) == []
        assert bench.sums_hold()


@pytest.mark.parametrize("idempotency", [True, False], ids=["replays", "reads back"])
def test_whenever_the_cart_applies_what_it_took_the_newest_quantity_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, idempotency: bool
) -> None:
    loop = asyncio.new_event_loop()
    mode = Mode(
        later=True, apply_after=-1, look_after=LOOK, give_up_after=GIVE_UP, max_batch=3, idempotency=idempotency,
        returns_quantity=False,
    )  # fmt: skip
    with town(tmp_path, products=12, mode=mode, deadline=0.5, jump_factor=0, zero_count=1000) as our_town:
        machine = type("Here", (AppliedLater,), {"made": our_town, "loop": loop, "history": {}, "taken_at": {}})
        now, elapsed = clock.now, clock.elapsed
        monkeypatch.setattr(clock, "now", lambda: now() + machine.ahead)
        monkeypatch.setattr(clock, "elapsed", lambda: elapsed() + machine.ahead)
        loop.run_until_complete(our_town.bench.pull())
        machine.history.update(
            {listing["ref"]: [our_town.stock()[listing["sku"]]] for listing in our_town.cart.dump()[SHOP]}
        )
        loop.run_until_complete(our_town.bench.push(our_town.cart_id))
        bounds = settings(
            max_examples=10, stateful_step_count=8, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        run_state_machine_as_test(machine, settings=bounds)
    loop.close()
