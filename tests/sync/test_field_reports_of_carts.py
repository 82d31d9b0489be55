"""What users of other sync systems reported of their carts, and of settings that change while a run is on its way."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.operations.listings import drift
from invsync_tui.sandbox.shop import Mode
from tests.support.runs.obstacles import A_WHILE, WHY, Life, life, product_of
from tests.support.runs.sandbox_world import SHOP
from tests.support.runs.street import LATER, Street, street


@pytest.fixture(params=["available", "on_hand"])
async def lived(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Life]:
    mode = Mode(basis=request.param, max_batch=3)
    async with life(tmp_path, monkeypatch, mode, shops=("other",)) as our_life:
        yield our_life


def _once_during(patch: pytest.MonkeyPatch, call: str, then: Callable[[], None]) -> list[str]:
    """Something happens while the cart answers a call of a run, once; the list says whether it did."""
    real: Callable[..., Awaitable[Any]] = getattr(SandboxCart, call)
    happened: list[str] = []

    async def answering(self: SandboxCart, *given: Any, **more: Any) -> Any:
        page = await real(self, *given, **more)
        if not happened:
            happened.append(call)
            then()
        return page

    patch.setattr(SandboxCart, call, answering)
    return happened


async def _released(lived: Life, rounds: int = 3) -> None:
    """Runs go by, and an operator lets go what is held."""
    for _ in range(rounds):
        await lived.goes_on()
        if lived.held():
            await lived.is_released()


@pytest.mark.parametrize("call", ["listings_page", "send"])
async def test_rules_that_change_during_a_run(lived: Life, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    # given work for several requests
    for n, sku in enumerate(lived.town.in_stock()[:8]):
        lived.counts(sku, east=40 + n)
    happened = _once_during(monkeypatch, call, lambda: lived.set_cart(buffer="3", max="30"))
    # when
    await _released(lived)
    # then
    assert happened
    lived.shows({sku: min(30, max(0, units - 3)) for sku, units in lived.stock().items()})


@pytest.mark.parametrize("call", ["listings_page", "send"])
async def test_warehouses_that_change_during_a_run(lived: Life, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    for n, sku in enumerate(lived.town.in_stock()[:8]):
        lived.counts(sku, east=40 + n, west=2)
    happened = _once_during(monkeypatch, call, lambda: lived.set_cart(warehouses=["WEST"]))
    await _released(lived)
    assert happened
    west = lived.town.stock(["wh-2"])
    ours = {listing["sku"] for listing in lived.town.cart.dump()[SHOP]}
    known = {lived.town.wms.dump()["products"][ref] for ref in lived.town.wms.dump()["levels"]["wh-2"]}
    assert {sku: lived.sells()[sku] for sku in known & ours} == {sku: west[sku] for sku in known & ours}


@pytest.mark.parametrize("call", ["listings_page", "send"])
async def test_a_cart_that_is_moved_to_another_shop_during_a_run(
    lived: Life, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    # given a shop with the same listings, which shows other numbers
    for n, sku in enumerate(lived.town.in_stock()[:8]):
        lived.counts(sku, east=40 + n)
    happened = _once_during(monkeypatch, call, lambda: lived.set_cart(options=("shop=other",)))
    lived.bench.request("push", lived.cart_id, full=True)
    # when
    await _released(lived)
    # then
    assert happened
    assert lived.sells("other") == lived.stock()


@pytest.mark.parametrize("call", ["listings_page", "send"])
async def test_a_cart_that_is_switched_off_during_a_run(
    lived: Life, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    for n, sku in enumerate(lived.town.in_stock()[:8]):
        lived.counts(sku, east=40 + n)
    happened = _once_during(monkeypatch, call, lambda: lived.set_cart(upload="off"))
    await _released(lived)
    assert happened
    assert lived.causes(lived.town.in_stock()[0]) == {"SWITCH_OFF"}
    # when
    lived.set_cart(upload="on")
    await _released(lived)
    # then
    lived.shows(lived.stock())


async def test_a_shop_that_is_closed_during_a_run_and_opened_again(
    lived: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    for n, sku in enumerate(lived.town.in_stock()[:8]):
        lived.counts(sku, east=40 + n)
    closed = {"kind": "status", "status": 404}
    happened = _once_during(monkeypatch, "send", lambda: lived.town.cart.faults(closed))
    await lived.goes_on(3)
    assert happened
    assert lived.last_push().state == "failed"
    # when
    lived.town.cart.faults()
    await lived.goes_on(1, seconds=8 * A_WHILE)
    # then
    lived.shows(lived.stock())


async def test_a_cart_whose_row_is_taken_away_during_its_run(lived: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no command for it: by hand, in the store."""
    for n, sku in enumerate(lived.town.in_stock()[:8]):
        lived.counts(sku, east=40 + n)

    def gone() -> None:
        with lived.bench.store.transaction() as tx:
            for table in ("pending_order", "link", "unlisted", "cart_warehouse"):
                tx.execute(f"DELETE FROM {table} WHERE cart_id = ?", (lived.cart_id,))
            tx.execute("DELETE FROM schedule WHERE kind <> 'pull' AND key = ?", (lived.cart_id,))
            tx.execute("DELETE FROM listing WHERE cart_id = ?", (lived.cart_id,))
            tx.execute("DELETE FROM cart WHERE id = ?", (lived.cart_id,))

    happened = _once_during(monkeypatch, "send", gone)
    # when
    await lived.goes_on(3)
    # then
    assert happened
    runs = lived.bench.store.read("SELECT state, count(*) FROM our_run WHERE kind = 'push' GROUP BY state")
    assert {row[0] for row in runs} <= {"done", "failed", "cancelled"}
    assert lived.bench.one("SELECT count(*) FROM our_run WHERE kind = 'pull' AND state = 'done'") >= 4


async def test_warehouses_that_swap_their_codes_in_the_wms(lived: Life) -> None:
    # given a cart that sells what lies in one warehouse
    lived.set_cart(warehouses=["EAST"])
    await _released(lived)
    sku = lived.town.in_stock()[0]
    ref = product_of(lived.listing(sku)["ref"])

    def lies(place: str) -> int:
        return int(lived.town.wms.dump()["levels"][place][ref][0])

    assert lived.sells()[sku] == lies("wh-1")
    # when
    for full in (False, True):
        lived.town.wms.control("warehouse-codes", {"codes": {"wh-1": "WEST", "wh-2": "EAST"}})
        lived.town.wms.set_level(sku, "wh-1", lies("wh-1") + 5)
        lived.town.wms.set_level(sku, "wh-2", 3)
        lived.bench.request("pull", lived.bench.merchant, full=full)
        await lived.goes_on()
        # then the goods have not moved, and the warehouse is called by its new name
        assert lived.sells()[sku] == lies("wh-1")
        steps = [step.because for step in lived.told(sku).steps if step.step == "sum"]
        assert steps == [f"WEST: available {lies('wh-1')}"]
        assert lived.held() == []


@pytest.mark.parametrize(
    "mode",
    [Mode(), Mode(row_errors="whole_batch"), Mode(basis="on_hand")],
    ids=["per row", "whole batch", "on hand"],
)
@pytest.mark.parametrize("merged", [1, 3])
async def test_variants_that_are_merged_into_another_in_the_cart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: Mode, merged: int
) -> None:
    async with life(tmp_path, monkeypatch, mode) as lived:
        # given: nothing in the cart's changes says that they are gone
        codes = lived.town.in_stock()[: merged + 2]
        stays, others, beside = codes[0], codes[1:-1], codes[-1]
        refs = [lived.listing(sku)["ref"] for sku in others]
        lived.town.cart.control("remove", {"shop": SHOP, "refs": refs})
        for n, sku in enumerate(codes):
            lived.counts(sku, east=50 + n)
        # when
        await lived.goes_on(3)
        # then: all others are set, and it is said that these are not in the cart any more
        assert lived.sells()[beside] == lived.units(product_of(lived.listing(beside)["ref"]))
        assert lived.sells()[stays] == 50
        assert lived.bench.reasons(lived.last_push()).get("REJECTED_BY_CART", 0) == 0
        sql = "SELECT count(*) FROM listing WHERE cart_id = ? AND gone_at IS NOT NULL"
        assert lived.bench.one(sql, lived.cart_id) == merged
        # and when one is made again, with the code of the first
        lived.town.cart.edit(stays, SHOP, sku=others[0])
        await lived.goes_on()
        assert lived.sells()[others[0]] == 51


@pytest.mark.parametrize("by", ["the cart's policy", "an operator"])
async def test_a_cart_that_is_restored_from_a_backup(lived: Life, by: str) -> None:
    # given what the shop showed before today's pushes
    old = {listing["ref"]: listing for listing in lived.town.cart.dump()[SHOP]}
    for n, sku in enumerate(lived.town.in_stock()[:6]):
        lived.counts(sku, east=40 + n) if n else lived.counts(sku)
    lived.town.cart.control("clock", {"shop": SHOP, "ahead": -86_400})  # restored rows are as old as the backup
    await lived.goes_on()
    if by == "the cart's policy":
        lived.set_cart(correct_drift="always")
    # when
    for row in old.values():
        lived.town.cart.edit(row["ref"], SHOP, quantity=row["quantity"])
    lived.town.cart.control("clock", {"shop": SHOP, "ahead": 0})
    await lived.goes_on()
    drift.verify(lived.session, lived.cart_id)
    await lived.goes_on()
    if by == "an operator":
        lines = drift.drifted(lived.session, lived.cart_id).after(None, 1000)
        assert len(lines) == 6
        for name in sorted({line.drift for line in lines}):
            drift.correct(lived.session, lived.cart_id, [], name, WHY)
    await lived.goes_on()
    # then
    lived.shows(lived.stock())


@pytest.mark.parametrize(("units", "lowest", "too_many"), [(10, 7, 0), (3, 0, 0), (2, 0, 1), (0, 0, 3)])
async def test_reservations_that_have_fallen_below_0_in_a_cart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, units: int, lowest: int, too_many: int
) -> None:
    """Pinelab-studio/shops#46, vendurehq/vendure#1571, medusajs/medusa#12401: such a cart sells more than it shows. It is set
    as low as it goes, what it sells too many is told, and no other listing waits for it."""
    async with life(tmp_path, monkeypatch, Mode(basis="on_hand", row_errors="whole_batch")) as lived:
        sku, beside = lived.town.in_stock()[:2]
        lived.town.cart.edit(lived.listing(sku)["ref"], SHOP, allocated=-3)
        lived.counts(sku, east=units)
        lived.counts(beside, east=33)
        # when
        await lived.goes_on(2)
        drift.verify(lived.session, lived.cart_id)
        await lived.goes_on()
        # then
        assert lived.last_push().state == "done", lived.last_push().error
        assert (lived.listing(sku)["quantity"], lived.sells()[beside]) == (lowest, 33)
        assert lived.sells()[sku] == units + too_many
        drifted = {
            line.sku: (line.drift, line.exposure) for line in drift.drifted(lived.session, lived.cart_id).after(None, 9)
        }
        assert drifted == ({sku: ("oversell", too_many)} if too_many else {})
        steps = {step.step: step.because for step in lived.told(sku).steps}
        assert "the cart's own reservations are -3, so that it sells 3 more than it shows" in steps["basis"]
        assert ("correct them in the cart" in steps["basis"]) == bool(too_many)


# --- orders ------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def sold(tmp_path: Path) -> AsyncIterator[Street]:
    """Two shops that show 10, of which one tells its orders."""
    with street(tmp_path) as our_street:
        await our_street.sync()
        yield our_street


def _both(our_street: Street, sku: str = "") -> tuple[int | None, int | None]:
    code = sku or our_street.sku
    return our_street.carts.quantities("a")[code], our_street.carts.quantities("b")[code]


async def test_an_order_that_is_edited_is_taken_off_as_it_is_now(sold: Street) -> None:
    other = sold.carts.dump()["a"][5]["sku"]
    sold.count(10, sku=other, after=0)
    await sold.sync()
    order = sold.sell(4)
    await sold.push()
    assert _both(sold) == (6, 6)
    # when one unit is taken out, and a line of another product put in
    sold.carts.control("cancel", {"shop": "a", "order": order, "units": 1})
    taken_at = int(time.time()) + LATER
    sold.carts.control("order", {"shop": "a", "ref": other, "units": 2, "into": order, "taken_at": taken_at})
    await sold.push()
    # then
    assert (_both(sold), _both(sold, other)) == ((7, 7), (8, 8))


async def test_an_order_that_is_split_in_two_counts_once(sold: Street) -> None:
    order = sold.sell(5)
    await sold.push()
    assert _both(sold) == (5, 5)
    # when two of its units become an order of their own
    sold.carts.control("cancel", {"shop": "a", "order": order, "units": 2})
    sold.sell(2)
    await sold.push()
    assert _both(sold) == (5, 5)
