"""The filter of lists of listings: `diff>0 outcome:failed -locked boot`. Text to conditions; not their SQL (`store.paging`).

Words that are no condition are looked for in SKUs and codes as they are, together; quotes make a word such a text.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import NamedTuple

from invsync_tui.rules import words
from invsync_tui.rules.outcomes import Outcome, Reason

NUMBERS = ("target", "confirmed", "in-cart", "diff", "override")
TEXTS = ("sku", "name", "error")
CODES = ("outcome", "reason")
FLAGS = ("mismatch", "never", "held", "failed", "ambiguous", "not-in-wms", "drift", "overrides", "excluded", "locked")
"""Stand alone; they are the tabs of the lists."""
KNOWN = (*NUMBERS, *CODES, *TEXTS)
SIGNS = ("<", "<=", ">", ">=", "=", "!=")
UNKNOWN = "none"
"""As a number: it is not known, or there is none."""
HELP = (
    f"compare {', '.join(NUMBERS)} (diff>0, target<5, target=none); outcome:failed, reason:CODE, sku:, name:, error:TEXT; "
    f"{', '.join(FLAGS)}; - in front: not; other words: a part of a SKU or code"
)
_WORD = re.compile(r"(-?)([A-Za-z][A-Za-z_-]*)(<=|>=|<>|!=|<|>|=|:)(.*)", re.DOTALL)
_PARTS = re.compile(r'"[^"]*"?|-?[A-Za-z_-]+[<>=!:]+"[^"]*"?|\S+')
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_SAME_SIGN = {":": "=", "<>": "!="}


class FilterError(Exception):
    """What is wrong with a filter and what is known instead."""


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


def parse(text: str) -> ListingConditions:
    """The conditions of a filter; FilterError for one that means nothing."""
    conditions, rest, quoted = [], [], False
    for word in _PARTS.findall(text):
        if word.startswith('"'):
            quoted = True
            rest.append(word.strip('"'))
        elif (condition := _condition(word)) is not None:
            conditions.append(condition)
        else:
            rest.append(word)
    return ListingConditions(tuple(conditions), " ".join(rest) if conditions or quoted else text)


def _condition(word: str) -> Condition | None:
    flag = _flag(word.removeprefix("-"))
    if flag:
        return Condition(flag, negated=word.startswith("-"))
    parts = _WORD.fullmatch(word)
    if parts is None:
        return None
    minus, name, sign, value = parts.groups()
    field = _field(name, word)
    sign_meant = _SAME_SIGN.get(sign, sign)
    value = value.replace('"', "")
    if not value:
        raise FilterError(f"{word} compares with nothing. Type a value behind it, such as {_example(field)}.")
    if field in NUMBERS:
        return Condition(field, sign_meant, _number(word, sign_meant, value), bool(minus))
    if sign_meant not in ("=", "!="):
        raise FilterError(f"{field} is not a number: {sign} does not go with it. Type {_example(field)}.")
    if field in CODES:
        stored = _outcome(value) if field == "outcome" else _reason(value)
        return Condition(field, sign_meant, stored, bool(minus))
    return Condition(field, sign_meant, value, bool(minus), contains=sign == ":")


def _flag(word: str) -> str:
    return word.lower() if word.lower() in FLAGS else ""


def _field(name: str, word: str) -> str:
    field = name.lower().replace("_", "-")
    if field in KNOWN:
        return field
    near = difflib.get_close_matches(field, KNOWN, 1)
    guess = f" Did you mean {near[0]}?" if near else ""
    raise FilterError(
        f'{name} is nothing to filter by.{guess} Known: {", ".join(KNOWN)}. To look for the text itself, quote it: "{word}".'
    )


def _number(word: str, sign: str, value: str) -> int | None:
    if value.lower() == UNKNOWN and sign in ("=", "!="):
        return None
    if _NUMBER.fullmatch(value) is None:
        raise FilterError(f"{word}: {value!r} is not a whole number. Type a number, or =none for what is not known.")
    return int(value)


def _outcome(value: str) -> str:
    names = {words.name(words.OUTCOMES, outcome.value): outcome.value for outcome in Outcome}
    code = names.get(value.lower().replace("-", "_"), value.lower())
    if code not in names.values():
        raise FilterError(f"{value!r} is not an outcome. Known: {', '.join(names)}.")
    return code


def _reason(value: str) -> str:
    code = value.upper().replace("-", "_")
    known = [reason.value for reason in Reason]
    if code in known:
        return Reason(code).stored
    near = ", ".join(difflib.get_close_matches(code, known, 3)) or "see: invsync why SKU"
    raise FilterError(f"{value!r} is not the code of a reason. Similar ones: {near}.")


def _example(field: str) -> str:
    if field in NUMBERS:
        return f"{field}>0"
    return {"outcome": "outcome:failed", "reason": "reason:REJECTED_BY_CART"}.get(field, f"{field}:boot")
