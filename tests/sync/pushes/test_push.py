"""Push: few calls, rows judged by what the cart returns, one bad row costs one row, and every row has one end."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from pathlib import Path

import pytest

from invsync_tui.connectors.base import ListingRow
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.rules.outcomes import Reason
from invsync_tui.sandbox.shop import Mode
from invsync_tui.store import change_sequence
from tests.support.runs.sandbox_world import SHOP, Town, town

ALL_OR_NOTHING = Mode(row_errors="whole_batch", idempotency=False, returns_quantity=False, max_batch=8)


async def test_the_cart_shows_what_the_wms_has(synced: Town) -> None:
    assert synced.shown() == synced.stock()
    assert synced.bench.sums_hold()


@pytest.mark.parametrize(("changed", "batch"), [(1, 7), (7, 7), (8, 7), (30, 7)])
async def test_writes_are_the_changed_listings_divided_by_the_batch_size(
    tmp_path: Path, changed: int, batch: int
) -> None:
    # given
    with town(tmp_path, mode=Mode(max_batch=batch)) as our_town:
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        before = len(our_town.writes())
        for n, sku in enumerate(our_town.in_stock()[:changed]):
            our_town.wms.set_level(sku, "EAST", 500 + n)
        await our_town.bench.pull()
        # when
        run = await our_town.bench.push(our_town.cart_id)
        # then
        assert our_town.bench.counts(run)["set"] == changed
        assert len(our_town.writes()) - before == ceil(changed / batch)
        assert our_town.shown() == our_town.stock()


async def test_a_push_without_a_change_sends_nothing(synced: Town) -> None:
    # given
    before = len(synced.cart.requests())
    # when
    run = await synced.bench.push(synced.cart_id)
    # then
    assert run.state == "done"
    assert synced.cart.requests()[before:] == []


async def test_a_push_that_handled_everything_says_so_of_its_cart_alone(synced: Town) -> None:
    # given: more changes than the number of the cart
    for units in (1, 2, 3):
        synced.wms.set_level(synced.in_stock()[0], "EAST", 500 + units)
        await synced.bench.pull()
    # when
    await synced.bench.push(synced.cart_id)
    # then
    with synced.bench.store.reading() as cx:
        newest = change_sequence.current(cx)
    sql = "SELECT watermark, pushed_rules_rev - rules_rev FROM cart WHERE id = ?"
    assert newest > synced.cart_id
    assert synced.bench.store.read(sql, (synced.cart_id,)) == [(newest, 0)]


async def test_the_second_complete_plan_finds_everything_equal(synced: Town) -> None:
    # given
    synced.bench.set_cart(synced.cart_id, cutoff_below=1)
    before = len(synced.writes())
    # when
    run = await synced.bench.push(synced.cart_id)
    # then
    assert run.state == "done"
    assert synced.bench.counts(run)["equal"] == 40
    assert len(synced.writes()) == before


async def test_one_refused_row_is_the_only_one_that_fails(pulled: Town) -> None:
    # given
    ref = pulled.cart.dump()[SHOP][3]["ref"]
    sku = pulled.cart.dump()[SHOP][3]["sku"]
    pulled.wms.set_level(sku, "EAST", 50)
    await pulled.bench.pull()
    pulled.cart.faults({"kind": "reject", "path": "/stock", "refs": [ref]})
    # when
    run = await pulled.bench.push(pulled.cart_id)
    # then
    assert run.state == "done"
    assert pulled.bench.counts(run)["failed"] == 1
    assert pulled.bench.reasons(run)["REJECTED_BY_CART"] == 1
    assert {k: v for k, v in pulled.shown().items() if k != sku} == {
        k: v for k, v in pulled.stock().items() if k != sku
    }
    assert pulled.bench.listings(pulled.cart_id)[sku]["error"] == "The row was refused on purpose."
    # and when it is mended
    pulled.cart.faults()
    await pulled.bench.push(pulled.cart_id)
    # then
    assert pulled.shown() == pulled.stock()


@pytest.mark.parametrize("bad", [1, 3])
async def test_all_or_nothing_batches_are_split_until_the_bad_rows_are_alone(tmp_path: Path, bad: int) -> None:
    # given
    with town(tmp_path, mode=ALL_OR_NOTHING) as our_town:
        listings = [row for row in our_town.cart.dump()[SHOP] if row["sku"] in our_town.in_stock()]
        rejected = listings[1 : 1 + 2 * bad : 2]
        await our_town.bench.pull()
        our_town.cart.faults({"kind": "reject", "path": "/stock", "refs": [row["ref"] for row in rejected]})
        # when
        run = await our_town.bench.push(our_town.cart_id)
        # then
        skus = {row["sku"] for row in rejected}
        assert run.state == "done"
        assert our_town.bench.counts(run)["failed"] == bad
        assert {
            sku for sku, row in our_town.bench.listings(our_town.cart_id).items() if row["outcome"] == "failed"
        } == skus
        assert {k: v for k, v in our_town.shown().items() if k not in skus} == {
            k: v for k, v in our_town.stock().items() if k not in skus
        }
        assert our_town.bench.sums_hold()


async def test_a_refused_batch_whose_bad_rows_are_not_named_is_bisected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    from invsync_tui.connectors import json_rest

    monkeypatch.setattr(json_rest, "_named", lambda _: ())
    with town(tmp_path, mode=ALL_OR_NOTHING) as our_town:
        rejected = [row for row in our_town.cart.dump()[SHOP] if row["sku"] in our_town.in_stock()][2:5:2]
        await our_town.bench.pull()
        our_town.cart.faults({"kind": "reject", "path": "/stock", "refs": [row["ref"] for row in rejected]})
        # when
        run = await our_town.bench.push(our_town.cart_id)
        # then
        skus = {row["sku"] for row in rejected}
        assert our_town.bench.counts(run)["failed"] == 2
        assert {
            sku for sku, row in our_town.bench.listings(our_town.cart_id).items() if row["outcome"] == "failed"
        } == skus


async def test_a_listing_without_tracking_is_skipped_and_told(pulled: Town) -> None:
    # given
    sku = pulled.in_stock()[0]
    pulled.cart.edit(sku, tracked=False)
    # when
    run = await pulled.bench.push(pulled.cart_id)
    # then
    assert pulled.bench.reasons(run)["CART_NOT_TRACKING"] == 1
    assert pulled.shown()[sku] == 0


@pytest.mark.parametrize("returns_quantity", [True, False])
async def test_a_row_that_was_accepted_without_effect_is_not_synced(tmp_path: Path, returns_quantity: bool) -> None:
    # given: the listing loses tracking after it was read
    with town(tmp_path, mode=Mode(returns_quantity=returns_quantity)) as our_town:
        await our_town.bench.pull()
        sku = our_town.in_stock()[0]
        run = await our_town.bench.push(our_town.cart_id, release=False)
        our_town.cart.edit(sku, tracked=False)
        # when
        our_town.bench.release(run.id)
        await our_town.bench.work()
        # then
        row = our_town.bench.listings(our_town.cart_id)[sku]
        assert (row["outcome"], row["reason"], row["acked"]) == ("failed", "VERIFY_FAILED", None)
        assert our_town.bench.counts(our_town.bench.run(run.id))["failed"] == 1


async def test_going_back_to_the_last_quantity_is_written_after_a_row_that_could_not_be_verified(
    tmp_path: Path,
) -> None:
    # given: 7 was written, but neither answer nor read-back said so
    with town(tmp_path, mode=Mode(returns_quantity=False, idempotency=False)) as our_town:
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        sku = our_town.in_stock()[0]
        level = our_town.wms.dump()["levels"]["wh-1"][_ref(our_town, sku)][0]
        shown = our_town.shown()[sku]
        our_town.wms.set_level(sku, "EAST", level + 7)
        await our_town.bench.pull()
        our_town.cart.faults({"kind": "status", "path": "/listings/read", "status": 500})
        assert our_town.bench.reasons(await our_town.bench.push(our_town.cart_id)) == {"VERIFY_FAILED": 1}
        assert our_town.shown()[sku] == (shown or 0) + 7
        # when
        our_town.cart.faults()
        our_town.wms.set_level(sku, "EAST", level)
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        # then
        assert our_town.shown()[sku] == shown


async def test_a_cart_that_counts_on_hand_is_sent_its_open_orders_too(tmp_path: Path) -> None:
    # given
    with town(tmp_path, mode=Mode(basis="on_hand")) as our_town:
        sku = our_town.in_stock()[0]
        our_town.cart.control("order", {"shop": SHOP, "ref": sku, "units": 2})
        await our_town.bench.pull()
        # when
        await our_town.bench.push(our_town.cart_id)
        # then
        assert our_town.shown() == our_town.stock() | {sku: our_town.stock()[sku] + 2}


async def test_an_order_between_plan_and_push_is_not_subtracted_twice(tmp_path: Path) -> None:
    # given
    with town(tmp_path, mode=Mode(basis="on_hand")) as our_town:
        sku = our_town.in_stock()[0]
        await our_town.bench.pull()
        run = await our_town.bench.push(our_town.cart_id, release=False)
        our_town.cart.control("order", {"shop": SHOP, "ref": sku, "units": 2})
        # when
        our_town.bench.release(run.id)
        await our_town.bench.work()
        # then
        assert our_town.shown()[sku] == our_town.stock()[sku] + 2


async def test_a_drift_is_left_alone_and_a_change_of_stock_is_not(synced: Town) -> None:
    # given: a shopper bought one at the cart
    sku = synced.in_stock()[0]
    synced.cart.edit(sku, quantity=(synced.shown()[sku] or 0) - 1)
    before = len(synced.writes())
    # when
    run = await synced.bench.push(synced.cart_id, full=True)
    # then
    assert run.state == "done"
    assert len(synced.writes()) == before


async def test_a_duplicate_code_in_the_cart_is_never_pushed(pulled: Town) -> None:
    # given
    first, two = pulled.in_stock()[:2]
    pulled.cart.edit(two, sku=first)
    # when
    run = await pulled.bench.push(pulled.cart_id)
    # then
    assert pulled.bench.reasons(run)["DUPLICATE_IN_CART"] == 2
    assert [row["quantity"] for row in pulled.cart.dump()[SHOP] if row["sku"] == first] == [0, 0]
    # and when it is renamed back
    ref = [row["ref"] for row in pulled.cart.dump()[SHOP] if row["sku"] == first][1]
    pulled.cart.edit(ref, sku=two)
    await pulled.bench.push(pulled.cart_id, full=True)
    # then
    assert pulled.shown() == pulled.stock()


async def test_a_code_that_differs_by_case_is_not_in_the_wms(pulled: Town) -> None:
    # given
    sku = pulled.in_stock()[0]
    pulled.cart.edit(sku, sku=sku.lower())
    # when
    run = await pulled.bench.push(pulled.cart_id)
    # then
    assert pulled.bench.reasons(run)["NOT_IN_WMS"] == 1
    assert pulled.shown()[sku.lower()] == 0


async def test_a_listing_that_left_the_cart_is_not_sent(synced: Town) -> None:
    # given
    sku = synced.in_stock()[0]
    synced.cart.control("remove", {"shop": SHOP, "refs": [sku]})
    synced.wms.set_level(sku, "EAST", 900)
    await synced.bench.pull()
    before = len(synced.writes())
    # when
    run = await synced.bench.push(synced.cart_id, full=True)
    # then
    assert run.state == "done"
    assert synced.bench.reasons(run)["NOT_IN_CART"] == 1
    assert len(synced.writes()) == before


@pytest.mark.parametrize("switch", ["merchant", "cart"])
async def test_a_switch_that_is_off_sends_nothing_until_it_is_on(pulled: Town, switch: str) -> None:
    # given
    bench = pulled.bench
    change = {
        "merchant": lambda on: bench.set_merchant(inventory_sync=on),
        "cart": lambda on: bench.set_cart(pulled.cart_id, upload_enabled=on),
    }[switch]
    change(False)
    # when
    run = await bench.push(pulled.cart_id)
    # then
    assert run.state == "done"
    assert bench.reasons(run) == {"SWITCH_OFF": 40}
    assert pulled.writes() == []
    # and when
    change(True)
    held = await bench.push(pulled.cart_id, release=False)
    assert held.state == "held"
    bench.release(held.id)
    await bench.work()
    # then
    assert pulled.shown() == pulled.stock()


async def test_a_merchant_that_is_off_is_not_pulled(pulled: Town) -> None:
    # given
    pulled.bench.set_merchant(inventory_sync=False)
    before = len(pulled.wms.requests())
    # when
    run = await pulled.bench.pull()
    # then
    assert run.state == "done"
    assert pulled.bench.reasons(run) == {"SWITCH_OFF": 1}
    assert len(pulled.wms.requests()) == before


async def test_the_switch_of_a_merchant_is_its_own_even_if_another_is_called_like_its_number(pulled: Town) -> None:
    # given: another merchant, off, whose name is the first one's number
    bench, mine = pulled.bench, pulled.bench.merchant
    bench.add_merchant(pulled.wms.connection(), sync=False, name=str(mine))
    bench.merchant = mine
    # when
    run = await bench.pull(full=True)
    # then
    assert bench.reasons(run) == {}
    assert bench.counts(run)["total"] > 0


async def test_exclusion_lock_and_override_come_before_everything(pulled: Town) -> None:
    # given
    excluded, locked, fixed = pulled.in_stock()[:3]
    await pulled.bench.push(pulled.cart_id, release=False)
    with pulled.bench.by_hand() as tx:
        tx.execute("UPDATE listing SET excluded = 1 WHERE sku = ?", (excluded,))
        tx.execute("UPDATE listing SET locked = 1 WHERE sku = ?", (locked,))
        tx.execute("UPDATE listing SET override = 3 WHERE sku = ?", (fixed,))
        tx.execute("UPDATE run SET state = 'cancelled' WHERE state = 'held'")
    # when
    run = await pulled.bench.push(pulled.cart_id)
    # then
    assert pulled.shown() == pulled.stock() | {excluded: 0, locked: 0, fixed: 3}
    reasons = pulled.bench.reasons(run)
    assert (reasons["EXCLUDED"], reasons["LOCKED"]) == (1, 1)


async def test_only_the_chosen_warehouses_count(tmp_path: Path) -> None:
    # given
    with town(tmp_path) as our_town:
        await our_town.bench.pull()
        east = our_town.bench.warehouse("EAST")
        our_town.bench.set_cart(our_town.cart_id, [east])
        # when
        run = await our_town.bench.push(our_town.cart_id)
        # then
        assert run.state == "done"
        assert our_town.shown() == our_town.stock(["wh-1"])


def _ref(our_town: Town, sku: str) -> str:
    return next(ref for ref, code in our_town.wms.dump()["products"].items() if code == sku)


@pytest.mark.parametrize("reason", [Reason.NOT_STOCKED_AT_LOCATION, Reason.BUNDLE_PARENT, Reason.BAD_ROW])
async def test_a_listing_that_cannot_be_set_any_more_since_it_was_planned_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: Reason
) -> None:
    with town(tmp_path, mode=Mode(basis="on_hand")) as our_town:
        await our_town.bench.pull()
        read = SandboxCart.read

        async def changed(cart: SandboxCart, refs: Sequence[str]) -> Sequence[ListingRow]:
            rows = list(await read(cart, refs))
            return [rows[0]._replace(skip=reason), *rows[1:]] if rows else rows

        monkeypatch.setattr(SandboxCart, "read", changed)
        run = await our_town.bench.push(our_town.cart_id)
        assert run.state == "done"
        counts, reasons = our_town.bench.counts(run), our_town.bench.reasons(run)
        assert counts["failed"] >= 1
        assert reasons[reason.value] == counts["failed"]
        failed = our_town.bench.store.read(
            "SELECT ref FROM listing WHERE outcome = 'failed' AND cart_id = ?", (our_town.cart_id,)
        )
        written = {entry["ref"] for entry in our_town.cart.log()}
        assert written
        assert not written & {ref for (ref,) in failed}
