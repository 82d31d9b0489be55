"""Rows of the store as a table's source: positions on the screen, keys in the store.

A table asks for rows by number, the store gives them by key. So the numbers of a few rows are remembered (pivots), and
a block is read from the nearest one. Everything here runs on a reader's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from invsync_tui.operations.rows import Count, PlaceKey, Rows
from invsync_tui.tui.widgets.fields import Field, Sight
from invsync_tui.tui.widgets.row_source import BLOCK, Key, Row

L = TypeVar("L")
STRIDE = 4096
"""Rows that are read at once on the way to a place with no pivot near."""
MOST_PIVOTS = 64


class StoreSource(Generic[L]):
    """`read` gives the list anew for every reading of the table, since what it is made of may have changed."""

    def __init__(
        self,
        read: Callable[[], Rows[L]],
        fields: Sequence[Field[L]],
        sight: Callable[[], Sight],
        sortable: tuple[str, ...] = (),
    ) -> None:
        self._read = read
        self.fields = fields
        self._sight = sight
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
        found = rows.count()
        self.rough = not found.exact
        if found.exact:
            self._known = 0
            self.counted = found
        else:
            self.counted = Count(max(found.n, self._known), exact=self._known >= found.n)
        return self.counted.n

    def around(self, key: Key) -> int | None:
        if not isinstance(key, tuple):
            return None
        position = self._open.position(key)
        if position is not None:
            self._pivots = {position: key}
        return position

    def block(self, index: int, after: Key | None, before: Key | None) -> Sequence[Row]:
        first = index * BLOCK
        lines = self._lines(first, min(first + BLOCK, self.counted.n))
        keys = [self._open.key(line) for line in lines]
        if keys:
            self._remember(first, keys[0])
            self._remember(first + len(keys) - 1, keys[-1])
        sight = self._sight()
        return [
            Row(key, tuple(field.cell(line, sight) for field in self.fields), line)
            for key, line in zip(keys, lines, strict=True)
        ]

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
