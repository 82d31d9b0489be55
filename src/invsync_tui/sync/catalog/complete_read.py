"""The end of a download that was read as a whole: what it no longer had is marked, and what is back is unmarked."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from invsync_tui import clock
from invsync_tui.connectors.base import Absent, SaysWhatIsAbsent, Source
from invsync_tui.connectors.errors import UnavailableError
from invsync_tui.plain_text import counted
from invsync_tui.rules.outcomes import Counts
from invsync_tui.store import change_sequence
from invsync_tui.store.catalog import levels, pull_progress, sync_marks
from invsync_tui.store.catalog import products as catalog_products
from invsync_tui.store.catalog.id_set import IdSet
from invsync_tui.store.catalog.pull_progress import Generation, PageStats
from invsync_tui.store.catalog.sync_marks import StoredWarehouse
from invsync_tui.sync.catalog.page_reader import UNNAMED
from invsync_tui.sync.chunked_writes import Pace
from invsync_tui.sync.runs.run_context import RunContext

UNNAMED_WARNING = "Some records were not read, so that no product was marked as missing."


class CompleteRead:
    """What follows from a download that was read to its end. `reported`: see `SaysWhatIsAbsent`."""

    def __init__(self, job: RunContext, generation: Generation, source: Source, reported: int | None) -> None:
        self.job = job
        self.generation = generation
        self.absent = source.capabilities.absent
        self._covers = source.covers if isinstance(source, SaysWhatIsAbsent) else None
        self._reported = reported

    async def unmark_seen(self) -> None:
        """Unmark the products that are new or back, piece by piece: the read had them, whatever becomes of the others."""
        pace = Pace()
        with self.job.transaction() as tx:
            seen = pull_progress.seen(tx, self.generation.id, "products")
            marked = catalog_products.marked_among(tx, self.job.run.merchant_id, seen)
        while marked:
            piece, marked = marked[: pace.rows], marked[pace.rows :]
            with pace.measured(), self.job.transaction() as tx:
                seq = change_sequence.upcoming(tx)
                catalog_products.unmark(tx, piece, seq)
                change_sequence.take(tx, seq)
            await self.job.turn()

    def finish(self, loaded: Sequence[StoredWarehouse]) -> None:
        """Mark what the read no longer had, of products and of the levels of the warehouses that were read.

        One transaction, so it is all or nothing. Raises UnavailableError for an empty catalog where one is known.
        """
        job, generation, now = self.job, self.generation, clock.seconds()
        with job.transaction() as tx:
            seen = pull_progress.seen(tx, generation.id, "products")
            if (
                not seen
                and self.absent is not Absent.UNCHANGED
                and catalog_products.present_count(tx, job.run.merchant_id)
            ):
                raise UnavailableError("The WMS answered with an empty catalog; the products known so far are kept.")
            seq = change_sequence.upcoming(tx)
            gone: list[int] = []
            if self.absent is Absent.UNKNOWN:  # else they are out of stock, see `_finish_warehouse`, or as before
                gone = self._gone(tx, catalog_products.present_ids(tx, job.run.merchant_id), seen)
            changed = catalog_products.flag_missing(tx, gone, now, seq)
            warnings = [UNNAMED_WARNING] if UNNAMED in seen else []
            seen.discard(UNNAMED)
            for site in loaded:
                changed += self._finish_warehouse(tx, site, seq, warnings)
            if changed:
                change_sequence.take(tx, seq)
            totals = pull_progress.totals(tx, generation.id)
            pull_progress.complete(tx, generation.id, self._size(tx, loaded), totals.rows - len(seen), now)
            sync_marks.record_pulled(tx, job.run.merchant_id, generation.mark, generation.started_at, full=True)
            job.report.counts = counts_of(totals)
        if gone:
            warnings.append(
                f"{counted(len(gone), 'product is', 'products are')} no longer in the WMS; stock is not changed."
            )
        for text in warnings:
            job.report.event("warning", text)

    def _gone(self, tx: sqlite3.Connection, present: Sequence[int], seen: IdSet) -> list[int]:
        """What a complete read no longer had, of what it is about."""
        gone = _absent(present, seen)
        if not gone or self._covers is None:
            return gone
        refs = catalog_products.refs_by_id(tx, gone)
        return [number for number in gone if self._covers(refs[number])]

    def _size(self, tx: sqlite3.Connection, loaded: Sequence[StoredWarehouse]) -> int:
        """What the safety rule for a catalog that shrank compares. Where what is absent is 0 its product stays, so that the
        number of products would never show that a file was cut off: there it is the number of levels."""
        if self._reported is not None:
            return self._reported
        if self.absent is not Absent.ZERO:
            return catalog_products.present_count(tx, self.job.run.merchant_id)
        stages = (pull_progress.seen(tx, self.generation.id, f"levels:{site.ref}") for site in loaded)
        return sum(len(seen) - (UNNAMED in seen) for seen in stages)

    def _finish_warehouse(self, tx: sqlite3.Connection, site: StoredWarehouse, seq: int, warnings: list[str]) -> int:
        generation = self.generation
        if self.absent is Absent.UNCHANGED:
            sync_marks.record_loaded(tx, site.id, generation.started_at)
            return 0
        seen = pull_progress.seen(tx, generation.id, f"levels:{site.ref}")
        have = levels.present_ids(tx, site.id)
        if have and len(seen) == (UNNAMED in seen):
            sync_marks.record_unread(tx, site, self.job.run.merchant_id, sync_marks.EMPTIED, generation.started_at)
            warnings.append(
                f"The warehouse {site.code} reported {counted(len(have), 'level')} before and none now; they are kept."
            )
            return 0
        gone = self._gone(tx, have, seen)
        sync_marks.record_loaded(tx, site.id, generation.started_at)
        if self.absent is Absent.ZERO:
            zeroed = levels.set_to_zero(tx, site.id, gone, clock.seconds(), seq)
            if zeroed:
                warnings.append(f"{counted(zeroed, 'level')} of {site.code} are no longer reported; they are 0 now.")
            return zeroed + self._never_in_stock(tx, site, have, seen, seq)
        if gone:
            warnings.append(
                f"{counted(len(gone), 'level')} of {site.code} are no longer reported; they are marked missing."
            )
        return levels.flag_missing(tx, site.id, gone, generation.started_at, seq)

    def _never_in_stock(
        self, tx: sqlite3.Connection, site: StoredWarehouse, have: Sequence[int], seen: IdSet, seq: int
    ) -> int:
        """Levels of 0 for products of the read that were out of stock in a warehouse ever since it was first read."""
        if not seen:
            return 0
        catalog = pull_progress.seen(tx, self.generation.id, "products")
        catalog.discard(UNNAMED)
        known = IdSet(have)
        fresh = [number for number in self._gone(tx, list(catalog), seen) if number not in known]
        return levels.add_zeros(tx, site.id, fresh, clock.seconds(), seq)


def _absent(present: Sequence[int], seen: IdSet) -> list[int]:
    """What a complete read no longer had. Nothing while it had records that nobody can name: they may be any of these."""
    return [] if UNNAMED in seen else seen.missing(present)


def counts_of(totals: PageStats) -> Counts:
    """The outcome counts of a download whose pages add up to `totals`."""
    return Counts(
        total=totals.rows + totals.rejected,
        set=totals.changed,
        equal=totals.rows - totals.changed,
        failed=totals.rejected,
    )
