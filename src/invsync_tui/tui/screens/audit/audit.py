"""Who did what, when and why, over everything; narrowed by the words of `filter`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.geometry import Size

from invsync_tui.operations.lists.rows import Rows
from invsync_tui.tui.screens.audit.filter import offers, understand
from invsync_tui.tui.screens.base.list_screen import FILTER, ListScreen
from invsync_tui.tui.text import formatting
from invsync_tui.tui.text.sanitize import clean, wrap
from invsync_tui.tui.text.styled import Line, Span, Tone, line
from invsync_tui.tui.widgets.columns import Field, ListView, RenderContext
from invsync_tui.tui.widgets.row_source import MemoryRows

if TYPE_CHECKING:
    from invsync_tui.operations.audit.audit import AuditLine
    from invsync_tui.operations.session import Session


NEWEST_FIRST = ListView(sort="at", descending=True)


def _when(entry: AuditLine, rendering: RenderContext) -> Span:
    return formatting.moment(entry.at, rendering.now), Tone.PLAIN


FIELDS: tuple[Field[AuditLine], ...] = (
    Field("When", 18, lambda line: line.at, _when, sort="at"),
    Field("Who", 9, lambda line: line.who, flex=1, sort="who"),
    Field("Action", 14, lambda line: line.action, lambda line, _: (line.action, Tone.STRONG), flex=1, sort="action"),
    Field("About", 16, lambda line: line.about, flex=2, sort="about"),
    Field("What", 18, lambda line: line.text or None, flex=3),
    Field("Reason", 16, lambda line: line.reason or None, flex=2, sort="reason", room=110),
)


def read_actions(session: Session) -> tuple[str, ...]:
    """Actions that there are entries of."""
    from invsync_tui.operations.audit import audit

    return audit.actions(session)


def narrowed(session: Session, look: ListView) -> Rows[AuditLine] | None:
    """The entries that a filter leaves; None where one of its words cannot match anything."""
    from invsync_tui import clock
    from invsync_tui.operations import time_text
    from invsync_tui.operations.audit import audit
    from invsync_tui.operations.errors import OperationError

    typed = understand(look.text, audit.actions(session))
    now = clock.seconds()
    try:
        since, until = (
            time_text.moment(name, word, now) if word else None
            for name, word in (("since", typed.since), ("until", typed.until))
        )
        wanted = audit.AuditFilter(
            typed.who or None,
            typed.action or None,
            typed.subject or None,
            typed.merchant or None,
            typed.cart or None,
            since,
            until,
        )
        return audit.entries(session, wanted, look.ordering)
    except OperationError:
        return None


class AuditScreen(ListScreen["AuditLine"]):
    """Enter opens the run of an entry."""

    noun = "entries"
    first_look = NEWEST_FIRST
    filtered_by = "who:, action:, cart:, merchant:, subject:, since:, until:"

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", "Audit"

    @property
    def memory(self) -> str:
        return "audit"

    @property
    def fields(self) -> Sequence[Field[AuditLine]]:
        return FIELDS

    def rows(self, session: Session, look: ListView) -> Rows[AuditLine]:
        rows = narrowed(session, look)
        return MemoryRows((), FIELDS, look, lambda entry: entry.id) if rows is None else rows

    def empty(self) -> Sequence[str]:
        return ("Nobody has changed or started anything yet.", "Esc goes back.")

    def about(self, entry: AuditLine, size: Size) -> Sequence[Line]:
        texts = [f"{entry.who}, {entry.action}, {entry.about}"]
        rows = [line((row, Tone.STRONG)) for text in texts for row in wrap(clean(text), size.width)]
        for change in entry.changes:
            value = f"{change.before or '-'} to {change.after or '-'}" if change.before or change.after else ""
            text = f"{change.what}: {value}" if value else change.what
            rows += [line(row) for row in wrap(clean(text), size.width)]
        if not entry.changes and entry.text:
            rows += [line(row) for row in wrap(clean(entry.text), size.width)]
        if entry.reason:
            rows += [line((row, Tone.FAINT)) for row in wrap(clean(f"reason: {entry.reason}"), size.width)]
        return rows

    def copied(self, line: AuditLine) -> str:
        return line.subject

    def open_line(self, line: AuditLine) -> None:
        if line.run_id is not None:
            self.open_run(line.run_id)
        else:
            self.notice("This entry is about no run.", Tone.FAINT)

    def action_filter(self) -> None:
        """With the actions that there are to complete."""
        self.ask(read_actions, self._filter_with)

    def _filter_with(self, actions: tuple[str, ...]) -> None:
        self.open_prompt("Filter: ", FILTER, self.filtered_by, offers(actions), self.look.text)
