"""Outcomes add up, safety rules hold, rows are judged by what the cart returns, obstacles come in the order of mending."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invsync_tui.rules import outcomes
from invsync_tui.rules.eligibility import Eligibility, obstacle
from invsync_tui.rules.outcomes import AccountingError, Confirmation, Counts, Outcome, Reason, judge, tally
from invsync_tui.rules.safety import Limits, PlanFacts, SafetyRule, check

ENDS = [outcome for outcome in Outcome if outcome is not Outcome.PLANNED]
numbers = st.integers(0, 500)
rows = st.lists(st.tuples(st.sampled_from(list(Outcome)), numbers), max_size=20)

# --- accounting


@given(rows)
def test_the_total_is_the_sum_of_the_ends_and_of_what_is_planned(given_rows: list[tuple[Outcome, int]]) -> None:
    counts = tally(given_rows)
    assert counts.total == sum(n for _, n in given_rows)
    assert counts.total - counts.accounted == sum(n for outcome, n in given_rows if outcome is Outcome.PLANNED)
    assert Counts.from_dict(counts.as_dict()) == counts


@given(rows)
def test_a_run_with_a_row_without_an_end_has_failed(given_rows: list[tuple[Outcome, int]]) -> None:
    counts = tally(given_rows)
    if any(n for outcome, n in given_rows if outcome is Outcome.PLANNED):
        with pytest.raises(AccountingError):
            counts.verify()
    else:
        counts.verify()


@given(rows, st.sampled_from(ENDS), st.integers(1, 5))
def test_a_row_counted_twice_is_found(given_rows: list[tuple[Outcome, int]], outcome: Outcome, n: int) -> None:
    counts = tally((o, k) for o, k in given_rows if o is not Outcome.PLANNED)
    setattr(counts, outcome.value, getattr(counts, outcome.value) + n)
    with pytest.raises(AccountingError):
        counts.verify()


def test_every_reason_has_words_for_the_operator() -> None:
    assert all(outcomes.REASONS[reason].text and outcomes.REASONS[reason].advice for reason in Reason)


# --- safety rules: what a plan may do without an operator

plans = st.builds(
    PlanFacts,
    to_set=numbers,
    to_zero=numbers,
    in_stock=numbers,
    first_push=st.booleans(),
    rules_changed=st.booleans(),
    products_before=st.none() | numbers,
    products_now=st.none() | numbers,
    vanished=st.lists(st.sampled_from(["EAST", "WEST"]), unique=True).map(tuple),
    reading_age=st.none() | st.integers(0, 90_000),
)
limits = st.builds(Limits, numbers, st.integers(0, 100), st.integers(0, 100), st.none() | st.integers(0, 90_000))
QUIET = PlanFacts(
    5, 0, 100, first_push=False, rules_changed=False, products_before=100, products_now=100, reading_age=0
)


def tripped(
    plan: PlanFacts, given_limits: Limits | None = None, released: dict[str, int] | None = None
) -> list[SafetyRule]:
    return [trip.rule for trip in check(plan, given_limits or Limits(), released or {})]


@given(plans, limits)
def test_a_plan_that_sets_nothing_is_never_held(plan: PlanFacts, given_limits: Limits) -> None:
    assert check(replace(plan, to_set=0), given_limits, {}) == ()


@given(plans, limits)
def test_a_release_of_what_was_shown_lets_the_same_plan_go(plan: PlanFacts, given_limits: Limits) -> None:
    shown = {trip.rule.value: trip.measure for trip in check(plan, given_limits, {})}
    assert check(plan, given_limits, shown) == ()


@given(plans, limits)
def test_a_worse_plan_than_the_released_one_is_held(plan: PlanFacts, given_limits: Limits) -> None:
    for trip in check(plan, given_limits, {}):
        if trip.rule is not SafetyRule.STALE_READING:
            assert trip.rule in tripped(plan, given_limits, {trip.rule.value: trip.measure - 1})


@given(plans, limits)
def test_a_release_of_one_rule_releases_no_other(plan: PlanFacts, given_limits: Limits) -> None:
    trips = check(plan, given_limits, {})
    for one in trips:
        left = {trip.rule for trip in check(plan, given_limits, {one.rule.value: one.measure})}
        assert left == {trip.rule for trip in trips} - {one.rule}


@given(numbers, numbers, numbers, st.integers(0, 100))
def test_mass_zero_trips_above_the_greater_of_number_and_share(zero: int, stock: int, count: int, percent: int) -> None:
    plan = replace(QUIET, to_zero=zero, in_stock=stock)
    assert (tripped(plan, Limits(count, percent)) == [SafetyRule.MASS_ZERO]) == (
        zero > max(count, stock * percent // 100)
    )


@given(st.integers(1, 500), numbers, st.integers(0, 100))
def test_a_catalog_that_shrank_by_more_than_the_share_is_held(before: int, now: int, percent: int) -> None:
    plan = replace(QUIET, products_before=before, products_now=now)
    found = tripped(plan, Limits(shrink_percent=percent))
    assert (found == [SafetyRule.CATALOG_SHRUNK]) == ((before - now) * 100 > before * percent)


def test_each_rule_alone() -> None:
    assert tripped(QUIET) == []
    assert tripped(replace(QUIET, first_push=True, rules_changed=True)) == [SafetyRule.FIRST_PUSH]
    assert tripped(replace(QUIET, rules_changed=True)) == [SafetyRule.RULES_CHANGED]
    assert tripped(replace(QUIET, vanished=("EAST",))) == [SafetyRule.WAREHOUSE_VANISHED]
    assert tripped(replace(QUIET, reading_age=61), Limits(stale_after=60)) == [SafetyRule.STALE_READING]
    assert tripped(replace(QUIET, reading_age=60), Limits(stale_after=60)) == []


def test_waiting_does_not_make_a_released_stale_reading_worse() -> None:
    plan = replace(QUIET, reading_age=9_000)
    assert tripped(plan, Limits(stale_after=60), {"STALE_READING": 61}) == []


# --- judging: what became of a row


@given(st.integers(0, 99), st.none() | st.integers(0, 99), st.sampled_from(list(Confirmation)))
def test_a_row_is_set_only_if_the_cart_says_our_quantity(sent: int, returned: int | None, by: Confirmation) -> None:
    verdict = judge(sent, returned, None, None, by)
    assert (verdict.outcome is Outcome.SET) == (returned == sent)
    if returned != sent:
        wanted = Outcome.PLANNED if by is Confirmation.ANSWER else Outcome.FAILED
        assert verdict.outcome is wanted


@given(st.integers(0, 99), st.text(), st.none() | st.sampled_from(list(Reason)))
def test_an_error_is_a_failure_even_beside_the_right_quantity(sent: int, error: str, reason: Reason | None) -> None:
    verdict = judge(sent, sent, error, reason, Confirmation.ANSWER)
    assert verdict.outcome is Outcome.FAILED
    assert verdict.reason is (reason or Reason.REJECTED_BY_CART)


# --- eligibility

FREE = Eligibility(True, False, False, None, None, True, True)
OBSTACLES = (
    ({"switched_on": False}, Reason.SWITCH_OFF),
    ({"excluded": True}, Reason.EXCLUDED),
    ({"locked": True}, Reason.LOCKED),
    ({"match_reason": Reason.NOT_IN_WMS}, Reason.NOT_IN_WMS),
    ({"cart_reason": Reason.BUNDLE_PARENT}, Reason.BUNDLE_PARENT),
    ({"tracked": False}, Reason.CART_NOT_TRACKING),
    ({"has_warehouse": False}, Reason.WAREHOUSE_DISABLED),
)


@given(st.lists(st.sampled_from(range(len(OBSTACLES))), unique=True))
def test_the_first_obstacle_in_the_order_of_mending_is_told(chosen: list[int]) -> None:
    standing = FREE
    for n in chosen:
        standing = standing._replace(**OBSTACLES[n][0])
    assert obstacle(standing) is (OBSTACLES[min(chosen)][1] if chosen else None)


def test_a_cart_that_does_not_say_whether_it_tracks_is_written() -> None:
    assert obstacle(FREE._replace(tracked=None)) is None
