"""Pull: from the WMS into the store, page by page, each page with the cursor behind it in one transaction.

A pull that is cut continues where it was, or starts anew; only one that was read to its end decides what is missing,
and missing is a mark, never a zero.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from invsync_tui.connectors.base import LevelRow, Page, ProductRow, Source, WarehouseRow
from invsync_tui.connectors.errors import ContractError, UnavailableError
from invsync_tui.rules.outcomes import Counts, Reason
from invsync_tui.store import catalogue, generations, levels, sequence, sites, tables
from invsync_tui.store.catalogue import ProductRecord
from invsync_tui.store.generations import Generation, PageStats
from invsync_tui.store.levels import LevelRecord
from invsync_tui.store.sites import WarehouseSeen, WarehouseSite
from invsync_tui.sync.job import Job, SwitchedOff

RESUME_WITHIN = 3600
"""Seconds: an interrupted read that began longer ago starts anew, since its first pages are too old."""
REJECTED_SHOWN = 20
"""Unreadable records that are named in the run's events."""

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Stored:
    """What writing a page did: product ids seen, how many rows changed, and (reference, why) of rows left out."""

    ids: Sequence[int]
    changed: int
    rejected: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Reading(Generic[Row]):
    """One stage of a pull: where its pages come from, and how one is written in a transaction under a sequence number."""

    stage: str
    fetch: Callable[[str | None], Awaitable[Page[Row]]]
    store_page: Callable[[sqlite3.Connection, Sequence[Row], int], Stored]


class Pull:
    """One pull of one merchant."""

    def __init__(self, job: Job, source: Source, merchant: tables.Merchant, settings: tables.Source) -> None:
        self.job = job
        self.source = source
        self.merchant = merchant
        self.settings = settings
        self.merchant_id = job.run.merchant_id
        self._named = 0
        self._unknown = 0

    async def run(self) -> None:
        """Read the source; raises ConnectorError, StoreError, RunCancelled, FencedError or SwitchedOff."""
        if not self.merchant.inventory_sync:
            raise SwitchedOff
        report = self.job.report
        report.enter("connect")
        await self.source.open()
        report.enter("warehouses")
        sites_by_ref = await self._warehouses()
        generation = await self._generation()
        if generation.kind == "delta":
            await self._delta(generation, sites_by_ref)
        else:
            await self._full(generation, sites_by_ref)

    async def _warehouses(self) -> dict[str, tuple[WarehouseRow, WarehouseSite]]:
        rows = await self.source.warehouses()
        seen = [WarehouseSeen(row.ref, row.code, row.name, row.active) for row in rows]
        with self.job.transaction() as tx:
            gone = sites.note_warehouses(tx, self.merchant_id, seen, int(time.time()))
            known = {site.ref: site for site in sites.warehouses(tx, self.merchant_id)}
        for code in gone:
            self.job.report.event("warning", f"The WMS no longer reports the warehouse {code}; its levels are kept.")
        return {row.ref: (row, known[row.ref]) for row in rows if row.active}

    async def _generation(self) -> Generation:
        now = int(time.time())
        with self.job.transaction() as tx:
            found = generations.resumable(tx, self.merchant_id, self.job.run.id, now - RESUME_WITHIN)
        if found is not None:
            self.job.report.event("info", f"Continuing an interrupted download at {found.stage}.")
            return found
        kind = "delta" if self._may_be_delta(now) else "full"
        mark = await self.source.mark()
        stage = "changes" if kind == "delta" else "products"
        with self.job.transaction() as tx:
            return generations.start(tx, self.merchant_id, self.job.run.id, kind, mark, stage, now)

    def _may_be_delta(self, now: int) -> bool:
        settings = self.settings
        fresh = settings.last_full_at is not None and now - settings.last_full_at < settings.full_every
        return self.source.capabilities.delta and bool(settings.mark) and fresh and not self.job.run.full

    # --- complete --------------------------------------------------------------------------------------------------

    async def _full(self, generation: Generation, known: dict[str, tuple[WarehouseRow, WarehouseSite]]) -> None:
        stages = ["products", *(f"levels:{ref}" for ref in known)]
        stages = stages[stages.index(generation.stage) :] if generation.stage in stages else stages
        cursor = generation.cursor
        for stage in stages:
            if stage == "products":
                await self._read(generation, self._products(), cursor)
            else:
                await self._read(generation, self._levels(*known[stage.partition(":")[2]]), cursor)
            cursor = None
        self.job.report.enter("missing")
        self._finish_full(generation, [site for _, site in known.values()])

    def _products(self) -> Reading[ProductRow]:
        self.job.report.enter("products")
        return Reading("products", self.source.products_page, self._store_products)

    def _levels(self, row: WarehouseRow, site: WarehouseSite) -> Reading[LevelRow]:
        self.job.report.enter(f"levels {site.code}")
        by_ref = {row.ref: site.id}
        return Reading(
            f"levels:{row.ref}",
            lambda cursor: self.source.levels_page(row, cursor),
            lambda tx, rows, seq: self._store_levels(tx, rows, seq, by_ref),
        )

    async def _read(self, generation: Generation, reading: Reading[Row], cursor: str | None) -> None:
        """All pages of a stage from `cursor` on."""
        with self.job.transaction() as tx:
            before = generations.stats(tx, generation.id, reading.stage)
            generations.move(tx, generation.id, reading.stage, cursor)
        number, rows = before.pages, before.rows + before.rejected
        visited = {cursor}
        while True:
            self.job.stop_if_cancelled()
            page = await reading.fetch(cursor)
            self.job.report.budget = self.source.budget()
            number += 1
            rows += self._write_page(generation, reading, page, number)
            cursor = page.next_cursor
            if cursor is None:
                _check_total(reading.stage, rows, page.total)
                return
            if cursor in visited:
                raise ContractError(f"The WMS repeats itself at {cursor!r} while reading {reading.stage}.")
            visited.add(cursor)

    def _write_page(self, generation: Generation, reading: Reading[Row], page: Page[Row], number: int) -> int:
        report = self.job.report
        with self.job.transaction() as tx:
            seq = sequence.upcoming(tx)
            stored = reading.store_page(tx, page.rows, seq)
            if stored.changed:
                sequence.take(tx, seq)
            rejected = [*page.rejected, *stored.rejected]
            stats = PageStats(number, len(stored.ids), stored.changed, len(rejected))
            generations.add_page(tx, generation.id, reading.stage, page.next_cursor, stored.ids, stats)
            self._count(stats)
            report.advance(len(page.rows) + len(page.rejected), page.total)
            report.put(tx)
        self._name_rejected(rejected)
        return len(page.rows) + len(page.rejected)

    def _count(self, stats: PageStats) -> None:
        counts = self.job.report.counts
        counts.total += stats.rows + stats.rejected
        counts.set += stats.changed
        counts.equal += stats.rows - stats.changed
        counts.failed += stats.rejected
        if stats.rejected:
            self.job.report.reasons[Reason.BAD_ROW.value] += stats.rejected

    def _name_rejected(self, rejected: Sequence[tuple[str, str]]) -> None:
        for ref, why in rejected[: max(0, REJECTED_SHOWN - self._named)]:
            self.job.report.event("warning", f"Record {ref}: {why}")
        self._named += len(rejected)

    def _store_products(self, tx: sqlite3.Connection, rows: Sequence[ProductRow], seq: int) -> Stored:
        records = [_product_record(row) for row in rows if row.active]
        written = catalogue.upsert_products(tx, self.merchant_id, records, seq)
        catalogue.write_components(tx, self.merchant_id, records)
        return Stored(written.ids, written.changed)

    def _store_levels(
        self, tx: sqlite3.Connection, rows: Sequence[LevelRow], seq: int, warehouses: Mapping[str, int]
    ) -> Stored:
        ids = catalogue.ids_by_ref(tx, self.merchant_id, list({row.product_ref for row in rows}))
        records, unknown = [], []
        for row in rows:
            product, warehouse = ids.get(row.product_ref), warehouses.get(row.warehouse_ref)
            if product is None or warehouse is None:
                unknown.append(row)
                continue
            quantities = (row.on_hand, row.available, row.committed, row.incoming, row.read_at)
            records.append(LevelRecord(warehouse, product, *quantities))
        self._unknown += len(unknown)
        changed = levels.upsert(tx, records, int(time.time()), seq)
        rejected = [
            (row.product_ref, "a level of a product or warehouse that the WMS does not list") for row in unknown
        ]
        return Stored([record.product_id for record in records], changed, rejected)

    def _finish_full(self, generation: Generation, loaded: Sequence[WarehouseSite]) -> None:
        """The read is complete: mark what it no longer had. One transaction, so it is all or nothing."""
        now = int(time.time())
        with self.job.transaction() as tx:
            seen = generations.seen(tx, generation.id, "products")
            if not seen and catalogue.present_count(tx, self.merchant_id):
                raise UnavailableError("The WMS answered with an empty catalogue; the products known so far are kept.")
            seq = sequence.upcoming(tx)
            gone = [number for number in catalogue.present_ids(tx, self.merchant_id) if number not in seen]
            changed = catalogue.flag_missing(tx, gone, now, seq)
            warnings: list[str] = []
            for site in loaded:
                changed += self._finish_warehouse(tx, generation, site, seq, warnings)
            if changed:
                sequence.take(tx, seq)
            totals = generations.totals(tx, generation.id)
            generations.complete(tx, generation.id, len(seen), totals.rows - len(seen), now)
            sites.note_pulled(tx, self.merchant_id, generation.mark, generation.started_at, full=True)
            self.job.report.counts = _counts(totals)
        if gone:
            warnings.append(f"{len(gone)} products are no longer in the WMS; their stock is not changed.")
        for text in warnings:
            self.job.report.event("warning", text)

    def _finish_warehouse(
        self, tx: sqlite3.Connection, generation: Generation, site: WarehouseSite, seq: int, warnings: list[str]
    ) -> int:
        seen = generations.seen(tx, generation.id, f"levels:{site.ref}")
        have = levels.present_ids(tx, site.id)
        if have and not seen:
            sites.note_emptied(tx, site.id, generation.started_at)
            warnings.append(
                f"The warehouse {site.code} reported {len(have)} levels before and none now; they are kept."
            )
            return 0
        gone = [number for number in have if number not in seen]
        sites.note_loaded(tx, site.id, generation.started_at)
        if gone:
            warnings.append(f"{len(gone)} levels of {site.code} are no longer reported; they are marked missing.")
        return levels.flag_missing(tx, site.id, gone, generation.started_at, seq)

    # --- delta -----------------------------------------------------------------------------------------------------

    async def _delta(self, generation: Generation, known: dict[str, tuple[WarehouseRow, WarehouseSite]]) -> None:
        self.job.report.enter("changes")
        since = self.settings.mark
        by_ref = {ref: site.id for ref, (_, site) in known.items()}
        reading = Reading(
            "changes",
            lambda cursor: self.source.changed_page(since, cursor),
            lambda tx, rows, seq: self._store_levels(tx, rows, seq, by_ref),
        )
        await self._read(generation, reading, generation.cursor)
        if self._unknown:
            self.job.report.event("info", "The WMS has new products: reading everything.")
            with self.job.transaction() as tx:
                generations.abandon(tx, generation.id)
                fresh = generations.start(
                    tx, self.merchant_id, self.job.run.id, "full", generation.mark, "products", int(time.time())
                )
            self.job.report.counts, self._unknown = Counts(), 0
            self.job.report.reasons.clear()
            await self._full(fresh, known)
            return
        with self.job.transaction() as tx:
            totals = generations.totals(tx, generation.id)
            generations.complete(tx, generation.id, None, totals.rows, int(time.time()))
            sites.note_pulled(tx, self.merchant_id, generation.mark, generation.started_at, full=False)
            self.job.report.counts = _counts(totals)


def _check_total(stage: str, rows: int, total: int | None) -> None:
    """A last page that comes before all rows did is a cut answer, not the end."""
    if total is not None and rows < total:
        raise UnavailableError(
            f"The WMS announced {total} records for {stage} and sent {rows}; the read is not complete."
        )


def _counts(totals: PageStats) -> Counts:
    return Counts(
        total=totals.rows + totals.rejected,
        set=totals.changed,
        equal=totals.rows - totals.changed,
        failed=totals.rejected,
    )


def _product_record(row: ProductRow) -> ProductRecord:
    aliases = tuple((alias.alias_type, alias.code) for alias in row.aliases)
    parts = tuple((part.ref, part.needed) for part in row.components)
    return ProductRecord(row.ref, row.sku or "", row.name, aliases, parts)
