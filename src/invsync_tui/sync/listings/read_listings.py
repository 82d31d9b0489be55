"""Reading a cart's listings: all of them when that is due, else those that the cart says have changed.

Of a cart with several locations, what one of them reads is written for all: its catalog is read once.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from invsync_tui import clock
from invsync_tui.connectors.base import Cart, ListingRow, Page
from invsync_tui.connectors.errors import ContractError, DeferredError, PreparingError, UnavailableError
from invsync_tui.connectors.values import maybe_whole
from invsync_tui.plain_text import counted
from invsync_tui.store import change_sequence
from invsync_tui.store.catalog import sync_marks
from invsync_tui.store.listings import listings
from invsync_tui.store.listings.listings import ListingRecord
from invsync_tui.store.runs import runs
from invsync_tui.sync.chunked_writes import Pace
from invsync_tui.sync.page_limit import BARREN_MOST, DELTA_BARREN_MOST, PageBound
from invsync_tui.sync.runs.clock_difference import CartClock
from invsync_tui.sync.runs.run_context import RunContext
from invsync_tui.sync.settings import Settings

OBSERVE_OVERLAP = 120
"""Seconds by which a delta read goes back behind the last one: carts commit late."""


def record_of(row: ListingRow) -> ListingRecord:
    """A cart's listing as the store keeps it."""
    skip = row.skip.value if row.skip else None
    return ListingRecord(
        row.ref, row.code, row.name, row.tracked, skip, row.allocated, row.quantity,
        row.elsewhere, row.elsewhere_allocated, row.threshold, row.code is not row.sku,
        row.cap, row.group,
    )  # fmt: skip


WAITS_MOST = 3600
"""Seconds: listings that the cart was asked to prepare longer ago are asked for anew, since they would be too old."""
PIECE = 500
"""Listings of one transaction."""
OVERLAPPED = "Some listings came on two pages: they moved while they were read, so that none is taken for gone."
REST = "\x1frest "
"""Begins the cursor of a complete read that waits for what the cart allows; no connector's own begins so."""
GOES_ON = "Continuing to read the listings where the cart allowed no more."
PREPARED = "Continuing to wait for the listings that the cart was asked to prepare."
IN_PARTS = "The listings were read in parts, with hours of waiting between them, so that none is taken for gone."
PASSES = 3
"""Times that the listings are read where each time some were deleted meanwhile."""


def total_of(page: Page[ListingRow]) -> int | None:
    """How many listings the cart announces; None where it does not, or says what cannot be."""
    try:
        return maybe_whole(page.total, 0)
    except ValueError:
        return None


@dataclass(slots=True)
class Pass:
    """One read of the listings from the first page to the last."""

    stable: bool
    """Deleted listings hide no others, by the connector's word."""
    seen: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    """By cart, the numbers of its listings."""
    refs: set[str] = field(default_factory=set)
    unreadable: list[str] = field(default_factory=list)
    """References of those that cannot be read."""
    unnamed: int = 0
    total: int | None = None
    most: int = 0
    """The most that any page announced."""
    overlaps: bool = False
    """A listing came on two pages: the list moved while it was read, and others may have been passed over."""
    rest: bool = False
    """It went on where a read of hours ago had to wait for what the cart allows."""

    @property
    def received(self) -> int:
        """Different listings that came; one that came twice does not make up for one that did not come."""
        return len(self.refs) + self.unnamed

    def add(self, page: Page[ListingRow]) -> None:
        """Take in the listings of one more page."""
        here = {row.ref for row in page.rows if not row.location}
        self.overlaps |= not self.stable and not here.isdisjoint(self.refs)
        self.refs |= here
        unreadable = [ref for ref, _ in page.rejected if ref != "?"]
        self.unreadable += unreadable
        self.refs.update(unreadable)
        self.unnamed += sum(ref == "?" for ref, _ in page.rejected)
        self.total = total_of(page)
        self.most = max(self.most, self.total or 0)

    @property
    def may_hide(self) -> bool:
        """The cart announced fewer and fewer while it was read: a page that starts at a number then starts too late."""
        return not self.stable and self.total is not None and self.total < self.most


class ListingsReader:
    """One read of a cart's listings, within a push run, and of those at its other locations along with it."""

    def __init__(self, job: RunContext, cart: Cart, settings: Settings, cart_clock: CartClock) -> None:
        self.clock = cart_clock
        self.job = job
        self.cart = cart
        self.settings = settings.cart
        self.cart_id = job.run.key
        self.others = dict(settings.locations) if cart.capabilities.reads_locations else {}
        """By `ListingRow.location`, the cart of ours that sets stock there."""
        mine = sync_marks.LastRead(settings.cart.rev, settings.cart.listed_at, settings.cart.observed_at)
        # This run works by the settings that it began with: its connection leads to the locations as they were then.
        self._before = {
            self.cart_id: mine,
            **{number: settings.location_reads[number] for number in self.others.values()},
        }
        self.complete = False
        """All listings were read just now."""

    async def run(self) -> None:
        """Read the cart's listings: all of them when that is due, else those that the cart changed."""
        settings, now = self.settings, clock.seconds()
        listed, observed = settings.listed_at, settings.observed_at
        self.job.report.enter("listings")
        # A look that is dated after now was dated by a clock that was ahead: nobody knows since when to ask for changes.
        ahead = observed is not None and clock.age(observed, now) is None
        if self.job.run.full or ahead or not clock.within(listed, settings.relist_every, now):
            await self._read(None, now)
        elif self.cart.capabilities.delta_read and observed is not None and now - observed >= settings.observe_every:
            await self.clock.measure()
            self._forget_waiting()
            await self._read(self.clock.theirs_before(observed) - OBSERVE_OVERLAP, now)
        else:
            self._forget_waiting()

    # --- what the cart prepares --------------------------------------------------------------------------------------

    def _waiting(self) -> str | None:
        """Where a complete read goes on for which an earlier run asked the cart; None: it begins at its first page."""
        with self.job.store.reading() as cx:
            waiting = sync_marks.waiting_read(cx, self.cart_id)
        if waiting is None or not clock.within(waiting.asked_at, WAITS_MOST, clock.seconds()):
            return None
        part = waiting.cursor.startswith(REST)
        self.job.report.event("info", GOES_ON if part else PREPARED)
        return waiting.cursor

    def _wait_at(self, cursor: str, seconds: int = 0) -> None:
        """The cart was asked to prepare its listings: kept before anything is waited for, so that it is asked once. Or it allows
        no more for so many seconds: what was read is not read again out of the same allowance."""
        with self.job.transaction() as tx:
            waiting = sync_marks.WaitingRead(cursor, clock.seconds() + seconds)
            sync_marks.record_waiting_read(tx, self.cart_id, waiting)

    def _keep_rest(self, cursor: str, seconds: int) -> None:
        """Note where to go on in so many seconds; what the cart prepares has a note of its own, from its beginning."""
        with self.job.store.reading() as cx:
            waiting = sync_marks.waiting_read(cx, self.cart_id)
        if waiting is None or waiting.cursor.startswith(REST):
            self._wait_at(REST + cursor, seconds)

    def _present(self, number: int) -> Sequence[int]:
        with self.job.store.reading() as cx:
            return listings.present_ids(cx, number)

    def _forget_waiting(self) -> None:
        """What was prepared has been read or cannot be, or it would be older than what this run is about to set."""
        with self.job.store.reading() as cx:
            waiting = sync_marks.waiting_read(cx, self.cart_id)
        if waiting is not None:
            with self.job.transaction() as tx:
                sync_marks.record_waiting_read(tx, self.cart_id, None)

    async def _read(self, since: int | None, started: int) -> None:
        """Read to the end. Where listings may have been passed over because others were deleted meanwhile, read again."""
        wanted = self._complete_reads_wanted() if since is None else {}
        for _ in range(PASSES):
            passed = await self._pass(since)
            if not passed.may_hide:
                if passed.total is not None and passed.received < passed.total and not passed.rest:
                    raise UnavailableError(
                        f"The cart announced {counted(passed.total, 'listing')} and sent {passed.received}: not complete."
                    )
                await self._keep_unreadable(passed)
                for number, seen in passed.seen.items():
                    # It was another cart before, or somebody else set its stock.
                    if self._before[number].listed_at is None:
                        await self._forget_where_changed(self._present(number) if passed.rest else sorted(seen))
                await self._finish(passed, started, complete=since is None)
                self._serve(wanted, passed)
                return
            self.job.report.event("info", "Listings were deleted in the cart while it was read: it is read again.")
        raise UnavailableError(
            f"The cart's listings changed during each of {PASSES} reads, so that none of them is complete."
        )

    def _complete_reads_wanted(self) -> dict[int, list[runs.WantedRead]]:
        """By other location, the pushes that wait and were asked to read all listings: this read is what they want."""
        with self.job.store.reading() as cx:
            return {number: runs.complete_reads_wanted(cx, number) for number in self._before}

    def _serve(self, wanted: Mapping[int, Sequence[runs.WantedRead]], passed: Pass) -> None:
        served = [read for number, reads in wanted.items() if passed.seen.get(number) for read in reads]
        if served:
            with self.job.transaction() as tx:
                runs.complete_reads_done(tx, served, self.job.run.id, clock.seconds())

    async def _pass(self, since: int | None) -> Pass:
        passed = Pass(stable=self.cart.capabilities.stable_pages)
        cursor = self._waiting() if since is None else None
        if cursor is not None and cursor.startswith(REST):
            cursor, passed.rest = cursor.removeprefix(REST), True
        visited: set[str | None] = {cursor}
        pace = Pace()
        bound = PageBound("cart", "its listings", BARREN_MOST if since is None else DELTA_BARREN_MOST)
        while True:
            self.job.stop_if_cancelled()
            page = await self._page(cursor, since)
            if since is None and cursor is None and page.next_cursor and not page.rows and not page.rejected:
                self._wait_at(page.next_cursor)
            await self._keep(page, pace, passed)
            passed.add(page)
            for ref, why in page.rejected:
                self.job.report.event("warning", f"Listing {ref} cannot be read (BAD_ROW): {why}")
            cursor = page.next_cursor
            if cursor is None:
                self._forget_waiting()
                return passed
            if cursor in visited:
                raise ContractError(f"The cart repeats itself at {cursor!r} while listing.")
            visited.add(cursor)
            bound.add(passed.received)

    async def _page(self, cursor: str | None, since: int | None) -> Page[ListingRow]:
        try:
            page = await self.cart.listings_page(cursor, since)
        except (
            ContractError
        ):  # what it was asked for is lost: the next run asks anew. After other errors it may be there
            self._forget_waiting()
            raise
        except DeferredError as error:
            if since is None and cursor is not None and not isinstance(error, PreparingError):
                self._keep_rest(cursor, math.ceil(error.retry_after or 0))
            raise
        await self.job.writable()
        return page

    async def _keep(self, page: Page[ListingRow], pace: Pace, passed: Pass) -> None:
        """Write a page, and note which listings it had. Those that could not be read are still there."""
        report, total = self.job.report, total_of(page)
        report.budget = self.cart.budget()
        unreadable = [ref for ref, _ in page.rejected]
        by_location: dict[str, list[ListingRow]] = defaultdict(list)
        for row in page.rows:
            by_location[row.location].append(row)
        for location, number in self.others.items():
            if by_location[location]:  # a location that the cart does not have says nothing of its listings
                await self._keep_rows(number, by_location[location], pace, passed)
        of_page = (len(by_location[""]) + len(unreadable), total)
        await self._keep_rows(self.cart_id, by_location[""], pace, passed, unreadable, of_page)

    async def _keep_rows(
        self,
        number: int,
        rows: Sequence[ListingRow],
        pace: Pace,
        passed: Pass,
        unreadable: Sequence[str] = (),
        of_page: tuple[int, int | None] | None = None,
    ) -> None:
        """`of_page`: how far the run is with the page, as (listings, announced in all), told with its last write."""
        while len(rows) > pace.rows:
            piece, rows = rows[: pace.rows], rows[pace.rows :]  # what is written changes the pace
            with pace.measured():
                passed.seen[number].update(self._write(number, piece))
            await self.job.turn()
        passed.seen[number].update(self._write(number, rows, unreadable, of_page))
        await self.job.turn()

    async def _keep_unreadable(self, passed: Pass) -> None:
        """What could not be read is still there at the other locations, too; known once it is known which the cart has."""
        for number in self.others.values():
            for start in range(0, len(passed.unreadable) if passed.seen.get(number) else 0, PIECE):
                passed.seen[number].update(self._write(number, (), passed.unreadable[start : start + PIECE]))
                await self.job.turn()

    def _write(
        self,
        cart_id: int,
        rows: Sequence[ListingRow],
        unreadable: Sequence[str] = (),
        of_page: tuple[int, int | None] | None = None,
    ) -> list[int]:
        with self.job.transaction() as tx:
            seq = change_sequence.upcoming(tx)
            changed = listings.upsert(tx, cart_id, [record_of(row) for row in rows], clock.seconds(), seq)
            if changed + listings.record_unreadable(tx, cart_id, unreadable, seq):
                change_sequence.take(tx, seq)
            if of_page is not None:
                self.job.report.advance(*of_page)
                self.job.report.put(tx)
            return listings.ids_of_refs(tx, cart_id, [*(row.ref for row in rows), *unreadable])

    async def _forget_where_changed(self, ids: Sequence[int]) -> None:
        for start in range(0, len(ids), PIECE):
            with self.job.transaction() as tx:
                seq = change_sequence.upcoming(tx)
                if listings.forget_where_changed(tx, ids[start : start + PIECE], seq):
                    change_sequence.take(tx, seq)
            await self.job.turn()

    async def _finish(self, passed: Pass, started: int, *, complete: bool) -> None:
        """Mark what is gone, and note that the cart was read; each of its locations whose listings came, its own first."""
        gone_here = self._finish_at(self.cart_id, passed, started, complete=complete)
        self.complete = complete
        if (passed.overlaps or passed.rest) and complete:
            self.job.report.event("warning", OVERLAPPED if passed.overlaps else IN_PARTS)
        if gone_here:
            self.job.report.event(
                "warning", f"{counted(gone_here, 'listing is', 'listings are')} no longer in the cart."
            )
        for number in self.others.values():
            if passed.seen.get(number):
                await self.job.turn()
                self._finish_at(number, passed, started, complete=complete)

    def _finish_at(self, number: int, passed: Pass, started: int, *, complete: bool) -> int:
        """How many listings of a cart are gone."""
        seen, last = passed.seen.get(number, set()), self._before[number]
        with self.job.transaction() as tx:
            have = listings.present_ids(tx, number) if complete else []
            if have and not seen:
                raise UnavailableError("The cart answered with no listings at all; those known so far are kept.")
            gone = [] if passed.overlaps or passed.rest else [listing for listing in have if listing not in seen]
            seq = change_sequence.upcoming(tx)
            if listings.flag_gone(tx, number, gone, started, seq):
                change_sequence.take(tx, seq)
            if complete or self._is_continued(last):
                sync_marks.record_observed(tx, number, started, last.rev, last.listed_at, complete=complete)
        return len(gone)

    def _is_continued(self, last: sync_marks.LastRead) -> bool:
        """Whether changes since our last read are changes since a location's last read, too."""
        mine = self.settings.observed_at
        return last.observed_at is not None and mine is not None and last.observed_at >= mine
