"""Levels that a full download has twice with different quantities: a WMS that lists bins or lots, one row each.

Neither row is the stock, and their sum would be a guess. Connectors refuse those of one page; the second may come pages
later, when the first is stored.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence

from invsync_tui.store import change_sequence
from invsync_tui.store.catalog import levels
from invsync_tui.store.catalog.id_set import IdSet
from invsync_tui.store.catalog.levels import LevelRecord

WHY = "several records for it in one warehouse, with different quantities: neither is the stock"


class DoubledLevels:
    """The levels of one warehouse that a download has had. `seen` are the products of earlier pages, which grows."""

    def __init__(self, seen: IdSet) -> None:
        self._seen = seen
        self._here: set[int] = set()
        """Of the present page, which is written in pieces."""
        self._refused: set[int] = set()

    def next_page(self) -> None:
        """The products of the page are among the seen ones now."""
        self._here.clear()

    def refuse(self, tx: sqlite3.Connection, records: Sequence[LevelRecord], now: int, seq: int) -> set[int]:
        """The products whose records say another quantity than one before: what is stored of them is marked as missing."""
        numbers = {product for _, product, *_ in records}
        had = self._seen.among(numbers) | (numbers & self._here)
        if not had and len(numbers) == len(records):
            self._here |= numbers
            return set()
        warehouse = records[0][0]
        quantities: dict[int, set[tuple[int | None, int]]] = defaultdict(set)
        for number, stored in levels.quantities(tx, warehouse, had).items():
            quantities[number].add(stored)
        for _, product, on_hand, available, *_ in records:
            quantities[product].add((on_hand, available))
        self._here |= numbers
        refused = {number for number, different in quantities.items() if len(different) > 1}
        if levels.flag_missing(tx, warehouse, sorted(refused), now, seq):
            change_sequence.take(tx, seq)
        self._refused |= refused
        return self._refused & numbers
