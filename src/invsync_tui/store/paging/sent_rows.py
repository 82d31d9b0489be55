"""Rows that a run sent to its cart, in the order of their batches, and what is known of each of them today."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from invsync_tui.store import named_rows
from invsync_tui.store.listings.push_batches import Item, items_of
from invsync_tui.store.paging.keyset import FAR, Key


class SentRow(NamedTuple):
    """A row of a batch. `item` has the quantities, `state` is the batch's: intent, submitted, answered or in_doubt.

    The fields of the listing are None where it is no longer there; `decided_by` is the run that decided on it last.
    """

    batch: int
    n: int
    state: str
    item: Item
    sku: str | None
    name: str | None
    product_id: int | None
    product_sku: str | None
    decided_by: int | None
    outcome: str | None
    reason: str | None
    error: str | None
    acked: int | None
    confirmed: bool
    """The history of the listing says that the cart accepted this quantity from this run."""


class _Sent(NamedTuple):
    batch: int
    n: int
    state: str
    item: Item


class _Today(NamedTuple):
    sku: str | None = None
    name: str | None = None
    product_id: int | None = None
    product_sku: str | None = None
    decided_by: int | None = None
    outcome: str | None = None
    reason: str | None = None
    error: str | None = None
    acked: int | None = None


_GONE = _Today()

_LISTINGS = """
SELECT l.id, l.sku, l.name, l.product_id, p.sku, l.run_id, l.outcome, l.reason, l.error, l.acked
FROM json_each(?) AS j CROSS JOIN listing AS l ON l.id = j.value LEFT JOIN product AS p ON p.id = l.product_id
"""
_CONFIRMED = "SELECT 1 FROM listing_history WHERE listing_id = ? AND run_id = ? AND acked = ? LIMIT 1"


@dataclass(frozen=True, slots=True)
class SentRows:
    """The rows of a run's batches, as `keyset.Paging` describes a list. A key is (row id of the batch, place in it).

    A batch that was refused as a whole set nothing: its rows are in later batches, or were not sent.
    """

    cx: sqlite3.Connection
    run_id: int

    def after(self, key: Key | None, limit: int) -> list[SentRow]:
        """Rows behind `key`; None starts at the first."""
        batch, place = (-1, -1) if key is None else (int(key[0]), int(key[1]))
        rows: list[_Sent] = []
        for number in self._batches():
            if len(rows) >= limit:
                break
            if number >= batch:
                rows += [row for row in self._rows(number) if (row.batch, row.n) > (batch, place)]
        return self._described(rows[:limit])

    def before(self, key: Key | None, limit: int) -> list[SentRow]:
        """Rows in front of `key`, in the list's order; None ends at the last."""
        rows: list[_Sent] = []
        for number in reversed(self._batches()):
            if len(rows) >= limit:
                break
            if key is None or number <= int(key[0]):
                ahead = [row for row in self._rows(number) if key is None or (row.batch, row.n) < tuple(key)]
                rows = [*ahead, *rows]
        return self._described(rows[max(len(rows) - limit, 0) :])

    def count(self, most: int | None) -> int:
        """Rows, counted up to `most`; None counts all of them."""
        total = 0
        for size in self._sizes(self._batches()):
            total += size
            if most is not None and total >= most:
                return most
        return total

    def position(self, key: Key) -> int | None:
        """Rows in front of `key`; None if it is gone, or there are more than `keyset.FAR`."""
        batch, place = int(key[0]), int(key[1])
        batches = self._batches()
        if batch not in batches or not 0 <= place < sum(self._sizes([batch])):
            return None
        rows_before = place
        for size in self._sizes(number for number in batches if number < batch):
            rows_before += size
            if rows_before > FAR:
                return None
        return rows_before

    def _batches(self) -> list[int]:
        """Row ids of the batches in the order of their recording."""
        sql = "SELECT rowid FROM push_batch WHERE run_id = ? AND state <> 'refused'"
        return sorted(row[0] for row in self.cx.execute(sql, (self.run_id,)))

    def _sizes(self, batches: Iterable[int]) -> Iterator[int]:
        sql = "SELECT json_array_length(items) FROM push_batch WHERE rowid = ?"
        for number in batches:
            yield int(self.cx.execute(sql, (number,)).fetchone()[0])

    def _rows(self, batch: int) -> list[_Sent]:
        state, items = self.cx.execute("SELECT state, items FROM push_batch WHERE rowid = ?", (batch,)).fetchone()
        return [_Sent(batch, place, state, item) for place, item in enumerate(items_of(items))]

    def _described(self, rows: list[_Sent]) -> list[SentRow]:
        ids = json.dumps([row.item.listing_id for row in rows])
        listings = dict(named_rows.keyed(_Today, self.cx.execute(_LISTINGS, (ids,))))
        return [
            SentRow(
                **row._asdict(),
                **listings.get(row.item.listing_id, _GONE)._asdict(),
                confirmed=self._confirmed(row.item),
            )
            for row in rows
        ]

    def _confirmed(self, item: Item) -> bool:
        values = (item.listing_id, self.run_id, item.desired)
        return self.cx.execute(_CONFIRMED, values).fetchone() is not None
