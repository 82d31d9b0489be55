"""What happened in runs, over all merchants and connections: the event log, newest first, and what is new in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from invsync_tui import clock
from invsync_tui.operations import names
from invsync_tui.operations.errors import as_operation_error
from invsync_tui.operations.lists.listed_rows import Listed, chosen, few
from invsync_tui.operations.lists.rows import Ordering, PlaceKey, Rows
from invsync_tui.operations.session import Session
from invsync_tui.operations.views import RunKind
from invsync_tui.store.paging import events as pages
from invsync_tui.store.paging.events import StoredEvent

OVERLAP = 5
"""Seconds that are read again for new events: what several workers write in one second does not come in its order."""


class Severity(StrEnum):
    """How much an event matters, rising."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def and_worse(self) -> tuple[str, ...]:
        """Stored levels from this one on."""
        levels = [str(severity) for severity in Severity]
        return tuple(levels[levels.index(str(self)) :])


@dataclass(frozen=True, slots=True)
class EventLine:
    """Something that happened in a run. `at` in epoch seconds."""

    run_id: int
    n: int
    """Counts within the run."""
    at: int
    severity: Severity
    text: str
    kind: RunKind
    merchant_id: int
    merchant: str
    cart_id: int | None
    cart: str | None
    """None for a download."""

    @property
    def id(self) -> PlaceKey:
        """Its place in the log."""
        return self.at, self.run_id, self.n


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events; None does not narrow. Of a merchant: its download's and its carts'."""

    merchant: str | None = None
    cart: str | None = None
    severity: Severity | None = None
    """This one and worse."""
    since: int | None = None
    """Epoch seconds, included."""
    until: int | None = None


NEWEST = Ordering("at", descending=True)
_PLACES: Mapping[str, Callable[[EventLine], PlaceKey]] = {
    "at": lambda line: line.id,
    "severity": lambda line: (list(Severity).index(line.severity), *line.id),
    "merchant": lambda line: (line.merchant, *line.id),
    "cart": lambda line: (line.cart or "", *line.id),
    "run": lambda line: (line.run_id, line.n),
    "text": lambda line: (line.text, *line.id),
}


def events(session: Session, wanted: EventFilter = EventFilter(), ordering: Ordering | None = None) -> Rows[EventLine]:
    """The event log, newest first where no other order is asked for.

    OperationError for a merchant or a cart that there is none of.
    """
    merchant = names.merchant(session, wanted.merchant).id if wanted.merchant else None
    cart = names.cart(session, wanted.cart, merchant).id if wanted.cart else None
    levels = wanted.severity.and_worse if wanted.severity else None
    narrowed = pages.EventFilter(merchant, cart, levels, wanted.since, wanted.until)
    with as_operation_error(), session.store.reading() as cx:
        small = few(pages.events(cx, narrowed))
        order, descending, sortable = chosen(pages.ORDERS, ordering or NEWEST, small=small)
        event_pages = pages.events(cx, narrowed, order, descending)

    def lines(rows: Sequence[StoredEvent]) -> list[EventLine]:
        return [_line(row) for row in rows]

    return Listed(session, event_pages, lines, _PLACES[order.name], sortable)


def _line(event: StoredEvent) -> EventLine:
    return EventLine(
        run_id=event.run_id,
        n=event.n,
        at=event.at,
        severity=Severity(event.level),
        text=event.text,
        kind=RunKind(event.kind),
        merchant_id=event.merchant_id,
        merchant=event.merchant,
        cart_id=event.cart_id,
        cart=event.cart,
    )


class NewEvents:
    """Events that were written since the last question, in the order of time.

    Times go back where a clock is set back: what is written then is new, though there are events with later times.
    """

    def __init__(self, rows: Rows[EventLine]) -> None:
        self._rows = rows
        newest = rows.after(None, 1)
        self._at = min(newest[0].at, clock.seconds()) if newest else 0
        self._seen = set(self._places(self._at - OVERLAP))

    def read(self) -> list[EventLine]:
        """What is new, oldest first; no more than LOOKED_AT at a time, the rest with the next call."""
        now = clock.seconds()
        if now < self._at - OVERLAP:
            # What has a later time than now, up to the newest that was read, was written before the clock was set.
            self._seen |= {place for place in self._places(now + 1) if place[0] <= self._at}
            self._at = now
        fresh: list[EventLine] = []
        for lines in self._pages(self._at - OVERLAP):
            fresh = [line for line in reversed(lines) if line.id not in self._seen]
            if fresh:
                break
        if fresh:
            self._at = max(self._at, fresh[-1].at)
        kept_from = min(self._at, now) - OVERLAP
        self._seen = {key for key in self._seen | {line.id for line in fresh} if key[0] >= kept_from}
        return fresh

    def _places(self, since: int) -> Iterator[PlaceKey]:
        """Those of all events from a time on."""
        return (line.id for lines in self._pages(since) for line in lines)

    def _pages(self, since: int) -> Iterator[Sequence[EventLine]]:
        """All events from a time on, LOOKED_AT at a time: the oldest pages first, each with its newest first."""
        key: PlaceKey = (since, 0, 0)
        while lines := self._rows.before(key, LOOKED_AT):
            yield lines
            key = lines[0].id


LOOKED_AT = 1000
"""Events that are read at once for what is new."""
