"""Aliases: the types that were really loaded, codes that several products share, and products that lack a type.

All numbers are exact and answer at any size: triggers keep them with the catalog.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from invsync_tui.operations.catalog.stock import Summaries, by_sku
from invsync_tui.operations.errors import as_operation_error
from invsync_tui.operations.lists.list_views import AliasTypeLine, CollisionLine, SummaryLine
from invsync_tui.operations.lists.listed_rows import Listed, chosen, few
from invsync_tui.operations.lists.rows import Ordering, PlaceKey, Rows
from invsync_tui.operations.lists.sorted_lines import Value, in_order, parted
from invsync_tui.operations.session import Session
from invsync_tui.rules.matching import normalize_key
from invsync_tui.store.paging import codes, counts, stock, text_filter
from invsync_tui.store.paging.keyset import Paging

SHARERS = 50
"""Products named with a shared code at most."""


COLLISION_VALUES: Mapping[str, Callable[[CollisionLine], Value]] = {
    "products": lambda line: len(line.products),
    "skus": lambda line: ", ".join(sku for _, sku in line.products),
}
MISSING_VALUES: Mapping[str, Callable[[SummaryLine], Value]] = {
    "name": lambda line: line.name,
    "total": lambda line: line.total,
}
"""What else these lists can be sorted by, where they are short."""


def types(session: Session, merchant_id: int) -> tuple[AliasTypeLine, ...]:
    """The SKU, as kind 0, and the alias types of a merchant by name."""
    with as_operation_error(), session.store.reading() as cx:
        sets = counts.kinds(cx, merchant_id)
        rows = codes.kinds(cx, merchant_id)
        shared = {row.kind: counts.collisions(cx, merchant_id, row.kind) for row in rows}
    total = sum(n for _, _, n in sets)
    having = {row.kind: sum(n for kinds, _, n in sets if row.kind in kinds) for row in rows}
    return tuple(
        AliasTypeLine(row.kind, row.name, having[row.kind], total - having[row.kind], shared[row.kind], row.carts)
        for row in rows
    )


def collisions(
    session: Session, merchant_id: int, kind: int, ordering: Ordering | None = None, text: str = ""
) -> Rows[CollisionLine]:
    """Codes of a type that name several products, by code; `text` keeps those with it in the code or in a product's SKU."""
    by_code, rest = parted(ordering, codes.BY_CODE.name)
    with as_operation_error(), session.store.reading() as cx:
        _, descending, sortable = chosen((codes.BY_CODE,), by_code, small=False)
        name = codes.kind_name(cx, kind)
        pages = codes.collisions(
            cx, merchant_id, kind, descending, text_filter.products(cx, merchant_id, normalize_key(text))
        )
        total = None if text else counts.collisions(cx, merchant_id, kind)

    def make(rows: Sequence[codes.SharedCode]) -> list[CollisionLine]:
        with session.store.reading() as cx:
            sharers = codes.sharers(cx, merchant_id, rows, SHARERS)
        return [CollisionLine(name, row.code, tuple(sharers.get((row.kind, row.code), ()))) for row in rows]

    sortable = (*sortable, *(COLLISION_VALUES if _few(session, pages) else ()))
    return in_order(Listed(session, pages, make, _by_code, sortable, total), rest, COLLISION_VALUES)


def _few(session: Session, pages: Paging[Any]) -> bool:
    with as_operation_error(), session.store.reading():
        return few(pages)


def _by_code(line: CollisionLine) -> PlaceKey:
    return normalize_key(line.code), line.code


def missing(
    session: Session, merchant_id: int, kind: int, ordering: Ordering | None = None, text: str = ""
) -> Rows[SummaryLine]:
    """Products that have no code of a type, by SKU; `text` keeps those with it in their SKU or in a code."""
    by_its_sku, rest = parted(ordering, stock.SUMMARY_ORDERS[0].name)
    with as_operation_error(), session.store.reading() as cx:
        _, descending, sortable = chosen(stock.SUMMARY_ORDERS[:1], by_its_sku, small=False)
        pages = stock.lacking(
            cx, merchant_id, kind, descending, text_filter.products(cx, merchant_id, normalize_key(text))
        )
        total = None if text else sum(each.n for each in counts.kinds(cx, merchant_id) if kind not in each.kinds)
    sortable = (*sortable, *(MISSING_VALUES if _few(session, pages) else ()))
    lines = Listed(session, pages, Summaries(session, merchant_id), by_sku, sortable, total)
    return in_order(lines, rest, MISSING_VALUES)
