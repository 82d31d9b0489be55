"""Safety rules that hold a push before anything is sent, and how risky a change of quantity is."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from invsync_tui.plain_text import counted, grouped


class SafetyRule(StrEnum):
    """The rules. The words appear in run records and in releases."""

    FIRST_PUSH = "FIRST_PUSH"
    RULES_CHANGED = "RULES_CHANGED"
    MASS_ZERO = "MASS_ZERO"
    CATALOG_SHRUNK = "CATALOGUE_SHRUNK"  # as it is stored
    WAREHOUSE_VANISHED = "WAREHOUSE_VANISHED"
    WAREHOUSE_INACTIVE = "WAREHOUSE_INACTIVE"
    WAREHOUSE_EMPTIED = "WAREHOUSE_EMPTIED"
    JUMP = "JUMP"
    STALE_READING = "STALE_READING"
    PLAN_CHANGED = "PLAN_CHANGED"
    """The push is bound to a plan that an operator was shown, and would not send exactly that."""
    SOURCE_CHANGED = "SOURCE_CHANGED"
    """A download would read another company or account than before."""
    CART_CHANGED = "CART_CHANGED"
    """A push would write to another account than before."""


WHOSE_DATA = frozenset({SafetyRule.SOURCE_CHANGED, SafetyRule.CART_CHANGED})
"""Rules that hold a run before anything is read or sent, for whose data it would be. That can be right again by itself."""


class Group(StrEnum):
    """What an operator may release apart. Each listing of a held run is in one of them."""

    ZERO = "zero"
    """From stock to 0."""
    JUMP = "jump"
    """Its quantity would grow or shrink by more than the cart's factor."""
    REST = "rest"


EMPTIED_LEAST = 3
"""A warehouse that lost fewer levels than this is sold out, not emptied."""


def group(shows: int | None, would_show: int, factor: int) -> Group:
    """The group of a listing that shows a sellable quantity now (None: unknown) and would show another."""
    if shows is None or shows <= 0:
        return Group.REST
    if would_show == 0:
        return Group.ZERO
    if factor > 0 and (would_show > shows * factor or shows > would_show * factor):
        return Group.JUMP
    return Group.REST


@dataclass(frozen=True, slots=True)
class Limits:
    """A cart's limits. MASS_ZERO trips above max(`zero_count`, `zero_percent` of the listings in stock), JUMP alike."""

    zero_count: int = 25
    zero_percent: int = 10
    shrink_percent: int = 20
    stale_after: int | None = None
    """Seconds; None for no limit on the reading as a whole."""
    jump_factor: int = 10
    """A listing's quantity that grows or shrinks by more than this factor is a jump; 0 switches the rule off."""
    jump_count: int = 25
    jump_percent: int = 10


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What a plan would do, and what it is based on."""

    to_set: int
    to_zero: int
    """Listings that show stock now and would show 0."""
    in_stock: int
    """Listings of the cart that show stock now."""
    first_push: bool
    rules_changed: bool
    products_before: int | None
    """Products in the last complete generation but one, or levels where those that are absent are 0; None if there was none."""
    products_now: int | None
    vanished: tuple[str, ...] = ()
    """Warehouses of this cart that the WMS stopped to report since the last push that passed these rules."""
    switched_off: tuple[str, ...] = ()
    """Those that were switched off in the WMS since."""
    reading_age: int | None = None
    """Seconds since the oldest successful load of the cart's warehouses; None if one was never loaded."""
    to_jump: int = 0
    """Listings whose quantity would grow or shrink by more than the factor, both numbers above 0."""
    emptied: tuple[tuple[str, int], ...] = ()
    """Warehouses of this cart without any stock, and how many of their levels lost theirs since the last push."""


@dataclass(frozen=True, slots=True)
class Trip:
    """A tripped rule: its measure (higher is worse) and a sentence with the numbers."""

    rule: SafetyRule
    measure: int
    text: str


def _first_push(facts: PlanFacts, _: Limits) -> Trip | None:
    if not facts.first_push:
        return None
    return Trip(
        SafetyRule.FIRST_PUSH,
        facts.to_set,
        f"first push of this cart: {counted(facts.to_set, 'listing')} would be updated",
    )


def _rules_changed(facts: PlanFacts, _: Limits) -> Trip | None:
    if not facts.rules_changed or facts.first_push:
        return None
    return Trip(
        SafetyRule.RULES_CHANGED,
        facts.to_set,
        f"rules changed since the last push: {counted(facts.to_set, 'listing')} would be updated",
    )


def _mass_zero(facts: PlanFacts, limits: Limits) -> Trip | None:
    allowed = max(limits.zero_count, facts.in_stock * limits.zero_percent // 100)
    if facts.to_zero <= allowed:
        return None
    text = f"{grouped(facts.to_zero)} of {counted(facts.in_stock, 'listing')} in stock would show 0; the limit is {allowed}"
    return Trip(SafetyRule.MASS_ZERO, facts.to_zero, text)


def _catalog_shrunk(facts: PlanFacts, limits: Limits) -> Trip | None:
    if not facts.products_before or facts.products_now is None:
        return None
    lost = facts.products_before - facts.products_now
    if lost * 100 <= facts.products_before * limits.shrink_percent:
        return None
    text = f"the WMS reported {counted(facts.products_now, 'record')}, {grouped(facts.products_before)} before"
    return Trip(SafetyRule.CATALOG_SHRUNK, lost, text)


def _warehouse_vanished(facts: PlanFacts, _: Limits) -> Trip | None:
    if not facts.vanished:
        return None
    names = ", ".join(facts.vanished)
    text = f"the WMS no longer reports the warehouse {names}: its stock counts as 0 from now on"
    return Trip(SafetyRule.WAREHOUSE_VANISHED, len(facts.vanished), text)


def _warehouse_inactive(facts: PlanFacts, _: Limits) -> Trip | None:
    if not facts.switched_off:
        return None
    names = ", ".join(facts.switched_off)
    text = f"the warehouse {names} is switched off in the WMS: its stock counts as 0 from now on"
    return Trip(SafetyRule.WAREHOUSE_INACTIVE, len(facts.switched_off), text)


def _warehouse_emptied(facts: PlanFacts, _: Limits) -> Trip | None:
    emptied = [(code, lost) for code, lost in facts.emptied if lost >= EMPTIED_LEAST]
    if not emptied:
        return None
    names = ", ".join(f"{code} ({counted(lost, 'SKU')})" for code, lost in emptied)
    text = f"all stock is gone from the warehouse {names} since the last push"
    return Trip(SafetyRule.WAREHOUSE_EMPTIED, sum(lost for _, lost in emptied), text)


def _jump(facts: PlanFacts, limits: Limits) -> Trip | None:
    allowed = max(limits.jump_count, facts.in_stock * limits.jump_percent // 100)
    if not limits.jump_factor or facts.to_jump <= allowed:
        return None
    text = (
        f"{grouped(facts.to_jump)} of {counted(facts.in_stock, 'listing')} in stock would change by more than a factor of "
        f"{limits.jump_factor}; the limit is {allowed}"
    )
    return Trip(SafetyRule.JUMP, facts.to_jump, text)


AHEAD = 5
"""Seconds: a reading from later than that was dated by a clock that was ahead, so that its age is not known."""


def _stale_reading(facts: PlanFacts, limits: Limits) -> Trip | None:
    if limits.stale_after is None or facts.reading_age is None or -AHEAD <= facts.reading_age <= limits.stale_after:
        return None
    if facts.reading_age < 0:
        text = f"the last inventory download is dated {-facts.reading_age // 60 + 1} min ahead: a clock was set; download again"
        return Trip(SafetyRule.STALE_READING, -facts.reading_age, text)
    text = f"the last inventory download is {facts.reading_age // 60} min old; the limit is {limits.stale_after // 60}"
    return Trip(SafetyRule.STALE_READING, facts.reading_age, text)


_RULES = (
    _first_push,
    _rules_changed,
    _mass_zero,
    _jump,
    _catalog_shrunk,
    _warehouse_vanished,
    _warehouse_inactive,
    _warehouse_emptied,
    _stale_reading,
)


def account_changed(rule: SafetyRule, known: Mapping[str, str], current: Mapping[str, str]) -> Trip | None:
    """Whether a connection leads to somebody else's data than before. Only names that both have are compared.

    The measure is a number of what was found: what an operator accepted is this account and no third one.
    """
    changed = sorted(name for name in known.keys() & current.keys() if known[name] != current[name])
    if not changed:
        return None
    what = "; ".join(f"{name} {current[name]}, {known[name]} before" for name in changed)
    text = f"this is another company or account than before: {what}"
    return Trip(rule, number_of("\n".join(f"{name}={current[name]}" for name in changed)), text)


def account_untold(rule: SafetyRule, known: Mapping[str, str]) -> Trip:
    """That nothing of what told an account before can be read. What an operator accepts is this account alone."""
    before = _identity_text(known)
    text = f"whether this is the company or account of before could not be read: {before} before, nothing now"
    return Trip(rule, number_of(f"untold\n{before}"), text)


def untold(known: Mapping[str, str], names: Collection[str]) -> str:
    """What is said of names that an account was known by and that were not told this time."""
    before = _identity_text({name: known[name] for name in names})
    return f"Whether this is the company or account of before was checked in part: {before} before, which could not be read now."


def _identity_text(identity: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(identity.items()))


def warehouses_changed(known: Collection[str], ever: Collection[str], reported: Collection[str]) -> Trip | None:
    """Whether the warehouses that are reported are another company's, by their ids.

    They are where none of the known ones is among them, and where most of the known ones are gone and others came that the
    source never had (`ever`): ids are often small numbers, so that two companies share one by chance. Warehouses that close,
    and those that open, are no other company.
    """
    if not known or not reported:
        return None
    gone = set(known) - set(reported)
    came = set(reported) - set(ever)
    if len(gone) < len(set(known)) and (len(gone) * 2 <= len(set(known)) or not came):
        return None
    now, before = ", ".join(sorted(reported)), ", ".join(sorted(known))
    text = f"this is another company or account than before: its warehouses have the ids {now}, {before} before"
    return Trip(SafetyRule.SOURCE_CHANGED, number_of(now), text)


def number_of(text: str) -> int:
    """A number that stands for a text."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest())


def is_accepted(trip: Trip, released: Mapping[str, int]) -> bool:
    """An operator has accepted exactly this."""
    return released.get(trip.rule.value) == trip.measure


_TIME_BASED = frozenset({SafetyRule.STALE_READING})
"""Their measure grows by waiting alone, so a release covers them whatever the number is by then."""


def check(facts: PlanFacts, limits: Limits, released: Mapping[str, int]) -> tuple[Trip, ...]:
    """The rules that hold this plan. `released` maps a safety rule to the measure that an operator has accepted."""
    if facts.to_set == 0:
        return ()
    tripped = (rule(facts, limits) for rule in _RULES)
    return tuple(trip for trip in tripped if trip is not None and not _is_released(trip, released))


def _is_released(trip: Trip, released: Mapping[str, int]) -> bool:
    accepted = released.get(trip.rule.value)
    return accepted is not None and (trip.rule in _TIME_BASED or trip.measure <= accepted)


_GROUP_OF: Mapping[str, Group] = {SafetyRule.MASS_ZERO: Group.ZERO, SafetyRule.JUMP: Group.JUMP}
_COUNTS_ALL: frozenset[str] = frozenset({SafetyRule.FIRST_PUSH, SafetyRule.RULES_CHANGED})


def accepted(shown: Mapping[str, int], groups: Mapping[str, int]) -> dict[str, int]:
    """What a release of some groups accepts: by safety rule, the measure within those groups.

    `shown` are the measures of the tripped rules, `groups` the sizes of the released groups as the operator saw them. A
    rule that measures a group is accepted with that group only; one that counts all listings, for those released.
    """
    measures = {word: measure for word, measure in shown.items() if word not in _GROUP_OF}
    measures |= {word: sum(groups.values()) for word in measures.keys() & _COUNTS_ALL}
    return measures | {str(word): groups[group] for word, group in _GROUP_OF.items() if group in groups}


SMALL_UNITS = 1
SMALL_PERCENT = 5
"""A change of at most so many units, or of at most this share of what is shown, is small."""
JUMP_FACTOR = 10
"""A quantity that grows or shrinks by more than this factor is a jump, where the cart does not say otherwise."""


class Risk(StrEnum):
    """From the worst. Each change of a plan has exactly one."""

    TO_ZERO = "to_zero"
    """Shows stock now and would show none: lost sales if it is wrong."""
    LARGE_CHANGE = "large_change"
    """Would grow or shrink by more than the cart's factor: often a wrong unit or a wrong match."""
    DECREASE = "decrease"
    """Would show less than now: where the stock says so, more can be sold than exists until it is sent."""
    INCREASE = "increase"
    """Would show more than now, or shows nothing known yet."""
    SMALL = "small"
    """A unit or a few percent up or down."""


RANKS = {risk: rank for rank, risk in enumerate(Risk)}


def risk(before: int | None, after: int, jump_factor: int = JUMP_FACTOR) -> Risk:
    """The risk of showing `after` instead of `before` (None: unknown), in sellable units. Factor 0 knows no jumps."""
    if before is None:
        return Risk.INCREASE if after else Risk.SMALL
    of = group(before, after, jump_factor)
    if of is not Group.REST:
        return Risk.TO_ZERO if of is Group.ZERO else Risk.LARGE_CHANGE
    if abs(after - before) <= max(SMALL_UNITS, before * SMALL_PERCENT // 100):
        return Risk.SMALL
    return Risk.DECREASE if after < before else Risk.INCREASE


class Urgency(IntEnum):
    """What is sent first where not all can be sent at once: what is nearest to selling more than there is."""

    TO_ZERO = 0
    FALL = 1
    UNKNOWN = 2
    """Nobody knows what the cart shows."""
    RISE = 3


def urgency(before: int | None, after: int) -> tuple[Urgency, int]:
    """How urgent it is to show `after` instead of `before` (None: unknown), and by how many units it falls.

    The smaller comes first, and of the same urgency what falls further. Sellable units.
    """
    fall = 0 if before is None else before - after
    if after == 0 and fall >= 0:
        return Urgency.TO_ZERO, fall
    if before is None:
        return Urgency.UNKNOWN, 0
    return (Urgency.FALL, fall) if fall > 0 else (Urgency.RISE, fall)


FALL_MOST = (1 << 20) - 1
"""Units: falls and rises that are larger come in the order of their listings."""


def sending_key(listing_id: int, before: int | None, after: int) -> int:
    """A whole number of 63 bits that sorts listings as they are sent: by urgency, by how far they fall, by number."""
    rank, fall = urgency(before, after)
    down = FALL_MOST - max(-FALL_MOST, min(fall, FALL_MOST))
    return rank << 61 | down << 40 | listing_id


LISTING_MASK = (1 << 40) - 1


def listing_of(key: int) -> int:
    """The listing of a sending key."""
    return key & LISTING_MASK
