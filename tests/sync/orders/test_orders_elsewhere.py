"""An order that one cart took lowers the others at once: their pushes are asked for with the orders, and only theirs."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.cli.run_text import detail_lines
from invsync_tui.operations.diagnosis.why import why
from invsync_tui.store import hooks
from invsync_tui.store.hooks import Notice
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.sync.hooks import requests
from invsync_tui.sync.hooks.requests import AFTER_FAILURE
from invsync_tui.sync.orders import orders_elsewhere
from tests.support.runs.market import EAST, FED_BY, WEST, Market, market, settle


@pytest.fixture
async def synced(tmp_path: Path) -> Any:
    """All shops show what their warehouses have."""
    with market(tmp_path) as our_market:
        await settle(our_market)
        assert our_market.shown() == {"a": EAST, "b": EAST + WEST, "c": WEST, "d": EAST + WEST}
        yield our_market


# --- who is asked -----------------------------------------------------------------------------------------------------


async def test_the_carts_that_draw_on_the_sold_stock_are_lowered_at_once(synced: Market) -> None:
    synced.sell("a", 3)
    run = await synced.push("a")
    # then: C is fed by another warehouse
    assert synced.shown() == {"a": 7, "b": 11, "c": WEST, "d": 11}
    assert synced.asked() == ["b: order at A", "d: order at A"]
    assert any("Requested a push of: B, D." in text for text in synced.bench.events(run.id))
    assert synced.bench.sums_hold()


async def test_a_reading_that_learns_nothing_new_asks_for_nothing(synced: Market) -> None:
    synced.sell("a", 3)
    await synced.push("a")
    before = synced.runs()
    for shop in FED_BY:
        await synced.push(shop)
    assert synced.runs() == before + 4
    # and when the order grows, and another one comes
    synced.sell("a", 1)
    await synced.push("a")
    assert synced.runs() == before + 7
    assert synced.shown() == {"a": 6, "b": 10, "c": WEST, "d": 10}


async def test_an_order_that_grows_lowers_again(synced: Market) -> None:
    order = synced.sell("a", 3)
    await synced.push("a")
    synced.sell("a", 2, into=order)
    await synced.push("a")
    assert synced.shown() == {"a": 5, "b": 9, "c": WEST, "d": 9}
    assert len(synced.asked()) == 4


async def test_a_cancelled_order_waits_for_the_next_push_of_each_cart(synced: Market) -> None:
    order = synced.sell("a", 3)
    await synced.push("a")
    before = synced.asked()
    synced.carts.control("cancel", {"shop": "a", "order": order})
    await synced.push("a")
    assert synced.asked() == before
    assert synced.shown() == {"a": EAST, "b": 11, "c": WEST, "d": 11}
    await synced.push("b")
    assert synced.shown()["b"] == EAST + WEST


async def test_a_cart_whose_number_stays_is_not_asked(synced: Market) -> None:
    synced.bench.set_cart(synced.numbers["b"], max_quantity=5)
    await synced.push("b")
    synced.sell("a", 3)
    await synced.push("a")
    assert synced.asked() == ["d: order at A"]


async def test_a_cart_with_more_listings_than_are_compared_is_asked(
    synced: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced.bench.set_cart(synced.numbers["b"], max_quantity=5)
    await synced.push("b")
    monkeypatch.setattr(orders_elsewhere, "LISTINGS_COMPARED", 0)
    synced.sell("a", 3)
    await synced.push("a")
    assert synced.asked() == ["b: order at A", "d: order at A"]
    # and when there are more carts than are compared
    monkeypatch.undo()
    monkeypatch.setattr(orders_elsewhere, "CARTS_COMPARED", 0)
    synced.sell("a", 1)
    await synced.push("a")
    assert len(synced.asked()) == 4


@pytest.mark.parametrize(
    "values",
    [{"upload_enabled": 0}, {"frozen_at": 1, "frozen_by": "x", "frozen_why": "y"}, {"pushed_rules_rev": 0}],
    ids=["switched off", "frozen", "never pushed"],
)
async def test_a_cart_that_is_not_to_be_sent_anything_is_not_asked(synced: Market, values: dict[str, Any]) -> None:
    synced.set_cart("b", **values)
    synced.sell("a", 3)
    await synced.push("a")
    assert synced.asked() == ["d: order at A"]
    assert synced.shown()["b"] == EAST + WEST


async def test_a_merchant_that_is_frozen_is_not_asked(synced: Market) -> None:
    with synced.bench.by_hand() as tx:
        tx.execute(
            "UPDATE merchant SET frozen_at = 1, frozen_by = 'x', frozen_why = 'y' WHERE id = ?",
            (synced.bench.merchant,),
        )
    synced.sell("a", 3)
    await synced.push("a")
    assert synced.asked() == []


async def test_a_push_that_is_held_is_not_gone_past(synced: Market) -> None:
    synced.bench.set_cart(synced.numbers["b"], buffer=1)
    held = await synced.push("b", release=False)
    assert held.state == "held"
    synced.sell("a", 3)
    await synced.push("a")
    assert [text for text in synced.asked() if text.startswith("b")] == []
    assert synced.bench.run(held.id).state == "held"
    # and when an operator releases it, the order counts
    synced.bench.release(held.id)
    await synced.bench.work()
    assert synced.shown() == {"a": 7, "b": 10, "c": WEST, "d": 11}


async def test_a_push_that_waits_for_a_rate_limit_goes_on_waiting_and_knows_who_asked(synced: Market) -> None:
    with synced.bench.store.transaction() as tx:
        number = runs.request(
            tx, RunRequest("push", synced.numbers["b"], synced.bench.merchant, "again", "tester"), clock.seconds()
        ).run_id
        tx.execute("UPDATE run SET not_before = ? WHERE id = ?", (clock.seconds() + 3000, number))
    synced.sell("a", 3)
    await synced.push("a")
    waits = synced.bench.run(number)
    assert (waits.state, waits.not_before is not None) == ("requested", True)
    assert "Also requested by order at A." in synced.bench.events(number)
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE run SET not_before = NULL WHERE id = ?", (number,))
    await synced.bench.work()
    assert synced.shown()["b"] == 11


async def test_a_cart_that_just_failed_is_tried_again_once_after_a_while(synced: Market) -> None:
    # given a cart whose last push failed
    failed = await synced.push("b")
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE run SET state = 'failed' WHERE id = ?", (failed.id,))
    before = synced.runs()
    # when orders come at another one
    for units in (3, 2):
        synced.sell("a", units)
        await synced.push("a")
    # then one push of it is asked for, for when the wait is over
    sql = "SELECT id, not_before, state FROM run WHERE key = ? AND kind = 'push' AND id > ?"
    waits = list(synced.bench.store.read(sql, (synced.numbers["b"], failed.id)))
    assert [(at, state) for _, at, state in waits] == [((failed.ended_at or 0) + AFTER_FAILURE, "requested")]
    assert synced.runs() == before + 2 + 2 + 1  # those of A, of D, and the one that waits
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE run SET not_before = 1 WHERE id = ?", (waits[0][0],))
    await synced.bench.work()
    assert synced.shown()["b"] == 9


async def test_a_webhook_of_one_cart_lowers_the_others(synced: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "SETTLE", 0)
    monkeypatch.setattr(requests, "GAP", 0)
    synced.sell("a", 3)
    with synced.bench.store.transaction() as tx:
        hooks.take(tx, [Notice(synced.numbers["a"], "", (), True)], (), clock.seconds())
        assert len(requests.request_pushes(tx, clock.seconds())) == 1
    await synced.bench.work()
    assert synced.shown() == {"a": 7, "b": 11, "c": WEST, "d": 11}
    assert synced.asked() == ["b: order at A", "d: order at A"]


# --- what is said of it -----------------------------------------------------------------------------------------------


async def test_the_run_and_why_say_which_order_asked(synced: Market) -> None:
    synced.sell("a", 3)
    await synced.push("a")
    number = synced.bench.one("SELECT id FROM run WHERE trigger = 'order' AND key = ?", synced.numbers["b"])
    assert any("order at A" in text and "order by" not in text for text in detail_lines(synced.bench.detail(number)))
    (line,) = why(synced.bench.session(), synced.sku, synced.numbers["b"]).listings
    assert line.sent is not None
    assert (line.sent.run_id, line.sent.asked_by) == (number, "order at A")


# --- against a model --------------------------------------------------------------------------------------------------


PLENTY = {"EAST": 60, "WEST": 50}
"""Enough for all orders of the model: where none is left, a shop that takes one back offers it before it is read."""


class Model:
    """What each shop should offer by the orders that were read, in plain arithmetic."""

    def __init__(self, our_market: Market) -> None:
        self.taken: dict[str, list[tuple[str, str, int]]] = {shop: [] for shop in FED_BY}
        self.read: dict[str, list[tuple[str, str, int]]] = {shop: [] for shop in FED_BY}
        self.skus = our_market.skus

    def number(self, shop: str, sku: str) -> int:
        """A shop knows its own orders without us."""
        known = {**self.read, shop: self.taken[shop]}
        mine = set(FED_BY[shop] or PLENTY)
        sold = sum(
            units
            for seller, orders in known.items()
            for _, what, units in orders
            if what == sku and mine & set(FED_BY[seller] or PLENTY)
        )
        return sum(PLENTY[place] for place in mine) - sold

    def learn(self) -> None:
        """Every shop whose orders are news lowers others, whose pushes read their own orders."""
        self.read = {shop: list(orders) for shop, orders in self.taken.items()}


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_after_quiescence_no_cart_offers_more_than_the_model_and_runs_are_few(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    with market(tmp_path) as our_market:
        for what in our_market.skus:
            for place, stock in PLENTY.items():
                our_market.wms.set_level(what, place, stock, read_at=int(time.time()))
        await settle(our_market)
        model = Model(our_market)
        for _ in range(14):
            shop, sku = dice.choice("abc"), dice.choice(our_market.skus)
            orders = model.taken[shop]
            if dice.random() < 0.65 or not orders:
                units = dice.randint(1, 3)
                orders.append((our_market.sell(shop, units, sku), sku, units))
            else:
                our_market.carts.control("cancel", {"shop": shop, "order": orders.pop(dice.randrange(len(orders)))[0]})
            pushed = dice.choice("abcd")
            before, pushes = our_market.runs(), len(our_market.asked())
            await our_market.push(pushed)
            # A push and those that it leads to: each of three shops has news once at most.
            assert our_market.runs() - before <= 1 + 3 * 3
            readers = {shop for shop in "abc" if shop == pushed} | {text[0] for text in our_market.asked()[pushes:]} - {
                "d"
            }
            model.read.update({shop: list(model.taken[shop]) for shop in readers})
            for name in FED_BY:
                for what in our_market.skus:
                    offered = our_market.shown(what)[name]
                    assert offered is not None
                    assert offered <= model.number(name, what), (name, what)
        # when each has its own push, as its schedule will see to
        for shop in FED_BY:
            await our_market.push(shop)
        for shop in FED_BY:
            await our_market.push(shop)
        model.learn()
        assert {what: our_market.shown(what) for what in our_market.skus} == {
            what: {shop: model.number(shop, what) for shop in FED_BY} for what in our_market.skus
        }
        # then nothing is asked for any more
        before = our_market.runs()
        for shop in FED_BY:
            await our_market.push(shop)
        assert our_market.runs() == before + 4
        assert our_market.bench.sums_hold()
