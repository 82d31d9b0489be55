"""Faults in statements of SQL: a scope forgotten, a boundary shifted, an order or a limit gone."""

from __future__ import annotations

import re
from collections.abc import Iterator

Change = tuple[int, int, str, str]
"""From, to, what stands there instead, and the kind."""

_SQL = re.compile(
    r"\b(SELECT|UPDATE|INSERT|DELETE|WHERE|AND|OR|ORDER BY|LIMIT|SET|JOIN|GROUP BY|VALUES|CASE|WHEN|ON CONFLICT|EXISTS)\b"
)
_SIDE = r"(?:[\w.]+\([^()]*\)|[:\w.?']+)"
_CONDITION = re.compile(
    rf"\b(?P<word>WHERE|AND|ON)\s+(?P<left>{_SIDE})\s*(?P<sign>IS NOT|IS|<>|<=|>=|=|<|>)\s*(?P<right>{_SIDE})(?!\s*\()"
)
_MEMBER = re.compile(r"\b(?P<word>WHERE|AND)\s+(?P<left>[\w.+]+)\s+(?P<sign>NOT IN|IN)\s+(?P<right>\('[^()]*'\))")
_ORDER = re.compile(r"\s+ORDER BY\s+[\w., +=']+?(?:\s+(?:DESC|ASC))?(?=\s+LIMIT|\s*[\"')\n]|$)")
_DESC = re.compile(r"\s+DESC\b")
_LIMIT = re.compile(r"\bLIMIT\s+(\?\d*|:\w+|\d+)")
_LITERAL = re.compile(r"\b(?P<name>[a-z_]+)\s*=\s*(?P<value>NULL|0|1|'[a-z_]*')(?=\s*[,\"\n ])")
_TWIN = re.compile(r"\b(min|max)\(")
_NULL = re.compile(r"\bIS NOT NULL\b|\bIS NULL\b")
_OTHERS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "=": "<>", "<>": "="}


def sql_changes(piece: str) -> Iterator[Change]:
    """Changes of one text; nothing for a text that is no SQL."""
    if not _SQL.search(piece):
        return
    yield from _conditions(piece)
    yield from _orders(piece)
    for found in _TWIN.finditer(piece):
        yield *found.span(1), "max" if found[1] == "min" else "min", "sql twin"
    for found in _NULL.finditer(piece):
        yield *found.span(), "IS NULL" if "NOT" in found[0] else "IS NOT NULL", "sql null"
    for found in _LITERAL.finditer(piece):
        if _after_set(piece, found.start()):
            # The column keeps what it had; what is bound stays bound.
            yield *found.span("value"), found["name"], "sql set"


def _conditions(piece: str) -> Iterator[Change]:
    for found in _CONDITION.finditer(piece):
        if found["word"] == "ON" and "CONFLICT" in piece[max(0, found.start() - 12) : found.end()]:
            continue
        yield found.start("left"), found.end("right"), _always(found["left"], found["right"]), "sql scope"
        if found["sign"] in ("<", "<=", ">", ">="):
            yield *found.span("sign"), _OTHERS[found["sign"]], "sql boundary"
    for found in _MEMBER.finditer(piece):
        yield found.start("left"), found.end("right"), "1", "sql scope"


def _always(left: str, right: str) -> str:
    """A condition that always holds and still takes the value that is bound to it."""
    bound = [side for side in (left, right) if side.startswith(("?", ":"))]
    if not bound:
        return "1"
    return "? IS NOT NULL" if bound[0] == "?" else f"{bound[0]} IS {bound[0]}"


def _orders(piece: str) -> Iterator[Change]:
    for found in _ORDER.finditer(piece):
        yield *found.span(), "", "sql order"
    for found in _DESC.finditer(piece):
        yield *found.span(), "", "sql order"
    for found in _LIMIT.finditer(piece):
        bound = found[1]
        new = "LIMIT -1" if bound.isdigit() else f"LIMIT {bound} + 1"
        yield *found.span(), new, "sql limit"


def _after_set(piece: str, place: int) -> bool:
    """Whether a place stands in the list of a SET and not in a condition."""
    before = piece[:place]
    return before.rfind("SET") > max(before.rfind("WHERE"), before.rfind(" AND "), before.rfind("WHEN"))
