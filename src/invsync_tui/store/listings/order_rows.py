"""Rows of pending orders: units of an order, each with the date from which a reading has to know them. Nothing is read here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from invsync_tui import clock

FUTURE_MOST = 3600
"""Seconds by which an order can lie ahead of the moment we hear of it; a clock that says more is not believed."""

CLOCK_SET = 3600
"""Seconds by which the time of one order by our clock has to change for our clock to have been set."""


class Line(NamedTuple):
    """Units of one of the cart's listings in one of its orders. `taken_at` by our clock, `reported_at` by the cart's."""

    ref: str
    listing_ref: str
    quantity: int
    taken_at: int
    location: str = ""
    name: str = ""
    reported_at: int = 0
    readable: bool = True
    """False for an order that is there and cannot be read: what is known of it stays. '' as its reference: of any."""


class Kept(NamedTuple):
    """A row of the store. All of one product at one location in one order are one row, and what was added later another."""

    cart_id: int
    ref: str
    product_id: int
    location: str
    quantity: int
    taken_at: int
    shop: str
    name: str
    reported_at: int
    seen_at: int
    known_at: int | None
    until: int
    part: int = 0
    """0, or for units that were added to the order later when we heard of them."""


class Terms(NamedTuple):
    """When an order is over. Times are epoch seconds by our clock."""

    now: int
    confirmed_at: int
    """End of the last good pull."""
    within: int
    """Seconds that an order needs to reach the WMS."""
    by_name: bool
    """The WMS says itself which orders it has."""
    reach: int
    """Seconds after which an order is no longer waited for."""

    def until(self, row: Kept, *, named: bool) -> int:
        """From when on a reading takes an order into account; 0 for one that was waited for long enough."""
        if row.seen_at <= self.now - self.reach:
            return 0
        if row.known_at is not None:
            return row.known_at
        taken_at = min(row.taken_at, row.seen_at + FUTURE_MOST)
        return taken_at + (self.reach if self.by_name and named and not row.part else self.within)


def order_parts(
    fresh: Kept, was: Sequence[Kept], units: Mapping[str, int], known: bool, terms: Terms
) -> Collection[Kept]:
    """The rows of an order's units that are not known; `known`: the readings know others of it.

    What it has more than before was added since, at a time that carts do not tell: it is dated now, and is a row of its
    own. What it has less is taken from what was there first, which the readings know first.
    """
    imported = known or any(row.known_at is not None for row in was) or not terms.by_name
    grown = (bool(was) or known) and sum(units.values()) > sum(row.quantity for row in was)
    part = max(terms.now, *(row.part + 1 for row in was), 1)
    added = fresh._replace(taken_at=max(fresh.taken_at, terms.now), part=part)
    newest = sorted(was, key=lambda row: row.part, reverse=True)
    spare = {row: row.quantity for row in newest}
    rest = dict(_located(units, was))
    rows: dict[tuple[str, int], Kept] = {}

    def put(row: Kept, at: str, n: int) -> None:
        before = rows[at, row.part].quantity if (at, row.part) in rows else 0
        rows[at, row.part] = row._replace(location=at, quantity=before + n)
        rest[at] -= n

    # What stays where it was, then what the order says to be elsewhere now: units keep their dates.
    here = [(at, row) for at in rest for row in newest if row.location == at]
    for at, row in [*here, *((at, row) for at in rest for row in newest)]:
        if n := min(rest[at], spare[row]):
            put(row, at, n)
            spare[row] -= n
    for at, left in list(rest.items()):
        if left:  # an order that the WMS does not have yet is imported as it is by then
            put(added if grown and imported else next(iter(was), fresh), at, left)
    return rows.values()


def dated(row: Kept, line: Line, shop: str, now: int) -> Kept:
    """A row with what its cart says of the order now, dated anew if our clock was set since."""
    row = not_ahead(row, now) if row.part else _redated(row, line, now)
    return row._replace(shop=shop, name=line.name, reported_at=line.reported_at)


def _shifted(row: Kept, by: int, now: int) -> Kept:
    """All its times of our clock, none of them after now: nothing was seen or known later than that."""
    known_at = None if row.known_at is None else min(row.known_at + by, now)
    return row._replace(taken_at=row.taken_at + by, seen_at=min(row.seen_at + by, now), known_at=known_at)


def not_ahead(row: Kept, now: int) -> Kept:
    """A row as it is; one that our clock wrote while it was ahead is taken for one that is heard of now."""
    latest = now + clock.TOLERANCE
    if row.seen_at > latest:
        row = _shifted(row, now - row.seen_at, now)
    return row if (row.known_at or 0) <= latest else row._replace(known_at=now)


def _redated(row: Kept, line: Line, now: int) -> Kept:
    """A row whose order is reported again, dated anew if our clock was set since: the cart says when it was taken.

    Only where what is kept cannot have been written by a clock that was right, or was not: it is the cart's clock that
    was set otherwise.
    """
    by = line.taken_at - row.taken_at
    same = line.reported_at == row.reported_at and abs(by) > CLOCK_SET
    was_ahead, was_behind = row.seen_at > now + clock.TOLERANCE, row.seen_at + by <= now + clock.TOLERANCE
    if same and (was_ahead if by < 0 else was_behind):
        return _shifted(row, by, now)
    return not_ahead(row, now)


def _located(units: Mapping[str, int], was: Sequence[Kept]) -> Mapping[str, int]:
    """Units by location; where the cart no longer says, as it once did: a shipped order has no place any more."""
    if set(units) != {""}:
        return units
    before: dict[str, int] = defaultdict(int)
    for row in was:
        if row.location:
            before[row.location] += row.quantity
    total = units[""]
    if before and sum(before.values()) == total:
        return before
    return {next(iter(before)): total} if len(before) == 1 else units
