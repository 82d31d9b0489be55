"""From a webhook to the push: what was announced is read from the cart before anything is planned."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.sandbox.shop import Mode
from invsync_tui.store import hooks
from invsync_tui.store.hooks import Notice
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest, RunRow
from invsync_tui.store.runs.waiting_requests import LOOK
from invsync_tui.sync.hooks import announced, requests
from invsync_tui.sync.worker import Worker
from tests.support.runs.sandbox_world import SHOP, Town, town
from tests.support.servers.webhooks import Receiving, receiving

MODE = Mode(orders=True)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Town]:
    """A town in sync, whose cart reports orders and is not due to be read for hours."""
    with town(tmp_path, mode=MODE, observe_every=86400) as our_town:
        assert (await our_town.bench.pull()).state == "done"
        assert (await our_town.bench.push(our_town.cart_id)).state == "done"
        yield our_town


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "SETTLE", 0)
    monkeypatch.setattr(requests, "GAP", 0)


def announce(our_town: Town, *refs: str, orders: bool = False, cart: int = 0) -> None:
    with our_town.bench.store.transaction() as tx:
        hooks.take(tx, [Notice(cart or our_town.cart_id, "", refs, orders)], (), clock.seconds())


def waiting(our_town: Town) -> dict[str, int]:
    with our_town.bench.store.reading() as cx:
        return hooks.waiting(cx, our_town.cart_id)


def ref_of(our_town: Town, sku: str) -> str:
    return str(our_town.bench.listings(our_town.cart_id)[sku]["ref"])


def ask(our_town: Town, now: int | None = None) -> list[int]:
    with our_town.bench.store.transaction() as tx:
        return requests.request_pushes(tx, clock.seconds() if now is None else now)


async def pushed(our_town: Town) -> RunRow:
    """The one push that webhooks ask for."""
    (number,) = ask(our_town)
    await our_town.bench.work()
    return our_town.bench.run(number)


@asynccontextmanager
async def hooked(our_town: Town) -> AsyncIterator[Receiving]:
    """The shop sends its webhooks, and a service takes them."""
    async with receiving(our_town.bench, our_town.cart_id) as taking:
        await asyncio.to_thread(our_town.cart.control, "hook", {"shop": SHOP, "address": taking.address})
        worker = Worker(our_town.bench.store)
        serving = asyncio.create_task(worker.run_forever())
        yield taking
        worker.stop()
        await serving


async def until(condition: Callable[[], Any]) -> Any:
    """What a condition gives once it gives something."""
    async with asyncio.timeout(30):
        while not (value := await asyncio.to_thread(condition)):  # noqa: ASYNC110 (the worker knows nobody who waits)
            await asyncio.sleep(0.02)
    return value


def ended(our_town: Town) -> list[RunRow]:
    with our_town.bench.store.reading() as cx:
        newest = runs.recent(cx, our_town.bench.merchant, None, 20)
    return [run for run in newest if run.trigger == "webhook" and run.state == "done"]


# --- the whole way ---


async def test_an_edit_in_the_shop_is_put_right_by_the_push_that_its_webhook_asks_for(shop: Town) -> None:
    sku = shop.in_stock()[0]
    target = shop.shown()[sku]
    async with hooked(shop):
        await asyncio.to_thread(shop.cart.edit, ref_of(shop, sku), quantity=0)
        await until(lambda: ended(shop))
    (run,) = ended(shop)
    assert (run.requested_by, run.kind, run.key) == ("webhook", "push", shop.cart_id)
    assert shop.bench.listings(shop.cart_id)[sku]["observed"] in (0, target)
    assert any("Read again after webhooks: 1 listing." in text for text in shop.bench.events(run.id))
    assert waiting(shop) == {}
    assert shop.bench.sums_hold()


async def test_a_sale_is_pending_once_its_webhook_came(shop: Town) -> None:
    sku = shop.in_stock()[0]
    before = shop.shown()[sku]
    assert before is not None
    async with hooked(shop):
        order = {"shop": SHOP, "ref": ref_of(shop, sku), "units": 1, "taken_at": clock.seconds() + 60}
        await asyncio.to_thread(shop.cart.control, "order", order)
        await until(lambda: ended(shop))
    assert shop.bench.one("SELECT count(*) FROM our_pending_order") == 1
    assert shop.shown()[sku] == before - 1, "the sold unit is not offered again"
    assert shop.bench.listings(shop.cart_id)[sku]["observed"] == before - 1


# --- what a push reads ---


async def test_what_was_announced_is_read_again_and_nothing_else(shop: Town) -> None:
    first, two = shop.in_stock()[:2]
    for sku in (first, two):
        shop.cart.edit(ref_of(shop, sku), quantity=77)
    announce(shop, ref_of(shop, first))
    assert (await pushed(shop)).state == "done"
    listings = shop.bench.listings(shop.cart_id)
    assert listings[first]["observed"] == 77
    assert listings[two]["observed"] != 77


async def test_a_listing_that_was_deleted_is_marked_as_gone(shop: Town) -> None:
    sku = shop.in_stock()[0]
    announce(shop, ref_of(shop, sku))
    shop.cart.control("remove", {"shop": SHOP, "refs": [sku]})
    assert (await pushed(shop)).state == "done"
    sql = "SELECT gone_at IS NOT NULL FROM listing WHERE cart_id = ? AND sku = ?"
    assert shop.bench.one(sql, shop.cart_id, sku) == 1


async def test_what_is_announced_while_it_is_read_is_read_by_the_next_push(
    shop: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = ref_of(shop, shop.in_stock()[0])
    announce(shop, ref)
    reread = announced.reread

    async def meanwhile(*given: Any) -> None:
        await reread(*given)
        announce(shop, ref)

    with monkeypatch.context() as patched:
        patched.setattr(announced, "reread", meanwhile)
        assert (await pushed(shop)).state == "done"
    assert waiting(shop) == {ref: 2}
    assert (await pushed(shop)).state == "done"
    assert waiting(shop) == {}


async def test_a_push_that_fails_leaves_what_was_announced_and_is_tried_again_later(
    shop: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = ref_of(shop, shop.in_stock()[0])
    announce(shop, ref, orders=True)
    shop.cart.faults({"kind": "status", "path": "listings/read", "status": 403, "times": 1})
    run = await pushed(shop)
    assert run.state == "failed"
    assert waiting(shop) == {ref: 1, "": 1}
    assert ask(shop) == [], "not at once"
    now = (run.ended_at or 0) + requests.AFTER_FAILURE
    assert len(ask(shop, now)) == 1
    await shop.bench.work()
    assert waiting(shop) == {}


async def test_a_complete_read_reads_what_was_announced(shop: Town) -> None:
    announce(shop, ref_of(shop, shop.in_stock()[0]))
    assert (await shop.bench.push(shop.cart_id, full=True)).state == "done"
    assert waiting(shop) == {}
    assert not [entry for entry in shop.cart.requests() if entry["path"].endswith("listings/read")]


# --- when a push is asked for ---


async def test_one_push_is_asked_for_whatever_comes(shop: Town) -> None:
    refs = [ref_of(shop, sku) for sku in shop.in_stock()[:5]]
    for _ in range(20):
        announce(shop, *refs, orders=True)
    assert len(ask(shop)) == 1
    assert ask(shop) == []


async def test_webhooks_are_gathered_and_a_push_has_a_pause_before_it(
    shop: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "SETTLE", 2)
    monkeypatch.setattr(requests, "GAP", 10)
    last = shop.bench.one("SELECT max(ended_at) FROM run WHERE kind = 'push' AND key = ?", shop.cart_id)
    with shop.bench.store.transaction() as tx:
        hooks.take(tx, [Notice(shop.cart_id, "", (), True)], (), last + 20)
    with shop.bench.store.reading() as cx:
        due = {later: bool(requests.due(cx, last + later)) for later in (20, 21, 22)}
    assert due == {20: False, 21: False, 22: True}
    with shop.bench.by_hand() as tx:
        tx.execute("UPDATE run SET ended_at = ? WHERE kind = 'push' AND key = ?", (last + 15, shop.cart_id))
    with shop.bench.store.reading() as cx:
        assert [bool(requests.due(cx, last + later)) for later in (24, 25)] == [False, True]


@pytest.mark.parametrize("why", ["off", "frozen", "merchant off", "held", "put off", "under way"])
async def test_a_cart_that_is_not_to_be_pushed_now_is_not_asked_for(shop: Town, why: str) -> None:
    number = 0
    if why in ("off", "frozen"):
        shop.bench.set_cart(shop.cart_id, **({"upload_enabled": False} if why == "off" else {"frozen_at": 1}))
    elif why == "merchant off":
        shop.bench.set_merchant(inventory_sync=False)
    else:
        number = shop.bench.request("push", shop.cart_id)
        state = {"held": "held", "put off": "requested", "under way": "running"}[why]
        with shop.bench.store.transaction() as tx:
            tx.execute("UPDATE run SET state = ?, not_before = ? WHERE id = ?", (state, 2**40, number))
    announce(shop, ref_of(shop, shop.in_stock()[0]), orders=True)
    assert ask(shop) == []
    assert len(waiting(shop)) == 2, "it waits for the next push"
    if number:
        with shop.bench.store.transaction() as tx:
            runs.finish(tx, number, "cancelled", "", 1)
        assert len(ask(shop)) == 1
        await shop.bench.work()


async def test_a_push_that_a_person_asks_for_takes_the_place_of_one_for_webhooks(shop: Town) -> None:
    announce(shop, orders=True)
    (number,) = ask(shop)
    with shop.bench.store.transaction() as tx:
        joined = runs.request(tx, RunRequest("push", shop.cart_id, shop.bench.merchant, "manual", "ann"), 1)
    assert joined == (number, False)
    assert (shop.bench.run(number).trigger, shop.bench.run(number).requested_by) == ("manual", "ann")
    await shop.bench.work()


async def test_what_is_announced_for_a_run_that_is_put_off_does_not_start_it(shop: Town) -> None:
    number = shop.bench.request("push", shop.cart_id)
    with shop.bench.store.transaction() as tx:
        tx.execute("UPDATE run SET not_before = ?, requested_at = ? WHERE id = ?", (2**40, clock.seconds(), number))
        runs.request(tx, RunRequest("push", shop.cart_id, shop.bench.merchant, "webhook", "webhook"), clock.seconds())
        assert runs.requested(tx, clock.seconds()) == []
        runs.cancel(tx, number, 1)


async def test_a_run_that_only_looks_at_what_is_applied_later_gives_way(shop: Town) -> None:
    with shop.bench.store.transaction() as tx:
        request = RunRequest("push", shop.cart_id, shop.bench.merchant, LOOK, "look")
        number = runs.request(tx, request, clock.seconds()).run_id
        tx.execute("UPDATE run SET not_before = ? WHERE id = ?", (2**40, number))
    announce(shop, orders=True)
    assert ask(shop) == [number]
    assert ask(shop) == [], "once"
    await shop.bench.work()
    assert (shop.bench.run(number).state, shop.bench.run(number).trigger) == ("done", "webhook")


async def test_what_one_push_does_not_read_is_read_by_the_next(shop: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announced, "MOST", 3)
    refs = sorted(ref_of(shop, sku) for sku in shop.in_stock()[:5])
    announce(shop, *refs, orders=True)
    assert (await pushed(shop)).state == "done"
    assert list(waiting(shop)) == refs[2:], "orders and two listings were read"
    assert (await pushed(shop)).state == "done"
    assert waiting(shop) == {}


_UNDERWAY = "SELECT count(*) FROM our_run WHERE state IN ('requested', 'running')"


async def test_webhooks_of_what_we_set_ourselves_come_to_an_end(shop: Town) -> None:
    """Shops announce our own writes, too: that must not be a reason to write again."""
    for n, sku in enumerate(shop.in_stock()[:5]):
        for place in ("DEFAULT", "EAST", "WEST", "NORTH"):
            shop.wms.set_level(sku, place, 60 + n if place == "EAST" else 0)
    await shop.bench.pull()
    written = len(shop.writes())
    async with hooked(shop):
        number = shop.bench.request("push", shop.cart_id)
        await until(lambda: shop.bench.run(number).state == "done")
        # when the shop has announced all that was set
        await asyncio.sleep(1)
        await until(lambda: not waiting(shop) and not shop.bench.one(_UNDERWAY))
    # then
    assert len(ended(shop)) <= 2
    assert len(shop.writes()) - written == 1, "one request for all five"
    assert (ask(shop), waiting(shop)) == ([], {})
