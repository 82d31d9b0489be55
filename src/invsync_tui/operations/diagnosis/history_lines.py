"""Quantities of a listing as lines over time, from the changes that are noted of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from invsync_tui.operations.lists.list_views import Point
from invsync_tui.store.catalog import level_history
from invsync_tui.store.catalog.level_history import ListingChange


class Change(NamedTuple):
    """A quantity that changed; None is unknown, or nothing there."""

    at: int
    before: int | None
    after: int | None


def over_time(
    changes: Sequence[Change], present: int | None, since: int | None, begin: int, now: int
) -> tuple[Point, ...]:
    """A quantity over time from `begin` on, or from when on it is known."""
    known = level_history.limit(since, now)
    start = begin if known is None else max(begin, known)
    held = level_history.at(changes, start, present, known)
    points = [Point(start, held.value)] if held.known else []
    points += [Point(at, after) for at, _, after in changes if at > start or (not points and at >= begin)]
    return tuple(points)


def parted(changes: Sequence[Change]) -> list[Change]:
    """Without those at which only the other quantity changed; the first one stays, since it tells what was before."""
    return [change for place, change in enumerate(changes) if place == 0 or change.before != change.after]


def last_read(cx: sqlite3.Connection, listing_id: int) -> Point | None:
    read = level_history.read_from_cart(cx, listing_id)
    if read is None:
        return None
    at, value = read
    return Point(at, value)


def in_cart(
    cx: sqlite3.Connection,
    cart_id: int,
    changes: Sequence[ListingChange],
    read: Point | None,
    begin: int,
    now: int,
) -> tuple[Point, ...]:
    """What the cart was seen to show. Of the time before it was noted, the quantities that it confirmed."""
    noted, since = level_history.known_in_cart_since(cx), level_history.known_listings_since(cx, cart_id)
    confirmed = [Point(change.at, change.acked) for change in changes if change.at <= noted and _confirms(change)]
    readings = parted([Change(row.at, row.in_cart_before, row.in_cart) for row in changes if row.at > noted])
    if since is not None:
        since = max(since, noted, changes[0].at if changes and _is_first(changes[0]) else 0)
        if not readings and read is not None:
            since = min(since, read.at)
    after: tuple[Point, ...] = ()
    if readings or read is not None:
        after = over_time(readings, read.value if read else None, since, begin, now)
    if not after and read is not None and read.at >= begin:
        after = (read,)
    earlier = [point for point in confirmed if not after or point.at < after[0].at]
    held = [Point(begin, point.value) for point in earlier if point.at < begin][-1:]
    return (*held, *(point for point in earlier if point.at >= begin), *after)


def _confirms(change: ListingChange) -> bool:
    return change.acked_before != change.acked


def _is_first(change: ListingChange) -> bool:
    """Whether nothing was decided on the listing before: it came to the cart then."""
    return change.desired_before is None and change.acked_before is None
