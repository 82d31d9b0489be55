"""Every step of the quantity chain, the order of the steps, and the trace that explains them."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import assume, example, given
from hypothesis import strategies as st

from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.rules.quantity import ChainRules, Component, Decision, Facts, Reading, decide

NOW = 1_000_000
ORDER = (
    "override",
    "inactive",
    "sum",
    "kit",
    "pending",
    "buffer",
    "share",
    "cutoff",
    "units",
    "cap",
    "clamp",
    "basis",
    "compare",
)

quantities = st.integers(-50, 5_000)
small = st.integers(0, 60)
readings = st.lists(
    st.builds(
        Reading, st.sampled_from(["EAST", "WEST", "NORTH"]), quantities, st.integers(NOW - 9_000, NOW), st.booleans()
    ),
    max_size=4,
).map(tuple)
components = st.lists(
    st.builds(
        Component,
        st.sampled_from(["A", "B", "C"]),
        st.integers(-1, 5),
        st.none() | quantities,
        st.none() | st.integers(NOW - 9_000, NOW),
    ),
    max_size=3,
).map(tuple)
rules = st.builds(
    ChainRules,
    buffer=small,
    share_percent=st.integers(0, 100),
    cutoff_below=small,
    end_at_or_below=st.none() | small,
    units_per_listing=st.sampled_from([1, 1, 6, 12]),
    max_quantity=st.none() | st.integers(0, 3_000),
    basis_on_hand=st.booleans(),
    stale_after=st.none() | st.integers(0, 9_000),
)
facts = st.builds(
    Facts,
    now=st.just(NOW),
    readings=readings,
    elsewhere=quantities,
    has_level_elsewhere=st.booleans(),
    pending=small,
    components=components,
    override=st.none() | quantities,
    excluded=st.booleans(),
    locked=st.booleans(),
    allocated=small,
    shown=st.none() | quantities,
    acked=st.none() | st.integers(0, 5_000),
    cap=st.none(),
)


def known(available: int, **more: object) -> Facts:
    """One fresh reading and nothing else."""
    return Facts(NOW, (Reading("EAST", available, NOW),))._replace(**more)  # type: ignore[arg-type]


def desired(available: int, **settings: int) -> int | None:
    """What a stock of so many becomes under some settings."""
    return decide(known(available), ChainRules(**settings)).desired  # type: ignore[arg-type]


def names(decision: Decision) -> list[str]:
    return [step.step for step in decision.steps]


# --- all facts, all rules ------------------------------------------------------------------------------------------------


@given(facts, rules)
def test_every_listing_has_one_explained_end(given_facts: Facts, given_rules: ChainRules) -> None:
    decision = decide(given_facts, given_rules)
    assert decision.outcome in (Outcome.PLANNED, Outcome.EQUAL, Outcome.SKIPPED)
    assert decision.steps
    assert (decision.reason is None) <= (decision.outcome is Outcome.PLANNED)


@given(facts, rules)
def test_each_step_begins_where_the_one_before_ended(given_facts: Facts, given_rules: ChainRules) -> None:
    decision = decide(given_facts, given_rules)
    chain = [step for step in decision.steps if step.step not in ("compare", "skip")]
    assert all(earlier.after == later.before for earlier, later in pairwise(chain))
    assert all(step.because for step in decision.steps)
    if decision.outcome is not Outcome.SKIPPED:
        assert chain[-1].after == decision.target
        assert decision.steps[-1].step == "compare"
        assert decision.steps[-1].after == decision.target


@given(facts, rules)
def test_the_steps_come_in_their_order(given_facts: Facts, given_rules: ChainRules) -> None:
    places = [ORDER.index(name) for name in names(decide(given_facts, given_rules)) if name != "skip"]
    assert places == sorted(places)


@given(facts, rules)
def test_the_unknown_is_never_pushed(given_facts: Facts, given_rules: ChainRules) -> None:
    """No reading, only missing ones, or a part without a level: skipped, without a number, unless an operator fixed one."""
    assume(given_facts.override is None)
    decision = decide(given_facts, given_rules)
    unknown = (
        any(part.available is None or part.needed < 1 for part in given_facts.components)
        if given_facts.components
        else all(reading.missing for reading in given_facts.readings)
    )
    if unknown:
        assert (decision.outcome, decision.desired, decision.target) == (Outcome.SKIPPED, None, None)


@given(facts, rules)
def test_what_is_pushed_is_a_whole_number_of_zero_or_more(given_facts: Facts, given_rules: ChainRules) -> None:
    decision = decide(given_facts, given_rules)
    if decision.outcome is not Outcome.SKIPPED:
        assert type(decision.desired) is int
        assert type(decision.target) is int
        assert decision.desired >= 0
        assert decision.target >= decision.desired


@given(facts, rules)
def test_wishes_of_operators_come_before_everything(given_facts: Facts, given_rules: ChainRules) -> None:
    decision = decide(given_facts, given_rules)
    if given_facts.excluded:
        assert decision.reason is Reason.EXCLUDED
    elif given_facts.locked:
        assert decision.reason is Reason.LOCKED
    elif given_facts.override is not None:
        assert decision.desired == max(0, given_facts.override)
        assert not {"sum", "buffer", "share", "cutoff", "units", "cap"} & {*names(decision)}


# --- step by step --------------------------------------------------------------------------------------------------------


@given(readings)
def test_the_sum_is_over_the_readings_that_are_there(given_readings: tuple[Reading, ...]) -> None:
    assume(any(not reading.missing for reading in given_readings))
    decision = decide(Facts(NOW, given_readings), ChainRules())
    assert decision.desired == max(0, sum(r.available for r in given_readings if not r.missing))
    assert names(decision).count("sum") == len(given_readings)


@given(readings.filter(bool))
def test_a_missing_level_alone_is_unknown_and_beside_others_zero(given_readings: tuple[Reading, ...]) -> None:
    gone = tuple(reading._replace(missing=True) for reading in given_readings)
    assert decide(Facts(NOW, gone), ChainRules()).reason is Reason.NOT_IN_WMS
    assert decide(Facts(NOW, (*gone, Reading("X", 7, NOW))), ChainRules()).desired == 7


@given(st.integers(0, 9), st.booleans())
def test_stock_elsewhere_is_told_and_not_pushed(elsewhere: int, has: bool) -> None:
    decision = decide(Facts(NOW, (), elsewhere=elsewhere, has_level_elsewhere=has), ChainRules())
    assert decision.reason is (Reason.WRONG_WAREHOUSE if has else Reason.NO_LEVEL)
    assert decision.target is None


@given(quantities, small)
def test_pending_orders_are_subtracted(available: int, pending: int) -> None:
    assert decide(known(available, pending=pending), ChainRules()).desired == max(0, available - pending)


@given(st.lists(st.tuples(st.integers(1, 5), quantities), min_size=1, max_size=4), small, quantities)
def test_a_kit_is_as_many_as_its_scarcest_part_allows(parts: list[tuple[int, int]], pending: int, own: int) -> None:
    kit = tuple(Component(f"C{n}", needed, available) for n, (needed, available) in enumerate(parts))
    decision = decide(known(own, components=kit, pending=pending), ChainRules())
    assert decision.desired == max(0, min(max(0, available) // needed for needed, available in parts) - pending)


def test_two_parts_of_one_sku_of_which_one_was_never_read() -> None:
    kit = (Component("B", 1, 2, None), Component("B", 1, 2, NOW))
    assert decide(known(9, components=kit), ChainRules()).desired == 2


@given(st.integers(-5, 0))
def test_a_part_of_which_nothing_is_needed_makes_the_kit_unknown(needed: int) -> None:
    decision = decide(known(9, components=(Component("A", needed, 5),)), ChainRules())
    assert decision.reason is Reason.NO_LEVEL


@given(quantities, small)
def test_the_buffer_is_subtracted(available: int, buffer: int) -> None:
    assert desired(available, buffer=buffer) == max(0, available - buffer)


@given(st.integers(0, 5_000), st.integers(0, 100))
@example(199, 50)
@example(1, 99)
def test_the_share_is_rounded_down(available: int, share: int) -> None:
    assert desired(available, share_percent=share) == available * share // 100


@given(st.integers(-9, 99), small)
@example(5, 5)
@example(4, 5)
def test_the_cut_off_is_strictly_below(available: int, limit: int) -> None:
    assert desired(available, cutoff_below=limit) == (max(0, available) if available >= limit else 0)


@given(st.integers(-9, 99), small)
@example(5, 5)
@example(6, 5)
def test_the_other_cut_off_is_at_or_below(available: int, limit: int) -> None:
    assert desired(available, end_at_or_below=limit) == (available if available > limit else 0)


@given(st.integers(1, 99), small)
def test_a_cut_off_that_hides_stock_says_so(available: int, limit: int) -> None:
    decision = decide(known(available), ChainRules(cutoff_below=limit))
    assert (decision.reason is Reason.CUT_OFF_APPLIED) == (available < limit)


@given(quantities, st.integers(0, 500))
def test_the_cap_is_the_most(available: int, most: int) -> None:
    assert desired(available, max_quantity=most) == max(0, min(available, most))


@given(quantities, st.integers(0, 500), st.integers(0, 500), st.none() | st.integers(0, 500))
def test_what_the_cart_accepts_of_a_listing_is_a_cap_too(
    available: int, cap: int, allocated: int, most: int | None
) -> None:
    decision = decide(known(available, cap=cap), ChainRules(max_quantity=most))
    assert decision.desired == max(0, min(available, cap, cap if most is None else most))
    # a cart that counts its open orders in cannot be sent more than the cap with them
    facts = known(available, cap=cap, allocated=allocated)
    on_hand = decide(facts, ChainRules(basis_on_hand=True, max_quantity=most))
    assert on_hand.desired == max(0, min(available, cap - allocated, cap if most is None else most))


@given(st.integers(0, 500), st.integers(0, 500))
def test_an_override_is_capped_by_what_the_cart_accepts(override: int, cap: int) -> None:
    decision = decide(known(7, override=override, cap=cap), ChainRules())
    assert decision.desired == min(override, cap)
    assert ("cap" in names(decision)) == (override > cap)


@given(st.integers(-5_000, -1))
def test_less_than_nothing_is_nothing(available: int) -> None:
    decision = decide(known(available), ChainRules())
    assert decision.desired == 0
    assert "clamp" in names(decision)


@given(st.integers(0, 5))
def test_what_is_not_less_than_nothing_needs_no_step_for_it(available: int) -> None:
    assert "clamp" not in names(decide(known(available), ChainRules()))


@given(st.integers(0, 5_000), small)
def test_a_cart_that_counts_on_hand_gets_its_allocations_on_top(available: int, allocated: int) -> None:
    decision = decide(known(available, allocated=allocated), ChainRules(basis_on_hand=True))
    assert (decision.desired, decision.target) == (available, available + allocated)
    assert decide(known(available, allocated=allocated), ChainRules()).target == available


@given(st.integers(0, 500), small, st.integers(1, 100), small, st.integers(0, 200))
def test_buffer_comes_before_share_before_cut_off_before_cap(
    available: int, buffer: int, share: int, cutoff: int, most: int
) -> None:
    settings = ChainRules(buffer=buffer, share_percent=share, cutoff_below=cutoff, max_quantity=most)
    after_share = (available - buffer) * share // 100
    after_cutoff = after_share if after_share >= cutoff else min(after_share, 0)
    assert decide(known(available), settings).desired == max(0, min(after_cutoff, most))


@given(st.integers(0, 500), st.none() | st.integers(0, 500), st.none() | st.integers(0, 500))
def test_what_was_accepted_or_is_shown_is_not_sent_again(available: int, shown: int | None, acked: int | None) -> None:
    decision = decide(known(available, shown=shown, acked=acked), ChainRules())
    assert (decision.outcome is Outcome.EQUAL) == (available in (shown, acked))


@given(st.integers(0, 500), st.integers(1, 100))
def test_a_drift_is_told_and_not_overwritten(available: int, sold: int) -> None:
    decision = decide(known(available, shown=available - sold, acked=available), ChainRules())
    assert decision.outcome is Outcome.EQUAL
    assert "changed there since" in decision.steps[-1].because


@given(st.integers(0, 200), st.integers(1, 20), st.integers(0, 20), st.sampled_from([1, 12]))
@example(100, 5, 0, 1)
@example(7, 5, 2, 1)
@example(8, 5, 2, 1)
def test_a_cart_with_a_maximum_is_filled_up_where_there_is_enough_whatever_it_sold(
    there: int, most: int, shown: int, units: int
) -> None:
    rules = ChainRules(max_quantity=most, units_per_listing=units)
    desired = min(most, there // units)
    decision = decide(known(there, shown=shown, acked=desired), rules)
    left = (there - max(0, desired - shown) * units) // units
    filled = shown < desired and min(most, left) == desired
    assert (decision.outcome is Outcome.PLANNED) == filled
    assert ("filled up" in decision.steps[-1].because) == filled


def test_what_an_operator_fixed_is_not_filled_up() -> None:
    assert decide(known(100, shown=1, acked=3)._replace(override=3), ChainRules()).outcome is Outcome.EQUAL


@given(st.integers(0, 9_000), st.integers(0, 9_000))
def test_a_reading_older_than_the_limit_is_not_pushed(age: int, limit: int) -> None:
    old = Facts(NOW, (Reading("EAST", 5, NOW), Reading("WEST", 5, NOW - age)))
    decision = decide(old, ChainRules(stale_after=limit))
    assert (decision.reason is Reason.WMS_STALE) == (age > limit)


@given(st.integers(0, 9_000), st.integers(0, 9_000), st.booleans())
@example(61, 10, False)
@example(3601, 9_000, True)
def test_a_reading_of_a_time_to_come_is_not_pushed(ahead: int, limit: int, kit: bool) -> None:
    reading = Reading("EAST", 5, NOW + ahead)
    own = (Reading("EAST", 5, NOW), reading) if not kit else ()
    parts = (Component("A", 1, 5, NOW), Component("B", 1, 5, NOW + ahead)) if kit else ()
    decision = decide(Facts(NOW, own, components=parts), ChainRules(stale_after=limit))
    assert (decision.reason is Reason.WMS_STALE) == (ahead > min(3600, max(60, limit)))
    assert decide(Facts(NOW, own, components=parts), ChainRules()).desired == (5 if kit else 10)


@given(st.integers(0, 9_000), st.integers(0, 9_000), st.integers(0, 9_000))
def test_a_kit_is_as_stale_as_its_stalest_part(age: int, own: int, limit: int) -> None:
    kit = (Component("A", 1, 5, NOW), Component("B", 1, 5, NOW - age))
    decision = decide(Facts(NOW, (Reading("EAST", 5, NOW - own),), components=kit), ChainRules(stale_after=limit))
    assert (decision.reason is Reason.WMS_STALE) == (age > limit)


@given(facts, rules)
def test_the_same_facts_give_the_same_decision(given_facts: Facts, given_rules: ChainRules) -> None:
    assert decide(given_facts, given_rules) == decide(given_facts, given_rules)
