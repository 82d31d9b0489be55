"""Where a windowed table gets its rows: the protocol, rows in memory, rows of the store."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from invsync_tui.operations.lists.rows import Count, PlaceKey, Rows
from invsync_tui.operations.lists.sorted_lines import comparable
from invsync_tui.tui.text.styled import Tone
from invsync_tui.tui.widgets.columns import Field, ListView, RenderContext

BLOCK = 128
"""Rows that are fetched together."""

Key = Hashable
"""Names a row for as long as it exists, wherever it moves."""


class Row(NamedTuple):
    """One row: its key and a (text, tone) per column, as it came, uncleaned."""

    key: Key
    cells: tuple[tuple[str, Tone], ...]
    line: Any = None
    """The record that it shows."""
    across: tuple[str, Tone] | None = None
    """What is written over the whole width in the place of the cells."""


class RowSource(Protocol):
    """Rows in a fixed order. Each method may be slow; the table calls them where its `submit` runs them."""

    def count(self) -> int: ...

    def block(self, index: int, after: Key | None, before: Key | None) -> Sequence[Row]:
        """Rows `index * BLOCK` and on, at most BLOCK.

        `after` is the last key of the block before and `before` the first key of the block behind, where known: with
        one of them a store can page by key. With neither, the first and the last block are one ordered read away.
        """

    def around(self, key: Key) -> int | None:
        """The present position of a row; None where it is gone."""


class ListSource:
    """A list that is in memory anyway."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._positions = {row.key: position for position, row in enumerate(rows)}

    def count(self) -> int:
        return len(self._rows)

    def block(self, index: int, after: Key | None, before: Key | None) -> Sequence[Row]:
        return self._rows[index * BLOCK : (index + 1) * BLOCK]

    def around(self, key: Key) -> int | None:
        return self._positions.get(key)


L = TypeVar("L")


class MemoryRows(Generic[L]):
    """Sortable by every field that has a `sort`, in the order given where the look names none."""

    def __init__(
        self, lines: Sequence[L], fields: Sequence[Field[L]], look: ListView, ident: Callable[[L], int | str]
    ) -> None:
        self.sortable = ("", *(field.sort for field in fields if field.sort))
        self._ident = ident
        self._sort = next((field for field in fields if field.sort and field.sort == look.sort), None)
        self._given = {ident(line): number for number, line in enumerate(lines)}
        shown = (line for line in lines if matches(line, fields, look.text))
        self._lines = sorted(shown, key=self._place, reverse=look.descending)

    def _place(self, line: L) -> tuple[Any, ...]:
        number = self._given[self._ident(line)]
        return (number,) if self._sort is None else (*comparable(self._sort.value(line)), number)

    def count(self) -> Count:
        return Count(len(self._lines), exact=True)

    def exact_count(self) -> int:
        return len(self._lines)

    def key(self, line: L) -> PlaceKey:
        """By identity, so that a row is the same row when its values change."""
        return (self._ident(line),)

    def position(self, key: PlaceKey) -> int | None:
        return next((at for at, line in enumerate(self._lines) if self.key(line) == tuple(key)), None)

    def after(self, key: PlaceKey | None, limit: int) -> Sequence[L]:
        at = -1 if key is None else self._at(key)
        return self._lines[at + 1 : at + 1 + limit]

    def before(self, key: PlaceKey | None, limit: int) -> Sequence[L]:
        at = len(self._lines) if key is None else max(self._at(key), 0)
        return self._lines[max(at - limit, 0) : at]

    def _at(self, key: PlaceKey) -> int:
        position = self.position(key)
        return -1 if position is None else position


def matches(line: L, fields: Sequence[Field[L]], text: str) -> bool:
    """Whether every word is somewhere in the line's values."""
    words = text.casefold().split()
    if not words:
        return True
    whole = " ".join(str(value) for field in fields if (value := field.value(line)) is not None).casefold()
    return all(word in whole for word in words)


STRIDE = 4096
"""Rows that are read at once on the way to a place with no pivot near."""
MOST_PIVOTS = 64


class StoreSource(Generic[L]):
    """`read` gives the list anew for every reading of the table, since what it is made of may have changed."""

    def __init__(
        self,
        read: Callable[[], Rows[L]],
        fields: Sequence[Field[L]],
        rendering: Callable[[], RenderContext],
        sortable: tuple[str, ...] = (),
        across: Callable[[L], tuple[str, Tone] | None] = lambda _: None,
    ) -> None:
        """`across`: what a line shows over the whole width instead of cells; None for a line with cells."""
        self._read = read
        self._across = across
        self.fields = fields
        self._rendering = rendering
        self._rows: Rows[L] | None = None
        self._pivots: dict[int, PlaceKey] = {}
        self._known = 0
        self.counted = Count(0, exact=True)
        self.sortable = sortable
        self.rough = False
        """Whether the last fast count was not exact."""

    def know(self, exact: int) -> None:
        """The exact count arrived; it holds until a count says more."""
        self._known = exact
        self.counted = Count(exact, exact=True)

    # -- what a table asks --------------------------------------------------------------------------------------------

    def count(self) -> int:
        self._rows = rows = self._read()
        self.sortable = tuple(rows.sortable)
        total = rows.count()
        self.rough = not total.exact
        if total.exact:
            self._known = 0
            self.counted = total
        else:
            self.counted = Count(max(total.n, self._known), exact=self._known >= total.n)
        return self.counted.n

    def around(self, key: Key) -> int | None:
        if not isinstance(key, tuple):
            return None
        position = self._open.position(key)
        if position is not None:
            self._pivots = {position: key}
        elif self.counted.exact:
            # What is known of places is from before it went; only in a list too long to count is it better than nothing.
            self._pivots.clear()
        return position

    def block(self, index: int, after: Key | None, before: Key | None) -> Sequence[Row]:
        first = index * BLOCK
        lines = self._lines(first, min(first + BLOCK, self.counted.n))
        keys = [self._open.key(line) for line in lines]
        if keys:
            self._remember(first, keys[0])
            self._remember(first + len(keys) - 1, keys[-1])
        rendering = self._rendering()
        return [self._row(key, line, rendering) for key, line in zip(keys, lines, strict=True)]

    def _row(self, key: Key, line: L, rendering: RenderContext) -> Row:
        if (across := self._across(line)) is not None:
            return Row(key, (("", Tone.PLAIN),) * len(self.fields), line, across)
        return Row(key, tuple(field.cell(line, rendering) for field in self.fields), line)

    # -- by key -------------------------------------------------------------------------------------------------------

    @property
    def _open(self) -> Rows[L]:
        if self._rows is None:
            self._rows = self._read()
        return self._rows

    def _remember(self, position: int, key: PlaceKey) -> None:
        self._pivots.pop(position, None)
        self._pivots[position] = key
        while len(self._pivots) > MOST_PIVOTS:
            del self._pivots[next(iter(self._pivots))]

    def _lines(self, first: int, end: int) -> Sequence[L]:
        """Lines `first` to `end` from the nearest place whose key is known, the list's two ends included."""
        if end <= first:
            return ()
        below = max((at for at in self._pivots if at < first), default=-1)
        above = min((at for at in self._pivots if at >= first), default=None)
        if above is None and self.counted.exact:
            above = self.counted.n
        if above is not None and above - first < first - below:
            return self._backwards(first, end, above)
        return self._forwards(first, end, below)

    def _forwards(self, first: int, end: int, at: int) -> Sequence[L]:
        """From the row behind number `at` on."""
        key = self._pivots.get(at)
        while first - at - 1 > 0:
            skipped = self._open.after(key, min(first - at - 1, STRIDE))
            if not skipped:
                return ()
            at, key = at + len(skipped), self._open.key(skipped[-1])
        return self._open.after(key, end - first)

    def _backwards(self, first: int, end: int, at: int) -> Sequence[L]:
        """From the row in front of number `at` back, and on behind it where the block reaches further."""
        key = self._pivots.get(at)
        while at - first > STRIDE:
            skipped = self._open.before(key, STRIDE)
            if not skipped:
                return ()
            at, key = at - len(skipped), self._open.key(skipped[0])
        # One row more than wanted: what lies in front of `first` says where to go on from.
        head: Sequence[Any] = self._open.before(key, at - first + 1)
        if len(head) <= at - first:
            return self._open.after(None, end - first)
        return self._open.after(self._open.key(head[0]), end - first)
