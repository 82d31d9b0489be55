"""Each limit of the safety rules, each obstacle and each verdict: one unit before, at, and one unit beyond."""

from __future__ import annotations

from dataclasses import replace

import pytest

from invsync_tui.rules.drift import LAG, Drift, ListingState, classify
from invsync_tui.rules.eligibility import Eligibility, obstacle
from invsync_tui.rules.matching import CodeHit, match_code, normalize_key, trimmed
from invsync_tui.rules.outcomes import Confirmation, Outcome, Reason, judge
from invsync_tui.rules.quantity import Facts
from invsync_tui.rules.safety import Group, Limits, PlanFacts, Risk, accepted, check, group, risk

QUIET = PlanFacts(
    to_set=50, to_zero=0, in_stock=1000, first_push=False, rules_changed=False, products_before=1000, products_now=1000
)
LIMITS = Limits(
    zero_count=25, zero_percent=10, shrink_percent=20, stale_after=600, jump_factor=10, jump_count=25, jump_percent=10
)


def tripped(facts: PlanFacts, limits: Limits = LIMITS, released: dict[str, int] | None = None) -> list[tuple[str, int]]:
    return [(trip.rule.value, trip.measure) for trip in check(facts, limits, released or {})]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, []),
        ({"to_zero": 100}, []),
        ({"to_zero": 101}, [("MASS_ZERO", 101)]),
        # of a small cart the count decides, of a large one the share
        ({"in_stock": 249, "to_zero": 25}, []),
        ({"in_stock": 249, "to_zero": 26}, [("MASS_ZERO", 26)]),
        ({"in_stock": 269, "to_zero": 26}, []),
        ({"to_jump": 100}, []),
        ({"to_jump": 101}, [("JUMP", 101)]),
        ({"in_stock": 249, "to_jump": 25}, []),
        ({"in_stock": 249, "to_jump": 26}, [("JUMP", 26)]),
        ({"products_now": 800}, []),
        ({"products_now": 799}, [("CATALOGUE_SHRUNK", 201)]),
        ({"products_now": 1500}, []),
        ({"products_before": None, "products_now": 1}, []),
        ({"products_before": 0, "products_now": 0}, []),
        ({"products_now": None}, []),
        ({"products_now": 0}, [("CATALOGUE_SHRUNK", 1000)]),
        ({"reading_age": 600}, []),
        ({"reading_age": 601}, [("STALE_READING", 601)]),
        ({"reading_age": None}, []),
        ({"vanished": ("EAST",)}, [("WAREHOUSE_VANISHED", 1)]),
        ({"vanished": ("EAST", "WEST")}, [("WAREHOUSE_VANISHED", 2)]),
        ({"emptied": (("EAST", 2),)}, []),
        ({"emptied": (("EAST", 3),)}, [("WAREHOUSE_EMPTIED", 3)]),
        ({"emptied": (("EAST", 3), ("WEST", 2), ("NORTH", 4))}, [("WAREHOUSE_EMPTIED", 7)]),
        ({"first_push": True}, [("FIRST_PUSH", 50)]),
        ({"rules_changed": True}, [("RULES_CHANGED", 50)]),
        ({"first_push": True, "rules_changed": True}, [("FIRST_PUSH", 50)]),
        # nothing to send, nothing to hold
        ({"to_set": 0, "first_push": True, "products_now": 1, "vanished": ("EAST",)}, []),
        ({"to_set": 1, "first_push": True}, [("FIRST_PUSH", 1)]),
    ],
)
def test_a_safety_rule_trips_beyond_its_limit_and_not_at_it(
    change: dict[str, object], found: list[tuple[str, int]]
) -> None:
    assert tripped(replace(QUIET, **change)) == found  # type: ignore[arg-type]


def test_a_rule_that_is_switched_off_never_trips() -> None:
    grave = replace(QUIET, to_jump=1000, reading_age=10**9)
    assert tripped(grave, replace(LIMITS, jump_factor=0, stale_after=None)) == []
    assert tripped(replace(QUIET, to_jump=1), replace(LIMITS, jump_factor=1, jump_count=0, jump_percent=0)) == [
        ("JUMP", 1)
    ]


def test_the_words_have_the_numbers() -> None:
    (trip,) = check(replace(QUIET, to_zero=101), LIMITS, {})
    assert trip.text == "101 of 1,000 listings in stock would show 0; the limit is 100"
    (trip,) = check(replace(QUIET, reading_age=7_200), LIMITS, {})
    assert trip.text == "the last inventory download is 120 min old; the limit is 10"


@pytest.mark.parametrize(("measure", "holds"), [(100, True), (101, False), (102, False)])
def test_a_release_covers_what_was_shown_and_nothing_worse(measure: int, holds: bool) -> None:
    facts = replace(QUIET, to_zero=101)
    assert bool(tripped(facts, LIMITS, {"MASS_ZERO": measure})) is holds
    assert tripped(facts, LIMITS, {"JUMP": 1000}) == [("MASS_ZERO", 101)]


def test_waiting_alone_does_not_undo_a_release_of_an_old_reading() -> None:
    assert tripped(replace(QUIET, reading_age=9_999), LIMITS, {"STALE_READING": 601}) == []
    assert tripped(replace(QUIET, vanished=("A", "B")), LIMITS, {"WAREHOUSE_VANISHED": 1}) == [
        ("WAREHOUSE_VANISHED", 2)
    ]


def test_what_a_release_of_some_groups_accepts() -> None:
    shown = {"FIRST_PUSH": 50, "MASS_ZERO": 30, "JUMP": 9, "CATALOGUE_SHRUNK": 7}
    assert accepted(shown, {"zero": 12}) == {"FIRST_PUSH": 12, "MASS_ZERO": 12, "CATALOGUE_SHRUNK": 7}
    assert accepted(shown, {"jump": 4, "rest": 20}) == {"FIRST_PUSH": 24, "JUMP": 4, "CATALOGUE_SHRUNK": 7}
    assert accepted({"RULES_CHANGED": 9}, {"rest": 3}) == {"RULES_CHANGED": 3}


@pytest.mark.parametrize(
    ("shows", "would", "factor", "of"),
    [
        (5, 0, 10, Group.ZERO),
        (0, 0, 10, Group.REST),
        (None, 0, 10, Group.REST),
        (None, 500, 10, Group.REST),
        (0, 500, 10, Group.REST),
        (-1, 500, 10, Group.REST),
        (1, 10, 10, Group.REST),
        (1, 11, 10, Group.JUMP),
        (10, 1, 10, Group.REST),
        (11, 1, 10, Group.JUMP),
        (1, 2, 1, Group.JUMP),
        (1, 500, 0, Group.REST),
        (5, 0, 0, Group.ZERO),
    ],
)
def test_the_group_of_a_listing(shows: int | None, would: int, factor: int, of: Group) -> None:
    assert group(shows, would, factor) is of


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (None, 0, Risk.SMALL),
        (None, 1, Risk.INCREASE),
        (5, 0, Risk.TO_ZERO),
        (1, 0, Risk.TO_ZERO),
        (0, 1, Risk.SMALL),
        (0, 2, Risk.INCREASE),
        (100, 95, Risk.SMALL),
        (100, 94, Risk.DECREASE),
        (100, 105, Risk.SMALL),
        (100, 106, Risk.INCREASE),
        (10, 9, Risk.SMALL),
        (10, 8, Risk.DECREASE),
        (10, 101, Risk.LARGE_CHANGE),
        (10, 100, Risk.INCREASE),
        (101, 10, Risk.LARGE_CHANGE),
    ],
)
def test_the_risk_of_a_change(before: int | None, after: int, found: Risk) -> None:
    assert risk(before, after) is found


FREE = Eligibility(True, False, False, None, None, None, True)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"tracked": True}, None),
        ({"frozen": True}, None),
        ({"switched_on": False}, Reason.SWITCH_OFF),
        ({"excluded": True}, Reason.EXCLUDED),
        ({"locked": True}, Reason.LOCKED),
        ({"match_reason": Reason.NOT_IN_WMS}, Reason.NOT_IN_WMS),
        ({"cart_reason": Reason.CART_NOT_TRACKING}, Reason.CART_NOT_TRACKING),
        ({"tracked": False}, Reason.CART_NOT_TRACKING),
        ({"has_warehouse": False}, Reason.WAREHOUSE_DISABLED),
        # the first that an operator would mend
        ({"switched_on": False, "excluded": True}, Reason.SWITCH_OFF),
        ({"excluded": True, "locked": True}, Reason.EXCLUDED),
        ({"locked": True, "match_reason": Reason.NOT_IN_WMS}, Reason.LOCKED),
        ({"match_reason": Reason.NOT_IN_WMS, "cart_reason": Reason.CART_NOT_TRACKING}, Reason.NOT_IN_WMS),
        ({"cart_reason": Reason.NOT_IN_CART, "tracked": False}, Reason.NOT_IN_CART),
        ({"tracked": False, "has_warehouse": False}, Reason.CART_NOT_TRACKING),
    ],
)
def test_what_stands_between_a_listing_and_a_push(change: dict[str, object], reason: Reason | None) -> None:
    assert obstacle(FREE._replace(**change)) is reason


@pytest.mark.parametrize(
    ("returned", "error", "given", "by", "outcome", "reason"),
    [
        (5, None, None, Confirmation.ANSWER, Outcome.SET, None),
        (5, None, None, Confirmation.READ_BACK, Outcome.SET, None),
        (4, None, None, Confirmation.ANSWER, Outcome.PLANNED, None),
        (None, None, None, Confirmation.ANSWER, Outcome.PLANNED, None),
        (4, None, None, Confirmation.READ_BACK, Outcome.FAILED, Reason.VERIFY_FAILED),
        (None, None, None, Confirmation.READ_BACK, Outcome.FAILED, Reason.VERIFY_FAILED),
        (5, "no", None, Confirmation.ANSWER, Outcome.FAILED, Reason.REJECTED_BY_CART),
        (5, None, Reason.NOT_IN_CART, Confirmation.ANSWER, Outcome.FAILED, Reason.NOT_IN_CART),
        (5, "", None, Confirmation.READ_BACK, Outcome.FAILED, Reason.REJECTED_BY_CART),
    ],
)
def test_a_row_is_judged_by_what_the_cart_shows(
    returned: int | None,
    error: str | None,
    given: Reason | None,
    by: Confirmation,
    outcome: Outcome,
    reason: Reason | None,
) -> None:
    verdict = judge(5, returned, error, given, by)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)
    assert (verdict.error == "") is (outcome is Outcome.SET or error == "" or (error is None and given is not None))


A, B = 1, 2
UPC = 7


@pytest.mark.parametrize(
    ("code", "kind", "hits", "owners", "product", "reason", "near"),
    [
        ("X", 0, [CodeHit(A, 0, "X")], {A}, A, None, 0),
        (" X\u200b", 0, [CodeHit(A, 0, "X\ufeff ")], {A}, A, None, 0),
        ("X", 0, [], set(), None, Reason.NOT_IN_WMS, 0),
        ("X", 0, [CodeHit(A, 0, "x")], {A}, None, Reason.NOT_IN_WMS, 1),
        ("X", 0, [CodeHit(A, 0, "X"), CodeHit(B, 0, "x")], {A, B}, A, None, 0),
        ("X", 0, [CodeHit(A, 0, "X"), CodeHit(B, 0, "X")], {A, B}, None, Reason.AMBIGUOUS_ALIAS, 2),
        # one product with the same code twice is one product
        ("X", UPC, [CodeHit(A, UPC, "X"), CodeHit(A, UPC, "X ")], {A}, A, None, 0),
        # the code stands under another kind: does the product have one of the right kind at all?
        ("X", UPC, [CodeHit(A, 0, "X")], {A}, None, Reason.WRONG_ALIAS_TYPE, 1),
        ("X", UPC, [CodeHit(A, 0, "X")], {B}, None, Reason.ALIAS_MISSING, 1),
        ("X", UPC, [CodeHit(A, 0, "X")], set(), None, Reason.ALIAS_MISSING, 1),
        ("X", UPC, [CodeHit(A, 0, "X"), CodeHit(B, UPC, "X")], {B}, B, None, 0),
    ],
)
def test_a_code_means_exactly_one_product_or_none(
    code: str, kind: int, hits: list[CodeHit], owners: set[int], product: int | None, reason: Reason | None, near: int
) -> None:
    found = match_code(code, kind, hits, frozenset(owners))
    assert (found.product_id, found.reason, len(found.near)) == (product, reason, near)


def test_folding_serves_search_and_trimming_serves_matching() -> None:
    assert trimmed("\u00a0 Ab  C\t") == "Ab  C"
    assert normalize_key(" \ufeffStra\u00dfe \u200b 1  2") == "strasse 1 2"
    assert normalize_key("\uff21\uff22") == "ab"


SEEN = ListingState(acked=10, shown=10, observed=10, allocated=0, tracked=True, present=True, synced_at=1000, observed_at=9000,
            exists=20, sold=0)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "drift", "exposure"),
    [
        ({"observed": 11}, Drift.EDITED, 1),
        ({"observed": 9}, Drift.UNDERSELL, 1),
        ({"observed": 9, "sold": 1}, None, 0),
        ({"observed": 9, "sold": 2}, None, 0),
        ({"observed": 8, "sold": 1}, Drift.UNDERSELL, 1),
        ({"observed": 20}, Drift.EDITED, 10),
        ({"observed": 21}, Drift.OVERSELL, 1),
        ({"observed": 10, "exists": 10}, None, 0),
        ({"observed": 10, "exists": 9}, Drift.OVERSELL, 1),
        ({"observed": 11, "observed_at": 1000 + LAG - 1}, Drift.LAGGING, 0),
        ({"observed": 11, "observed_at": 1000 + LAG}, Drift.EDITED, 1),
        ({"observed": 11, "observed_at": 1000}, Drift.LAGGING, 0),
        # a read from before the write says nothing of lagging
        ({"observed": 11, "observed_at": 999}, Drift.EDITED, 1),
        ({"observed": 11, "observed_at": None}, Drift.EDITED, 1),
        ({"observed": 11, "synced_at": None}, Drift.EDITED, 1),
        # sellable units are compared: 13 on hand less 3 held back is what was accepted
        ({"shown": 13, "observed": 13, "allocated": 3}, None, 0),
        ({"shown": 13, "observed": 12, "allocated": 3}, Drift.UNDERSELL, 1),
        ({"shown": 13, "observed": 13, "allocated": 2}, None, 0),
    ],
)
def test_drift_begins_with_one_unit(change: dict[str, object], drift: Drift | None, exposure: int) -> None:
    found = classify(replace(SEEN, **change))  # type: ignore[arg-type]
    assert (found.drift if found else None, found.exposure if found else 0) == (drift, exposure)


@pytest.mark.parametrize(("observed", "shows"), [(13, "10"), (3, "0"), (None, "no quantity")])
def test_what_a_cart_shows_while_it_has_to_apply_a_quantity_is_what_it_sells(observed: int | None, shows: str) -> None:
    found = classify(replace(SEEN, observed=observed, allocated=3, look_after=3600))
    assert found is not None and (found.drift, found.exposure) == (Drift.LAGGING, 0)
    assert found.text.endswith(f"; the cart shows {shows}.")


def test_a_listing_of_which_no_more_is_known_has_nothing_that_changes_its_quantity() -> None:
    facts = Facts(0, ())
    known = {name: getattr(facts, name) for name in ("pending", "elsewhere", "allocated", "override", "shown", "acked")}
    assert known == {"pending": 0, "elsewhere": 0, "allocated": 0, "override": None, "shown": None, "acked": None}
    assert (facts.components, facts.excluded, facts.locked, facts.heal) == ((), False, False, False)


def test_the_limits_of_a_cart_of_which_none_were_changed() -> None:
    assert Limits() == Limits(
        zero_count=25,
        zero_percent=10,
        shrink_percent=20,
        stale_after=None,
        jump_factor=10,
        jump_count=25,
        jump_percent=10,
    )
