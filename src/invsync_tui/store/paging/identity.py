"""The identity workbench: listings without a product, explicit links, and listings that were renamed in the cart."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from invsync_tui.store.paging.keyset import Key, Pages, Part, Select, SortOrder
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


class UnmatchedRow(NamedTuple):
    """A listing without a product, nor a link; `key` is its SKU folded."""

    id: int
    ref: str
    sku: str
    name: str
    reason: str
    key: str


_UNMATCHED = "l.id, l.ref, l.sku, l.name, l.match_reason, l.key"
_UNLINKED = "NOT EXISTS (SELECT 1 FROM link AS k WHERE k.cart_id = l.cart_id AND k.ref = l.ref)"


def unmatched(cx: sqlite3.Connection, cart_id: int, text: str, descending: bool = False) -> Pages[UnmatchedRow]:
    """Listings of a cart without a product, nor a link.

    Each reason is a walk of its own in the order of codes, and all are merged.
    """
    where = f"l.cart_id = ? AND l.gone_at IS NULL AND {_UNLINKED}"
    origin = "listing AS l INDEXED BY listing_unmatched"
    select = Select(_UNMATCHED, origin, where, (cart_id,), SKU, descending, record=UnmatchedRow._make)
    return Pages(
        cx, select.narrowed(_with(text, "l.key")), [Part("l.match_reason = ?", (reason,)) for reason in REASONS]
    )


def _with(text: str, column: str) -> Part:
    if not text:
        return Part("1")
    if len(text) < SUBSTRING_LEAST:
        return Part(f"{column} >= ? AND {column} < ?", (text, upper(text)))
    return Part(f"instr({column}, ?) > 0", (text,))


class LinkRow(NamedTuple):
    """A link, its product, and the listing of its reference; None where the cart has none."""

    ref: str
    kind: str
    made_at: int
    made_by: str
    product_id: int
    product_sku: str
    product_name: str
    product_missing: int | None
    listing_id: int | None
    sku: str
    name: str
    matched: int | None
    """The product that the listing means now."""
    gone_at: int | None


def links(cx: sqlite3.Connection, cart_id: int, kind: str, text: str, descending: bool = False) -> Pages[LinkRow]:
    """Links of a cart; `kind` '' for all."""
    columns = (
        "k.ref, k.kind, k.made_at, k.made_by, k.product_id, coalesce(nullif(p.sku, ''), p.ref), p.name, p.missing_since, "
        "l.id, coalesce(l.sku, ''), coalesce(l.name, ''), l.product_id, l.gone_at"
    )
    origin = (
        "link AS k LEFT JOIN listing AS l ON l.cart_id = k.cart_id AND l.ref = k.ref "
        "CROSS JOIN product AS p ON p.id = k.product_id"
    )
    select = Select(columns, origin, "k.cart_id = ?", (cart_id,), REF, descending, record=LinkRow._make)
    if kind:
        select = select.narrowed(Part("k.kind = ?", (kind,)))
    if text:
        select = select.narrowed(Part("(instr(l.key, ?) > 0 OR instr(p.sku_key, ?) > 0)", (text, text)))
    return Pages(cx, select)


class RenameRow(NamedTuple):
    """A listing whose SKU was changed in the cart, and the product that it means now."""

    id: int
    ref: str
    at: int
    before: str
    after: str
    name: str
    product_id: int | None
    product_sku: str | None


def renamed(cx: sqlite3.Connection, cart_id: int, text: str, descending: bool = True) -> Pages[RenameRow]:
    """Renames of listings that a cart has."""
    columns = "l.id, l.ref, r.at, r.before, r.after, l.name, l.product_id, coalesce(nullif(p.sku, ''), p.ref)"
    origin = (
        "listing_rename AS r INDEXED BY listing_rename_at CROSS JOIN listing AS l ON l.id = r.listing_id "
        "LEFT JOIN product AS p ON p.id = l.product_id"
    )
    where = "l.cart_id = ? AND l.gone_at IS NULL"
    select = Select(columns, origin, where, (cart_id,), TIME, descending, record=RenameRow._make)
    if text:
        select = select.narrowed(Part("(instr(l.key, ?) > 0 OR instr(lower(r.before), ?) > 0)", (text, text)))
    return Pages(cx, select)


@dataclass(frozen=True, slots=True)
class Sorted:
    """Pages of which only some rows are kept: those that `keep` lets through, a chunk at a time. No index knows them."""

    pages: Pages[UnmatchedRow]
    keep: Callable[[Sequence[UnmatchedRow]], Sequence[UnmatchedRow]]

    def after(self, key: Key | None, limit: int) -> list[UnmatchedRow]:
        """Rows behind `key`; None starts at the first."""
        return self._matching_rows(self.pages.after, key, limit, -1)[:limit]

    def before(self, key: Key | None, limit: int) -> list[UnmatchedRow]:
        """Rows in front of `key`, in the list's order; None ends at the last."""
        rows = self._matching_rows(self.pages.before, key, limit, 0)
        return rows[-limit:]

    def _matching_rows(
        self, page: Callable[[Key | None, int], list[UnmatchedRow]], key: Key | None, limit: int, last: int
    ) -> list[UnmatchedRow]:
        collected: list[UnmatchedRow] = []
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


def place(row: UnmatchedRow) -> tuple[str, int]:
    """Where a row of `unmatched` stands."""
    return row.key, row.id
