"""Writes the rows of a download's pages into the catalog: products with their kits, levels of stock.

A page that is the same as before writes nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from invsync_tui import clock
from invsync_tui.connectors.base import LevelRow, ProductRow
from invsync_tui.plain_text import counted
from invsync_tui.store.catalog import levels
from invsync_tui.store.catalog import products as catalog_products
from invsync_tui.sync.catalog import doubled_levels
from invsync_tui.sync.catalog.doubled_levels import DoubledLevels
from invsync_tui.sync.catalog.level_pages import level_page
from invsync_tui.sync.catalog.page_reader import UNNAMED, PageResult
from invsync_tui.sync.runs.run_context import RunContext

IDS_REMEMBERED = 300_000
"""Products whose number a pull keeps in memory (some 40 MB). Of larger catalogs it keeps none: those that it would keep are
few beside the others, and all are looked up page by page."""
FRACTIONS_NAMED = 5
"""Levels that are fractions and are named in the run's events."""


class CatalogWriter:
    """Writes rows of one download of one merchant."""

    def __init__(self, job: RunContext) -> None:
        self.job = job
        self.merchant_id = job.run.merchant_id
        self.clock_offset = 0
        """Seconds by which the WMS's clock is ahead of ours; the times of its readings are kept by ours."""
        self._ids: dict[str, int] = {}
        self._remembers = True
        self._rounded = 0
        """Levels of this download that the WMS reports as fractions."""

    def store_products(self, tx: sqlite3.Connection, rows: Sequence[ProductRow], seq: int) -> PageResult:
        """Products of a full download, with the components of kits. Levels of deactivated ones are marked as missing."""
        now = clock.seconds()
        written = catalog_products.upsert_products(tx, self.merchant_id, rows, now, seq)
        catalog_products.write_components(tx, self.merchant_id, rows, written.ids, now, seq)
        self._remember(map(itemgetter(0), rows), written.ids)
        off = [number for number, row in zip(written.ids, rows, strict=True) if not row.active]
        if off:
            levels.flag_inactive(tx, off, now, seq)
        return PageResult(written.ids, written.changed)

    def store_changed_products(self, tx: sqlite3.Connection, rows: Sequence[ProductRow], seq: int) -> PageResult:
        """Products of a delta. One that is new waits for the complete read that it causes."""
        known = catalog_products.present_refs(tx, self.merchant_id, [row.ref for row in rows])
        stored = self.store_products(tx, [row for row in rows if row.ref in known], seq)
        return PageResult(stored.ids if len(known) == len(rows) else [*stored.ids, UNNAMED], stored.changed)

    def _remember(self, refs: Iterable[str], ids: Iterable[int]) -> None:
        if not self._remembers:
            return
        self._ids.update(zip(refs, ids, strict=True))
        if len(self._ids) > IDS_REMEMBERED:
            self._ids, self._remembers = {}, False

    def store_levels(
        self,
        tx: sqlite3.Connection,
        rows: Sequence[LevelRow],
        seq: int,
        warehouses: Mapping[str, int],
        doubled: DoubledLevels | None = None,
    ) -> PageResult:
        """Levels of the warehouses that are given by their references. What the WMS reports as a fraction is rounded down."""
        now = clock.seconds()
        unknown: Sequence[LevelRow] = ()
        rows = _by_our_clock(rows, self.clock_offset)
        try:
            page = level_page(rows, self._ids, warehouses, now, seq)
        except KeyError:
            ids = self._look_up(tx, rows)
            unknown = [row for row in rows if row[0] not in ids or row[1] not in warehouses]
            known = [row for row in rows if row[0] in ids and row[1] in warehouses] if unknown else rows
            page = level_page(known, ids, warehouses, now, seq)
        refused = doubled.refuse(tx, page.records, now, seq) if doubled is not None else set()
        refs: Mapping[int, str] = {}
        if refused:  # their records contradict one another
            refs = {product: ref for product, ref in zip(page.products, page.refs, strict=True) if product in refused}
            page = page.without(refused)
        changed = levels.upsert(tx, page.records)
        if changed:
            levels.save_source_records(tx, seq, page.source_records(), now)
        fractions = page.fractions()
        levels.save_fractions(tx, page.places(), fractions)
        self._rounded += len(fractions)
        why = "a level of a product or warehouse that the WMS does not list"
        rejected = [*((row.product_ref, why) for row in unknown), *((ref, doubled_levels.WHY) for ref in refs.values())]
        return PageResult(page.products, changed, rejected)

    def name_rounded(self) -> None:
        """Say which levels of this pull were rounded down."""
        if not self._rounded:
            return
        with self.job.store.reading() as cx:
            listed = levels.fractions(cx, self.merchant_id, FRACTIONS_NAMED)
        texts = [f"{part.sku} in {part.warehouse}: {part.reported}" for part in listed]
        more = ", ..." if self._rounded > len(texts) else ""
        levels_are = counted(self._rounded, "level is a fraction", "levels are fractions")
        self.job.report.event("warning", f"{levels_are} and rounded down: {', '.join(texts)}{more}.")

    def _look_up(self, tx: sqlite3.Connection, rows: Sequence[LevelRow]) -> Mapping[str, int]:
        """Our numbers of a page's products, where this pull has not met all of them yet."""
        refs = {row[0] for row in rows}
        ids_by_ref = {ref: self._ids[ref] for ref in refs & self._ids.keys()}
        others = catalog_products.ids_by_ref(tx, self.merchant_id, [*(refs - ids_by_ref.keys())])
        self._remember(others, others.values())
        return ids_by_ref | others


def _by_our_clock(rows: Sequence[LevelRow], offset: int) -> Sequence[LevelRow]:
    """Levels with the time of their reading by our clock, where the WMS's is `offset` seconds ahead."""
    if not offset:
        return rows
    return [row if row.read_at is None else row._replace(read_at=row.read_at - offset) for row in rows]
