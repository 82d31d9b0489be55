"""Secrets in records that name a field in one place and give its value in another, in any order.

`{"value": "...", "name": "password"}`, `<input type="password" value="...">`, `<password value="..."/>`,
`<property name="password">...</property>`. One pass over the text finds brackets, names and values; a stack says which
of them belong together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from invsync_tui.rules.value_ends import QUOTE, open_end, quoted_end

INNER_MOST = 2
"""How often the text of a value is itself looked at for records: JSON in JSON in JSON."""
_PARTS = re.compile(
    r"(?P<open>\{++|%(?:25){0,3}7B)|(?P<close>\}|%(?:25){0,3}7D)|(?P<end>>|&gt;|%(?:25){0,3}3E)|(?P<line>[\r\n]++)"
    r"|(?:<|&lt;|%(?:25){0,3}3C)(?P<tag>[A-Za-z][\w.:\-]{0,64})"
    rf"|(?:(?<![\w.\-])|(?<=%[0-9A-F]{{2}})|(?<=u002[27]))(?P<key>name|key|id|field|type|header|value)(?:{QUOTE})?\s{{0,20}}(?:=>|[:=]{{1,2}}|%(?:25){{0,3}}3[AD])"
    rf"\s{{0,20}}(?P<opening>{QUOTE})?",
    re.IGNORECASE,
)
_NAME = re.compile(r"[\w.\-]{1,64}+")
_TEXT = re.compile(r"[^<]{0,4096}")

Tells = Callable[[str], bool]


@dataclass(slots=True)
class _Record:
    """What was found between two brackets, or between `deep` of them at once.

    `values` are the places where values begin, with their quotes.
    """

    deep: int = 1
    tag: str = ""
    tells: bool = False
    values: list[tuple[int, str]] = field(default_factory=list)

    def take(self, inner: _Record) -> None:
        """What was found in `inner`, which was no record after all."""
        self.tells |= inner.tells
        if len(inner.values) > len(self.values):
            self.values, inner.values = inner.values, self.values
        self.values += inner.values


def record_spans(
    text: str, tells: Tells, start: int = 0, end: int | None = None, depth: int = 0
) -> Iterator[tuple[int, int]]:
    """From where to where the values reach that belong to a telling name in the same record."""
    end = len(text) if end is None else end
    values: list[tuple[int, str]] = []
    inner: list[tuple[int, int]] = []
    stack = [_Record()]
    at = start
    while part := _PARTS.search(text, at, end):
        at = part.end()
        if part["key"] is None:
            _bracket(text, part, stack, values, tells)
        elif part["key"].lower() != "value":
            name = _NAME.match(text, at, end)
            stack[-1].tells |= name is not None and tells(name[0])
        else:
            stack[-1].values.append((at, part["opening"] or ""))
            if part["opening"]:
                at, began = min(quoted_end(text, at, part["opening"]), end), at
                inner.append((began, at))
    for record in stack:
        values += record.values if record.tells else []
    yield from _ends(text, values)
    if depth < INNER_MOST:
        for began, ended in inner:
            yield from record_spans(text, tells, began, ended, depth + 1)


def _bracket(text: str, part: re.Match[str], stack: list[_Record], values: list[tuple[int, str]], tells: Tells) -> None:
    if part["line"]:
        if len(stack) == 1:  # outside of records, each line is one
            _done(stack[0], values)
            stack[0] = _Record()
    elif part["open"]:
        stack.append(_Record(len(part[0]) if part[0][0] == "{" else 1))
    elif part["tag"]:
        if stack[-1].tag:
            _into_outer(stack)
        stack.append(_Record(1, part["tag"], tells(part["tag"])))
    elif part["close"]:
        if stack[-1].tag:
            _into_outer(stack)
        record = stack.pop()
        _done(record, values)
        if record.deep > 1 or not stack:
            stack.append(_Record(max(1, record.deep - 1)))
    elif stack[-1].tag:
        record = stack.pop()
        _done(record, values)
        if record.tells and (content := _TEXT.match(text, part.end())):
            closed = text[content.end() : content.end() + len(record.tag) + 2]
            if closed == f"</{record.tag}":
                values.append((part.end(), "<"))


def _into_outer(stack: list[_Record]) -> None:
    inner = stack.pop()
    stack[-1].take(inner)


def _done(record: _Record, values: list[tuple[int, str]]) -> None:
    if record.tells:
        values += record.values
        record.values = []


def _ends(text: str, values: list[tuple[int, str]]) -> Iterator[tuple[int, int]]:
    until = 0
    for start, opening in sorted(values):
        if start >= until:
            until = _end(text, start, opening)
            yield start, until


def _end(text: str, start: int, opening: str) -> int:
    if opening == "<":
        return text.find("<", start)
    return quoted_end(text, start, opening) if opening else open_end(text, start, "")
