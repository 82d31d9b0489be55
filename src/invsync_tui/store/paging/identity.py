"""The identity workbench: listings without a product, explicit links, and listings that were renamed in the cart."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from invsync_tui.store.paging.keyset import Key, Pages, Part, Row, Select, SortOrder
from invsync_tui.store.paging.text_filter import SUBSTRING_LEAST, upper

REASONS = ("ALIAS_MISSING", "AMBIGUOUS_ALIAS", "DUPLICATE_IN_CART", "NOT_IN_WMS", "WRONG_ALIAS_TYPE")
"""Why a listing has no product, in the store's words."""
SKU = SortOrder("sku", ("l.key", "l.id"))
REF = SortOrder("ref", ("k.ref",))
TIME = SortOrder("at", ("r.at", "r.listing_id"))
CHUNK = 250
"""Listings that are compared with products at a time."""
QUICK = 500
"""Listings that a quick count of one kind compares at most."""

_UNMATCHED = "l.id, l.ref, l.sku, l.name, l.match_reason, l.key"
_UNLINKED = "NOT EXISTS (SELECT 1 FROM link AS k WHERE k.cart_id = l.cart_id AND k.ref = l.ref)"


def unmatched(cx: sqlite3.Connection, cart_id: int, text: str, descending: bool = False) -> Pages:
    """Listings of a cart without a product, nor a link: (id, ref, SKU, name, reason, key).

    Each reason is a walk of its own in the order of codes, and all are merged.
    """
    where = f"l.cart_id = ? AND l.gone_at IS NULL AND {_UNLINKED}"
    select = Select(_UNMATCHED, "listing AS l INDEXED BY listing_unmatched", where, (cart_id,), SKU, descending)
    return Pages(
        cx, select.narrowed(_with(text, "l.key")), [Part("l.match_reason = ?", (reason,)) for reason in REASONS]
    )


def _with(text: str, column: str) -> Part:
    if not text:
        return Part("1")
    if len(text) < SUBSTRING_LEAST:
        return Part(f"{column} >= ? AND {column} < ?", (text, upper(text)))
    return Part(f"instr({column}, ?) > 0", (text,))


def links(cx: sqlite3.Connection, cart_id: int, kind: str, text: str, descending: bool = False) -> Pages:
    """Links of a cart; `kind` '' for all. (ref, kind, made at, by, product, its SKU, name, missing since, listing, its
    SKU, name, product, gone at)."""
    columns = (
        "k.ref, k.kind, k.made_at, k.made_by, k.product_id, coalesce(nullif(p.sku, ''), p.ref), p.name, p.missing_since, "
        "l.id, coalesce(l.sku, ''), coalesce(l.name, ''), l.product_id, l.gone_at"
    )
    origin = (
        "link AS k LEFT JOIN listing AS l ON l.cart_id = k.cart_id AND l.ref = k.ref "
        "CROSS JOIN product AS p ON p.id = k.product_id"
    )
    select = Select(columns, origin, "k.cart_id = ?", (cart_id,), REF, descending)
    if kind:
        select = select.narrowed(Part("k.kind = ?", (kind,)))
    if text:
        select = select.narrowed(Part("(instr(l.key, ?) > 0 OR instr(p.sku_key, ?) > 0)", (text, text)))
    return Pages(cx, select)


def renamed(cx: sqlite3.Connection, cart_id: int, text: str, descending: bool = True) -> Pages:
    """Renames of listings that a cart has: (listing, ref, at, before, after, name, product, its SKU)."""
    columns = "l.id, l.ref, r.at, r.before, r.after, l.name, l.product_id, coalesce(nullif(p.sku, ''), p.ref)"
    origin = (
        "listing_rename AS r INDEXED BY listing_rename_at CROSS JOIN listing AS l ON l.id = r.listing_id "
        "LEFT JOIN product AS p ON p.id = l.product_id"
    )
    select = Select(columns, origin, "l.cart_id = ? AND l.gone_at IS NULL", (cart_id,), TIME, descending)
    if text:
        select = select.narrowed(Part("(instr(l.key, ?) > 0 OR instr(lower(r.before), ?) > 0)", (text, text)))
    return Pages(cx, select)


@dataclass(frozen=True, slots=True)
class Sorted:
    """Pages of which only some rows are kept: those that `keep` lets through, a chunk at a time. No index knows them."""

    pages: Pages
    keep: Callable[[Sequence[Row]], Sequence[Row]]

    def after(self, key: Key | None, limit: int) -> list[Row]:
        """Rows behind `key`; None starts at the first."""
        return self._matching_rows(self.pages.after, key, limit, -1)[:limit]

    def before(self, key: Key | None, limit: int) -> list[Row]:
        """Rows in front of `key`, in the list's order; None ends at the last."""
        rows = self._matching_rows(self.pages.before, key, limit, 0)
        return rows[-limit:]

    def _matching_rows(
        self, page: Callable[[Key | None, int], list[Row]], key: Key | None, limit: int, last: int
    ) -> list[Row]:
        collected: list[Row] = []
        while len(collected) < limit:
            rows = page(key, CHUNK)
            kept_rows = list(self.keep(rows))
            collected = [*collected, *kept_rows] if last else [*kept_rows, *collected]
            if len(rows) < CHUNK:
                break
            key = place(rows[last])
        return collected

    def count(self, most: int | None) -> int:
        """Rows among the first QUICK that are looked at; all of them for None."""
        return len(self.keep(self.pages.after(None, QUICK))) if most is not None else self._total()

    def _total(self) -> int:
        total, key = 0, None
        while rows := self.pages.after(key, CHUNK):
            total, key = total + len(self.keep(rows)), place(rows[-1])
        return total

    def position(self, key: Key) -> int | None:
        """Unknown: that would be a count of what is in front of it."""
        return None


def place(row: Row) -> tuple[Any, ...]:
    """Where a row of `unmatched` stands."""
    return row[5], row[0]
