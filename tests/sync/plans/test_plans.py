"""Plans: what is shown is what is sent; what changed in between is said, and nothing is sent then."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.plans import plans
from invsync_tui.operations.plans.plans import PlanBuild
from invsync_tui.operations.plans.rows import PlanLine
from invsync_tui.operations.runs import request as run_request
from invsync_tui.rules.safety_rules import TrippedRule
from invsync_tui.sandbox.shop import Mode
from tests.support.runs.sandbox_world import Town, town


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests execute what is asked for themselves."""
    monkeypatch.setattr(run_request, "ensure_worker", lambda session: False)


def _made(our_town: Town, **overlay: str) -> PlanBuild:
    return plans.build_plan(our_town.bench.session(), our_town.cart_id, overlay)


def _said(our_town: Town, making: PlanBuild) -> dict[str, int]:
    """By SKU, what the plan says that the cart will show."""
    rows = plans.rows(our_town.bench.session(), making)
    return {line.sku: line.target for line in rows.after(None, 10_000)}


def _kept(our_town: Town) -> int:
    number = plans.save_plan(our_town.bench.session(), _made(our_town))
    assert number is not None
    return number


def _trips(run: Any) -> dict[str, str]:
    return {trip["breaker"]: trip["text"] for trip in json.loads(run.trips)}


def _set_by(our_town: Town, run_id: int) -> dict[str, int]:
    """By SKU, what a run has set."""
    sql = "SELECT sku, desired FROM our_listing WHERE run_id = ? AND outcome = 'set'"
    return dict(our_town.bench.store.read(sql, (run_id,)))


@pytest.mark.parametrize("seed", range(12))
async def test_a_plan_says_what_the_push_then_does(tmp_path: Path, seed: int) -> None:
    # given: random settings, levels and wishes of operators on a cart that was pushed to once
    dice = random.Random(seed)
    mode = Mode(basis="on_hand") if seed % 3 == 0 else None
    with town(tmp_path, mode=mode) as our_town:
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        skus = sorted(our_town.stock())
        for sku in dice.sample(skus, dice.randint(0, 15)):
            our_town.wms.set_level(sku, dice.choice(("EAST", "WEST")), dice.choice((0, 1, 3, 7, 500)))
        values: dict[str, Any] = {
            "buffer": dice.randint(0, 3),
            "share_percent": dice.choice((100, 80)),
            "cutoff_below": dice.randint(0, 6),
        }
        if dice.random() < 0.6:
            our_town.bench.set_cart(our_town.cart_id, **values, max_quantity=dice.choice((None, 50)))
        with our_town.bench.by_hand() as tx:
            for sku in dice.sample(skus, 3):
                column = dice.choice(("excluded = 1", "locked = 1", "override = 9", "tracked = 0"))
                tx.execute(f"UPDATE listing SET {column}, seq = seq + 1000 WHERE sku = ?", (sku,))
        await our_town.bench.pull()
        # when
        making = _made(our_town)
        lines = _said(our_town, making)
        run = await our_town.bench.push(our_town.cart_id)
        # then
        assert run.state == "done"
        assert _set_by(our_town, run.id) == lines
        assert our_town.bench.counts(run)["set"] == len(lines)
        skipped = {reason.value: n for reason, n in making.planned.skipped.items()}
        assert {name: n for name, n in our_town.bench.reasons(run).items() if name in skipped} == skipped
        shown = our_town.shown()
        if mode is None:
            assert {sku: shown[sku] for sku in lines} == lines


async def test_a_plan_knows_a_moved_code_before_it_is_matched(synced: Town) -> None:
    # given: the cart renames a listing to a code that no product has
    sku = synced.in_stock()[0]
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE listing SET sku = 'NOBODY', key = 'nobody', seq = seq + 1000 WHERE sku = ?", (sku,))
    # when
    making = _made(synced)
    # then
    assert {reason.value: n for reason, n in making.planned.skipped.items()} == {"NOT_IN_WMS": 1}
    assert len(making.planned.changes.ids) == 0


async def test_the_first_push_is_applied_as_it_was_shown(pulled: Town) -> None:
    # given: a cart whose listings were read, and whose first push waits
    held = await pulled.bench.push(pulled.cart_id, release=False)
    session = pulled.bench.session()
    number = _kept(pulled)
    view = plans.load_plan(session, number)
    # then the plan shows what holds it and what to do
    text = f"first push of this cart: {len(pulled.in_stock())} listings would be updated"
    assert view.rules == (TrippedRule("FIRST_PUSH", text),)
    assert view.advice == (f"To send exactly this: invsync apply {number} --reason TEXT",)
    with pytest.raises(OperationError, match="needs an operator's word"):
        plans.apply(session, number)
    # when
    applied = plans.apply(session, number, "looked at it")
    await pulled.bench.work()
    # then it is the held run that went on
    assert applied.run == held.id
    assert pulled.bench.run(held.id).state == "done"
    assert pulled.shown() == pulled.stock()
    assert pulled.bench.one("SELECT reason FROM our_audit WHERE action = 'apply'") == "looked at it"


async def test_a_level_that_changed_in_between_holds_the_push_and_says_which(synced: Town) -> None:
    # given
    first, second, third = synced.in_stock()[:3]
    for sku in (first, second):
        synced.wms.set_level(sku, "EAST", 40)
    await synced.bench.pull()
    number = _kept(synced)
    lines = _said(synced, _made(synced))
    count, before = len(synced.writes()), synced.shown()
    # when: two more changes come before it is applied
    synced.wms.set_level(first, "EAST", 41)
    synced.wms.set_level(third, "EAST", 300)
    await synced.bench.pull()
    applied = plans.apply(synced.bench.session(), number)
    await synced.bench.work()
    # then
    run = synced.bench.run(applied.run)
    assert run.state == "held"
    assert len(synced.writes()) == count
    assert synced.shown() == before
    text = _trips(run)["PLAN_CHANGED"]
    assert text.startswith(f"2 listings differ from plan {number}: ")
    assert f"{first} would show {lines[first] + 1}, the plan said {lines[first]}" in text
    assert f"{third} would show {synced.stock()[third]}, the plan did not set it" in text
    assert synced.bench.sums_hold()
    # and when an operator accepts it
    synced.bench.release(run.id)
    await synced.bench.work()
    # then
    assert synced.bench.run(run.id).state == "done"
    assert synced.shown() == synced.stock()


async def test_what_is_not_to_be_set_any_more_is_said(synced: Town) -> None:
    # given: two changes, of which one is taken back
    first, second = synced.in_stock()[:2]
    old = synced.shown()[first]
    assert old is not None
    for sku in (first, second):
        synced.wms.set_level(sku, "EAST", 40)
    await synced.bench.pull()
    number = _kept(synced)
    lines = _said(synced, _made(synced))
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE listing SET override = ?, seq = seq + 1000 WHERE sku = ?", (old, first))
    # when
    applied = plans.apply(synced.bench.session(), number)
    await synced.bench.work()
    # then
    text = _trips(synced.bench.run(applied.run))["PLAN_CHANGED"]
    assert text == f"1 listing differs from plan {number}: {first} would not be set, the plan said {lines[first]}"


async def test_a_plan_of_other_settings_is_refused_at_once(synced: Town) -> None:
    # given
    synced.wms.set_level(synced.in_stock()[0], "EAST", 40)
    await synced.bench.pull()
    number = _kept(synced)
    # when
    synced.bench.set_cart(synced.cart_id, buffer=1)
    # then
    with pytest.raises(OperationError, match=f"settings of Demo Cart were changed since plan {number}"):
        plans.apply(synced.bench.session(), number)


async def test_a_plan_is_applied_once(synced: Town) -> None:
    # given
    synced.wms.set_level(synced.in_stock()[0], "EAST", 40)
    await synced.bench.pull()
    number = _kept(synced)
    applied = plans.apply(synced.bench.session(), number)
    await synced.bench.work()
    # then
    with pytest.raises(OperationError, match=f"bound to run {applied.run} already"):
        plans.apply(synced.bench.session(), number)


async def test_what_if_is_not_kept_and_says_how_to_have_it(synced: Town) -> None:
    # given
    making = _made(synced, buffer="2", minimum="4")
    session = synced.bench.session()
    # when
    view = plans.view(session, making, plans.save_plan(session, making))
    # then
    assert view.number is None
    assert view.advice == (
        "Nothing of this is saved. To have it so: invsync carts set 'Demo Cart' --buffer 2 --minimum 4",
    )
    assert set(_said(synced, making)) <= set(synced.in_stock())
    assert synced.bench.one("SELECT count(*) FROM our_plan") == 0
    # and when it is saved
    synced.bench.set_cart(synced.cart_id, buffer=2, cutoff_below=4)
    # then the plan is the same
    assert _said(synced, _made(synced)) == _said(synced, making)


async def test_a_schedule_that_comes_while_a_plan_waits_runs_afterwards(synced: Town) -> None:
    # given
    synced.wms.set_level(synced.in_stock()[0], "EAST", 40)
    await synced.bench.pull()
    applied = plans.apply(synced.bench.session(), _kept(synced))
    # when: a sync is asked for before a worker took it
    synced.wms.set_level(synced.in_stock()[1], "EAST", 77)
    pull = synced.bench.request("pull", synced.bench.merchant)
    assert synced.bench.request("push", synced.cart_id, after=pull) == applied.run
    await synced.bench.work()
    # then the plan was sent as it was, and the other push came after the download
    run = synced.bench.run(applied.run)
    assert (run.state, synced.bench.counts(run)["set"]) == ("done", 1)
    assert synced.shown() == synced.stock()


async def test_old_plans_go_but_not_those_that_were_applied(synced: Town) -> None:
    # given
    synced.wms.set_level(synced.in_stock()[0], "EAST", 40)
    await synced.bench.pull()
    first = _kept(synced)
    plans.apply(synced.bench.session(), first)
    await synced.bench.work()
    # when
    numbers = [_kept(synced) for _ in range(25)]
    # then
    plan_ids = [row[0] for row in synced.bench.store.read("SELECT id FROM our_plan ORDER BY id")]
    assert plan_ids == [first, *numbers[-20:]]


async def test_rows_are_paged_sorted_and_filtered(synced: Town) -> None:
    # given
    skus = synced.in_stock()[:9]
    for n, sku in enumerate(skus):
        synced.wms.set_level(sku, "EAST", n * n * 50)
    await synced.bench.pull()
    making, session = _made(synced), synced.bench.session()
    for sort in ("risk", "change", "sku", "name"):
        rows = plans.rows(session, making, sort)
        whole = list(rows.after(None, 100))
        # when
        paged: list[PlanLine] = []
        key: tuple[Any, ...] | None = None
        while page := rows.after(key, 2):
            paged += page
            key = rows.key(page[-1])
        # then
        assert paged == whole
        assert list(rows.before(rows.key(whole[-1]), 3)) == whole[-4:-1]
        assert rows.position(rows.key(whole[2])) == 2
    assert [line.sku for line in plans.rows(session, making, text=whole[0].sku[-6:]).after(None, 5)][:1] == [
        whole[0].sku
    ]
    every = plans.rows(session, making).after(None, 100)
    assert all(line.name for line in every)
    for text, wanted in (
        ("change>100", [line for line in every if line.change is not None and line.change > 100]),
        (
            "diff<-100 risk:large-change",
            [line for line in every if line.risk == "large_change" and (line.change or 0) > 100],
        ),
        ("target=0", [line for line in every if line.target == 0]),
        ("-in-cart>0", [line for line in every if not line.in_cart]),
        (f'name:"{every[0].name}"', [line for line in every if every[0].name.lower() in line.name.lower()]),
    ):
        assert list(plans.rows(session, making, text=text).after(None, 100)) == wanted, text
    with pytest.raises(OperationError, match="Known: in-cart, target, change"):
        plans.rows(session, making, text="outcome:failed")
    risky = plans.rows(session, making, risk="increase").after(None, 50)
    assert risky
    assert {line.risk for line in risky} == {"increase"}
