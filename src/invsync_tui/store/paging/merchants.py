"""Pages of merchants with their carts beneath them, by their names; a key is a merchant's name and a cart's, '' for the
merchant itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from invsync_tui.store import named_rows
from invsync_tui.store.paging.keyset import FAR, Key, Part


class TreeRow(NamedTuple):
    """A merchant, or a cart beneath its merchant. Each of the two is ordered by its names."""

    merchant: str
    cart: str
    """'' for the merchant itself: a cart has a name."""
    merchant_id: int
    cart_id: int | None


_MERCHANTS = "merchant AS m"
_CARTS = "merchant AS m CROSS JOIN cart AS c ON c.merchant_id = m.id"
_HIT = "instr(lower({0}), lower(?)) > 0"
_HAVING = " UNION ".join(
    f"SELECT {number} FROM {table} WHERE {' OR '.join(_HIT.format(column) for column in columns)}"
    for number, table, columns in (
        ("id", "merchant", ("name",)),
        ("merchant_id", "source", ("system",)),
        ("merchant_id", "cart", ("name", "system")),
    )
)
"""Merchants that have a word in a name or system, of their own or of a cart."""


@dataclass(frozen=True, slots=True)
class MerchantTree:
    """All merchants by name, with `carts` each cart beneath its merchant by name; `words` narrow it to merchants that have
    every one of them in a name or system, their own or of one of their carts, and these stay whole. `descending` turns the
    order of the merchants; carts stay in theirs."""

    cx: sqlite3.Connection
    words: Sequence[str] = ()
    carts: bool = True
    descending: bool = False

    def after(self, key: Key | None, limit: int) -> list[TreeRow]:
        """Rows behind `key`; None starts at the first."""
        return self._page(key, limit, backwards=False)

    def before(self, key: Key | None, limit: int) -> list[TreeRow]:
        """Rows in front of `key`, in the list's order; None ends at the last."""
        return self._page(key, limit, backwards=True)[::-1]

    def count(self, most: int | None) -> int:
        """Rows, counted up to `most`; None counts all of them."""
        counted = sum(self._counted(origin, Part("1")) for origin in self._origins())
        return counted if most is None else min(counted, most)

    def position(self, key: Key) -> int | None:
        """Rows in front of `key`; None if it is gone, or there are more than FAR."""
        merchant, cart = key
        same = "m.name = ? AND c.name = ?" if cart else "m.name = ?"
        origin = _CARTS if cart else _MERCHANTS
        if not self._counted(origin, Part(same, key if cart else (merchant,))):
            return None
        merchants = self._counted(_MERCHANTS, self._merchants_beyond(key, backwards=True))
        carts = self._counted(_CARTS, self._carts_beyond(key, backwards=True)) if self.carts else 0
        return merchants + carts if merchants + carts <= FAR else None

    def _origins(self) -> Sequence[str]:
        return (_MERCHANTS, _CARTS) if self.carts else (_MERCHANTS,)

    def _page(self, key: Key | None, limit: int, *, backwards: bool) -> list[TreeRow]:
        merchants, carts = self._way(backwards)
        beyond = Part("1") if key is None else self._merchants_beyond(key, backwards=backwards)
        sql = "SELECT m.name AS merchant, '' AS cart, m.id AS merchant_id, NULL AS cart_id FROM"
        rows = self._rows(f"{sql} {_MERCHANTS}", beyond, f"m.name{merchants}", limit)
        if self.carts:
            beyond = Part("1") if key is None else self._carts_beyond(key, backwards=backwards)
            sql = "SELECT m.name AS merchant, c.name AS cart, m.id AS merchant_id, c.id AS cart_id FROM"
            rows += self._rows(f"{sql} {_CARTS}", beyond, f"m.name{merchants}, c.name{carts}", limit)
            # Both came in this order; a merchant's own row, whose cart is '', is in front of its carts.
            rows.sort(key=lambda row: row.cart, reverse=bool(carts))
            rows.sort(key=lambda row: row.merchant, reverse=bool(merchants))
        return rows[:limit]

    def _way(self, backwards: bool) -> tuple[str, str]:
        """The directions in which merchants and carts are read."""
        return " DESC" if self.descending is not backwards else "", " DESC" if backwards else ""

    def _rows(self, select: str, beyond: Part, order: str, limit: int) -> list[TreeRow]:
        sorted_rows = self._filter_part()
        sql = f"{select} WHERE {beyond.where} AND {sorted_rows.where} ORDER BY {order} LIMIT ?"
        return named_rows.filled(TreeRow, self.cx.execute(sql, (*beyond.values, *sorted_rows.values, limit)))

    def _counted(self, origin: str, beyond: Part) -> int:
        sorted_rows = self._filter_part()
        sql = f"SELECT count(*) FROM {origin} WHERE {beyond.where} AND {sorted_rows.where}"
        return int(self.cx.execute(sql, (*beyond.values, *sorted_rows.values)).fetchone()[0])

    def _merchants_beyond(self, key: Key, *, backwards: bool) -> Part:
        """Merchants behind a key or in front of it. In front of a cart is its own merchant as well."""
        merchants, _ = self._way(backwards)
        sign = "<" if merchants else ">"
        own = "=" if backwards and key[1] else ""
        return Part(f"m.name {sign}{own} ?", (key[0],))

    def _carts_beyond(self, key: Key, *, backwards: bool) -> Part:
        """Carts behind a key or in front of it. The first condition is what the index of names serves."""
        merchants, carts = self._way(backwards)
        sign = "<" if merchants else ">"
        within = "<" if carts else ">"
        merchant, cart = key
        return Part(f"m.name {sign}= ? AND (m.name {sign} ? OR c.name {within} ?)", (merchant, merchant, cart))

    def _filter_part(self) -> Part:
        where = ["1"]
        values: list[str] = []
        for word in self.words:
            where.append(f"m.id IN ({_HAVING})")
            values += [word] * _HAVING.count("?")
        return Part(" AND ".join(where), tuple(values))


def size(cx: sqlite3.Connection) -> tuple[int, int]:
    """How many merchants there are, and how many carts."""
    row = cx.execute("SELECT (SELECT count(*) FROM merchant), (SELECT count(*) FROM cart)").fetchone()
    return int(row[0]), int(row[1])
