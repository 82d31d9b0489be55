"""Decisions of the sync at their bounds that need no run: orders and kits, previews, other plans, waiting webhooks."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.store.catalog.levels import LevelView
from invsync_tui.store.catalog.products import PLAIN, Kind
from invsync_tui.store.catalog.pull_progress import PageStats
from invsync_tui.store.listings.listings import PlanRow, StockElsewhere
from invsync_tui.store.listings.pending_orders import Pending
from invsync_tui.store.listings.plans import Changes, KeptPlan, PlannedListing
from invsync_tui.sync import decide, maintenance, push_plan
from invsync_tui.sync.catalog import page_reader
from invsync_tui.sync.decide import Ordered, StockSnapshot, Trace
from invsync_tui.sync.hooks import receiver as webhooks
from invsync_tui.sync.plans import dry_run, what_if


def some(**values: Any) -> Any:
    """Something with these fields and no others."""
    return SimpleNamespace(**values)


# --- orders that the readings do not know yet ------------------------------------------------------------------------

MINE = frozenset({1, 2})
KIT, PART, OTHER = 50, 7, 8


def order(
    sold: int = PART, units: int = 3, taken: int = 100, name: str = "", at: Any = None, until: int | None = None
) -> Pending:
    return Pending(PART, sold, taken, units, until, at, name)


@pytest.mark.parametrize(
    ("orders", "readings", "units"),
    [
        ([order()], [(1, 99), (2, 200)], 3),
        ([order()], [(1, 100), (2, 200)], 0),
        ([order()], [(1, 101), (2, 200)], 0),
        ([order()], [], 0),
        ([order(until=150)], [(1, 149)], 3),
        ([order(until=150)], [(1, 150)], 0),
        ([order(at=[1])], [(1, 150), (2, 50)], 0),
        ([order(at=[2])], [(1, 150), (2, 50)], 3),
        ([order(at=[2])], [(1, 50)], 3),
        ([order(at=[3])], [(1, 50), (2, 50)], 0),
        ([order(at=[3, 1])], [(1, 50), (2, 50)], 3),
        ([order(units=2, name="A"), order(units=4, name="B"), order(units=1, name="A")], [(1, 50)], 7),
    ],
)
def test_orders_that_not_all_readings_know(orders: list[Pending], readings: list[tuple[int, int]], units: int) -> None:
    assert decide._not_in(orders, readings, MINE).units == units


def test_orders_are_named_once_each_and_the_nameless_not() -> None:
    total = decide._sum([order(units=2, name="A"), order(units=4), order(units=1, name="A"), order(units=1, name="B")])
    assert total == Ordered(8, ("A", "B"))


def snapshot(views: list[LevelView], ordered: list[Pending], gone: Any = ()) -> StockSnapshot:
    stock = StockSnapshot.__new__(StockSnapshot)
    stock._by_product = {PART: views}
    stock._ordered = {PART: ordered, KIT: [order(sold=KIT, units=5), order(sold=OTHER, units=9), order(KIT, 2, at=[9])]}
    stock._mine = MINE
    stock._gone = dict.fromkeys(gone, some())
    return stock


def view(warehouse: int, available: int, read_at: int = 150, *, missing: bool = False) -> LevelView:
    return LevelView(PART, warehouse, available, read_at, missing)


@pytest.mark.parametrize(
    ("views", "ordered", "gone", "expected"),
    [
        ([view(1, 4, 150), view(2, 6, 140)], [], (), (10, 140)),
        ([view(1, 4), view(9, 6)], [], (), (4, 150)),
        ([view(1, 4), view(2, 6, missing=True)], [], (), (4, 150)),
        ([view(1, 4), view(2, 6)], [], (2,), (4, 150)),
        ([view(1, 4), view(2, 6)], [], (1, 2), (0, None)),
        ([view(9, 4)], [], (), (None, None)),
        ([view(1, 4, missing=True)], [], (), (None, None)),
        ([view(1, 9, 90)], [order()], (), (6, 90)),
        ([view(1, 9, 90)], [order(sold=KIT)], (), (9, 90)),
        ([view(1, 9, 90)], [order(sold=OTHER, units=2), order(sold=KIT)], (), (7, 90)),
        ([view(1, 9, 100)], [order()], (), (9, 100)),
    ],
)
def test_a_part_of_a_kit_is_less_what_was_sold_otherwise(
    views: list[LevelView], ordered: list[Pending], gone: Any, expected: tuple[int | None, int | None]
) -> None:
    part = snapshot(views, ordered, gone)._component(KIT, PART, "SKU", 2)
    assert (part.sku, part.needed, part.available, part.read_at) == ("SKU", 2, *expected)


@pytest.mark.parametrize(("times", "units"), [([99], 5), ([100], 0), ([150, 99], 5), ([None, 150], 0), ([None], 0)])
def test_orders_for_a_kit_count_until_all_its_parts_were_read(times: list[int | None], units: int) -> None:
    parts: Any = [some(read_at=at) for at in times]
    assert snapshot([], [])._pending(KIT, (), parts).units == units


def test_orders_of_a_product_without_any() -> None:
    stock = snapshot([], [order()])
    assert stock._pending(99, [(1, 5)], ()) == Ordered(0, ())
    assert stock._pending(PART, [(1, 5)], ()).units == 3


# --- what a shop makes of a number -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("desired", "beside", "steps"),
    [
        (5, (None, 0, 0), []),
        (5, (0, 0, 0), []),
        (5, (3, 1, 0), [("elsewhere", 5, 7)]),
        (5, (None, 2, 0), [("elsewhere", 5, 3)]),
        (5, (0, 0, 2), [("threshold", 5, 3)]),
        (5, (3, 0, 2), [("elsewhere", 5, 8), ("threshold", 8, 6)]),
        (None, (3, 0, 2), [("elsewhere", None, None), ("threshold", None, None)]),
    ],
)
def test_what_the_shop_sells_of_it(
    desired: int | None, beside: Any, steps: list[tuple[str, int | None, int | None]]
) -> None:
    nothing: Any = None
    in_shop = decide._in_shop(Trace(nothing, (), desired, None, ()), StockElsewhere(*beside))
    assert [tuple(step)[:3] for step in in_shop] == steps


def row(number: int = 1, **more: Any) -> PlanRow:
    fields: dict[str, Any] = {**dict.fromkeys(PlanRow._fields), "id": number, "ref": "r", "sku": "s", "allocated": 0}
    return PlanRow(
        **fields | {"is_kit": 0, "excluded": 0, "locked": 0, "heal": 0, "inactive": 0, "uncounted": 0} | more
    )


@pytest.mark.parametrize(
    ("outcome", "reason", "expected"),
    [
        (Outcome.FAILED, "REJECTED_BY_CART", Reason.REJECTED_BY_CART),
        (Outcome.HELD, Reason.HELD_FOR_REVIEW.stored, Reason.HELD_FOR_REVIEW),
        (Outcome.IN_DOUBT, "REJECTED_BY_CART", Reason.REJECTED_BY_CART),
        (Outcome.SET, "REJECTED_BY_CART", None),
        (Outcome.SKIPPED, "REJECTED_BY_CART", None),
        (Outcome.FAILED, None, None),
        (None, None, None),
    ],
)
def test_why_the_last_run_did_not_set_a_listing(outcome: Any, reason: str | None, expected: Reason | None) -> None:
    assert decide.listings_reason(row(outcome=outcome, reason=reason)) is expected


# --- previews --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("desired", "acked", "observed", "shows"),
    [(4, 1, 9, 4), (0, 1, 9, 0), (None, 1, 9, 1), (None, 0, 9, 0), (None, None, 9, 7), (None, None, None, None)],
)
def test_what_a_listing_shows_or_is_about_to(desired: Any, acked: Any, observed: Any, shows: Any) -> None:
    assert what_if._present(row(acked=acked, observed=observed, allocated=2), some(desired=desired)) == shows
    if desired is None:
        assert dry_run.shows(row(acked=acked, observed=observed, allocated=2)) == (
            acked if observed is None else observed - 2
        )


def test_what_other_settings_would_change_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    # number: (now, then, product now, product then)
    cases: dict[int, tuple[Any, Any, Any, Any]] = {
        10: (5, 0, 1, 1), 11: (0, 0, 1, 1), 12: (5, 7, 1, 1), 13: (5, None, 1, None), 14: (None, 3, None, 1), 15: (None, 0, 1, 1),
        16: (5, 5, 1, 1), 17: (0, 4, 1, 2),
    }  # fmt: skip
    monkeypatch.setattr(
        what_if.pages, "present_after", lambda cx, cart, after, limit: [*cases][:limit] if after == 3 else []
    )
    monkeypatch.setattr(what_if.listings, "plan_rows", lambda cx, ids: [row(n, product_id=cases[n][2]) for n in ids])
    monkeypatch.setattr(
        what_if, "_rematched", lambda cx, pair, rows: [row._replace(product_id=cases[row.id][3]) for row in rows]
    )
    now, then = some(cart=some(id=4)), some(cart=some(id=4))
    monkeypatch.setattr(
        what_if, "_decisions",
        lambda cx, rows, settings, at: {row.id: some(desired=cases[row.id][0 if settings is now else 1]) for row in rows},
    )  # fmt: skip
    cx: Any = None
    pair: Any = some(now=now, then=then, rematched=True)
    assert what_if.effect(cx, pair, 3, 99) == what_if.Effect(
        looked_at=8, last=17, to_zero=1, changed=5, lose_match=1, gain_match=1
    )
    assert what_if.effect(cx, pair, 3, 2) == what_if.Effect(
        looked_at=2, last=11, to_zero=1, changed=1, lose_match=0, gain_match=0
    )
    assert what_if.effect(cx, pair, 17, 2) == what_if.Effect(
        looked_at=0, last=17, to_zero=0, changed=0, lose_match=0, gain_match=0
    )
    unmatched: Any = some(now=now, then=then, rematched=False)
    assert what_if.effect(cx, unmatched, 3, 99).lose_match == 0


def test_a_listing_is_planned_as_the_product_that_it_means_by_now() -> None:
    kit = Kind(is_kit=1, inactive=1, uncounted=0)
    ground: Any = some(moved={1: (7, None), 2: (None, "NOT_IN_WMS"), 3: (9, None)}, kinds={7: kit})
    rows = [dry_run._as_planned(ground, row(n, product_id=5, match_reason="x")) for n in (1, 2, 3, 4)]
    assert [(line.product_id, line.match_reason, line.is_kit, line.inactive) for line in rows] == [
        (7, None, 1, 1), (None, "NOT_IN_WMS", PLAIN.is_kit, PLAIN.inactive), (9, None, PLAIN.is_kit, PLAIN.inactive),
        (5, "x", 0, 0),
    ]  # fmt: skip


# --- a run that does otherwise than its plan -------------------------------------------------------------------------


def planned(number: int, desired: int | None, outcome: str = "planned", run: int = 77) -> PlannedListing:
    return PlannedListing(number, f"S{number}", desired, outcome, run, "")


def differs(monkeypatch: pytest.MonkeyPatch, sending: list[PlannedListing], rest: list[PlannedListing]) -> Any:
    changes = Changes.none()
    for number, after in ((1, 5), (2, 6), (3, 7)):
        changes.add(number, 0, after)
    monkeypatch.setattr(push_plan.plans, "sending", lambda cx, run: sending)
    monkeypatch.setattr(push_plan.plans, "listings", lambda cx, ids: [listing for listing in rest if listing.id in ids])
    nothing: Any = None
    plan = KeptPlan(12, 3, "rules", None, 1, "b", "", 1, 1, 3, "[]", changes)
    return push_plan.changed_since(nothing, 77, plan)


def test_a_run_that_does_what_its_plan_says(monkeypatch: pytest.MonkeyPatch) -> None:
    sending = [planned(1, 5), planned(2, 6)]
    assert differs(monkeypatch, sending, [planned(3, 7, "equal")]) is None


@pytest.mark.parametrize(
    ("sending", "rest", "n", "words"),
    [
        ([(1, 5), (2, 8)], [(3, 7, "equal")], 1, "S2 would show 8, the plan said 6"),
        ([(1, 5), (2, 6), (3, 7), (4, 1)], [], 1, "S4 would show 1, the plan did not set it"),
        ([(1, 5), (2, 6)], [(3, 7, "skipped")], 1, "S3 would not be set, the plan said 7"),
        ([(1, 5), (2, 6)], [(3, 8, "equal")], 1, "S3 would not be set, the plan said 7"),
        ([(1, 5), (2, 6)], [(3, 7, "equal", 76)], 1, "S3 would not be set, the plan said 7"),
    ],
)
def test_a_run_that_does_otherwise_than_its_plan(
    monkeypatch: pytest.MonkeyPatch, sending: Any, rest: Any, n: int, words: str
) -> None:
    trip = differs(monkeypatch, [planned(*values) for values in sending], [planned(*one) for one in rest])
    assert (trip.measure, trip.text) == (n, f"1 listing differs from plan 12: {words}")


@pytest.mark.parametrize(("n", "named", "more"), [(4, 4, False), (5, 5, False), (6, 5, True)])
def test_so_many_differences_are_named(monkeypatch: pytest.MonkeyPatch, n: int, named: int, more: bool) -> None:
    extra = [planned(number, 1) for number in range(4, 4 + n)]
    trip = differs(monkeypatch, [planned(1, 5), planned(2, 6), planned(3, 7), *extra], [])
    assert (trip.measure, trip.text.count("would show"), trip.text.endswith("; ...")) == (n, named, more)


@pytest.mark.parametrize(
    ("within", "inflight", "run", "outcome", "made", "before", "expected"),
    [
        (1.0, None, 77, Outcome.FAILED, Outcome.PLANNED, 5, True),
        (0.0, None, 77, Outcome.FAILED, Outcome.PLANNED, 5, False),
        (1.0, "b", 77, Outcome.FAILED, Outcome.PLANNED, 5, False),
        (1.0, None, 76, Outcome.FAILED, Outcome.PLANNED, 5, False),
        (1.0, None, 77, Outcome.SET, Outcome.PLANNED, 5, False),
        (1.0, None, 77, Outcome.FAILED, Outcome.EQUAL, 5, False),
        (1.0, None, 77, Outcome.FAILED, Outcome.PLANNED, 6, False),
    ],
)
def test_what_this_run_found_refused_ends_with_it(
    within: float, inflight: str | None, run: int, outcome: Outcome, made: Outcome, before: int, expected: bool
) -> None:
    planner: Any = some(cart=some(capabilities=some(applies_within=within)), job=some(run=some(id=77)))
    decision: Any = some(outcome=made, desired=5)
    listing = row(inflight=inflight, run_id=run, outcome=outcome, desired=before)
    assert push_plan.PushPlanner._refused_later(planner, listing, decision) is expected


# --- counts, rounds, waiting webhooks --------------------------------------------------------------------------------


def test_a_page_is_counted_once_by_what_became_of_its_rows() -> None:
    report = some(counts=some(total=1, set=2, equal=3, failed=4), reasons=Counter())
    job: Any = some(job=some(report=report))
    page_reader.PageReader._count(job, PageStats(1, 10, 4, 3))
    assert (report.counts.total, report.counts.set, report.counts.equal, report.counts.failed) == (14, 6, 9, 7)
    assert report.reasons == {Reason.BAD_ROW.value: 3}
    page_reader.PageReader._count(job, PageStats(1, 2, 0, 0))
    assert (report.counts.total, report.counts.set, report.counts.equal, report.counts.failed) == (16, 6, 11, 7)
    assert report.reasons == {Reason.BAD_ROW.value: 3}


@pytest.mark.parametrize(
    ("sizes", "taken"),
    [
        ([1, 1, 1], 3),
        ([webhooks.REFS_AT_ONCE, 1], 1),
        ([webhooks.REFS_AT_ONCE - 1, 1, 1], 2),
        ([webhooks.REFS_AT_ONCE + 5, 1], 1),
        ([0, webhooks.REFS_AT_ONCE, 0, 1], 3),
        ([], 0),
    ],
)
def test_webhooks_are_written_so_many_listings_at_a_time(sizes: list[int], taken: int) -> None:
    waiting = [some(notice=some(refs=range(size))) for size in sizes]
    receiver: Any = some(_waiting=waiting)
    part = webhooks.Receiver._next_part(receiver)
    assert (part, receiver._waiting) == (waiting[:taken], waiting[taken:])


def test_addresses_of_webhooks_are_read_before_they_are_counted_and_looked_up() -> None:
    receiver: Any = some(_routes={}, _reload=lambda: receiver._routes.update(a="route"))
    carts: Any = webhooks.Receiver.carts
    assert carts.fget(receiver) == 1
    receiver._routes = {}
    assert webhooks.Receiver.at(receiver, "a") == "route"
    assert webhooks.Receiver.at(receiver, "b") is None


def test_a_round_goes_on_step_by_step_and_the_next_begins_after_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    questions: list[tuple[str, Any]] = []
    answers = {"a": [(3, (5,)), (1, None)], "b": [(0, None)]}
    monkeypatch.setattr(clock, "elapsed", lambda: now[0])
    monkeypatch.setattr(maintenance, "KINDS", ("a", "b"))
    monkeypatch.setattr(maintenance.temporary_files, "sweep", lambda path: [])
    monkeypatch.setattr(maintenance, "deletion_time", lambda tx, now: now)

    def step(tx: Any, kind: str, limits: Any, at: int, cursor: Any) -> Any:
        questions.append((kind, cursor))
        return answers[kind][len([question for question in questions if question[0] == kind]) - 1]

    class Transaction:
        def __enter__(self) -> None: ...
        def __exit__(self, *error: object) -> None: ...

    monkeypatch.setattr(maintenance.retention, "step", step)
    store: Any = some(transaction=Transaction, path=None)
    limits: Any = None
    upkeep = maintenance.Upkeep(store, limits)
    assert (upkeep.step(), questions) == (False, [])
    now[0] += maintenance.FIRST_AFTER
    assert [upkeep.step() for _ in range(3)] == [True, True, False]
    assert questions == [("a", ()), ("a", (5,)), ("b", ())]
    assert upkeep.removed == 4
    now[0] += maintenance.ROUND_EVERY - 1
    assert upkeep.step() is False and len(questions) == 3
    now[0] += 1
    answers["a"] += [(0, None)]
    assert upkeep.step() is True and len(questions) == 4
