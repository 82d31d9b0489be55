"""Conditions of a filter over listings as SQL: which index holds their rows, and what is asked of each row.

Texts of operators are always bound. Not here: what an operator types (`rules.listing_filter`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from invsync_tui.rules.listing_filter import Condition
from invsync_tui.rules.matching import normalize_key
from invsync_tui.store.paging.keyset import Part

ALL, MISMATCH = "all", "mismatch"
DIFFERENCE = "l.observed - l.allocated - l.desired"
"""Sellable units that the cart shows beyond its target, as two indexes have it; NULL where one of them is unknown."""


class Terms(NamedTuple):
    """What the columns of a filter are in a query, by name; `flags` are conditions. Codes and texts are never NULL there."""

    numbers: Mapping[str, str]
    codes: Mapping[str, str]
    texts: Mapping[str, str]
    flags: Mapping[str, str]


_NUMBERS = {
    "target": "l.desired",
    "confirmed": "l.acked",
    "in-cart": "(l.observed - l.allocated)",
    "diff": f"({DIFFERENCE})",
    "override": "l.override",
}
_TEXTS = {"sku": "l.key", "name": "l.name", "error": "l.error"}


def of_listings(tabs: Mapping[str, str], reason: str = "coalesce(l.match_reason, l.reason, '')") -> Terms:
    """Of listings `l`: the rows of each of `tabs`, and the reason that their list shows."""
    return Terms(_NUMBERS, {"outcome": "coalesce(l.outcome, '')", "reason": reason}, _TEXTS, tabs)


def of_held(shows: str, group: str) -> Terms:
    """Of listings `l` that are held: what the cart shows, and the group."""
    change = f"(l.desired - {shows})"
    numbers = {"in-cart": f"({shows})", "target": "l.desired", "change": change, "diff": f"(-{change})"}
    return Terms(numbers, {"group": f"({group})"}, {"sku": "l.key", "name": "l.name"}, {})


_TABS_OF_CODES = {
    ("outcome", "held"): "held",
    ("outcome", "failed"): "failed",
    ("outcome", "in_doubt"): "failed",
    ("reason", "AMBIGUOUS_ALIAS"): "ambiguous",
    ("reason", "NOT_IN_WMS"): "not-in-wms",
}


def tab_of(tab: str, conditions: Sequence[Condition]) -> str:
    """The tab whose index holds all rows of some conditions on `tab`: a smaller one than that of all listings if it can
    be."""
    if tab != ALL:
        return tab
    return next((held_by for condition in conditions if (held_by := _held_by(condition))), ALL)


def _held_by(condition: Condition) -> str:
    if condition.negated:
        return ""
    if not condition.sign:
        return condition.field
    if condition.sign == "=" and (condition.field, condition.value) in _TABS_OF_CODES:
        return _TABS_OF_CODES[condition.field, str(condition.value)]
    if condition.field == "override" and condition.value is not None:
        return "overrides"
    return MISMATCH if condition.field == "diff" and _excludes_zero(condition) else ""


def _excludes_zero(condition: Condition) -> bool:
    number = condition.value
    if not isinstance(number, int):
        return False
    outside = {
        ">": number >= 0, ">=": number > 0, "<": number <= 0, "<=": number < 0, "=": number != 0, "!=": number == 0,
    }  # fmt: skip
    return outside[condition.sign]


def part_of(conditions: Sequence[Condition], terms: Terms) -> Part:
    """All conditions as one."""
    parts = [_condition_part(condition, terms) for condition in conditions]
    where = " AND ".join(part.where for part in parts)
    return Part(where or "1", tuple(value for part in parts for value in part.values))


def _condition_part(condition: Condition, terms: Terms) -> Part:
    part = _positive(condition, terms)
    # What is unknown fulfills no comparison, and so it fulfills the opposite of each.
    return Part(f"NOT coalesce({part.where}, 0)", part.values) if condition.negated else part


def _positive(condition: Condition, terms: Terms) -> Part:
    field, sign, value = condition.field, condition.sign, condition.value
    if not sign:
        return Part(f"({terms.flags[field]})")
    if field in terms.numbers:
        if value is None:
            return Part(f"({terms.numbers[field]} IS {'NOT ' if sign == '!=' else ''}NULL)")
        return Part(f"({terms.numbers[field]} {sign} ?)", (value,))
    if field in terms.codes:
        return Part(f"({terms.codes[field]} {sign} ?)", (value,))
    text = normalize_key(str(value)) if field == "sku" else str(value).lower()
    if condition.contains:
        return Part(f"(instr(lower({terms.texts[field]}), ?) > 0)", (text.lower(),))
    return Part(f"(lower({terms.texts[field]}) {sign} ?)", (text.lower(),))
