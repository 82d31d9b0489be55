"""The filter of lists of listings: `diff>0 outcome:failed -locked boot`. Text to conditions; not their SQL (`store.paging`).

Each list has its own columns, and one language for all: `Language`. Words that are no condition are looked for in SKUs and
codes as they are, together; quotes make a word such a text. `LineFilter` is the same for lines that are in memory.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from invsync_tui.rules import words
from invsync_tui.rules.drift import Drift
from invsync_tui.rules.matching import normalize_key
from invsync_tui.rules.outcomes import Outcome, Reason
from invsync_tui.rules.safety import Group, Risk

FLAGS = ("mismatch", "never", "held", "failed", "ambiguous", "not-in-wms", "drift", "overrides", "excluded", "locked")
"""Stand alone; they are the tabs of the lists."""
SIGNS = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip
UNKNOWN = "none"
"""As a number: it is not known, or there is none."""
_WORD = re.compile(r"(-?)([A-Za-z][A-Za-z_-]*)(<=|>=|<>|!=|<|>|=|:)(.*)", re.DOTALL)
_PARTS = re.compile(r'"[^"]*"?|-?[A-Za-z_-]+[<>=!:]+"[^"]*"?|\S+')
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_SAME_SIGN = {":": "=", "<>": "!="}


class FilterError(Exception):
    """What is wrong with a filter and what is known instead."""


@dataclass(frozen=True, slots=True)
class Language:
    """What the filter of one list knows. `codes` have what reads a value that is typed as the stored one, or FilterError;
    `flags` stand alone."""

    numbers: tuple[str, ...]
    codes: Mapping[str, Callable[[str], str]]
    texts: tuple[str, ...]
    flags: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """Everything that can be compared."""
        return (*self.numbers, *self.codes, *self.texts)


class Condition(NamedTuple):
    """One condition. A flag has no sign; a number that is None asks for what is not known; codes are stored ones."""

    field: str
    sign: str = ""
    value: int | str | None = None
    negated: bool = False
    contains: bool = False
    """Of a text: whether it has the value anywhere in it."""


@dataclass(frozen=True, slots=True)
class ListingConditions:
    """A filter as it was understood."""

    conditions: tuple[Condition, ...]
    text: str
    """What SKUs and codes are searched for; '' for nothing."""


def parse(text: str, language: Language | None = None) -> ListingConditions:
    """The conditions of a filter, without a language of a list of listings; FilterError for one that means nothing."""
    conditions, rest, quoted = [], [], False
    for word in _PARTS.findall(text):
        if word.startswith('"'):
            quoted = True
            rest.append(word.strip('"'))
        elif (condition := _condition(word, language or LISTINGS)) is not None:
            conditions.append(condition)
        else:
            rest.append(word)
    return ListingConditions(tuple(conditions), " ".join(rest) if conditions or quoted else text)


def _condition(word: str, language: Language) -> Condition | None:
    flag = word.removeprefix("-").lower()
    if flag in language.flags:
        return Condition(flag, negated=word.startswith("-"))
    parts = _WORD.fullmatch(word)
    if parts is None:
        return None
    minus, name, sign, value = parts.groups()
    field = _field(name, word, language)
    sign_meant = _SAME_SIGN.get(sign, sign)
    value = value.replace('"', "")
    if not value:
        raise FilterError(f"{word} compares with nothing. Type a value behind it, such as {_example(field, language)}.")
    if field in language.numbers:
        return Condition(field, sign_meant, _number(word, sign_meant, value), bool(minus))
    if sign_meant not in ("=", "!="):
        raise FilterError(f"{field} is not a number: {sign} does not go with it. Type {_example(field, language)}.")
    if field in language.codes:
        return Condition(field, sign_meant, language.codes[field](value), bool(minus))
    return Condition(field, sign_meant, value, bool(minus), contains=sign == ":")


def _field(name: str, word: str, language: Language) -> str:
    field = name.lower().replace("_", "-")
    known = language.known
    if field in known:
        return field
    near = difflib.get_close_matches(field, known, 1)
    guess = f" Did you mean {near[0]}?" if near else ""
    raise FilterError(
        f'{name} is nothing to filter by.{guess} Known: {", ".join(known)}. To look for the text itself, quote it: "{word}".'
    )


def _number(word: str, sign: str, value: str) -> int | None:
    if value.lower() == UNKNOWN and sign in ("=", "!="):
        return None
    if _NUMBER.fullmatch(value) is None:
        raise FilterError(f"{word}: {value!r} is not a whole number. Type a number, or =none for what is not known.")
    return int(value)


def _one_of(what: str, names: Mapping[str, str], value: str) -> str:
    """The stored code of a name, which may be typed with dashes, or of a code itself."""
    typed = value.lower().replace("-", "_")
    code = names.get(typed, typed)
    if code not in names.values():
        raise FilterError(f"{value!r} is not {what}. Known: {', '.join(names)}.")
    return code


def _reason(value: str) -> str:
    code = value.upper().replace("-", "_")
    known = [reason.value for reason in Reason]
    if code in known:
        return Reason(code).stored
    near = ", ".join(difflib.get_close_matches(code, known, 3)) or "see: invsync why SKU"
    raise FilterError(f"{value!r} is not the code of a reason. Similar ones: {near}.")


def _example(field: str, language: Language) -> str:
    if field in language.numbers:
        return f"{field}>0"
    examples = {
        "outcome": "outcome:failed", "reason": "reason:REJECTED_BY_CART", "result": "result:failed", "group": "group:to_zero",
        "risk": "risk:to_zero", "class": "class:oversell",
    }  # fmt: skip
    return examples.get(field, f"{field}:boot")


def _names(what: str, names: Mapping[str, str]) -> Callable[[str], str]:
    return partial(_one_of, what, names)


_OUTCOMES = {words.name(words.OUTCOMES, outcome.value): outcome.value for outcome in Outcome}
LISTINGS = Language(
    ("target", "confirmed", "in-cart", "diff", "override"),
    {"outcome": _names("an outcome", _OUTCOMES), "reason": _reason},
    ("sku", "name", "error"),
    FLAGS,
)
"""Listings as they are now: View Product Sync, and the SKUs of a run's outcome."""
HELD = Language(
    ("in-cart", "target", "change", "diff"),
    {"group": _names("a group", {words.name(words.GROUPS, group.value): group.value for group in Group})},
    ("sku", "name"),
)
"""What a held run would send. `change` is what is sent less what is in the cart, `diff` the reverse, as everywhere."""
SENT = "sent"
"""The result of a row that was sent and answered, where what the cart made of it is no longer recorded."""
CHANGES = Language(
    ("before", "set-to", "change", "diff"),
    {"result": _names("a result", {**_OUTCOMES, SENT: SENT}), "reason": _reason},
    ("sku", "name", "error"),
)
"""What a run set; `diff` is what it found beyond what it set."""
DRIFT = Language(
    ("exposure", "confirmed", "in-cart", "target", "diff"),
    {"class": _names("a class of drift", {drift.value: drift.value for drift in Drift})},
    ("sku", "name"),
    ("correct",),
)
PLAN = Language(
    ("in-cart", "target", "change", "diff"),
    {"risk": _names("a risk", {risk.value: risk.value for risk in Risk})},
    ("sku", "name"),
)

L = TypeVar("L")
Value = int | str | bool | None


class LineFilter(Generic[L]):
    """A filter for lines in memory: whether a line fulfills it."""

    def __init__(
        self,
        text: str,
        language: Language,
        values: Mapping[str, Callable[[L], Value]],
        codes: Callable[[L], Iterable[str]],
    ) -> None:
        """`values` are the columns of `language` by name, `codes` what the words are looked for in; FilterError."""
        parsed = parse(text, language)
        self._conditions = parsed.conditions
        self._text = normalize_key(parsed.text)
        self._values = values
        self._codes = codes

    def __bool__(self) -> bool:
        """Whether it asks for anything."""
        return bool(self._conditions or self._text)

    def __call__(self, line: L) -> bool:
        has_text = not self._text or any(self._text in normalize_key(code) for code in self._codes(line))
        return has_text and all(
            _fulfills(condition, self._values[condition.field](line)) for condition in self._conditions
        )


def _fulfills(condition: Condition, value: Value) -> bool:
    """What is unknown fulfills no comparison, and so it fulfills the opposite of each."""
    return _holds(condition, value) != condition.negated


def _holds(condition: Condition, value: Value) -> bool:
    if not condition.sign:
        return bool(value)
    if condition.value is None:
        return (value is None) == (condition.sign == "=")
    if isinstance(condition.value, int):
        return value is not None and bool(SIGNS[condition.sign](value, condition.value))
    wanted, text = condition.value.lower(), "" if value is None else str(value).lower()
    if condition.field == "sku":
        wanted, text = normalize_key(wanted), normalize_key(text)
    return wanted in text if condition.contains else bool(SIGNS[condition.sign](text, wanted))
