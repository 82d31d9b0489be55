"""Where a windowed table gets its rows: a protocol for stores of any size, and a list for small ones."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from invsync_tui.tui.text.styled import Tone

BLOCK = 128
"""Rows that are fetched together."""

Key = Hashable
"""Names a row for as long as it exists, wherever it moves."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its key and a (text, tone) per column, as it came, uncleaned."""

    key: Key
    cells: tuple[tuple[str, Tone], ...]
    line: Any = None
    """The record that it shows."""


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
