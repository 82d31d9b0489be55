"""The quantity chain against a second opinion: the same rules written down as plain arithmetic, sharing no code with it."""

from __future__ import annotations

import math
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.rules.quantity import ChainRules, Component, Facts, Reading, decide, existing

NOW = 1_760_000_000
DAY = 86_400


class Opinion(NamedTuple):
    """What a clerk with a pocket calculator would answer; `quantity` None: "I cannot know"."""

    quantity: int | None
    write: int | None
    send: bool


def clerk(facts: Facts, rules: ChainRules) -> Opinion:
    """Step by step as the manual says it, in fractions and sentences rather than in the program's way."""
    if facts.excluded or facts.locked:
        return Opinion(None, None, False)
    sellable = facts.override if facts.override is not None else shelf(facts, rules)
    if sellable is None:
        return Opinion(None, None, False)
    sellable = accepted(sellable, facts, rules)
    write = sellable + facts.allocated if rules.basis_on_hand else sellable
    if facts.heal and facts.shown is not None:
        return Opinion(sellable, write, facts.shown != write)
    if facts.shown == write:
        return Opinion(sellable, write, False)
    return Opinion(sellable, write, facts.acked != sellable or enough_whatever_was_sold(sellable, write, facts, rules))


def accepted(sellable: int, facts: Facts, rules: ChainRules) -> int:
    """What the shop takes of it."""
    if facts.cap is None:
        return max(sellable, 0)
    room = facts.cap - facts.allocated if rules.basis_on_hand else facts.cap
    return min(max(sellable, 0), max(room, 0))


def enough_whatever_was_sold(sellable: int, write: int, facts: Facts, rules: ChainRules) -> bool:
    """Whether the shop, which shows less than it took from us, should show that again though nobody knows what it sold."""
    if facts.override is not None or facts.shown is None or facts.shown > write or sellable == 0:
        return False
    sold = (write - facts.shown) * rules.units_per_listing
    left = shelf(facts._replace(pending=facts.pending + sold), rules)
    return left is not None and accepted(left, facts, rules) == sellable


def shelf(facts: Facts, rules: ChainRules) -> int | None:
    """What may be sold from the shelves."""
    if facts.uncounted:
        return None
    if facts.inactive:
        return 0 if rules.zero_inactive else None
    if facts.components:
        if any(part.available is None or part.needed <= 0 for part in facts.components):
            return None
        times = [part.read_at for part in facts.components if part.read_at is not None]
        units = min(math.floor(max(part.available or 0, 0) / part.needed) for part in facts.components)
    else:
        if not [reading for reading in facts.readings if not reading.missing]:
            return None
        times = [reading.read_at for reading in facts.readings]
        units = sum(0 if reading.missing else reading.available for reading in facts.readings)
    if rules.stale_after is not None and any(facts.now - time > rules.stale_after for time in times):
        return None
    units -= facts.pending
    units -= rules.buffer
    units = math.floor(units * rules.share_percent / 100)
    if units > 0 and units < rules.cutoff_below:
        units = 0
    if rules.end_at_or_below is not None and units <= rules.end_at_or_below and units > 0:
        units = 0
    units = math.floor(units / rules.units_per_listing)
    if rules.max_quantity is not None:
        units = min(units, rules.max_quantity)
    return units


few = st.integers(-3, 40)
times = st.sampled_from([NOW, NOW - 59, NOW - 60, NOW - 61, NOW - DAY])
readings = st.lists(
    st.builds(Reading, st.sampled_from(["EAST", "WEST", "NORTH"]), few, times, st.booleans()), max_size=4
).map(tuple)
parts = st.lists(
    st.builds(Component, st.sampled_from(["A", "B"]), st.integers(0, 4), st.none() | few, st.none() | times), max_size=3
).map(tuple)
wishes = st.builds(
    ChainRules,
    buffer=st.integers(0, 6),
    share_percent=st.sampled_from([0, 1, 33, 50, 99, 100]),
    cutoff_below=st.integers(0, 12),
    end_at_or_below=st.none() | st.integers(0, 12),
    units_per_listing=st.sampled_from([1, 1, 2, 3, 12]),
    max_quantity=st.none() | st.integers(0, 30),
    basis_on_hand=st.booleans(),
    stale_after=st.none() | st.sampled_from([0, 60, DAY]),
    zero_inactive=st.booleans(),
)
known = st.builds(
    Facts,
    now=st.just(NOW),
    readings=readings,
    elsewhere=few,
    has_level_elsewhere=st.booleans(),
    pending=st.integers(0, 9),
    components=parts,
    override=st.none() | st.none() | few,
    excluded=st.sampled_from([False, False, False, True]),
    locked=st.sampled_from([False, False, False, True]),
    allocated=st.integers(0, 5),
    shown=st.none() | few,
    acked=st.none() | few,
    heal=st.booleans(),
    inactive=st.sampled_from([False, False, False, True]),
    uncounted=st.sampled_from([False, False, False, True]),
    cap=st.none() | st.none() | st.integers(0, 30),
)


@settings(max_examples=400, deadline=None)
@given(known, wishes)
def test_the_chain_and_a_clerk_come_to_the_same_number(facts: Facts, rules: ChainRules) -> None:
    # when
    decision, opinion = decide(facts, rules), clerk(facts, rules)
    # then
    assert (decision.desired, decision.target) == (opinion.quantity, opinion.write)
    assert (decision.outcome is Outcome.SKIPPED) == (opinion.quantity is None)
    assert (decision.outcome is Outcome.PLANNED) == opinion.send
    # and whether it explains itself makes no difference
    silent = decide(facts, rules, explain=False)
    assert silent[:4] == decision[:4]
    assert silent.steps == () and decision.steps != ()


@settings(max_examples=150, deadline=None)
@given(known, st.sampled_from([1, 1, 2, 3, 12]))
def test_what_exists_is_the_shelf_before_buffer_and_share_or_what_an_operator_fixed(facts: Facts, each: int) -> None:
    units = shelf(facts, ChainRules(units_per_listing=each))
    if units is None:
        assert existing(facts, each) == (None if facts.override is None else max(0, facts.override))
    else:
        assert existing(facts, each) == max(0, units, facts.override or 0)


def one(available: int, **more: object) -> Facts:
    return Facts(NOW, (Reading("EAST", available, NOW),), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("available", "rules", "sellable", "reason"),
    [
        # Minimum Inventory Level is strict: below it 0, at it the true value
        (4, ChainRules(cutoff_below=5), 0, Reason.CUT_OFF_APPLIED),
        (5, ChainRules(cutoff_below=5), 5, None),
        (6, ChainRules(cutoff_below=5), 6, None),
        (1, ChainRules(cutoff_below=1), 1, None),
        (0, ChainRules(cutoff_below=5), 0, None),
        (-1, ChainRules(cutoff_below=5), 0, None),
        # Show 0 at or below
        (4, ChainRules(end_at_or_below=5), 0, Reason.CUT_OFF_APPLIED),
        (5, ChainRules(end_at_or_below=5), 0, Reason.CUT_OFF_APPLIED),
        (6, ChainRules(end_at_or_below=5), 6, None),
        (1, ChainRules(end_at_or_below=0), 1, None),
        (0, ChainRules(end_at_or_below=0), 0, None),
        # both are asked of what is left after buffer and share
        (7, ChainRules(buffer=2, cutoff_below=5), 5, None),
        (7, ChainRules(buffer=3, cutoff_below=5), 0, Reason.CUT_OFF_APPLIED),
        (10, ChainRules(share_percent=50, cutoff_below=5), 5, None),
        (9, ChainRules(share_percent=50, cutoff_below=5), 0, Reason.CUT_OFF_APPLIED),
        # buffer before share: half of what is left, not the buffer off the half
        (10, ChainRules(buffer=2, share_percent=50), 4, None),
        (3, ChainRules(share_percent=50), 1, None),
        (1, ChainRules(share_percent=99), 0, None),
        (100, ChainRules(share_percent=0), 0, None),
        # a case of 12: whole cases, of what is left after the cut-off; the cap counts cases
        (23, ChainRules(units_per_listing=12), 1, None),
        (24, ChainRules(units_per_listing=12), 2, None),
        (11, ChainRules(units_per_listing=12), 0, None),
        (25, ChainRules(units_per_listing=12, buffer=2), 1, None),
        (24, ChainRules(units_per_listing=12, cutoff_below=20), 2, None),
        (24, ChainRules(units_per_listing=12, cutoff_below=25), 0, Reason.CUT_OFF_APPLIED),
        (24, ChainRules(units_per_listing=12, end_at_or_below=2), 2, None),
        (60, ChainRules(units_per_listing=12, max_quantity=3), 3, None),
        (-5, ChainRules(units_per_listing=12), 0, None),
        # a cap is the most, and comes after the cut-off
        (10, ChainRules(max_quantity=10), 10, None),
        (11, ChainRules(max_quantity=10), 10, None),
        (11, ChainRules(max_quantity=0), 0, None),
        (11, ChainRules(max_quantity=3, cutoff_below=5), 3, None),
        (2, ChainRules(buffer=2), 0, None),
        (2, ChainRules(buffer=3), 0, None),
    ],
)
def test_each_setting_at_its_boundary(available: int, rules: ChainRules, sellable: int, reason: Reason | None) -> None:
    decision = decide(one(available), rules)
    assert (decision.desired, decision.target, decision.reason) == (sellable, sellable, reason)


@pytest.mark.parametrize(("age", "reason"), [(599, None), (600, None), (601, Reason.WMS_STALE)])
def test_a_reading_may_be_exactly_as_old_as_the_limit(age: int, reason: Reason | None) -> None:
    facts = Facts(NOW, (Reading("EAST", 5, NOW), Reading("WEST", 5, NOW - age)))
    assert decide(facts, ChainRules(stale_after=600)).reason is reason
    kit = (Component("A", 1, 5, NOW - age), Component("B", 1, 5, None), Component("C", 1, 5, NOW))
    decision = decide(Facts(NOW, (), components=kit), ChainRules(stale_after=600))
    assert decision.reason is reason


def test_the_words_of_a_stale_reading_name_the_oldest_in_minutes() -> None:
    facts = Facts(NOW, (Reading("EAST", 5, NOW - 7_200), Reading("WEST", 5, NOW - 10_800)))
    (step,) = decide(facts, ChainRules(stale_after=3_600)).steps
    assert (step.step, step.before, step.after) == ("skip", None, None)
    assert step.because == "WEST was read 180 min ago, the limit is 60 min"


def test_the_words_of_a_reading_that_is_to_come_name_how_far_ahead_it_is() -> None:
    facts = Facts(NOW, (Reading("EAST", 5, NOW), Reading("WEST", 5, NOW + 10_800)))
    (step,) = decide(facts, ChainRules(stale_after=3_600)).steps
    assert step.because == "WEST is dated 180 min in the future, so that its age is not known"


@pytest.mark.parametrize(
    ("shown", "acked", "heal", "outcome"),
    [
        (None, None, False, Outcome.PLANNED),
        (7, None, False, Outcome.EQUAL),
        (None, 7, False, Outcome.EQUAL),
        (5, 7, False, Outcome.EQUAL),
        (5, 6, False, Outcome.PLANNED),
        (7, 6, False, Outcome.EQUAL),
        (5, 7, True, Outcome.PLANNED),
        (7, 6, True, Outcome.EQUAL),
        (None, 7, True, Outcome.EQUAL),
        (None, 6, True, Outcome.PLANNED),
    ],
)
def test_what_is_sent_for_seven_units(shown: int | None, acked: int | None, heal: bool, outcome: Outcome) -> None:
    decision = decide(one(7, shown=shown, acked=acked, heal=heal), ChainRules())
    assert decision.outcome is outcome
    assert decision.reason is (Reason.IN_SYNC if outcome is Outcome.EQUAL else None)


def test_an_on_hand_cart_is_compared_in_its_own_basis_and_its_acknowledgement_in_sellable_units() -> None:
    rules = ChainRules(basis_on_hand=True)
    assert decide(one(7, allocated=3, shown=10), rules).outcome is Outcome.EQUAL
    assert decide(one(7, allocated=3, shown=7), rules).outcome is Outcome.PLANNED
    assert decide(one(7, allocated=3, acked=7), rules).outcome is Outcome.EQUAL
    assert decide(one(7, allocated=3, acked=10), rules).outcome is Outcome.PLANNED
    assert decide(one(7, allocated=3), rules).target == 10


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (Facts(NOW, ()), Reason.NO_LEVEL),
        (Facts(NOW, (), elsewhere=9, has_level_elsewhere=True), Reason.WRONG_WAREHOUSE),
        (Facts(NOW, (Reading("EAST", 5, NOW, missing=True),)), Reason.NOT_IN_WMS),
        (Facts(NOW, (Reading("EAST", 5, NOW),), components=(Component("A", 1, None, NOW),)), Reason.NO_LEVEL),
        (Facts(NOW, (Reading("EAST", 5, NOW),), components=(Component("A", 0, 5, NOW),)), Reason.NO_LEVEL),
        (Facts(NOW, (Reading("EAST", 5, NOW),), excluded=True, locked=True, override=3), Reason.EXCLUDED),
        (Facts(NOW, (Reading("EAST", 5, NOW),), locked=True, override=3), Reason.LOCKED),
    ],
)
def test_what_cannot_be_known_or_is_not_wanted_is_skipped_with_its_reason(facts: Facts, reason: Reason) -> None:
    decision = decide(facts, ChainRules())
    assert (decision.outcome, decision.reason, decision.desired, decision.target) == (
        Outcome.SKIPPED,
        reason,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("parts", "built"),
    [
        (((1, 5),), 5),
        (((2, 5),), 2),
        (((2, 4),), 2),
        (((2, 3), (1, 9)), 1),
        (((3, 9), (2, 4), (1, 7)), 2),
        (((1, -4),), 0),
        (((5, 4),), 0),
    ],
)
def test_a_kit_is_built_from_whole_parts(parts: tuple[tuple[int, int], ...], built: int) -> None:
    kit = tuple(Component(f"C{n}", needed, available, NOW) for n, (needed, available) in enumerate(parts))
    assert decide(Facts(NOW, (Reading("EAST", 99, NOW),), components=kit), ChainRules()).desired == built


def test_cases_are_compared_with_the_cart_in_cases() -> None:
    rules = ChainRules(units_per_listing=12, basis_on_hand=True)
    decision = decide(one(50, allocated=3, shown=7, acked=5), rules)
    assert (decision.desired, decision.target, decision.outcome) == (4, 7, Outcome.EQUAL)
    (step,) = [step for step in decision.steps if step.step == "units"]
    assert (step.before, step.after, step.because) == (50, 4, "12 units per listing")
    assert decide(one(50, allocated=3, shown=53, acked=50), rules).outcome is Outcome.PLANNED
    # what an operator fixed is what the listing shows
    assert decide(one(50, override=3), rules).desired == 3


def test_an_override_is_a_step_of_its_own_and_the_only_one_before_the_comparison() -> None:
    decision = decide(one(7, override=3), ChainRules(buffer=2))
    assert [(step.step, step.before, step.after) for step in decision.steps] == [
        ("override", None, 3),
        ("compare", None, 3),
    ]
    assert decide(one(7, override=3), ChainRules(buffer=2), explain=False)[:4] == decision[:4]


def test_stock_that_the_wms_does_not_count_is_unknown_whatever_a_level_says() -> None:
    decision = decide(one(7, uncounted=True), ChainRules())
    assert (decision.outcome, decision.reason, decision.desired) == (Outcome.SKIPPED, Reason.STOCK_NOT_COUNTED, None)
