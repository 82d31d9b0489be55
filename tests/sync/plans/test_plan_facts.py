"""What a plan counts before anything is sent, and what its safety rules are told, against rows written by hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.rules.outcomes import Reason
from invsync_tui.rules.safety import Limits, PlanFacts
from invsync_tui.store.listings.listings import StockFacts
from invsync_tui.sync import push_plan
from invsync_tui.sync.plans import dry_run
from invsync_tui.sync.plans.dry_run import DryRun
from invsync_tui.sync.settings import Settings, load_settings
from tests.support.stores.merchant_store import NOW
from tests.support.stores.products_store import Shelf, Thing, shelf


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.setattr(clock, "now", lambda: float(NOW))
    our_shelf = shelf(tmp_path)
    with our_shelf.bench.store.transaction() as tx:
        tx.execute("UPDATE cart SET pushed_rules_rev = rules_rev WHERE id = ?", (our_shelf.cart,))
        tx.execute("UPDATE merchant SET stale_after = NULL WHERE id = ?", (our_shelf.merchant,))
        tx.execute("UPDATE warehouse SET last_full_at = ? WHERE merchant_id = ?", (NOW, our_shelf.merchant))
    yield our_shelf
    our_shelf.bench.store.close()


@dataclass(frozen=True)
class Listed:
    """A listing: units that the WMS has, and what is known of the cart."""

    has: int
    acked: int | None = None
    observed: int | None = None
    allocated: int = 0
    inflight: str | None = None
    excluded: int = 0
    gone_at: int | None = None

    @property
    def shows(self) -> int | None:
        """Sellable units in the cart."""
        return self.acked if self.observed is None else self.observed - self.allocated


def put(acme: Shelf, rows: list[Listed]) -> list[int]:
    """Numbers of the listings, in order."""
    skus = [f"S{n:03}" for n in range(len(rows))]
    numbers = acme.put([Thing(sku, sku) for sku in skus])
    acme.stock(acme.default, [(number, row.has) for number, row in zip(numbers, rows, strict=True)])
    ids = acme.list(skus)
    for number, row in zip(ids, rows, strict=True):
        acme.set(
            number, acked=row.acked, observed=row.observed, allocated=row.allocated, inflight=row.inflight,
            excluded=row.excluded, gone_at=row.gone_at,
        )  # fmt: skip
    return ids


def planned(acme: Shelf) -> DryRun:
    with acme.bench.store.reading() as cx:
        plan = dry_run.begin(cx, acme.cart, {})
        assert plan is not None
        while not plan.done:
            dry_run.advance(cx, plan, clock.elapsed())
    return plan


@pytest.mark.parametrize("chunk", [1, 4, 500])
@pytest.mark.parametrize(
    ("zeros", "jumps", "percent", "held"),
    [
        (3, 4, 0, []),  # exactly as many as may
        (4, 4, 0, ["MASS_ZERO"]),
        (3, 5, 0, ["JUMP"]),
        (4, 5, 0, ["MASS_ZERO", "JUMP"]),
        (4, 5, 25, []),  # a quarter of the 20 that show stock is 5
        (6, 5, 25, ["MASS_ZERO"]),
        (5, 6, 25, ["JUMP"]),
    ],
)
def test_a_plan_counts_what_goes_to_0_and_what_jumps_and_is_held_beyond_its_limits(
    acme: Shelf, monkeypatch: pytest.MonkeyPatch, chunk: int, zeros: int, jumps: int, percent: int, held: list[str]
) -> None:
    # given: 20 listings that show stock, by what was confirmed or by what was seen less what is allocated
    monkeypatch.setattr(dry_run, "CHUNK", chunk)
    rows = [Listed(0, acked=n % 3 + 1) for n in range(zeros)]
    rows += [Listed(90, acked=8), Listed(2, acked=9, observed=30, allocated=9)][:jumps]  # 11.25 and 10.5 times
    rows += [Listed(23, acked=2) for _ in range(jumps - 2)]
    rows += [Listed(80, acked=8), Listed(8, observed=87, allocated=7), Listed(6, acked=4)]  # 10 times is no jump
    rows += [Listed(5, acked=5, observed=7, allocated=2)] * (20 - len(rows) - 1)
    rows += [Listed(7, acked=3, inflight="b-1")]
    # and such that do not: sold out, never pushed, not seen any more, and one that nobody may touch
    rows += [Listed(4, acked=0), Listed(3), Listed(1, acked=9, gone_at=NOW - 5), Listed(9, acked=0, excluded=1)]
    numbers = put(acme, rows)
    acme.bench.set_cart(
        acme.cart, zero_count=3, zero_percent=percent, jump_count=4, jump_percent=percent, jump_factor=10
    )
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE cart SET pushed_rules_rev = rules_rev WHERE id = ?", (acme.cart,))
    # when
    plan = planned(acme)
    # then
    changing = {
        number: (row.shows, row.has)
        for number, row in zip(numbers, rows, strict=True)
        if row.inflight is None and not row.excluded and row.gone_at is None and row.shows != row.has
    }
    changes = plan.changes
    unknown = dry_run.Changes.none()
    unknown.add(1, None, 1)
    before = [None if value == unknown.before[0] else value for value in changes.before]
    assert dict(zip(changes.ids, zip(before, changes.after, strict=True), strict=True)) == changing
    assert (plan.to_zero, plan.to_jump, plan.in_doubt) == (zeros, jumps, 1)
    assert plan.equal == len([row for row in rows if row.inflight is None and row.shows == row.has])
    assert plan.skipped == Counter({Reason.EXCLUDED: 1})
    assert plan.looked_at == plan.equal + plan.in_doubt + len(changing) + 1
    assert [(trip.rule.value, trip.measure) for trip in plan.trips] == [
        (name, {"MASS_ZERO": zeros, "JUMP": jumps}[name]) for name in held
    ]
    for trip in plan.trips:
        assert f"{trip.measure} of 20 listings in stock" in trip.text


def test_a_plan_that_changes_nothing_is_not_held(acme: Shelf) -> None:
    put(acme, [Listed(5, acked=5), Listed(0, acked=0)])
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE cart SET pushed_rules_rev = 0 WHERE id = ?", (acme.cart,))
    plan = planned(acme)
    assert (plan.trips, plan.equal, plan.to_zero, plan.to_jump, len(plan.changes.ids)) == ((), 2, 0, 0, 0)


def test_a_plan_of_small_changes_is_held_by_the_rules_that_ask_for_none_of_them(acme: Shelf) -> None:
    put(acme, [Listed(5, acked=4), Listed(0, acked=0), Listed(7, acked=7)])
    assert planned(acme).trips == ()
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE cart SET pushed_rules_rev = 0 WHERE id = ?", (acme.cart,))
    assert [(trip.rule.value, trip.measure) for trip in planned(acme).trips] == [("FIRST_PUSH", 1)]


def test_a_listing_whose_code_means_another_product_by_now_is_planned_with_that_one(
    acme: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: three listings; since they were matched the second one's code moved to a product with other stock,
    # and the third one's product is gone
    monkeypatch.setattr(dry_run, "CHUNK", 2)
    numbers = put(acme, [Listed(5, acked=5), Listed(6, acked=6), Listed(7, acked=7)])
    with acme.bench.store.transaction() as tx:
        mark = tx.execute("SELECT max(seq) FROM product").fetchone()[0] + 10
        tx.execute("UPDATE cart SET watermark = ?, match_mark = ?, matched_rev = rules_rev WHERE id = ?",
                   (mark, mark, acme.cart))  # fmt: skip
        tx.execute("UPDATE counter SET value = ? WHERE name = 'seq'", (mark + 1,))
    (other,) = acme.put([Thing("S001", "MOVED"), Thing("NEW", "S001")])[1:]
    acme.stock(acme.default, [(other, 40)])
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE product SET missing_since = ?, seq = ? WHERE merchant_id = ? AND sku = 'S002'",
                   (NOW, mark + 5, acme.merchant))  # fmt: skip
    # when
    plan = planned(acme)
    # then
    assert {number: meant for number, (meant, _) in plan.ground.moved.items()} == {numbers[1]: other, numbers[2]: None}
    assert dict(zip(plan.changes.ids, plan.changes.after, strict=True)) == {numbers[1]: 40}
    assert plan.skipped == Counter({Reason.NOT_IN_WMS: 1})


def test_there_is_no_plan_for_a_cart_that_is_not_there_or_has_no_wms(acme: Shelf) -> None:
    with acme.bench.store.reading() as cx:
        assert dry_run.begin(cx, 987_654, {}) is None
    with acme.bench.store.transaction() as tx:
        tx.execute("DELETE FROM source WHERE merchant_id = ?", (acme.merchant,))
    with acme.bench.store.reading() as cx:
        assert dry_run.begin(cx, acme.cart, {}) is None
        assert dry_run.begin(cx, 9, {}) is not None


@pytest.mark.parametrize(
    ("values", "all_again"),
    [({}, False), ({"buffer": 0}, False), ({"buffer": 2}, True), ({"buffer": 0, "share_percent": 50}, True),
     ({"zero_count": 7}, False)],
)  # fmt: skip
def test_a_plan_with_other_rules_looks_at_every_listing_and_otherwise_at_what_changed(
    acme: Shelf, values: dict[str, int], all_again: bool
) -> None:
    # given: two listings that were handled, and one that has changed since
    numbers = put(acme, [Listed(5, acked=5), Listed(6, acked=6), Listed(7, acked=6)])
    with acme.bench.store.transaction() as tx:
        mark = tx.execute("SELECT max(seq) FROM listing").fetchone()[0] + 10
        tx.execute("UPDATE cart SET watermark = ?, match_mark = ?, matched_rev = rules_rev WHERE id = ?",
                   (mark, mark, acme.cart))  # fmt: skip
        tx.execute("UPDATE listing SET seq = ? WHERE id = ?", (mark + 1, numbers[2]))
    # when
    with acme.bench.store.reading() as cx:
        plan = dry_run.begin(cx, acme.cart, values)
    # then
    assert plan is not None
    assert list(plan.ground.ids) == (numbers if all_again else numbers[2:])
    rules = acme.bench.one("SELECT rules_rev FROM cart WHERE id = ?", acme.cart)
    assert plan.ground.settings.cart.rules_rev == rules + all_again


# --- what the rules are told ------------------------------------------------------------------------------------------------


def facts(acme: Shelf, stock: StockFacts) -> tuple[PlanFacts, Settings]:
    with acme.bench.store.reading() as cx:
        settings = load_settings(cx, acme.cart)
        assert settings is not None
        return push_plan.plan_facts(cx, settings, stock), settings


def pushed(acme: Shelf, began: int, *, key: int | None = None, state: str = "done", held: int = 0) -> None:
    sql = (
        "INSERT INTO run (kind, key, merchant_id, state, trigger, requested_by, requested_at, started_at, ended_at, counts) "
        "VALUES ('push', ?, ?, ?, 'test', 'tester', ?1, ?, ?, ?)"
    )
    with acme.bench.store.transaction() as tx:
        tx.execute(
            sql.replace("?1", str(began)),
            (acme.cart if key is None else key, acme.merchant, state, began, began + 5, json.dumps({"held": held})),
        )


def downloaded(acme: Shelf, ended: int, products: int, kind: str = "full", state: str = "complete") -> None:
    with acme.bench.store.transaction() as tx:
        tx.execute(
            "INSERT INTO pull_generation (merchant_id, run_id, kind, state, products, started_at, ended_at) "
            "VALUES (?, 1, ?, ?, ?, ?, ?)",
            (acme.merchant, kind, state, products, ended - 9, ended),
        )


def test_the_rules_are_told_the_catalog_of_the_last_download_before_the_last_good_push_and_the_newest(
    acme: Shelf,
) -> None:
    for ended, products in ((NOW - 9000, 50), (NOW - 5000, 40), (NOW - 3000, 30), (NOW - 1000, 20)):
        downloaded(acme, ended, products)
    downloaded(acme, NOW - 500, 3, kind="delta")
    downloaded(acme, NOW - 400, 4, state="abandoned")
    stock = StockFacts(7, 2, 11, 1)
    # nothing was pushed yet: there is nothing to compare with
    assert (facts(acme, stock)[0].products_before, facts(acme, stock)[0].products_now) == (None, None)
    pushed(acme, NOW - 4000)
    pushed(acme, NOW - 2000, held=1)  # in part
    pushed(acme, NOW - 1900, state="failed")
    pushed(acme, NOW + 5000)  # by a clock that was ahead
    pushed(acme, NOW - 100, key=acme.merchant)  # of another cart
    known, _ = facts(acme, stock)
    assert (known.products_before, known.products_now) == (40, 20)
    assert (known.to_set, known.to_zero, known.in_stock, known.to_jump) == (7, 2, 11, 1)


def test_the_rules_are_told_which_of_the_carts_warehouses_are_gone_and_were_not_accepted(acme: Shelf) -> None:
    with acme.bench.store.transaction() as tx:
        for ref, code, why in (("v", "VAN", "vanished"), ("i", "OFF", "inactive"), ("a", "OLD", "vanished")):
            tx.execute(
                "INSERT INTO warehouse (merchant_id, ref, code, name, enabled, last_full_at, vanished_at, gone_why) "
                "VALUES (?, ?, ?, ?, 1, ?, ?, ?)",
                (acme.merchant, ref, code, code, NOW - 100, NOW - 50, why),
            )
        tx.execute(
            "UPDATE cart SET gone_accepted = (SELECT json_array(id) FROM warehouse WHERE merchant_id = ?1 AND code = 'OLD') "
            "WHERE id = ?2",
            (acme.merchant, acme.cart),
        )
    known, _ = facts(acme, StockFacts(1, 0, 1))
    assert (known.vanished, known.switched_off) == (("VAN",), ("OFF",))
    # a cart that is fed by others is not concerned
    acme.bench.set_cart(acme.cart, warehouses=[acme.east], combine_all=False)
    known, _ = facts(acme, StockFacts(1, 0, 1))
    assert (known.vanished, known.switched_off) == ((), ())


def test_the_rules_are_told_which_warehouses_lost_all_their_stock_since_the_last_good_push(acme: Shelf) -> None:
    first, two, three = acme.put([Thing("1", "A"), Thing("2", "B"), Thing("3", "C")])
    acme.stock(acme.default, [(first, 3), (two, 2), (three, 1)], NOW - 6000)
    acme.stock(acme.east, [(first, 9), (two, 9)], NOW - 6000)
    acme.stock(acme.default, [(three, 0)], NOW - 5000)  # before the push
    pushed(acme, NOW - 4000)
    acme.stock(acme.default, [(first, 0), (two, 0)], NOW - 3000)
    acme.stock(acme.east, [(first, 0)], NOW - 3000)
    with acme.bench.store.transaction() as tx:
        count = tx.execute("SELECT count(*) FROM level_history WHERE warehouse_id = ?", (acme.default,)).fetchone()[0]
    assert count >= 3
    assert facts(acme, StockFacts(1, 0, 1))[0].emptied == (("Default", 2),)
    # nothing is to be set: nobody asks
    assert facts(acme, StockFacts(0, 0, 1))[0].emptied == ()


@pytest.mark.parametrize(("pushed_rev", "first", "changed"), [(0, True, True), (1, False, False), (3, False, True)])
def test_the_rules_are_told_the_age_of_the_reading_and_whether_settings_changed(
    acme: Shelf, pushed_rev: int, first: bool, changed: bool
) -> None:
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE cart SET pushed_rules_rev = ?, rules_rev = 1 WHERE id = ?", (pushed_rev, acme.cart))
        tx.execute("UPDATE source SET confirmed_at = ? WHERE merchant_id = ?", (NOW - 777, acme.merchant))
    known, _ = facts(acme, StockFacts(1, 0, 1))
    assert (known.first_push, known.rules_changed, known.reading_age) == (first, changed, 777)
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE source SET confirmed_at = NULL WHERE merchant_id = ?", (acme.merchant,))
    assert facts(acme, StockFacts(1, 0, 1))[0].reading_age is None


def test_each_limit_of_a_cart_is_its_own(acme: Shelf) -> None:
    values = {
        "zero_count": 1,
        "zero_percent": 2,
        "shrink_percent": 3,
        "jump_factor": 5,
        "jump_count": 6,
        "jump_percent": 7,
    }
    acme.bench.set_cart(acme.cart, **values, stale_after=4)
    _, settings = facts(acme, StockFacts(1, 0, 1))
    assert push_plan.limits(settings) == Limits(stale_after=4, **values)
