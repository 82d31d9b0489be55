"""What a download makes of warehouses that go, products that change, records that are absurd, and another company."""

from __future__ import annotations

from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.operations.catalog import warehouses
from invsync_tui.operations.errors import OperationError, RefusedError
from invsync_tui.operations.session import Session
from invsync_tui.store.catalog import products as catalog_products
from invsync_tui.store.catalog import pull_progress
from invsync_tui.store.catalog.pull_progress import PageStats
from invsync_tui.store.runs import runs
from tests.support.runs.plain_skus import plain
from tests.support.runs.sandbox_records import change_levels
from tests.support.runs.sandbox_world import Town

EAST, WEST, NORTH = "wh-1", "wh-2", "wh-3"
OTHERS = ("", WEST, NORTH)


def _product(town: Town, ref: str, **changed: Any) -> None:
    town.wms.control("product", {"ref": ref, **changed})


def _refs(town: Town) -> dict[str, str]:
    """By SKU, the WMS's own id."""
    return {sku: ref for ref, sku in town.wms.dump()["products"].items()}


# --- warehouses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "why", "rule"),
    [
        ({"active": False}, "inactive", "WAREHOUSE_INACTIVE"),
        ({"hidden": True}, "vanished", "WAREHOUSE_VANISHED"),
        ({"forbidden": True}, "denied", "WAREHOUSE_VANISHED"),
    ],
)
async def test_a_warehouse_that_is_gone_is_held_once_and_never_counted_after_a_release(
    synced: Town, how: dict[str, bool], why: str, rule: str
) -> None:
    # given
    before = synced.shown()
    synced.wms.control("warehouse", {"warehouse": "EAST", **how})
    # when
    assert (await synced.bench.pull(full=True)).state == "done"
    held = await synced.bench.push(synced.cart_id, release=False)
    # then: nothing is sent before an operator has looked
    assert held.state == "held"
    assert rule in held.trips
    assert "EAST" in held.trips
    assert synced.shown() == before
    assert synced.bench.one("SELECT gone_why FROM our_warehouse WHERE code = 'EAST'") == why
    # when
    synced.bench.release(held.id)
    await synced.bench.work()
    # then: its stock is not for sale any more
    kits = {row[0] for row in synced.bench.store.read("SELECT sku FROM our_product WHERE is_kit <> 0")}
    shown, stock = synced.shown(), synced.stock(OTHERS)
    assert {sku: shown[sku] for sku in shown if sku not in kits} == {s: n for s, n in stock.items() if s not in kits}
    # and stays so without another question, whatever else changes
    sku = plain(synced)[0]
    synced.wms.set_level(sku, "WEST", 777)
    await synced.bench.pull()
    assert (await synced.bench.push(synced.cart_id, release=False)).state == "done"
    assert synced.shown()[sku] == synced.stock(OTHERS)[sku]


async def test_a_warehouse_that_is_back_counts_again(synced: Town) -> None:
    # given
    synced.wms.control("warehouse", {"warehouse": "EAST", "active": False})
    await synced.bench.pull(full=True)
    await synced.bench.push(synced.cart_id)
    # when
    synced.wms.control("warehouse", {"warehouse": "EAST"})
    await synced.bench.pull()
    await synced.bench.push(synced.cart_id)
    # then
    assert synced.shown() == synced.stock() | {k: v for k, v in synced.shown().items() if k not in plain(synced)}


async def test_no_warehouse_left_sets_nothing_to_zero(synced: Town) -> None:
    # given
    before = synced.shown()
    for code in ("EAST", "WEST", "NORTH", "DEFAULT"):
        synced.wms.control("warehouse", {"warehouse": code, "active": False})
    # when
    await synced.bench.pull(full=True)
    run = await synced.bench.push(synced.cart_id)
    # then
    assert run.state == "done"
    assert synced.shown() == before
    assert synced.bench.reasons(run)["WAREHOUSE_GONE"] == len(before)


async def test_an_operator_disables_and_enables_a_warehouse(synced: Town) -> None:
    # given
    bench, session = synced.bench, synced.bench.session()
    # when
    answer = warehouses.set_enabled(session, bench.merchant, "EAST", enabled=False, reason="flooded")
    # then: held for review, audited, and not counted
    assert "does not count" in answer
    held = await bench.push(synced.cart_id, release=False)
    assert (held.state, "RULES_CHANGED" in held.trips) == ("held", True)
    assert bench.one("SELECT reason FROM our_audit WHERE action = 'warehouse disable'") == "flooded"
    bench.release(held.id)
    await bench.work()
    sku = next(s for s in plain(synced) if synced.stock(OTHERS)[s])
    assert synced.shown()[sku] == synced.stock(OTHERS)[sku]
    # when
    warehouses.set_enabled(session, bench.merchant, EAST, enabled=True)
    await bench.push(synced.cart_id)
    # then
    assert synced.shown()[sku] == synced.stock()[sku]
    with pytest.raises(OperationError, match="enabled already"):
        warehouses.set_enabled(session, bench.merchant, "EAST", enabled=True)
    with pytest.raises(OperationError, match="no warehouse 'NOPE'"):
        warehouses.set_enabled(session, bench.merchant, "NOPE", enabled=True)


def test_who_may_only_look_disables_no_warehouse(pulled: Town) -> None:
    with pytest.raises(RefusedError):
        warehouses.set_enabled(
            Session(pulled.bench.store, "viewer", read_only=True), pulled.bench.merchant, "EAST", enabled=False
        )
    assert pulled.bench.one("SELECT enabled FROM our_warehouse WHERE code = 'EAST'") == 1


# --- products ------------------------------------------------------------------------------------------------------------


async def test_codes_that_change_hands_reach_the_cart_with_the_next_delta(synced: Town) -> None:
    # given
    first, other = plain(synced)[:2]
    refs = _refs(synced)
    synced.wms.set_level(first, "EAST", 111)
    synced.wms.set_level(other, "EAST", 222)
    await synced.bench.pull()
    await synced.bench.push(synced.cart_id)
    # when: the two products swap their SKUs
    _product(synced, refs[first], sku="BETWEEN")
    _product(synced, refs[other], sku=first)
    _product(synced, refs[first], sku=other)
    run = await synced.bench.pull()
    # then
    assert run.state == "done"
    assert synced.bench.one("SELECT kind FROM our_pull_generation ORDER BY id DESC LIMIT 1") == "delta"
    await synced.bench.push(synced.cart_id)
    assert {sku: synced.shown()[sku] for sku in (first, other)} == {sku: synced.stock()[sku] for sku in (first, other)}


async def test_a_code_that_a_product_loses_is_matched_again(synced: Town) -> None:
    # given: two products have one code, so that it is nobody's
    first, other = plain(synced)[:2]
    refs = _refs(synced)
    _product(synced, refs[other], sku=first)
    await synced.bench.pull()
    await synced.bench.push(synced.cart_id)
    assert synced.bench.listings(synced.cart_id)[first]["reason"] == "AMBIGUOUS_ALIAS"
    # when: one of them gets another
    _product(synced, refs[first], sku="RENAMED")
    synced.wms.set_level(first, "EAST", 333)
    await synced.bench.pull()
    await synced.bench.push(synced.cart_id)
    # then: the code means the other, and the listing shows its stock
    assert synced.shown()[first] == synced.stock()[first]


async def test_a_deactivated_product_keeps_its_number_with_its_own_reason(synced: Town) -> None:
    # given
    sku = plain(synced)[0]
    before = synced.shown()[sku]
    # when
    _product(synced, _refs(synced)[sku], active=False)
    await synced.bench.pull()
    run = await synced.bench.push(synced.cart_id)
    # then
    assert synced.bench.reasons(run)["PRODUCT_INACTIVE"] == 1
    assert synced.shown()[sku] == before
    # when: the cart is to show 0
    synced.bench.set_cart(synced.cart_id, inactive_products="zero")
    await synced.bench.push(synced.cart_id)
    # then
    assert synced.shown()[sku] == 0
    # when: it is active again
    _product(synced, _refs(synced)[sku], active=True)
    await synced.bench.pull()
    await synced.bench.push(synced.cart_id)
    assert synced.shown()[sku] == synced.stock()[sku] == before


async def test_an_active_product_has_a_code_before_one_that_is_not(synced: Town) -> None:
    # given: a product is replaced by another with its code
    sku, successor = plain(synced)[:2]
    refs = _refs(synced)
    _product(synced, refs[sku], active=False)
    _product(synced, refs[successor], sku=sku)
    synced.wms.control("level", {"ref": refs[successor], "warehouse": "EAST", "available": 444})
    # when
    await synced.bench.pull()
    await synced.bench.push(synced.cart_id)
    # then
    levels = synced.wms.dump()["levels"].values()
    assert synced.shown()[sku] == sum(place[refs[successor]][0] for place in levels if refs[successor] in place)


async def test_stock_that_nobody_counts_is_never_zero(synced: Town) -> None:
    # given
    sku = plain(synced)[0]
    before = synced.shown()[sku]
    _product(synced, _refs(synced)[sku], counted=False)
    for code in ("EAST", "WEST", "NORTH", "DEFAULT"):
        synced.wms.set_level(sku, code, 0)
    # when
    await synced.bench.pull()
    run = await synced.bench.push(synced.cart_id)
    # then
    assert synced.bench.reasons(run)["STOCK_NOT_COUNTED"] == 1
    assert synced.shown()[sku] == before


# --- another company -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("full", [False, True])
async def test_another_account_is_held_before_a_level_is_overwritten(synced: Town, *, full: bool) -> None:
    # given
    sku = plain(synced)[0]
    before = synced.bench.store.read("SELECT * FROM our_level ORDER BY 1, 2")
    synced.wms.control("account", {"account": "somebody else"})
    synced.wms.set_level(sku, "EAST", 9999)
    # when
    run = await synced.bench.pull(full=full)
    # then
    assert run.state == "held"
    assert "SOURCE_CHANGED" in run.trips
    assert "somebody else" in run.trips
    assert synced.bench.store.read("SELECT * FROM our_level ORDER BY 1, 2") == before
    # when: an operator accepts it
    synced.bench.release(run.id)
    await synced.bench.work()
    # then: everything is read anew, and the account is the known one from now on
    assert synced.bench.run(run.id).state == "done"
    assert synced.bench.one("SELECT kind FROM our_pull_generation ORDER BY id DESC LIMIT 1") == "full"
    assert (await synced.bench.pull()).state == "done"
    synced.wms.control("account", {"account": "a third one"})
    assert (await synced.bench.pull()).state == "held"


async def test_a_download_that_was_cut_off_does_not_go_on_at_another_company(synced: Town) -> None:
    # given: a full download of the first company was cut off behind its products
    bench = synced.bench
    run_id = bench.request("pull", bench.merchant, full=True)
    with bench.store.transaction() as tx:
        generation = pull_progress.start(tx, bench.merchant, run_id, "full", "0", "products", clock.seconds())
        ids = catalog_products.ids_by_ref(tx, bench.merchant, list(synced.wms.dump()["products"])).values()
        pull_progress.add_page(tx, generation.id, "products", None, ids, PageStats(1, len(ids), 0, 0))
    # when: the worker comes back where another one answers, whose products have other codes, and an operator accepts it
    synced.wms.control("account", {"account": "somebody else"})
    sku = plain(synced)[0]
    _product(synced, _refs(synced)[sku], sku=f"{sku}-OTHER")
    await bench.work()
    assert bench.run(run_id).state == "held"
    bench.release(run_id)
    await bench.work()
    # then: it is read from the beginning
    assert bench.run(run_id).state == "done"
    assert not any("Continuing" in text for text in bench.events(run_id))
    assert bench.one(f"SELECT count(*) FROM our_product WHERE sku = '{sku}-OTHER'") == 1


async def test_a_held_download_goes_on_by_itself_once_the_right_account_is_back(
    synced: Town, caplog: pytest.LogCaptureFixture
) -> None:
    sku = plain(synced)[0]
    synced.wms.set_level(sku, "EAST", 4321)
    synced.wms.control("account", {"account": "somebody else"})
    held = await synced.bench.pull()
    # when it is asked for while the other account is there: it looks again, and says so once
    caplog.clear()
    for _ in range(2):
        again = await synced.bench.pull()
        assert (again.id, again.state) == (held.id, "held")
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == []
    # when the right one is back
    synced.wms.control("account", {"account": "demo"})
    run = await synced.bench.pull()
    # then
    assert (run.id, run.state, run.trips) == (held.id, "done", "[]")
    with synced.bench.store.reading() as cx:
        texts = [event[3] for event in runs.events(cx, held.id)]
    assert texts.count(runs.LOOKED_AGAIN) == 1
    assert (await synced.bench.push(synced.cart_id)).state == "done"
    assert synced.shown()[sku] == synced.stock()[sku]


# --- absurd records ------------------------------------------------------------------------------------------------------

ABSURD = [2**63, 2**63 - 1, -(2**63), float("nan"), 1e308 * 10, 1.5, "5", True, [5], {"n": 5}]


@pytest.mark.parametrize("value", ABSURD, ids=repr)
async def test_one_absurd_level_costs_itself_alone(
    synced: Town, monkeypatch: pytest.MonkeyPatch, value: object
) -> None:
    # given
    sku, other = plain(synced)[:2]
    ref = _refs(synced)[sku]
    change_levels(monkeypatch, lambda record: {**record, "available": value} if record["ref"] == ref else record)
    synced.wms.set_level(sku, "EAST", 5)
    synced.wms.set_level(other, "EAST", 4321)
    # when
    run = await synced.bench.pull(full=True)
    # then
    assert run.state == "done"
    assert synced.bench.reasons(run)["BAD_ROW"] >= 1
    assert any(f"Record {ref}:" in text for text in synced.bench.events(run.id))
    await synced.bench.push(synced.cart_id)
    assert synced.shown()[other] == synced.stock()[other]
    assert synced.bench.sums_hold()


async def test_another_shop_behind_a_cart_is_held_before_anything_is_written(
    synced: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: the cart says who it is, and is somebody else later
    who = ["the shop"]

    async def identity(_: object) -> dict[str, str]:
        return {"shop": who[0]}

    monkeypatch.setattr(SandboxCart, "identity", identity, raising=False)
    assert (await synced.bench.push(synced.cart_id)).state == "done"
    sku = plain(synced)[0]
    synced.wms.set_level(sku, "EAST", 4321)
    await synced.bench.pull()
    who[0] = "another shop"
    written = len(synced.writes())
    # when
    run = await synced.bench.push(synced.cart_id, release=False)
    # then
    assert (run.state, "CART_CHANGED" in run.trips) == ("held", True)
    assert len(synced.writes()) == written
    # when: an operator accepts it
    synced.bench.release(run.id)
    await synced.bench.work()
    assert synced.shown()[sku] == synced.stock()[sku]


async def test_a_held_push_goes_on_by_itself_once_the_right_shop_is_back(
    synced: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = [{"shop": "the shop"}]

    async def identity(_: object) -> dict[str, str]:
        return who[0]

    monkeypatch.setattr(SandboxCart, "identity", identity, raising=False)
    assert (await synced.bench.push(synced.cart_id)).state == "done"
    sku = plain(synced)[0]
    synced.wms.set_level(sku, "EAST", 4321)
    await synced.bench.pull()
    for other in ({"shop": "another shop"}, {}):
        who[0] = other
        held = await synced.bench.push(synced.cart_id, release=False)
        assert held.state == "held"
    # when
    who[0] = {"shop": "the shop"}
    run = await synced.bench.push(synced.cart_id, release=False)
    # then
    assert (run.id, run.state) == (held.id, "done")
    assert synced.shown()[sku] == synced.stock()[sku]
    # and what is held for its numbers stays held, whoever asks
    synced.bench.set_cart(synced.cart_id, buffer=1)
    held = await synced.bench.push(synced.cart_id, release=False)
    assert held.state == "held"
    assert (await synced.bench.push(synced.cart_id, release=False)).ended_at == held.ended_at
