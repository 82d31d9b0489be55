"""Whatever stood in the way: once it is gone and the next runs went by, the cart shows the stock, and nothing else is said.

What is expected is worked out from the WMS's own dump; what the cart shows is the sandbox cart's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.operations.catalog import sku as wishes
from invsync_tui.operations.catalog import warehouses
from invsync_tui.operations.plans import freeze
from invsync_tui.operations.runs import request as run_request
from invsync_tui.operations.runs import runs
from invsync_tui.sandbox.shop import Mode
from tests.support.runs.obstacles import A_WHILE, WHY, Clocks, Life, life, without_reading_times
from tests.support.runs.sandbox_world import SHOP, town

NO_TIMES = "no reading times"


@pytest.fixture(params=["available", "on_hand", NO_TIMES])
async def lived(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Life]:
    if request.param == NO_TIMES:
        without_reading_times(monkeypatch)
    async with life(tmp_path, monkeypatch, Mode(basis=request.param.replace(NO_TIMES, "available"))) as our_life:
        yield our_life


@pytest.mark.parametrize("table", ["cart", "merchant"])
async def test_frozen_then_unfrozen(lived: Life, table: str) -> None:
    # given
    first, second, *_ = lived.town.in_stock()
    number = lived.cart_id if table == "cart" else lived.bench.merchant
    freeze.freeze(lived.session, table, number, WHY)
    before = lived.sells()
    lived.counts(first, east=33)
    lived.counts(second)
    await lived.goes_on(2)
    assert lived.sells() == before
    assert lived.causes(first) == {"FROZEN"}
    # when
    freeze.unfreeze(lived.session, table, number, WHY)
    await lived.goes_on()
    # then
    lived.shows(lived.town.stock())


async def test_rules_changed_while_frozen(lived: Life) -> None:
    freeze.freeze(lived.session, "cart", lived.cart_id, WHY)
    lived.set_cart(buffer="2")
    await lived.goes_on(2)
    freeze.unfreeze(lived.session, "cart", lived.cart_id, WHY)
    await lived.goes_on()
    # then the change of rules is still asked about
    await lived.is_released()
    lived.shows({sku: max(0, units - 2) for sku, units in lived.town.stock().items()})


@pytest.mark.parametrize("lived", ["available", "on_hand"], indirect=True)
async def test_a_source_that_is_stale_then_fresh(lived: Life) -> None:
    # given readings that are old, while some of the numbers change
    lived.set_merchant(stale_after="1h")
    first, second, *_ = lived.town.in_stock()
    two_hours_ago = int(clock.now()) - 7200
    for sku, units in ((first, 44), (second, 0)):
        for place in ("DEFAULT", "EAST", "WEST", "NORTH"):
            lived.town.wms.set_level(sku, place, units if place == "EAST" else 0, read_at=two_hours_ago)
    before = lived.sells()
    await lived.goes_on(2)
    assert lived.sells() == before
    assert lived.causes(first) == {"WMS_STALE"}
    # when one is counted anew with the same number, the other with another one
    lived.counts(first, east=44)
    lived.counts(second, west=3)
    await lived.goes_on()
    # then
    lived.shows(lived.town.stock())


async def test_a_source_that_is_down_for_hours(lived: Life) -> None:
    # given
    lived.set_merchant(stale_after="1h")
    lived.town.wms.faults({"kind": "status", "status": 503})
    sku = lived.town.in_stock()[0]
    lived.counts(sku, north=31)
    await lived.goes_on(2, seconds=7200)
    # and meanwhile somebody includes a listing again, which nothing else will call to mind
    other = lived.town.in_stock()[1]
    for on in (True, False):
        wishes.set_excluded(lived.session, [lived.id_of(other)], on, WHY)
        lived.town.cart.edit(other, SHOP, quantity=2)
        lived.bench.request("push", lived.cart_id)
        await lived.bench.work()
    assert lived.causes(other) == lived.causes(sku) == {"WMS_STALE"}
    # when
    lived.town.wms.faults()
    await lived.goes_on(1, seconds=8 * A_WHILE)
    # then
    lived.shows(lived.town.stock())


@pytest.mark.parametrize("by", ["merchant", "cart"])
async def test_a_switch_off_then_on(lived: Life, by: str) -> None:
    # given
    sku, other, *_ = lived.town.in_stock()
    change = (
        (lambda word: lived.set_merchant(sync=word)) if by == "merchant" else (lambda word: lived.set_cart(upload=word))
    )
    change("off")
    before = lived.sells()
    lived.counts(sku, east=5, west=6)
    lived.counts(other)
    await lived.goes_on(2)
    await lived.is_requested()
    assert lived.causes(sku) == {"SWITCH_OFF"}
    # and somebody sets a third listing in the cart meanwhile
    assert lived.sells() == before
    lived.town.cart.edit(lived.town.in_stock()[2], SHOP, quantity=1)
    # when
    change("on")
    await lived.goes_on()
    if by == "cart":  # its rules have changed, and a number with them
        await lived.is_released()
    # then
    lived.shows(lived.town.stock())


async def test_a_warehouse_disabled_then_enabled(lived: Life) -> None:
    # given
    our_town = lived.town
    warehouses.set_enabled(lived.session, lived.bench.merchant, "EAST", enabled=False, reason=WHY)
    await lived.goes_on()
    await lived.is_released()
    without = our_town.stock(["", "wh-2", "wh-3"])
    assert lived.sells() == without
    lived.counts(our_town.in_stock()[0], east=21, west=3)
    # when
    warehouses.set_enabled(lived.session, lived.bench.merchant, "EAST", enabled=True, reason=WHY)
    await lived.goes_on()
    await lived.is_released()
    # then
    lived.shows(our_town.stock())


async def test_a_warehouse_disabled_and_enabled_before_anybody_decides(lived: Life) -> None:
    # given
    for enabled in (False, True):
        warehouses.set_enabled(lived.session, lived.bench.merchant, "EAST", enabled=enabled, reason=WHY)
        await lived.goes_on()
    # when
    if lived.held():
        await lived.is_released()
    await lived.goes_on()
    # then
    lived.shows(lived.town.stock())


@pytest.mark.parametrize(
    "state", [{"active": False}, {"hidden": True}, {"forbidden": True}], ids=["off", "hidden", "denied"]
)
async def test_a_warehouse_gone_from_the_wms_then_back(lived: Life, state: dict[str, bool]) -> None:
    # given
    our_town = lived.town
    our_town.wms.control("warehouse", {"warehouse": "WEST", **state})
    await lived.goes_on()
    lived.bench.request("pull", lived.bench.merchant, full=True)
    await lived.is_requested()
    await lived.is_released()
    without = our_town.stock(["", "wh-1", "wh-3"])
    assert lived.sells() == without
    lived.counts(our_town.in_stock()[0], east=2, west=9)
    # when
    our_town.wms.control("warehouse", {"warehouse": "WEST"})
    await lived.goes_on(1, seconds=86_400)
    # then
    lived.shows(our_town.stock())


@pytest.mark.parametrize("shown", ["keep", "zero"])
async def test_a_product_deactivated_then_activated(lived: Life, shown: str) -> None:
    # given
    sku = lived.town.in_stock()[0]
    ref = next(ref for ref, code in lived.town.wms.dump()["products"].items() if code == sku)
    before = lived.sells()[sku]
    lived.set_cart(inactive_products=shown)
    lived.town.wms.control("product", {"ref": ref, "active": False})
    await lived.goes_on()
    if lived.held():
        await lived.is_released()
    assert lived.sells()[sku] == (before if shown == "keep" else 0)
    assert lived.causes(sku) == {"PRODUCT_INACTIVE"}
    lived.counts(sku, north=8)
    await lived.goes_on()
    # when
    lived.town.wms.control("product", {"ref": ref, "active": True})
    await lived.goes_on()
    # then
    lived.shows(lived.town.stock())


async def test_rules_changed_held_then_released(lived: Life) -> None:
    # given
    lived.set_cart(share="50", minimum="4")
    before = lived.sells()
    await lived.goes_on(2)
    assert lived.sells() == before
    sku = lived.town.in_stock()[0]
    lived.counts(sku, east=70)  # while it is held
    await lived.goes_on()
    # when
    await lived.is_released()
    await lived.goes_on()
    # then
    half = {sku: units // 2 for sku, units in lived.town.stock().items()}
    lived.shows({sku: units if units >= 4 else 0 for sku, units in half.items()})


async def test_rules_changed_and_released_in_part(lived: Life) -> None:
    # given rules by which some listings go to 0
    least = sorted(lived.stock().values())[6] // 2
    lived.set_cart(share="50", minimum=str(least))
    half = {sku: units // 2 for sku, units in lived.stock().items()}
    gone = [sku for sku, units in half.items() if 0 < units < least]
    before = lived.sells()
    await lived.goes_on()
    await lived.is_released("rest")
    assert gone
    assert [lived.sells()[sku] for sku in gone] == [before[sku] for sku in gone]
    # when the rest is not asked about again, it is not sent
    await lived.goes_on()
    assert [lived.sells()[sku] for sku in gone] == [before[sku] for sku in gone]
    await lived.is_released()
    # then
    lived.shows({sku: units if units >= least else 0 for sku, units in half.items()}, causes=("cart.minimum",))


async def test_rules_changed_held_then_changed_back(lived: Life) -> None:
    lived.set_cart(share="50")
    await lived.goes_on()
    lived.set_cart(share="100")
    sku = lived.town.in_stock()[0]
    lived.counts(sku, east=70)
    await lived.is_released()
    await lived.goes_on()
    lived.shows(lived.town.stock())


async def test_a_held_run_discarded_then_its_rules_changed_back(lived: Life) -> None:
    lived.set_cart(share="50")
    await lived.goes_on()
    (held,) = lived.held()
    runs.discard(lived.session, held, WHY)
    lived.set_cart(share="100")
    await lived.goes_on(2)
    lived.shows(lived.town.stock())


@pytest.mark.parametrize("first", ["zero", "rest"])
async def test_released_in_part_then_the_rest(lived: Life, first: str) -> None:
    # given more zeros than may go by themselves, and numbers that only change
    lived.set_cart(zero_count="1", zero_percent="0")
    gone, changed = lived.town.in_stock()[:3], lived.town.in_stock()[3:6]
    before = lived.sells()
    for sku in gone:
        lived.counts(sku)
    for n, sku in enumerate(changed):
        lived.counts(sku, east=200 + n)
    await lived.goes_on()
    # when
    part = await lived.is_released(first)
    assert part.state == "done"
    now = lived.town.stock()
    sent, unsent = (gone, changed) if first == "zero" else (changed, gone)
    assert {sku: lived.sells()[sku] for sku in sent} == {sku: now[sku] for sku in sent}
    assert {sku: lived.sells()[sku] for sku in unsent} == {sku: before[sku] for sku in unsent}
    await lived.goes_on()
    if first == "rest":  # the zeros wait for a word of their own
        await lived.is_released()
    # then
    lived.shows(now)


@pytest.mark.parametrize("counted", [True, False])
async def test_overridden_excluded_and_locked_then_not_any_more(lived: Life, counted: bool) -> None:
    # given
    names = lived.town.in_stock()[:3]
    wanted = (
        lambda on: wishes.set_override(lived.session, [lived.id_of(names[0])], 7 if on else None, WHY),
        lambda on: wishes.set_excluded(lived.session, [lived.id_of(names[1])], on, WHY),
        lambda on: wishes.set_locked(lived.session, [lived.id_of(names[2])], on, WHY),
    )
    before = lived.sells()
    for wish in wanted:
        wish(True)
    if counted:
        for name in names:
            lived.counts(name, west=60)
    await lived.goes_on(2)
    assert [lived.sells()[name] for name in names] == [7, before[names[1]], before[names[2]]]
    for name in names[1:]:  # which is what it was done for
        lived.town.cart.edit(name, SHOP, quantity=2)
    # when
    for wish in wanted:
        wish(False)
    await lived.goes_on()
    # then
    lived.shows(lived.town.stock())


@pytest.mark.parametrize("basis", ["available", "on_hand"])
async def test_a_first_push_held_and_discarded_then_pushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, basis: str
) -> None:
    monkeypatch.setattr(run_request, "ensure_worker", lambda session: False)
    with town(tmp_path, products=20, mode=Mode(basis=basis)) as our_town:
        # given
        lived = Life(our_town, Clocks(monkeypatch))
        lived.set_merchant(every="15m")
        await lived.goes_on()
        (held,) = lived.held()
        runs.discard(lived.session, held, "not yet")
        assert set(lived.sells().values()) == {0}
        # when
        await lived.goes_on()
        await lived.is_released()
        # then
        lived.shows(our_town.stock())
