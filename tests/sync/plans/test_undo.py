"""Undo, safe level, freeze: as plans that an operator applies, and nothing that somebody changed since is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from invsync_tui.operations.diagnosis.doctor import doctor
from invsync_tui.operations.diagnosis.why import why
from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.plans import freeze as plans_freeze
from invsync_tui.operations.plans import plans, undo
from invsync_tui.operations.runs import request as run_request
from invsync_tui.rules.safety_rules import TrippedRule
from invsync_tui.sandbox.shop import Mode
from tests.support.runs.sandbox_world import Town, town


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests execute what is asked for themselves."""
    monkeypatch.setattr(run_request, "ensure_worker", lambda session: False)


async def _changed(our_town: Town, levels: dict[str, int]) -> int:
    """A push that sets some SKUs; its number."""
    for sku, quantity in levels.items():
        our_town.wms.set_level(sku, "EAST", quantity)
    await our_town.bench.pull()
    run = await our_town.bench.push(our_town.cart_id)
    assert our_town.bench.counts(run)["set"] == len(levels)
    return run.id


async def _applied(our_town: Town, plan: int, *, freeze: bool = True) -> plans.ApplyResult:
    applied = plans.apply(our_town.bench.session(), plan, "a test", freeze=freeze)
    await our_town.bench.work()
    return applied


@pytest.mark.parametrize("basis", ["available", "on_hand"])
async def test_undo_puts_back_what_nobody_changed_since(tmp_path: Path, basis: str) -> None:
    with town(tmp_path, mode=Mode(basis=basis)) as our_town:
        # given: a push changed four listings, and somebody sold one of them in the cart since
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        before = our_town.shown()
        skus = our_town.in_stock()[:4]
        run = await _changed(our_town, dict.fromkeys(skus, 250))
        assert our_town.shown() != before
        touched = our_town.shown()[skus[0]]
        assert touched is not None
        our_town.cart.edit(str(our_town.bench.listings(our_town.cart_id)[skus[0]]["ref"]), quantity=touched - 3)
        # when
        remedy = undo.undo(our_town.bench.session(), run, "wrong warehouse")
        applied = await _applied(our_town, remedy.plan)
        # then: the rest shows what it showed, and that one is reported
        done = our_town.bench.run(applied.run)
        assert done.state == "done"
        counts = our_town.bench.counts(done)
        assert (counts["set"], counts["skipped"], counts["total"]) == (3, 1, 4)
        assert our_town.bench.reasons(done) == {"CHANGED_SINCE": 1}
        assert our_town.shown() == before | {skus[0]: touched - 3}
        assert (
            f"it shows {touched - 3} now, run {run} left it at"
            in our_town.bench.listings(our_town.cart_id)[skus[0]]["error"]
        )
        # and the next push does not take it back, since the cart is frozen
        assert applied.frozen
        later = await our_town.bench.push(our_town.cart_id)
        assert our_town.bench.reasons(later)["FROZEN"] == 3  # the edited one is drift: the cart accepted it once
        assert our_town.shown() == before | {skus[0]: touched - 3}
        # and once it is unfrozen, the settings count again
        plans_freeze.unfreeze(our_town.bench.session(), "cart", our_town.cart_id, "mended")
        await our_town.bench.push(our_town.cart_id)
        assert {sku: our_town.shown()[sku] for sku in skus[1:]} == {sku: our_town.stock()[sku] for sku in skus[1:]}
        assert our_town.bench.sums_hold()


async def test_undo_leaves_what_a_later_push_set_again(synced: Town) -> None:
    # given
    first, second = synced.in_stock()[:2]
    before = synced.shown()
    run = await _changed(synced, {first: 250, second: 250})
    await _changed(synced, {first: 260})
    # when
    remedy = undo.undo(synced.bench.session(), run)
    await _applied(synced, remedy.plan)
    # then
    assert remedy.changed == 1
    assert synced.shown()[second] == before[second]
    assert synced.shown()[first] == synced.stock()[first]


async def test_an_undo_can_be_undone(synced: Town) -> None:
    # given
    sku = synced.in_stock()[0]
    run = await _changed(synced, {sku: 250})
    wrong = synced.shown()
    first = await _applied(synced, undo.undo(synced.bench.session(), run).plan)
    assert synced.shown() != wrong
    # when
    await _applied(synced, undo.undo(synced.bench.session(), first.run).plan)
    # then
    assert synced.shown() == wrong


async def test_undo_respects_what_an_operator_locked(synced: Town) -> None:
    # given
    first, second = synced.in_stock()[:2]
    run = await _changed(synced, {first: 250, second: 250})
    shown = synced.shown()[first]
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE listing SET locked = 1 WHERE sku = ?", (first,))
    # when
    applied = await _applied(synced, undo.undo(synced.bench.session(), run).plan)
    # then
    assert synced.bench.reasons(synced.bench.run(applied.run)) == {"LOCKED": 1}
    assert synced.shown()[first] == shown


async def test_an_undo_without_freeze_is_set_again_by_the_next_push(synced: Town) -> None:
    # given
    sku = synced.in_stock()[0]
    before = synced.shown()[sku]
    run = await _changed(synced, {sku: 250})
    # when
    applied = await _applied(synced, undo.undo(synced.bench.session(), run).plan, freeze=False)
    # then
    assert "The next push by the settings sets them again." in applied.message
    assert synced.shown()[sku] == before
    await synced.bench.push(synced.cart_id)
    assert synced.shown() == synced.stock()


async def test_a_download_and_a_run_that_set_nothing_cannot_be_undone(synced: Town) -> None:
    # given
    pull = await synced.bench.pull()
    push = await synced.bench.push(synced.cart_id)
    # then
    with pytest.raises(OperationError, match="inventory download"):
        undo.undo(synced.bench.session(), pull.id)
    with pytest.raises(OperationError, match="set nothing"):
        undo.undo(synced.bench.session(), push.id)


async def test_a_safe_level_lowers_and_never_raises(synced: Town) -> None:
    # given
    before = synced.shown()
    remedy = undo.safe(synced.bench.session(), synced.cart_id, 2, "flood in the warehouse")
    view = plans.load_plan(synced.bench.session(), remedy.plan)
    assert view.totals.to_set == sum((quantity or 0) > 2 for quantity in before.values())
    # when
    applied = await _applied(synced, remedy.plan)
    # then
    assert synced.bench.run(applied.run).state == "done"
    assert synced.shown() == {sku: min(2, quantity or 0) for sku, quantity in before.items()}
    # and it stays so
    await synced.bench.pull()
    await synced.bench.push(synced.cart_id)
    assert max(quantity or 0 for quantity in synced.shown().values()) == 2


async def test_a_safe_level_of_some_skus_shows_the_safety_rule_before_it_is_applied(synced: Town) -> None:
    # given
    synced.bench.set_cart(synced.cart_id, zero_count=3, zero_percent=0)
    skus = synced.in_stock()[:5]
    # when
    remedy = undo.safe(synced.bench.session(), synced.cart_id, 0, skus=skus)
    view = plans.load_plan(synced.bench.session(), remedy.plan)
    # then
    text = f"5 of {len(synced.in_stock())} listings in stock would show 0; the limit is 3"
    assert view.rules == (TrippedRule("MASS_ZERO", text),)
    # and when
    await _applied(synced, remedy.plan)
    # then what was shown is what was accepted
    assert [synced.shown()[sku] for sku in skus] == [0] * 5
    assert {sku: n for sku, n in synced.shown().items() if sku not in skus} == {
        sku: n for sku, n in synced.stock().items() if sku not in skus
    }


async def test_an_exact_safe_level_raises_too_and_an_unknown_sku_is_told(synced: Town) -> None:
    # given
    sku = synced.sold_out()[0]
    with pytest.raises(OperationError, match="no listing 'NOBODY'"):
        undo.safe(synced.bench.session(), synced.cart_id, 3, skus=[sku, "NOBODY"])
    # when
    await _applied(synced, undo.safe(synced.bench.session(), synced.cart_id, 3, skus=[sku], exactly=True).plan)
    # then
    assert synced.shown()[sku] == 3


async def test_a_frozen_cart_is_planned_and_not_sent(synced: Town) -> None:
    # given
    sku = synced.in_stock()[0]
    session = synced.bench.session()
    plans_freeze.freeze(session, "merchant", synced.bench.merchant, "stocktaking")
    count = len(synced.writes())
    synced.wms.set_level(sku, "EAST", 250)
    await synced.bench.pull()
    # when
    run = await synced.bench.push(synced.cart_id)
    # then: it counts, it keeps what should be shown up to date, and sends nothing
    assert (run.state, run.error) == ("done", "It is frozen: nothing was sent.")
    assert synced.bench.reasons(run)["FROZEN"] == 1
    row = synced.bench.listings(synced.cart_id)[sku]
    assert (row["desired"], row["reason"], row["pending"]) == (synced.stock()[sku], "FROZEN", 1)
    assert len(synced.writes()) == count
    assert [line.waiting for line in plans_freeze.lines(session) if line.merchant_id == synced.bench.merchant] == [1]
    # and why says so, with the arithmetic
    explained = why(session, sku, synced.cart_id).listings[0]
    assert [cause.value for cause in explained.causes] == ["FROZEN"]
    assert explained.target == synced.stock()[sku]
    # and the doctor does, for every listing of the cart
    checkup = doctor(session, cart_id=synced.cart_id)
    assert [(group.cause.value, group.count) for group in checkup.groups] == [("FROZEN", len(synced.stock()))]
    (check,) = [check for check in checkup.checks if check.id == "cart.freeze"]
    assert (check.verdict, check.fix) == ("fail", "invsync unfreeze Demo")
    assert check.evidence.endswith("by tester: stocktaking")
    # and a plan by the settings cannot be applied
    number = plans.save_plan(session, plans.build_plan(session, synced.cart_id))
    assert number is not None
    with pytest.raises(OperationError, match="is frozen: nothing is sent"):
        plans.apply(session, number)
    # and when it is unfrozen
    with pytest.raises(OperationError, match="its merchant is: unfreeze that"):
        plans_freeze.unfreeze(session, "cart", synced.cart_id)
    plans_freeze.unfreeze(session, "merchant", synced.bench.merchant)
    await synced.bench.push(synced.cart_id)
    # then
    assert synced.shown() == synced.stock()
    actions = [
        row[0] for row in synced.bench.store.read("SELECT action FROM our_audit WHERE action IN ('freeze', 'thaw')")
    ]
    assert actions == ["freeze", "thaw"]


async def test_a_released_hold_of_a_frozen_cart_sends_nothing(pulled: Town) -> None:
    # given
    held = await pulled.bench.push(pulled.cart_id, release=False)
    plans_freeze.freeze(pulled.bench.session(), "cart", pulled.cart_id, "not yet")
    # when
    pulled.bench.release(held.id)
    await pulled.bench.work()
    # then
    assert pulled.bench.run(held.id).state == "done"
    assert pulled.writes() == []
    # and its first push is still held when it is unfrozen
    plans_freeze.unfreeze(pulled.bench.session(), "cart", pulled.cart_id)
    again = await pulled.bench.push(pulled.cart_id, release=False)
    assert json.loads(again.trips)[0]["breaker"] == "FIRST_PUSH"
