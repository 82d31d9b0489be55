"""A SKU in a cart over time: three lines on one scale, and who changed what."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from invsync_tui.plain_text import counted
from invsync_tui.tui.screens.base.report_screen import ReportScreen
from invsync_tui.tui.text import formatting
from invsync_tui.tui.text.charts import chart
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.sanitize import clean, fit, fit_right, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Tone, ends, line

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.sku_history import Happening, SkuHistory
    from invsync_tui.operations.list_views import ListingLine, Point
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext

NAME_WIDTH, NUMBER_WIDTH, VALUE_WIDTH = 10, 6, 8
CHART_LEAST = 8
WHEN_WIDTH = 12
LEAST_WIDTH = 16
"""Cells for a sentence, however narrow the terminal."""
UNKNOWN = "unknown"


def write(history: SkuHistory, others: int, width: int, rows: int, glyphs: Glyphs) -> list[Line]:
    """The chart, `rows` for each line, then what happened."""
    more = f"; [ and ] show {others} more" if others else ""
    about = clean(f"{history.cart}: listing {history.sku}, cart listing ID {history.cart_listing_id}{more}")
    events = [row for happening in history.happenings for row in _happening(happening, history.end, width, glyphs)]
    none = [line(("No run and no change had to do with it in this time.", Tone.FAINT))]
    return [
        *(line((row, Tone.STRONG)) for row in wrap(about, width)),
        *_chart(history, width, rows, glyphs),
        BLANK,
        *(events or none),
    ]


def _chart(history: SkuHistory, width: int, rows: int, glyphs: Glyphs) -> list[Line]:
    lines = (("source", history.source), ("target", history.target), ("confirmed", history.confirmed))
    top = max((point.value or 0 for _, points in lines for point in points), default=0)
    room = max(width - NAME_WIDTH - NUMBER_WIDTH - VALUE_WIDTH - 3, CHART_LEAST)
    drawn = [row for name, points in lines for row in _strip(name, points, history, room, rows, top, glyphs)]
    margin = " " * (NAME_WIDTH + NUMBER_WIDTH + 1)
    axis = ends(
        line((formatting.moment(history.begin, history.end), Tone.FAINT)),
        line((formatting.clock(history.end, history.end), Tone.FAINT)),
        room,
        glyphs.more,
    )
    return [*drawn, Line(((margin, Tone.PLAIN), *axis.spans))]


def _strip(
    name: str, points: Sequence[Point], history: SkuHistory, room: int, rows: int, top: int, glyphs: Glyphs
) -> list[Line]:
    """One line: its name, the scale at its left, and what holds now at its right."""
    now = points[-1].value if points else None
    value_text, tone = (UNKNOWN, Tone.WARN) if now is None else (str(now), Tone.STRONG)
    lines = []
    for row, text in enumerate(chart(points, history.begin, history.end, room, rows, top, glyphs)):
        label = str(top) if row == 0 else "0" if row == rows - 1 else ""
        lines.append(
            line(
                (fit(name if row == 0 else "", NAME_WIDTH), Tone.FAINT),
                (fit_right(label, NUMBER_WIDTH), Tone.FAINT),
                (glyphs.separator, Tone.FAINT),
                (text, Tone.ACCENT),
                " ",
                (fit(value_text if row == rows - 1 else "", VALUE_WIDTH), tone),
            )
        )
    return lines


def _happening(happening: Happening, now: int, width: int, glyphs: Glyphs) -> list[Line]:
    """When, and beside it what, why and who."""
    mark = glyphs.bullet if happening.run_id is None else glyphs.arrow
    head = f"{fit(_when(happening.at, now), WHEN_WIDTH)} {mark} "
    why = f": {happening.reason}" if happening.reason else ""
    by = f" ({happening.who})" if happening.who else ""
    rows = wrap(clean(f"{happening.what}{why}{by}"), max(width - len(head), LEAST_WIDTH))
    tone = Tone.STRONG if happening.run_id is None else Tone.PLAIN
    return [line((head if row == 0 else " " * len(head), Tone.FAINT), (text, tone)) for row, text in enumerate(rows)]


def _when(at: int, now: int) -> str:
    """The time of day; of another day with its date."""
    there = time.localtime(at)
    form = "%H:%M" if there[:3] == time.localtime(now)[:3] else "%b %d %H:%M"
    return time.strftime(form, there)


TALL = 32
"""Rows of a terminal from which on each line of the chart gets more of them."""
ROWS, ROWS_TALL = 2, 4


class SkuHistoryScreen(ReportScreen[tuple["SkuHistory", ...]]):
    """The listing it was asked for, else the first one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "other(-1)", "Listings", tooltip="The listing before", id="history.previous"),
        Binding("right_square_bracket", "other(1)", "Listings", show=False, tooltip="The next one", id="history.next"),
    ]

    def __init__(self, context: AppContext, code: str, chosen: ListingLine | None) -> None:
        self._asked = code
        self._chosen = (chosen.cart, chosen.cart_listing_id) if chosen else None
        super().__init__(context)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._asked, "History"

    def question(self, session: Session) -> tuple[SkuHistory, ...]:
        from invsync_tui.operations.diagnosis import sku_history

        return sku_history.histories(session, self._asked)

    def verdict(self, answer: tuple[SkuHistory, ...]) -> Line:
        count = len(self._of(answer).happenings)
        return line((counted(count, "event"), Tone.ACCENT))

    def write(self, answer: tuple[SkuHistory, ...], width: int) -> Sequence[Line]:
        rows = ROWS_TALL if self.app.size.height >= TALL else ROWS
        return write(self._of(answer), len(answer) - 1, width, rows, self.context.glyphs)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "other":
            return self.is_mounted and self.answer is not None and len(self.answer) > 1
        return super().check_action(action, parameters)

    def action_other(self, by: int) -> None:
        """The same product in another cart, or under another cart listing ID."""
        if self.answer is None:
            return
        at = (self.answer.index(self._of(self.answer)) + by) % len(self.answer)
        self._chosen = (self.answer[at].cart, self.answer[at].cart_listing_id)
        self.show_answer()

    def _of(self, answer: tuple[SkuHistory, ...]) -> SkuHistory:
        return next(
            (listing for listing in answer if (listing.cart, listing.cart_listing_id) == self._chosen), answer[0]
        )
