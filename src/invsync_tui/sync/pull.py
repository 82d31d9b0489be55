"""Pull: from the WMS into the store, page by page, each page with the cursor behind it in one transaction.

A pull that is cut continues where it was, or starts anew; only one that was read to its end decides what is missing,
and missing is a mark, never a zero.
"""

from __future__ import annotations

import asyncio
import json
import shlex
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Generic, TypeVar

from invsync_tui import clock
from invsync_tui.connectors.base import (
    ChangesProducts,
    Finishes,
    LevelRow,
    Notes,
    Page,
    ProductRow,
    Source,
    WarehouseRow,
)
from invsync_tui.connectors.errors import ConnectorError, ContractError, PermissionDeniedError, UnavailableError
from invsync_tui.plain_text import counted
from invsync_tui.rules.outcomes import Counts, Reason
from invsync_tui.store import change_sequence, models
from invsync_tui.store.catalog import levels, pull_progress, sync_marks
from invsync_tui.store.catalog import products as catalog_products
from invsync_tui.store.catalog.pull_progress import Generation, PageStats
from invsync_tui.store.catalog.sync_marks import StoredWarehouse, WarehouseSeen
from invsync_tui.sync import source_identity
from invsync_tui.sync.catalog import doubled_levels
from invsync_tui.sync.catalog.doubled_levels import DoubledLevels
from invsync_tui.sync.catalog.level_pages import level_page
from invsync_tui.sync.chunked_writes import Pace
from invsync_tui.sync.orders import pending_orders
from invsync_tui.sync.page_limit import BARREN_MOST, DELTA_BARREN_MOST, PageBound
from invsync_tui.sync.runs.clock_difference import source_offset
from invsync_tui.sync.runs.run_context import RunContext, SwitchedOff

RESUME_WITHIN = 3600
"""Seconds: an interrupted read that began longer ago starts anew, since its first pages are too old."""
IDS_REMEMBERED = 300_000
"""Products whose number a pull keeps in memory (some 40 MB); those of larger catalogs are looked up page by page."""
CHANGES = "changes"
"""The stage of a delta that has levels; a product comes once for each of its warehouses."""
CHANGED_PRODUCTS = "changed products"
"""The stage before it, where the source can tell."""
_OF_DELTA = (CHANGED_PRODUCTS, CHANGES)
IDLE_MOST = 20
"""Pages in a row without anything new, repeated or empty, after which a read is given up: it may have no end."""
UNNAMED = 0
"""Stands among the ids of a page for its records of products that the store does not know by their reference, and for those
that may have been passed over."""
UNNAMED_WARNING = "Some records were not read, so that no product was marked as missing."
SHRANK = (
    "The WMS announced {before} records for {stage} at first and {now} at last: its pages may have passed over some of them, "
    "so nothing of it is marked as missing."
)
FRACTIONS_NAMED = 5
"""Levels that are fractions and are named in the run's events."""
REJECTED_SHOWN = 20
"""Unreadable records that are named in the run's events."""
MARK_BACK = timedelta(hours=1)
"""How far a mark that is a time may go back without a restore."""

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class PageResult:
    """What writing a page did: product ids seen, how many rows changed, and (reference, why) of rows left out."""

    ids: Sequence[int]
    changed: int
    rejected: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class PullStage(Generic[Row]):
    """One stage of a pull: where its pages come from, and how one is written in a transaction under a sequence number."""

    stage: str
    fetch: Callable[[str | None], Awaitable[Page[Row]]]
    store_page: Callable[[sqlite3.Connection, Sequence[Row], int], PageResult]


class PagePrefetcher(Generic[Row]):
    """Fetches the next page while the present one is written: the WMS's answer time and our work overlap."""

    def __init__(self, fetch: Callable[[str | None], Awaitable[Page[Row]]]) -> None:
        self._fetch = fetch
        self._ordered: asyncio.Future[Page[Row]] | None = None

    async def __aenter__(self) -> PagePrefetcher[Row]:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._ordered is not None:
            self._ordered.cancel()
            await asyncio.gather(self._ordered, return_exceptions=True)

    async def order(self, cursor: str | None) -> None:
        """Send for a page; nothing for None, the end."""
        self._ordered = asyncio.ensure_future(self._fetch(cursor)) if cursor is not None else None
        await asyncio.sleep(0)  # let the request leave before the event loop is busy with the page in hand

    async def page(self, cursor: str | None) -> Page[Row]:
        """The page at `cursor`, which is the ordered one where one was ordered."""
        ordered, self._ordered = self._ordered, None
        return await (ordered if ordered is not None else self._fetch(cursor))


@dataclass(slots=True)
class Progress:
    """How far a stage has come: pages, different records, and the products among them."""

    pages: int
    records: int
    seen: set[int]
    idle: int = 0
    """Pages in a row that brought nothing new."""
    last: tuple[object, object] | None = None
    """The rows and the rejected records of the last page."""
    most: int = 0
    """The most records that any page announced."""

    def shrank(self, total: int | None) -> bool:
        """Whether the WMS announces fewer than before: a page that starts at a number then starts too late."""
        return total is not None and total < self.most

    def add(self, page: Page[Row], ids: Sequence[int], *, once: bool) -> None:
        """One page more. Where a product comes once, one that comes again does not make up for one that did not come."""
        known = len(self.seen)
        self.seen.update(ids)
        fresh = len(self.seen) > known or (not once and bool(ids))
        here = (page.rows, page.rejected)
        self.idle = 0 if fresh and here != self.last else self.idle + 1
        self.last = here
        again = len(ids) - (len(self.seen) - known) if once else 0
        self.pages += 1
        self.records += len(page.rows) + len(page.rejected) - again
        self.most = max(self.most, page.total or 0)


class Pull:
    """One pull of one merchant."""

    def __init__(self, job: RunContext, source: Source, merchant: models.Merchant, settings: models.Source) -> None:
        self.job = job
        self.source = source
        self.merchant = merchant
        self.settings = settings
        self.merchant_id = job.run.merchant_id
        self._named = 0
        self._ids: dict[str, int] = {}
        self._clock_offset = 0
        self._rounded = 0
        """Levels of this pull that the WMS reports as fractions."""
        self._doubled: DoubledLevels | None = None
        """Of the warehouse that is read; None for a delta, which has all warehouses."""

    async def run(self) -> None:
        """Read the source; raises ConnectorError, StoreError, RunCancelled, FencedError or SwitchedOff."""
        if not self.merchant.inventory_sync:
            raise SwitchedOff
        report = self.job.report
        report.enter("connect")
        await self.source.open()
        anew = await source_identity.check_source(self.job, self.source, self.settings.identity)
        self._clock_offset = await source_offset(self.job, self.source, self.settings.clock_offset)
        await self._refuse_older()
        report.enter("warehouses")
        rows = await self.source.warehouses()
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
        self._name_rounded()
        await self._notes()
        await self._finished()

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
        if resumable is not None and clock.within(resumable.started_at, RESUME_WITHIN, now):
            self.job.report.event(
                "info", f"Continuing an interrupted download at {resumable.stage or 'its next stage'}."
            )
            return resumable
        mark = await self.source.mark()
        kind = "delta" if self._may_be_delta(now, known) else "full"
        if kind == "delta" and went_back(self.settings.mark, mark):
            text = "The WMS is at an earlier mark than before, as after a restore: reading everything."
            self.job.report.event("warning", text)
            kind = "full"
        stage = self._delta_stages()[0] if kind == "delta" else "products"
        with self.job.transaction() as tx:
            return pull_progress.start(tx, self.merchant_id, self.job.run.id, kind, mark, stage, now)

    async def _refuse_older(self) -> None:
        """A file of yesterday that comes after that of today would put yesterday's stock back."""
        if not self.source.capabilities.refuses_older or self.job.run.full:
            return
        mark = await self.source.mark()
        if not went_back(self.settings.mark, mark):
            return
        raise UnavailableError(
            f"What the WMS offers ({_shown_mark(mark)}) is older than what was read last "
            f"({_shown_mark(self.settings.mark)}); the stock is kept.",
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
        """Seconds between complete downloads. Changes renew the reading times of what changed alone: where the source
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
                await self._read(generation, self._products(), cursor)
                continue
            ref = stage.partition(":")[2]
            try:
                await self._read(generation, self._levels(*known[ref]), cursor)
            except PermissionDeniedError as error:
                denied[ref] = error
        self._note_denied(denied, known)
        self.job.report.enter("missing")
        await self._confirm(generation)
        self._finish_full(generation, [site for ref, (_, site) in known.items() if ref not in denied])

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
        return PullStage("products", self.source.products_page, self._store_products)

    def _levels(self, row: WarehouseRow, site: StoredWarehouse) -> PullStage[LevelRow]:
        self.job.report.enter(f"levels {site.code}")
        by_ref = {row.ref: site.id}
        return PullStage(
            f"levels:{row.ref}",
            lambda cursor: self.source.levels_page(row, cursor),
            lambda tx, rows, seq: self._store_levels(tx, rows, seq, by_ref),
        )

    async def _read(self, generation: Generation, reading: PullStage[Row], cursor: str | None) -> None:
        """All pages of a stage from `cursor` on."""
        with self.job.transaction() as tx:
            before = pull_progress.stats(tx, generation.id, reading.stage)
            seen = pull_progress.seen(tx, generation.id, reading.stage)
            pull_progress.move(tx, generation.id, reading.stage, cursor)
        state = Progress(before.pages, before.rows + before.rejected, seen)
        self._doubled = DoubledLevels(state.seen) if reading.stage.startswith("levels:") else None
        visited, pace = {cursor}, Pace()
        bound = PageBound("WMS", reading.stage, DELTA_BARREN_MOST if reading.stage in _OF_DELTA else BARREN_MOST)
        async with PagePrefetcher(reading.fetch) as ahead:
            while True:
                self.job.stop_if_cancelled()
                page = await ahead.page(cursor)
                cursor = page.next_cursor
                if cursor is not None and cursor in visited:
                    raise ContractError(f"The WMS repeats itself at {cursor!r} while reading {reading.stage}.")
                await ahead.order(cursor)
                self.job.report.budget = self.source.budget()
                self._write_page(generation, await self._begun(reading, page, pace), page, state)
                if cursor is None:
                    return
                bound.add(len(state.seen) if reading.stage in _OF_DELTA else state.records)
                visited.add(cursor)

    async def _begun(self, reading: PullStage[Row], page: Page[Row], pace: Pace) -> PullStage[Row]:
        """Write all of a large page but its last piece; returns how the rest is written, with the cursor behind it.

        Who is cut off in between reads the page again, and finds these rows unchanged.
        """
        done: list[PageResult] = []
        start = 0
        while len(page.rows) - start > pace.rows:
            piece = page.rows[start : start + pace.rows]
            with pace.measured():
                done.append(self._write_piece(reading, piece))
            start += len(piece)
            await asyncio.sleep(0)
        if not done:
            return reading
        rest = page.rows[start:]
        return replace(reading, store_page=lambda tx, _, seq: _joined([*done, reading.store_page(tx, rest, seq)]))

    def _write_piece(self, reading: PullStage[Row], piece: Sequence[Row]) -> PageResult:
        with self.job.transaction() as tx:
            seq = change_sequence.upcoming(tx)
            stored = reading.store_page(tx, piece, seq)
            if stored.changed:
                change_sequence.take(tx, seq)
        return stored

    def _write_page(self, generation: Generation, reading: PullStage[Row], page: Page[Row], state: Progress) -> None:
        """One page with the cursor behind it. A last page that comes too early is not kept: it would end the stage."""
        report = self.job.report
        with self.job.transaction() as tx:
            seq = change_sequence.upcoming(tx)
            stored = reading.store_page(tx, page.rows, seq)
            if stored.changed:
                change_sequence.take(tx, seq)
            rejected = [*page.rejected, *stored.rejected]
            state.add(page, stored.ids, once=reading.stage not in _OF_DELTA)
            if self._doubled is not None:
                self._doubled.next_page()
            if page.next_cursor is not None and state.idle >= IDLE_MOST:
                raise ContractError(f"The WMS sends nothing new under ever new cursors while reading {reading.stage}.")
            if page.next_cursor is None:
                _check_total(reading.stage, state.records, page.total)
            shrank = reading.stage not in _OF_DELTA and page.next_cursor is None and state.shrank(page.total)
            stats = PageStats(state.pages, len(stored.ids), stored.changed, len(rejected))
            unread = self._unreadable(tx, stored.rejected if reading.stage in _OF_DELTA else page.rejected)
            ids = [*stored.ids, *unread | ({UNNAMED} if shrank else set())]
            pull_progress.add_page(tx, generation.id, reading.stage, page.next_cursor, ids, stats)
            self._count(stats)
            report.advance(len(page.rows) + len(page.rejected), page.total)
            report.put_if_due(tx)
        self._name_rejected(rejected)
        if shrank:
            text = SHRANK.format(before=state.most, stage=reading.stage, now=page.total)
            self.job.report.event("warning", text)

    def _unreadable(self, tx: sqlite3.Connection, rejected: Sequence[tuple[str, str]]) -> set[int]:
        """Products of records that were left out: they are there. UNNAMED stands for those not known by their reference."""
        refs = {ref for ref, _ in rejected}
        ids_by_ref = catalog_products.ids_by_ref(tx, self.merchant_id, list(refs)) if refs else {}
        return {*ids_by_ref.values()} | ({UNNAMED} if refs - ids_by_ref.keys() else set())

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

    def _store_products(self, tx: sqlite3.Connection, rows: Sequence[ProductRow], seq: int) -> PageResult:
        now = clock.seconds()
        written = catalog_products.upsert_products(tx, self.merchant_id, rows, now, seq)
        catalog_products.write_components(tx, self.merchant_id, rows, written.ids, now, seq)
        self._remember(map(itemgetter(0), rows), written.ids)
        off = [number for number, row in zip(written.ids, rows, strict=True) if not row.active]
        if off:
            levels.flag_inactive(tx, off, now, seq)
        return PageResult(written.ids, written.changed)

    def _store_changed_products(self, tx: sqlite3.Connection, rows: Sequence[ProductRow], seq: int) -> PageResult:
        """Products of a delta. One that is new waits for the complete read that it causes."""
        known = catalog_products.present_refs(tx, self.merchant_id, [row.ref for row in rows])
        stored = self._store_products(tx, [row for row in rows if row.ref in known], seq)
        return PageResult(stored.ids if len(known) == len(rows) else [*stored.ids, UNNAMED], stored.changed)

    def _remember(self, refs: Iterable[str], ids: Iterable[int]) -> None:
        if len(self._ids) < IDS_REMEMBERED:
            self._ids.update(zip(refs, ids, strict=True))

    def _store_levels(
        self, tx: sqlite3.Connection, rows: Sequence[LevelRow], seq: int, warehouses: Mapping[str, int]
    ) -> PageResult:
        now = clock.seconds()
        unknown: Sequence[LevelRow] = ()
        rows = _by_our_clock(rows, self._clock_offset)
        try:
            page = level_page(rows, self._ids, warehouses, now, seq)
        except KeyError:
            ids = self._look_up(tx, rows)
            unknown = [row for row in rows if row[0] not in ids or row[1] not in warehouses]
            known = [row for row in rows if row[0] in ids and row[1] in warehouses] if unknown else rows
            page = level_page(known, ids, warehouses, now, seq)
        refused = self._doubled.refuse(tx, page.records, now, seq) if self._doubled is not None else set()
        refs: Mapping[int, str] = {}
        if refused:  # their records contradict one another
            refs = {product: ref for product, ref in zip(page.products, page.refs, strict=True) if product in refused}
            page = page.without(refused)
        changed = levels.upsert(tx, page.records)
        if changed:
            levels.save_source_records(tx, seq, page.source_records(), now)
        # What the WMS reports as a fraction is rounded down, and the run says so.
        fractions = page.fractions()
        levels.save_fractions(tx, page.places(), fractions)
        self._rounded += len(fractions)
        why = "a level of a product or warehouse that the WMS does not list"
        rejected = [*((row.product_ref, why) for row in unknown), *((ref, doubled_levels.WHY) for ref in refs.values())]
        return PageResult(page.products, changed, rejected)

    def _name_rounded(self) -> None:
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

    async def _confirm(self, generation: Generation) -> None:
        """Unmark the products that are new or back, piece by piece: the read had them, whatever becomes of the others."""
        pace = Pace()
        with self.job.transaction() as tx:
            seen = pull_progress.seen(tx, generation.id, "products")
            marked = catalog_products.marked_among(tx, self.merchant_id, seen)
        while marked:
            piece, marked = marked[: pace.rows], marked[pace.rows :]
            with pace.measured(), self.job.transaction() as tx:
                seq = change_sequence.upcoming(tx)
                catalog_products.unmark(tx, piece, seq)
                change_sequence.take(tx, seq)
            await asyncio.sleep(0)

    def _finish_full(self, generation: Generation, loaded: Sequence[StoredWarehouse]) -> None:
        """The read is complete: mark what it no longer had. One transaction, so it is all or nothing."""
        now = clock.seconds()
        with self.job.transaction() as tx:
            seen = pull_progress.seen(tx, generation.id, "products")
            if not seen and catalog_products.present_count(tx, self.merchant_id):
                raise UnavailableError("The WMS answered with an empty catalog; the products known so far are kept.")
            seq = change_sequence.upcoming(tx)
            gone = _absent(catalog_products.present_ids(tx, self.merchant_id), seen)
            if self.source.capabilities.absent_is_zero:
                gone = []  # they are out of stock, see `_finish_warehouse`
            changed = catalog_products.flag_missing(tx, gone, now, seq)
            warnings = [UNNAMED_WARNING] if UNNAMED in seen else []
            seen.discard(UNNAMED)
            for site in loaded:
                changed += self._finish_warehouse(tx, generation, site, seq, warnings)
            if changed:
                change_sequence.take(tx, seq)
            totals = pull_progress.totals(tx, generation.id)
            present = catalog_products.present_count(tx, self.merchant_id)
            pull_progress.complete(tx, generation.id, present, totals.rows - len(seen), now)
            sync_marks.record_pulled(tx, self.merchant_id, generation.mark, generation.started_at, full=True)
            self.job.report.counts = _counts(totals)
        if gone:
            warnings.append(
                f"{counted(len(gone), 'product is', 'products are')} no longer in the WMS; stock is not changed."
            )
        for text in warnings:
            self.job.report.event("warning", text)

    def _finish_warehouse(
        self, tx: sqlite3.Connection, generation: Generation, site: StoredWarehouse, seq: int, warnings: list[str]
    ) -> int:
        seen = pull_progress.seen(tx, generation.id, f"levels:{site.ref}")
        have = levels.present_ids(tx, site.id)
        if have and not seen - {UNNAMED}:
            sync_marks.record_unread(tx, site, self.merchant_id, sync_marks.EMPTIED, generation.started_at)
            warnings.append(
                f"The warehouse {site.code} reported {counted(len(have), 'level')} before and none now; they are kept."
            )
            return 0
        gone = _absent(have, seen)
        sync_marks.record_loaded(tx, site.id, generation.started_at)
        if gone and self.source.capabilities.absent_is_zero:
            zeroed = levels.set_to_zero(tx, site.id, gone, clock.seconds(), seq)
            if zeroed:
                warnings.append(f"{counted(zeroed, 'level')} of {site.code} are no longer reported; they are 0 now.")
            return zeroed
        if gone:
            warnings.append(
                f"{counted(len(gone), 'level')} of {site.code} are no longer reported; they are marked missing."
            )
        return levels.flag_missing(tx, site.id, gone, generation.started_at, seq)

    # --- delta -----------------------------------------------------------------------------------------------------

    async def _delta(self, generation: Generation, known: dict[str, tuple[WarehouseRow, StoredWarehouse]]) -> None:
        by_ref = {ref: site.id for ref, (_, site) in known.items()}
        for stage in self._delta_stages():
            if stage != generation.stage and self._pages(generation, stage):
                continue  # read to its end before the interruption
            cursor = generation.cursor if stage == generation.stage else None
            self.job.report.enter(stage)
            if stage == CHANGES:
                await self._read(generation, self._changes(by_ref), cursor)
            else:
                await self._read(generation, self._changed_products(), cursor)
        if self._news(generation):
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
            self.job.report.counts = _counts(totals)

    def _delta_stages(self) -> tuple[str, ...]:
        return (CHANGED_PRODUCTS, CHANGES) if isinstance(self.source, ChangesProducts) else (CHANGES,)

    def _changes(self, by_ref: Mapping[str, int]) -> PullStage[LevelRow]:
        since = self.settings.mark
        return PullStage(
            CHANGES,
            lambda cursor: self.source.changed_page(since, cursor),
            lambda tx, rows, seq: self._store_levels(tx, rows, seq, by_ref),
        )

    def _changed_products(self) -> PullStage[ProductRow]:
        since, source = self.settings.mark, self.source
        if not isinstance(source, ChangesProducts):
            raise TypeError(source)
        return PullStage(
            CHANGED_PRODUCTS,
            lambda cursor: source.changed_products_page(since, cursor),
            self._store_changed_products,
        )

    def _news(self, generation: Generation) -> bool:
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


def _absent(present: Sequence[int], seen: set[int]) -> list[int]:
    """What a complete read no longer had. Nothing while it had records that nobody can name: they may be any of these."""
    return [] if UNNAMED in seen or seen.issuperset(present) else [number for number in present if number not in seen]


def _check_total(stage: str, rows: int, total: int | None) -> None:
    """A last page that comes before all rows did is a cut answer, not the end."""
    if total is not None and rows < total:
        raise UnavailableError(
            f"The WMS announced {total} records for {stage} and sent {rows}; the read is not complete."
        )


def went_back(before: str, now: str) -> bool:
    """Whether a WMS is at an earlier mark than it was: it would say of nothing since that it has changed.

    Marks are numbers or times; of any other text nobody knows the order. A time goes back a little by itself where it is
    that of the latest record and this one is deleted.
    """
    if before.isdecimal() and now.isdecimal():
        return (len(now.lstrip("0")), now.lstrip("0")) < (len(before.lstrip("0")), before.lstrip("0"))
    try:
        return datetime.fromisoformat(before) - datetime.fromisoformat(now) > MARK_BACK
    except (ValueError, TypeError):
        return False


def _shown_mark(mark: str) -> str:
    """A mark for a person: seconds as a time in UTC, other numbers without the zeros that fill them up."""
    digits = mark.lstrip("0")
    if mark.isdecimal() and len(digits) == len("1760000000"):
        return f"{datetime.fromtimestamp(int(digits), UTC):%Y-%m-%d %H:%M:%S} UTC"
    return digits if mark.isdecimal() else mark


def _counts(totals: PageStats) -> Counts:
    return Counts(
        total=totals.rows + totals.rejected,
        set=totals.changed,
        equal=totals.rows - totals.changed,
        failed=totals.rejected,
    )


def _by_our_clock(rows: Sequence[LevelRow], offset: int) -> Sequence[LevelRow]:
    """Levels with the time of their reading by our clock, where the WMS's is `offset` seconds ahead."""
    if not offset:
        return rows
    return [row if row.read_at is None else row._replace(read_at=row.read_at - offset) for row in rows]


def _joined(parts: Sequence[PageResult]) -> PageResult:
    """What writing all pieces of a page did. UNNAMED stands for any number of records, so it is there once."""
    ids = [number for part in parts for number in part.ids if number != UNNAMED]
    if any(UNNAMED in part.ids for part in parts):
        ids.append(UNNAMED)
    return PageResult(
        ids, sum(part.changed for part in parts), [rejection for part in parts for rejection in part.rejected]
    )
