"""What users of other sync systems reported, against what somebody with a pencil works out."""

from __future__ import annotations

import pytest

from invsync_tui.sync.catalog.source_marks import went_back
from tests.support.runs.sandbox_world import Town


def _plain(town: Town) -> list[tuple[str, str]]:
    """(SKU, reference) of products that are neither kits nor parts of one."""
    sql = (
        "SELECT p.sku, p.ref FROM our_product AS p WHERE p.is_kit = 0 "
        "AND p.id NOT IN (SELECT component_id FROM kit_component) ORDER BY p.id"
    )
    return [(row[0], row[1]) for row in town.bench.store.read(sql)]


def _lies(town: Town, sku: str, **units: int) -> None:
    """Units of a product by warehouse; nothing anywhere else."""
    for place in ("DEFAULT", "EAST", "WEST", "NORTH"):
        town.wms.set_level(sku, place, units.get(place.lower(), 0))


async def _synced(town: Town, *, full: bool = False) -> None:
    assert (await town.bench.pull(full=full)).state == "done"
    assert (await town.bench.push(town.cart_id)).state == "done"


async def test_stock_that_moves_between_warehouses_in_one_delta_is_never_counted_twice(synced: Town) -> None:
    sku, _ = _plain(synced)[0]
    _lies(synced, sku, east=20, west=5)
    await _synced(synced)
    assert synced.shown()[sku] == 25
    # when
    _lies(synced, sku, east=0, west=25)
    await _synced(synced)
    # then: the sum is the same, and nothing was written for it
    assert synced.shown()[sku] == 25


async def test_a_warehouse_that_owes_units_takes_them_off_the_others(synced: Town) -> None:
    sku, _ = _plain(synced)[0]
    _lies(synced, sku, east=20, west=-7)
    await _synced(synced)
    assert synced.shown()[sku] == 13
    # when it owes more than there is
    _lies(synced, sku, east=20, west=-30)
    await _synced(synced)
    # then
    assert synced.shown()[sku] == 0


async def test_a_product_made_again_with_the_same_sku_takes_over_the_listing(synced: Town) -> None:
    sku, ref = _plain(synced)[0]
    _lies(synced, sku, east=20)
    await _synced(synced)
    # when it is deleted, and made again under another reference
    synced.wms.control("remove", {"refs": [ref]})
    synced.wms.control("product", {"ref": "P9999999", "sku": sku, "name": "made again"})
    for place in ("DEFAULT", "EAST", "WEST", "NORTH"):
        synced.wms.control("level", {"ref": "P9999999", "warehouse": place, "available": 4 if place == "EAST" else 0})
    await _synced(synced, full=True)
    # then
    assert synced.shown()[sku] == 4


async def test_the_wms_restored_from_a_backup_is_shown_as_it_is_now(synced: Town) -> None:
    sku, _ = _plain(synced)[0]
    _lies(synced, sku, east=20)
    await _synced(synced)
    _lies(synced, sku, east=9)
    await _synced(synced)
    # when the counts go back, and the times of the readings with them
    for place, units in (("EAST", 20), ("WEST", 0), ("DEFAULT", 0), ("NORTH", 0)):
        synced.wms.set_level(sku, place, units, read_at=1_700_000_000)
    synced.bench.set_cart(synced.cart_id, stale_after=10**9)
    await _synced(synced, full=True)
    # then
    assert synced.shown()[sku] == 20


async def test_a_delta_from_a_mark_that_the_wms_does_not_reach_any_more_misses_nothing(synced: Town) -> None:
    sku, _ = _plain(synced)[0]
    _lies(synced, sku, east=20)
    await _synced(synced)
    # given: the WMS was restored, so that its marks began again below ours
    with synced.bench.store.transaction() as tx:
        tx.execute("UPDATE source SET mark = '999999' WHERE merchant_id = ?", (synced.bench.merchant,))
    _lies(synced, sku, east=3)
    # when
    await _synced(synced)
    # then
    assert synced.shown()[sku] == 3


async def test_a_merchant_that_is_renamed_while_it_runs_goes_on(synced: Town) -> None:
    sku, _ = _plain(synced)[0]
    pull = synced.bench.request("pull", synced.bench.merchant)
    synced.bench.request("push", synced.cart_id, after=pull)
    _lies(synced, sku, east=3)
    # when
    synced.bench.set_merchant(name="Another name")
    await synced.bench.work()
    # then
    assert synced.shown()[sku] == 3


@pytest.mark.parametrize(
    ("before", "now", "back"),
    [
        ("10", "9", True), ("9", "10", False), ("9", "9", False), ("0010", "9", True), ("", "9", False),
        ("2026-01-02 10:00:00", "2026-01-01 10:00:00", True), ("2026-01-02 10:00:00", "2026-01-02 09:30:00", False),
        ("2026-01-01T10:00:00+00:00", "2026-01-01 08:00:00", False), ("b", "a", False), ("2026-01-02", "9", False),
    ],
)  # fmt: skip
def test_only_marks_whose_order_is_known_go_back(before: str, now: str, back: bool) -> None:
    assert went_back(before, now) is back
