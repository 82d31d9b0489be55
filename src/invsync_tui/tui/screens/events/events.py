"""The event log: what happened in all runs, newest first, narrowed by the words of `filter`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.geometry import Size

from invsync_tui.operations.lists.rows import Ordering, Rows
from invsync_tui.tui.navigation.names import NOBODY, Known, known
from invsync_tui.tui.screens.base.list_screen import FILTER, ListScreen
from invsync_tui.tui.screens.events.filter import Typed, offers, understand
from invsync_tui.tui.text import formatting
from invsync_tui.tui.text.sanitize import clean, wrap
from invsync_tui.tui.text.styled import Line, Span, Tone, line
from invsync_tui.tui.widgets.columns import Field, ListView, RenderContext, run_number
from invsync_tui.tui.widgets.row_source import MemoryRows

if TYPE_CHECKING:
    from invsync_tui.operations.events import EventLine
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext

TONES = {"warning": Tone.WARN, "error": Tone.BAD}


NEWEST_FIRST = ListView(sort="at", descending=True)


def _when(event: EventLine, rendering: RenderContext) -> Span:
    return formatting.clock(event.at, rendering.now), Tone.PLAIN


def _severity(event: EventLine, rendering: RenderContext) -> Span:
    glyphs = rendering.glyphs
    mark = {"warning": glyphs.warning, "error": glyphs.cross}.get(event.severity, glyphs.bullet)
    return f"{mark} {event.severity}", TONES.get(event.severity, Tone.FAINT)


def _text(event: EventLine, rendering: RenderContext) -> Span:
    return event.text, TONES.get(event.severity, Tone.PLAIN)


def _about(event: EventLine) -> str:
    return event.cart or "download"


FIELDS: tuple[Field[EventLine], ...] = (
    Field("When", 6, lambda event: event.at, _when, sort="at"),
    Field("Severity", 9, lambda event: str(event.severity), _severity, sort="severity"),
    Field("Merchant", 10, lambda event: event.merchant, flex=1, sort="merchant", room=100),
    Field("Cart", 10, _about, flex=1, sort="cart"),
    run_number(6, lambda event: event.run_id),
    Field("What happened", 30, lambda event: event.text, _text, flex=6, sort="text"),
)


def narrowed(session: Session, typed: Typed, ordering: Ordering | None) -> Rows[EventLine] | None:
    """The events that a filter leaves; None where one of its words cannot match anything."""
    from invsync_tui import clock
    from invsync_tui.operations import events, time_text
    from invsync_tui.operations.errors import OperationError

    now = clock.seconds()
    try:
        since, until = (
            time_text.moment(name, word, now) if word else None
            for name, word in (("since", typed.since), ("until", typed.until))
        )
        severity = events.Severity(typed.severity) if typed.severity else None
        wanted = events.EventFilter(typed.merchant or None, typed.cart or None, severity, since, until)
        return events.events(session, wanted, ordering)
    except OperationError:
        return None


class EventsScreen(ListScreen["EventLine"]):
    """Enter opens the run of an event."""

    noun = "events"
    first_look = NEWEST_FIRST
    filtered_by = "error, warning, a cart or merchant, severity:, cart:, merchant:, since:, until:"

    def __init__(self, context: AppContext) -> None:
        self._known = NOBODY
        super().__init__(context)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", "Events"

    @property
    def memory(self) -> str:
        return "events"

    @property
    def fields(self) -> Sequence[Field[EventLine]]:
        return FIELDS

    def takes_long(self, look: ListView) -> bool:
        """What matches may be far back in the log."""
        return bool(look.text)

    def rows(self, session: Session, look: ListView) -> Rows[EventLine]:
        if look.text and self._known is NOBODY:
            self._known = known(session)
        typed = understand(look.text, self._known)
        rows = None if typed is None else narrowed(session, typed, look.ordering)
        return MemoryRows((), FIELDS, look, lambda event: event.run_id) if rows is None else rows

    def empty(self) -> Sequence[str]:
        return ("Nothing has happened yet.", "Esc goes back; s on a merchant starts its first sync.")

    def about(self, event: EventLine, size: Size) -> Sequence[Line]:
        now = self.context.clock()
        head = f"{event.merchant}, {_about(event)}, run {event.run_id}: {formatting.moment(event.at, now)}"
        rows = [line((row, Tone.FAINT)) for row in wrap(clean(head), size.width)]
        tone = TONES.get(event.severity, Tone.PLAIN)
        return [*rows, *(line((row, tone)) for row in wrap(clean(event.text), size.width))]

    def copied(self, line: EventLine) -> str:
        return line.text

    def open_line(self, line: EventLine) -> None:
        self.open_run(line.run_id)

    def action_filter(self) -> None:
        """With the names of merchants and carts to complete."""
        self.ask(known, self._filter_with)

    def _filter_with(self, known_names: Known) -> None:
        self._known = known_names
        self.open_prompt("Filter: ", FILTER, self.filtered_by, offers(known_names), self.look.text)
