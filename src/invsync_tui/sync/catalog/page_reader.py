"""Reads the pages of one stage of a download, and writes each with the cursor behind it in one transaction."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from invsync_tui.connectors.base import Page, Source
from invsync_tui.connectors.errors import ContractError, UnavailableError
from invsync_tui.plain_text import grouped
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store import change_sequence
from invsync_tui.store.catalog import products as catalog_products
from invsync_tui.store.catalog import pull_progress
from invsync_tui.store.catalog.id_set import IdSet
from invsync_tui.store.catalog.pull_progress import Generation, PageStats
from invsync_tui.sync.catalog.doubled_levels import DoubledLevels
from invsync_tui.sync.chunked_writes import Pace
from invsync_tui.sync.page_limit import BARREN_MOST, DELTA_BARREN_MOST, PageBound
from invsync_tui.sync.runs.run_context import RunContext

CHANGES = "changes"
"""The stage of a delta that has levels; a product comes once for each of its warehouses."""
CHANGED_PRODUCTS = "changed products"
"""The stage before it, where the source can tell."""
IDLE_MOST = 20
"""Pages in a row without anything new, repeated or empty, after which a read is given up: it may have no end."""
UNNAMED = 0
"""Stands among the ids of a page for its records of products that the store does not know by their reference, and for those
that may have been passed over."""
SHRANK = (
    "The WMS announced {before} records for {stage} at first and {now} at last: its pages may have passed over some of them, "
    "so nothing of it is marked as missing."
)
OVERLAPPED = (
    "Some records for {stage} came on two pages: they moved while they were read, so that others may have been passed over, and "
    "nothing of it is marked as missing."
)
TORN = (
    "The records for {stage} were read in parts, with hours of waiting between them: others may have moved past, so that nothing "
    "of it is marked as missing."
)
REJECTED_SHOWN = 20
"""Unreadable records that are named in the run's events."""

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
    seen: IdSet = field(default_factory=IdSet)
    """The products that its pages have had, which grows while they are read."""
    doubled: DoubledLevels | None = None
    """The levels of the warehouse that is read; None for products, and for a delta, which has all warehouses."""

    @property
    def of_delta(self) -> bool:
        """Whether its pages have only what has changed; a product comes once for each of its warehouses then."""
        return self.stage in (CHANGED_PRODUCTS, CHANGES)


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
class StageProgress:
    """How far a stage has come: pages, different records, and the products among them."""

    pages: int
    records: int
    seen: IdSet
    idle: int = 0
    """Pages in a row that brought nothing new."""
    last: tuple[object, object] | None = None
    """The rows and the rejected records of the last page."""
    most: int = 0
    """The most records that any page announced."""
    overlaps: int = 0
    """Pages with records that an earlier one had, where each comes once."""
    torn: bool = False
    """What was read before was read hours ago."""

    def shrank(self, total: int | None) -> bool:
        """Whether the WMS announces fewer than before: a page that starts at a number then starts too late."""
        return total is not None and total < self.most

    def add(self, page: Page[Row], ids: Sequence[int], *, once: bool) -> bool:
        """One page more. Where a product comes once, one that comes again does not make up for one that did not come.

        Returns whether an earlier page had one of them: then the list moved under the pages."""
        known = len(self.seen)
        self.seen.update(ids)
        fresh = len(self.seen) > known or (not once and bool(ids))
        here = (page.rows, page.rejected)
        self.idle = 0 if fresh and here != self.last else self.idle + 1
        self.last = here
        again = len(ids) - (len(self.seen) - known) if once else 0
        overlaps = again > 0 and len({*ids}) > len(self.seen) - known
        self.overlaps += overlaps
        self.pages += 1
        self.records += len(page.rows) + len(page.rejected) - again
        self.most = max(self.most, page.total or 0)
        return overlaps


class PageReader:
    """Reads the stages of one download of one merchant."""

    def __init__(self, job: RunContext, source: Source) -> None:
        self.job = job
        self.source = source
        self._named = 0
        """Rejected records, of which the first are named in the run's events."""

    async def read(
        self, generation: Generation, reading: PullStage[Row], cursor: str | None, *, torn: bool = False
    ) -> None:
        """All pages of a stage from `cursor` on. `torn`: what is before the cursor was read hours ago."""
        torn = torn and cursor is not None
        if torn:
            self.job.report.event("warning", TORN.format(stage=reading.stage))
        await self.job.writable()
        with self.job.transaction() as tx:
            before = pull_progress.stats(tx, generation.id, reading.stage)
            reading.seen.update(pull_progress.seen(tx, generation.id, reading.stage))
            pull_progress.move(tx, generation.id, reading.stage, cursor)
        state = StageProgress(before.pages, before.rows + before.rejected, reading.seen, torn=torn)
        visited, pace = {cursor}, Pace()
        bound = PageBound("WMS", reading.stage, DELTA_BARREN_MOST if reading.of_delta else BARREN_MOST)
        async with PagePrefetcher(reading.fetch) as ahead:
            while True:
                self.job.stop_if_cancelled()
                page = await ahead.page(cursor)
                cursor = page.next_cursor
                if cursor is not None and cursor in visited:
                    raise ContractError(f"The WMS repeats itself at {cursor!r} while reading {reading.stage}.")
                await ahead.order(cursor)
                await self.job.writable()
                self.job.report.budget = self.source.budget()
                self._write_page(generation, await self._begun(reading, page, pace), page, state)
                if cursor is None:
                    return
                bound.add(len(state.seen) if reading.of_delta else state.records)
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
            await self.job.turn()
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

    def _write_page(
        self, generation: Generation, reading: PullStage[Row], page: Page[Row], state: StageProgress
    ) -> None:
        """One page with the cursor behind it. A last page that comes too early is not kept: it would end the stage."""
        report = self.job.report
        with self.job.transaction() as tx:
            seq = change_sequence.upcoming(tx)
            stored = reading.store_page(tx, page.rows, seq)
            if stored.changed:
                change_sequence.take(tx, seq)
            rejected = [*page.rejected, *stored.rejected]
            overlaps = state.add(page, stored.ids, once=not reading.of_delta)
            if reading.doubled is not None:
                reading.doubled.next_page()
            if page.next_cursor is not None and state.idle >= IDLE_MOST:
                raise ContractError(f"The WMS sends nothing new under ever new cursors while reading {reading.stage}.")
            if page.next_cursor is None:
                _check_total(reading.stage, state.records, page.total)
            shrank = not reading.of_delta and page.next_cursor is None and state.shrank(page.total)
            stats = PageStats(state.pages, len(stored.ids), stored.changed, len(rejected))
            unread = self._unreadable(tx, stored.rejected if reading.of_delta else page.rejected)
            ids = [*stored.ids, *unread | ({UNNAMED} if shrank or overlaps or state.torn else set())]
            pull_progress.add_page(tx, generation.id, reading.stage, page.next_cursor, ids, stats)
            self._count(stats)
            report.advance(len(page.rows) + len(page.rejected), page.total)
            report.put_if_due(tx)
        self._name_rejected(rejected)
        if overlaps and state.overlaps == 1:
            self.job.report.event("warning", OVERLAPPED.format(stage=reading.stage))
        if shrank:
            text = SHRANK.format(before=state.most, stage=reading.stage, now=page.total)
            self.job.report.event("warning", text)

    def _unreadable(self, tx: sqlite3.Connection, rejected: Sequence[tuple[str, str]]) -> set[int]:
        """Products of records that were left out: they are there. UNNAMED stands for those not known by their reference."""
        refs = {ref for ref, _ in rejected}
        ids_by_ref = catalog_products.ids_by_ref(tx, self.job.run.merchant_id, list(refs)) if refs else {}
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


def _check_total(stage: str, rows: int, total: int | None) -> None:
    """A last page that comes before all rows did is a cut answer, not the end."""
    if total is not None and rows < total:
        raise UnavailableError(
            f"The WMS announced {grouped(total)} records for {stage} and sent {grouped(rows)}; the read is not complete."
        )


def _joined(parts: Sequence[PageResult]) -> PageResult:
    """What writing all pieces of a page did. UNNAMED stands for any number of records, so it is there once."""
    ids = [number for part in parts for number in part.ids if number != UNNAMED]
    if any(UNNAMED in part.ids for part in parts):
        ids.append(UNNAMED)
    return PageResult(
        ids, sum(part.changed for part in parts), [rejection for part in parts for rejection in part.rejected]
    )
