"""Levels of a page by the store's own numbers, made column by column: a download has millions of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from invsync_tui.connectors.base import LevelRow
from invsync_tui.store.catalog.levels import LevelRecord

Place = tuple[int, int]
"""(warehouse id, product id)."""


class LevelPage(NamedTuple):
    """Columns of equal length, and the records that the store writes of them."""

    refs: Sequence[str]
    """The WMS's own names of the products."""
    warehouses: Sequence[int]
    products: Sequence[int]
    raw: Sequence[Mapping[str, object] | None]
    """The WMS's own records."""
    texts: Sequence[str]
    """What is available in the WMS's own digits where that is no whole number, else ''."""
    records: Sequence[LevelRecord]

    def without(self, products: set[int]) -> LevelPage:
        """The levels of all products but these."""
        columns = zip(*self, strict=True)
        levels = [level for level, product in zip(columns, self.products, strict=True) if product not in products]
        return LevelPage(*map(list, zip(*levels, strict=True))) if levels else _EMPTY

    def places(self) -> Iterable[Place]:
        """Of each level its warehouse and product."""
        return zip(self.warehouses, self.products, strict=True)

    def source_records(self) -> dict[Place, Mapping[str, object]]:
        """By (product id, warehouse id), the WMS's own record where there is one."""
        keys = zip(self.products, self.warehouses, strict=True)
        return {key: record for key, record in zip(keys, self.raw, strict=True) if record is not None}

    def fractions(self) -> dict[Place, str]:
        """By place, what is no whole number in the WMS."""
        if not any(self.texts):
            return {}
        return {place: text for place, text in zip(self.places(), self.texts, strict=True) if text}


_EMPTY = LevelPage((), (), (), (), (), ())


def level_page(
    rows: Sequence[LevelRow], products: Mapping[str, int], warehouses: Mapping[str, int], now: int, seq: int
) -> LevelPage:
    """Rows by our numbers; KeyError if one names a product or warehouse that is not among them."""
    if not rows:
        return _EMPTY
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    refs, sites, *numbers, raw, texts = columns
    ids = list(map(products.__getitem__, refs))
    places = list(map(warehouses.__getitem__, sites))
    records = list(zip(places, ids, *numbers, repeat(now), repeat(seq), strict=False))
    return LevelPage(refs, places, ids, raw, texts, records)
