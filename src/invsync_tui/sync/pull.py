"""Pull: from the WMS into the store, stage by stage. Pages come by `page_reader`, rows are written by `catalog_writer`.

A pull that is cut continues where it was, or starts anew; only one that was read to its end decides what is missing,
and missing is a mark, never a zero.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence

from invsync_tui import clock
from invsync_tui.connectors.base import (
    Absent,
    ChangesProducts,
    Finishes,
    LevelRow,
    Notes,
    ProductRow,
    SaysWhatIsAbsent,
    Source,
    WarehouseRow,
)
from invsync_tui.connectors.errors import ConnectorError, PermissionDeniedError, UnavailableError
from invsync_tui.rules.outcomes import Counts
from invsync_tui.store import models
from invsync_tui.store.catalog import pull_progress, sync_marks
from invsync_tui.store.catalog.id_set import IdSet
from invsync_tui.store.catalog.pull_progress import Generation
from invsync_tui.store.catalog.sync_marks import StoredWarehouse, WarehouseSeen
from invsync_tui.sync import source_identity
from invsync_tui.sync.catalog.catalog_writer import CatalogWriter
from invsync_tui.sync.catalog.complete_read import CompleteRead, counts_of
from invsync_tui.sync.catalog.doubled_levels import DoubledLevels
from invsync_tui.sync.catalog.page_reader import CHANGED_PRODUCTS, CHANGES, UNNAMED, PageReader, PullStage
from invsync_tui.sync.catalog.source_marks import mark_text, went_back
from invsync_tui.sync.orders import pending_orders
from invsync_tui.sync.runs.clock_difference import source_offset
from invsync_tui.sync.runs.run_context import RunContext, SwitchedOff

RESUME_WITHIN = 3600
"""Seconds: an interrupted read that began longer ago starts anew, since its first pages are too old."""
WAITED_MOST = 3 * 86_400
"""Seconds for which a read goes on that had to wait for what the WMS allows: of one that began anew each time, a system that
allows less in an hour than a whole read takes would never be read to its end."""


class Pull:
    """One pull of one merchant."""

    def __init__(self, job: RunContext, source: Source, merchant: models.Merchant, settings: models.Source) -> None:
        self.job = job
        self.source = source
        self.merchant = merchant
        self.settings = settings
        self.merchant_id = job.run.merchant_id
        self._reader = PageReader(job, source)
        self._writer = CatalogWriter(job)
        self._waited = False
        """It goes on with a read of which the first pages are hours old."""

    async def run(self) -> None:
        """Read the source; raises ConnectorError, StoreError, RunCancelled, FencedError or SwitchedOff."""
        if not self.merchant.inventory_sync:
            raise SwitchedOff
        report = self.job.report
        report.enter("connect")
        await self.source.open()
        await self.job.writable()
        anew = await source_identity.check_source(self.job, self.source, self.settings.identity)
        self._writer.clock_offset = await source_offset(self.job, self.source, self.settings.clock_offset)
        await self._refuse_older()
        report.enter("warehouses")
        rows = self._with_unchanged(await self.source.warehouses())
        await self.job.writable()
        if source_identity.check_warehouses(self.job, {row.ref for row in rows}) or anew:
            source_identity.begin_anew(self.job)
            self.settings.mark = ""
        # Before any level is read: what it has now, these include. And of nobody else than the company that is known.
        await pending_orders.ask(self.job, self.source)
        sites_by_ref = self._warehouses(rows)
        generation = await self._generation([site for _, site in sites_by_ref.values()])
        if generation.kind == "delta":
            await self._delta(generation, sites_by_ref)
        else:
            await self._full(generation, sites_by_ref)
        self._writer.name_rounded()
        await self._notes()
        await self._finished()

    def _with_unchanged(self, rows: Sequence[WarehouseRow]) -> Sequence[WarehouseRow]:
        """The warehouses of a download; where it has only what has changed, also those that it does not name."""
        if self.source.capabilities.absent is not Absent.UNCHANGED:
            return rows
        with self.job.store.reading() as cx:
            known = sync_marks.warehouses(cx, self.merchant_id)
        named = {row.ref for row in rows}
        there = [site for site in known if site.ref not in named and site.vanished_at is None]
        return [*rows, *(WarehouseRow(site.ref, site.code, site.name) for site in there)]

    def _warehouses(self, rows: Sequence[WarehouseRow]) -> dict[str, tuple[WarehouseRow, StoredWarehouse]]:
        seen = [WarehouseSeen(row.ref, row.code, row.name, row.active) for row in rows]
        with self.job.transaction() as tx:
            gone = sync_marks.record_warehouses(tx, self.merchant_id, seen, clock.seconds())
            known = {site.ref: site for site in sync_marks.warehouses(tx, self.merchant_id)}
        for site in gone:
            text = "has switched off" if site.gone_why == sync_marks.INACTIVE else "no longer reports"
            self.job.report.event("warning", f"The WMS {text} the warehouse {site.code}; its levels are kept.")
        return {row.ref: (row, known[row.ref]) for row in rows if row.active}

    async def _generation(self, known: Sequence[StoredWarehouse]) -> Generation:
        now = clock.seconds()
        with self.job.transaction() as tx:
            resumable = pull_progress.resumable(tx, self.merchant_id, self.job.run.id)
        if resumable is not None and self._goes_on(resumable, now):
            self.job.report.event(
                "info", f"Continuing an interrupted download at {resumable.stage or 'its next stage'}."
            )
            return resumable
        mark = await self.source.mark()
        await self.job.writable()
        kind = "delta" if self._may_be_delta(now, known) else "full"
        if kind == "delta" and went_back(self.settings.mark, mark):
            text = "The WMS is at an earlier mark than before, as after a restore: reading everything."
            self.job.report.event("warning", text)
            kind = "full"
        stage = self._delta_stages()[0] if kind == "delta" else "products"
        with self.job.transaction() as tx:
            return pull_progress.start(tx, self.merchant_id, self.job.run.id, kind, mark, stage, now)

    def _goes_on(self, generation: Generation, now: int) -> bool:
        """Whether an interrupted read is young enough; notes whether it waited meanwhile."""
        if self.job.run.full and generation.kind == "delta":
            return False
        if clock.within(generation.started_at, RESUME_WITHIN, now):
            return True
        waited_until = self.job.run.not_before
        self._waited = clock.within(waited_until, RESUME_WITHIN, now)
        return self._waited and clock.within(generation.started_at, WAITED_MOST, now)

    async def _refuse_older(self) -> None:
        """A file of yesterday that comes after that of today would put yesterday's stock back."""
        if not self.source.capabilities.refuses_older or self.job.run.full:
            return
        mark = await self.source.mark()
        if not went_back(self.settings.mark, mark):
            return
        raise UnavailableError(
            f"What the WMS offers ({mark_text(mark)}) is older than what was read last "
            f"({mark_text(self.settings.mark)}); the stock is kept.",
            advice=f"If it is right all the same: invsync sync {shlex.quote(self.merchant.name)} --full",
        )

    def _may_be_delta(self, now: int, known: Sequence[StoredWarehouse]) -> bool:
        """Changes say nothing of a warehouse that is new, or that was away, so such a one is read completely first."""
        settings = self.settings
        fresh = clock.within(settings.last_full_at, self._full_every(), now)
        loaded = all(
            site.gone_why == sync_marks.DENIED or (site.last_full_at is not None and site.vanished_at is None)
            for site in known
        )
        return self.source.capabilities.delta and bool(settings.mark) and fresh and loaded and not self.job.run.full

    def _full_every(self) -> int:
        """Seconds between full downloads. Changes renew the reading times of what changed alone: where the source
        gives such times, everything is read again before the readings of the rest are too old to be pushed."""
        every = self.settings.full_every
        if not self.source.capabilities.reports_reading_time:
            return every
        with self.job.store.reading() as cx:
            limit = sync_marks.shortest_stale_after(cx, self.merchant_id)
        return every if limit is None else min(every, limit // 2)

    # --- complete --------------------------------------------------------------------------------------------------

    async def _full(self, generation: Generation, known: dict[str, tuple[WarehouseRow, StoredWarehouse]]) -> None:
        denied: dict[str, PermissionDeniedError] = {}
        for stage in ("products", *(f"levels:{ref}" for ref in known)):
            if stage != generation.stage and self._pages(generation, stage):
                continue  # read to its end before the interruption
            cursor = generation.cursor if stage == generation.stage else None
            if stage == "products":
                await self._reader.read(generation, self._products(), cursor, torn=self._waited)
                continue
            ref = stage.partition(":")[2]
            try:
                await self._reader.read(generation, self._levels(*known[ref]), cursor, torn=self._waited)
            except PermissionDeniedError as error:
                denied[ref] = error
        self._note_denied(denied, known)
        self.job.report.enter("missing")
        reported = await self.source.reported() if isinstance(self.source, SaysWhatIsAbsent) else None
        await self.job.writable()
        read = CompleteRead(self.job, generation, self.source, reported)
        await read.unmark_seen()
        read.finish([site for ref, (_, site) in known.items() if ref not in denied])

    def _note_denied(
        self, denied: Mapping[str, PermissionDeniedError], known: Mapping[str, tuple[WarehouseRow, StoredWarehouse]]
    ) -> None:
        """One warehouse that may not be read does not stop the others; if none may be read, it is the login's fault."""
        if denied and len(denied) == len(known):
            raise next(iter(denied.values()))
        now = clock.seconds()
        for ref, error in denied.items():
            site = known[ref][1]
            with self.job.transaction() as tx:
                sync_marks.record_unread(tx, site, self.merchant_id, sync_marks.DENIED, now)
            self.job.report.event("warning", f"The warehouse {site.code} may not be read: {error.what}")

    def _pages(self, generation: Generation, stage: str) -> int:
        with self.job.store.reading() as cx:
            return pull_progress.stats(cx, generation.id, stage).pages

    def _products(self) -> PullStage[ProductRow]:
        self.job.report.enter("products")
        return PullStage("products", self.source.products_page, self._writer.store_products)

    def _levels(self, row: WarehouseRow, site: StoredWarehouse) -> PullStage[LevelRow]:
        self.job.report.enter(f"levels {site.code}")
        by_ref = {row.ref: site.id}
        seen = IdSet()
        doubled = DoubledLevels(seen)
        return PullStage(
            f"levels:{row.ref}",
            lambda cursor: self.source.levels_page(row, cursor),
            lambda tx, rows, seq: self._writer.store_levels(tx, rows, seq, by_ref, doubled),
            seen,
            doubled,
        )

    # --- delta -----------------------------------------------------------------------------------------------------

    async def _delta(self, generation: Generation, known: dict[str, tuple[WarehouseRow, StoredWarehouse]]) -> None:
        by_ref = {ref: site.id for ref, (_, site) in known.items()}
        for stage in self._delta_stages():
            if stage != generation.stage and self._pages(generation, stage):
                continue  # read to its end before the interruption
            cursor = generation.cursor if stage == generation.stage else None
            self.job.report.enter(stage)
            if stage == CHANGES:
                await self._reader.read(generation, self._changes(by_ref), cursor)
            else:
                await self._reader.read(generation, self._changed_products(), cursor)
        if self._has_new_products(generation):
            self.job.report.event("info", "The WMS has new products: reading everything.")
            with self.job.transaction() as tx:
                pull_progress.abandon(tx, generation.id)
                fresh = pull_progress.start(
                    tx, self.merchant_id, self.job.run.id, "full", generation.mark, "products", clock.seconds()
                )
            self.job.report.counts = Counts()
            self.job.report.reasons.clear()
            await self._full(fresh, known)
            return
        with self.job.transaction() as tx:
            totals = pull_progress.totals(tx, generation.id)
            pull_progress.complete(tx, generation.id, None, totals.rows, clock.seconds())
            sync_marks.record_pulled(tx, self.merchant_id, generation.mark, generation.started_at, full=False)
            self.job.report.counts = counts_of(totals)

    def _delta_stages(self) -> tuple[str, ...]:
        return (CHANGED_PRODUCTS, CHANGES) if isinstance(self.source, ChangesProducts) else (CHANGES,)

    def _changes(self, by_ref: Mapping[str, int]) -> PullStage[LevelRow]:
        since = self.settings.mark
        return PullStage(
            CHANGES,
            lambda cursor: self.source.changed_page(since, cursor),
            lambda tx, rows, seq: self._writer.store_levels(tx, rows, seq, by_ref),
        )

    def _changed_products(self) -> PullStage[ProductRow]:
        since, source = self.settings.mark, self.source
        if not isinstance(source, ChangesProducts):
            raise TypeError(source)
        return PullStage(
            CHANGED_PRODUCTS,
            lambda cursor: source.changed_products_page(since, cursor),
            self._writer.store_changed_products,
        )

    def _has_new_products(self, generation: Generation) -> bool:
        """Whether a delta had a product that the store does not know."""
        with self.job.store.reading() as cx:
            return any(UNNAMED in pull_progress.seen(cx, generation.id, stage) for stage in self._delta_stages())

    # --- notes -----------------------------------------------------------------------------------------------------

    async def _notes(self) -> None:
        """What the connector counts for its own checks; an error costs the notes alone."""
        if not isinstance(self.source, Notes):
            return
        try:
            notes = await self.source.notes()
            await self.job.writable()
        except ConnectorError as error:
            self.job.report.event("info", f"The notes for the doctor could not be read: {error.what}")
            return
        with self.job.transaction() as tx:
            sync_marks.record_counted(tx, self.merchant_id, json.dumps(dict(notes), sort_keys=True))

    async def _finished(self) -> None:
        """Tell the source that the download is committed."""
        if not isinstance(self.source, Finishes):
            return
        try:
            await self.source.finished()
        except ConnectorError as error:
            text = f"The download is complete, but the WMS could not be notified: {error.what} {error.advice}"
            self.job.report.event("warning", text.strip())
