"""Numbers for people have separators on every screen; ids, the numbers of runs, codes and times have none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from operator import attrgetter
from typing import Any

import pytest

from invsync_tui.operations.lists.rows import Count
from invsync_tui.plain_text import counted, grouped
from invsync_tui.tui.app import control_room
from invsync_tui.tui.terminal import Terminal
from tests.support.fakes import operations
from tests.support.fakes.store import FakeStore
from tests.support.terminal.emulator import emulated
from tests.support.terminal.tour import Stop
from tests.support.terminal.tour_stops import STOPS

FACTOR = 10_007
"""What every number of the fakes is multiplied with: what comes out has five digits or more, and can be told from ids."""
NAMES = frozenset({"id", "n", "batch", "kind", "rev", "position", "number", "status", "took_ms", "eta", "of_run", "at"})
NAMES_END = ("_id", "_ids", "_at", "_run", "since", "every")
"""Fields that hold no quantity."""
BARE = re.compile(r"(?<![\w,.#:/-])[+-]?\d{5,}(?![\w:/-]|[.,]\d)")
GROUPED = re.compile(r"(?<!\d)\d{1,3}(?:,\d{3})+(?!\d)")
SIZES = ((80, 24), (120, 40))
PLAIN = Terminal(ascii_only=False, ansi_theme=False, mouse=False, interval=0.02)
WITHOUT_QUANTITIES = frozenset(
    {
        "about a system", "new merchant", "connection test", "events", "choice of a system", "merchant settings", "help",
        "collisions", "themes", "audit",
    }
)  # fmt: skip
"""Stops that show none, whatever the fakes are multiplied with."""


class Enlarged:
    """A list whose lines have large numbers, in the order of the list that it stands for."""

    lines: dict[int, tuple[Any, Any]] = {}  # noqa: RUF012 - of all lists: a line outlives the list that it was read with

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)

    def after(self, key: Any, limit: int) -> Sequence[Any]:
        return [self._line(line) for line in self._rows.after(key, limit)]

    def before(self, key: Any, limit: int) -> Sequence[Any]:
        return [self._line(line) for line in self._rows.before(key, limit)]

    def key(self, line: Any) -> Any:
        return self._rows.key(self.lines[id(line)][1])

    def _line(self, line: Any) -> Any:
        large = enlarged(line)
        self.lines[id(large)] = large, line
        return large


def enlarged(value: Any, name: str = "") -> Any:
    """An answer with each quantity in it multiplied."""
    if name in NAMES or name.endswith(NAMES_END):
        return value
    if type(value) is int:
        return value * FACTOR
    if hasattr(value, "exact_count"):
        return Enlarged(value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: enlarged(getattr(value, each.name), each.name) for each in fields(value)})
    return _enlarged_parts(value, name)


def _enlarged_parts(value: Any, name: str) -> Any:
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return value._replace(**{each: enlarged(getattr(value, each), each) for each in value._fields})
    if isinstance(value, tuple | list):
        return type(value)(enlarged(each, name) for each in value)
    return {key: enlarged(each, name) for key, each in value.items()} if isinstance(value, Mapping) else value


def asked_for(method: str) -> Callable[[Any], Callable[..., Any]]:
    """As `attrgetter`, for a method whose answers have large numbers."""
    get = attrgetter(method)

    def of(first: Any) -> Callable[..., Any]:
        def answer(*args: Any, **kwargs: Any) -> Any:
            told = get(first)(*args, **kwargs)
            return told if isinstance(told, int) else enlarged(told)

        return answer

    return of


@pytest.fixture
def large_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "attrgetter", asked_for)


def bare(lines: Sequence[str]) -> Iterator[str]:
    """Numbers without separators that are quantities: multiplied, or of more than three digits in a text of the fakes."""
    for line in lines:
        yield from (f"{found[0]} in {line.strip()}" for found in BARE.finditer(line) if not int(found[0]) % FACTOR)


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.name)
@pytest.mark.usefixtures("large_numbers")
async def test_every_screen_writes_quantities_with_separators(stop: Stop) -> None:
    async with emulated(control_room(FakeStore(), PLAIN)) as shown:
        for size in SIZES:
            shown.terminal.resize(*size)
            await shown.settled()
            if size == SIZES[0]:
                await shown.go(stop.keys)
            lines = ["".join(character for character, _ in row) for row in shown.terminal.cells()]
            # then no quantity stands there as a string of digits
            assert list(bare(lines)) == [], "\n".join(lines)
            # and those that stand there are whole
            assert stop.name in WITHOUT_QUANTITIES or any(map(GROUPED.search, lines)), "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (grouped(5003), "5,003"), (grouped(999), "999"), (grouped(-12_000), "-12,000"), (counted(1, "listing"), "1 listing"),
        (counted(5003, "listing"), "5,003 listings"), (Count(1000, exact=False).text, "1,000+"), (Count(7, exact=True).text, "7"),
    ],
)  # fmt: skip
def test_a_number_for_people(text: str, written: str) -> None:
    assert text == written
