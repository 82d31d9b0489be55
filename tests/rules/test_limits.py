"""No plan takes more listings to 0, or through a jump, than the limits allow, unless an operator released it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from invsync_tui.rules.safety import Group, Limits, PlanFacts, SafetyRule, accepted, check, group

quantities = st.one_of(st.just(0), st.integers(0, 30), st.integers(0, 10_000))
changes = st.lists(st.tuples(quantities, quantities), max_size=60)
limits = st.builds(
    Limits,
    zero_count=st.integers(0, 20),
    zero_percent=st.integers(0, 100),
    jump_factor=st.integers(1, 20),
    jump_count=st.integers(0, 20),
    jump_percent=st.integers(0, 100),
)


def facts(plan: list[tuple[int, int]], factor: int) -> PlanFacts:
    """What a plan from (shows, would show) pairs means to the rules."""
    groups = [group(shows, would, factor) for shows, would in plan if shows != would]
    return PlanFacts(
        to_set=len(groups),
        to_zero=groups.count(Group.ZERO),
        in_stock=sum(shows > 0 for shows, _ in plan),
        first_push=False,
        rules_changed=False,
        products_before=None,
        products_now=None,
        to_jump=groups.count(Group.JUMP),
    )


@given(changes, limits)
def test_a_plan_that_passes_stays_within_the_limits(plan: list[tuple[int, int]], given_limits: Limits) -> None:
    # when
    passes = not check(facts(plan, given_limits.jump_factor), given_limits, {})
    # then: counted anew, without the rules' own words
    stock = sum(shows > 0 for shows, _ in plan)
    zeroed = sum(shows > 0 and would == 0 for shows, would in plan)
    factor = given_limits.jump_factor
    jumped = sum(
        shows > 0 and would > 0 and (would > shows * factor or shows > would * factor) for shows, would in plan
    )
    within_zero = zeroed <= max(given_limits.zero_count, stock * given_limits.zero_percent // 100)
    within_jump = jumped <= max(given_limits.jump_count, stock * given_limits.jump_percent // 100)
    assert passes == (within_zero and within_jump)


@given(changes, limits, st.sets(st.sampled_from(list(Group)), min_size=1), changes)
def test_a_released_group_covers_no_more_than_was_shown(
    plan: list[tuple[int, int]], given_limits: Limits, released: set[Group], later: list[tuple[int, int]]
) -> None:
    # given: a held plan, some groups of which are released
    factor = given_limits.jump_factor
    shown = {trip.rule.value: trip.measure for trip in check(facts(plan, factor), given_limits, {})}
    sizes = {one.value: sum(group(*pair, factor) is one for pair in plan if pair[0] != pair[1]) for one in released}
    # when: it is planned again, and only the released groups of the new plan go
    kept = [pair for pair in later if group(*pair, factor) in released]
    tripped = {
        trip.rule
        for trip in check(
            facts(kept, factor), Limits(0, 0, jump_factor=factor, jump_count=0, jump_percent=0), accepted(shown, sizes)
        )
    }
    # then
    for rule, of in ((SafetyRule.MASS_ZERO, Group.ZERO), (SafetyRule.JUMP, Group.JUMP)):
        number = sum(group(*pair, factor) is of for pair in kept)
        assert (rule in tripped) == (number > sizes.get(of.value, 0))


@given(quantities, quantities)
def test_a_factor_of_0_knows_no_jumps(shows: int, would: int) -> None:
    assert group(shows, would, 0) is not Group.JUMP


def test_what_a_cart_shows_may_be_unknown() -> None:
    assert group(None, 0, 10) is Group.REST
