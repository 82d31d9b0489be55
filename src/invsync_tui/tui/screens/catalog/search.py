"""SKU search: per keystroke over SKUs, aliases and names, with the verdict of the guide. Opened by `/` from anywhere.

Answers to earlier keystrokes are dropped, and Enter waits for the answer to the last one, so that a scanner works too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.widget import Widget

from invsync_tui.operations.lists.list_views import HitRank, SearchAnswer, SearchHit
from invsync_tui.operations.lists.rows import Count
from invsync_tui.plain_text import grouped
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.screens.base.list_screen import RECOUNT_AFTER, facts
from invsync_tui.tui.text.formatting import age_field
from invsync_tui.tui.text.sanitize import clean, wrap
from invsync_tui.tui.text.styled import Line, Tone, line
from invsync_tui.tui.type_ahead import EarlyKeys
from invsync_tui.tui.widgets.columns import Column, Field, ListView, RenderContext, fields_that_fit, number
from invsync_tui.tui.widgets.prompt import Prompt, Query
from invsync_tui.tui.widgets.row_source import ListSource, Row
from invsync_tui.tui.widgets.table import WindowTable
from invsync_tui.tui.widgets.text_line import TextLine
from invsync_tui.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from textual.widgets import Input

    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext

LIMITS = (50, 250, 1000)
"""Hits that are asked for at first, and each time when the cursor comes near the last of them."""
NEAR = 10
"""Rows in front of the last hit from which on more are asked for."""
TYPING = 0.4
"""Seconds after a key in which the next one is expected: what can wait does, so that its answer comes at once."""
RANKS: Mapping[HitRank, str] = {
    HitRank.EXACT: "exact",
    HitRank.PREFIX: "begins",
    HitRank.SUBSTRING: "contains",
    HitRank.NAME: "name",
}
RANK_TONES: Mapping[HitRank, Tone] = {HitRank.EXACT: Tone.GOOD, HitRank.PREFIX: Tone.ACCENT}
FIELDS: tuple[Field[SearchHit], ...] = (
    Field("Match", 9, lambda hit: hit.rank, lambda hit, _: (RANKS[hit.rank], RANK_TONES.get(hit.rank, Tone.FAINT))),
    Field("SKU", 16, lambda hit: hit.sku, lambda hit, _: (hit.sku, Tone.STRONG), flex=2),
    Field("Matched by", 18, lambda hit: hit.code, flex=2),
    Field("Type", 6, lambda hit: hit.kind),
    Field("Name", 18, lambda hit: hit.name, flex=3, room=100),
    Field("Merchant", 14, lambda hit: hit.merchant, flex=1, room=120),
    number("Available", 9, lambda hit: hit.available),
    age_field("Loaded", 10, lambda hit: hit.loaded_at),
)


class SearchScreen(BaseScreen):
    """The query keeps the focus; Up and Down move in what was found."""

    AUTO_FOCUS: ClassVar[str | None] = "#query"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="back"),
        Binding("y", "copy", "Copy", tooltip="Send the SKU to the terminal's clipboard", id="list.copy"),
    ]

    def __init__(self, context: AppContext, text: str = "") -> None:
        super().__init__(context)
        self._text = clean(text)  # it may be a code of a cart
        self._answer: SearchAnswer | None = None
        self._count = Count(0, exact=True)
        self._all: tuple[str, Count | None] = ("", None)
        """A text, and how many hits it has as counted last; None until that is known."""
        self._all_at = float("-inf")
        self._limit = LIMITS[0]
        self._typed_at = 0.0
        self._postponed: list[Callable[[], None]] = []
        """Moves and Enter for hits that are on their way, in their order."""
        self._entered = False
        """Whether Enter was pressed and what it leads to is not yet there: what is pressed next is for that."""
        self.set_class(context.terminal.ascii_only, "-plain")

    def body(self) -> Iterator[Widget]:
        more = self.context.glyphs.more
        yield TextLine(more, id="trail")
        row = Widget(id="query-row")
        row.compose_add_child(TextLine(more, id="query-mark"))
        row.compose_add_child(Query(self._text))
        yield row
        yield TextView(id="verdict")
        yield WindowTable(self._columns(), glyphs=self.context.glyphs, id="hits")
        yield TextView(id="about")

    def on_mount(self) -> None:
        self.query_one("#verdict").can_focus = False
        self.query_one("#about").can_focus = False
        self.text_line("query-mark").show(line(("/ ", Tone.KEY)))
        self._show_trail()
        self._show_verdict()

    @property
    def awaits_text(self) -> bool:
        """From the first moment on, until Tab leads to the list."""
        return self.focused is None or self.focused.id == "query"

    def store_changed(self) -> None:
        if self._text and time.monotonic() - self._typed_at > TYPING:
            self._search()

    @property
    def table(self) -> WindowTable:
        return self.query_one("#hits", WindowTable)

    def _shown_fields(self) -> tuple[Field[SearchHit], ...]:
        return fields_that_fit(FIELDS, self.app.size.width)

    def _columns(self) -> tuple[Column, ...]:
        return tuple(field.column(ListView()) for field in self._shown_fields())

    # -- asking -------------------------------------------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == "query":
            self._take(event.value)

    def _take(self, text: str) -> None:
        """What is typed by now: a key after it may be here before the message of the change is."""
        if text != self._text:
            self._text, self._all, self._typed_at = text, ("", None), time.monotonic()
            self._limit = LIMITS[0]
            self._postponed.clear()
            self._search()

    def _search(self) -> None:
        text = self._text
        self.ask(partial(_find, text, self._limit), self._answered, wanted=lambda: text == self._text)

    def _answered(self, answer: SearchAnswer) -> None:
        if answer.asked != self._text:
            return
        self._answer, self._count = answer, answer.count
        if not answer.count.exact:
            self._count_all()
        self._fill()
        postponed, self._postponed = self._postponed, []
        for act in postponed:
            act()

    def _count_all(self) -> None:
        """When nobody types on: it takes a second on a large store, which the next key would wait for. Once for each text, and
        again when that is a while ago: what others sync meanwhile counts too."""
        text, now = self._text, self.context.elapsed()
        before, count = self._all
        if text == before:
            self._count = count or self._count
            if now - self._all_at < RECOUNT_AFTER:
                return
        self._all, self._all_at = (text, count if text == before else None), now
        self.set_timer(TYPING, partial(self._ask_count, text))

    def _ask_count(self, text: str) -> None:
        if text == self._text:
            counted = partial(self._counted, text)
            self.ask_slow(partial(_count, text), counted, lambda: text == self._text)

    def _counted(self, text: str, exact: int) -> None:
        if text == self._text:
            self._count = Count(exact, exact=True)
            self._all = (text, self._count)
            self._show_trail()

    # -- showing ------------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        hits = self._answer.hits if self._answer else ()
        rendering = RenderContext(self.context.clock(), self.context.glyphs)
        fields = self._shown_fields()
        rows = [Row(hit.product_id, tuple(field.cell(hit, rendering) for field in fields), hit) for hit in hits]
        self.table.use(ListSource(rows), self._columns())
        self._show_trail()
        self._show_verdict()
        self.refresh_bindings()

    def _show_trail(self) -> None:
        gap = f" {self.context.glyphs.crumb} "
        counted = ""
        if self._answer is not None and self._text:
            counted = f"{self._count.text} found"
            if self._count.n > (hits := len(self._answer.hits)):
                further = "Down shows more" if hits < LIMITS[-1] else "type more to find others"
                counted += f", the best {grouped(hits)} shown; {further}"
        here = line((f"Merchants{gap}", Tone.FAINT), ("Search", Tone.STRONG))
        self.text_line("trail").show(here, line((counted, Tone.FAINT)))

    def _show_verdict(self) -> None:
        self.query_one("#verdict", TextView).show(self._verdict)

    def _verdict(self, size: Size) -> Sequence[Line]:
        answer = self._answer
        if answer is None or not self._text:
            return [line(("Type a SKU, an alias or a name; or scan it.", Tone.FAINT))]
        rows = [line((row, _verdict_tone(answer))) for row in wrap(clean(answer.verdict), size.width)]
        return [*rows, *(line((row, Tone.FAINT)) for row in wrap(clean(answer.hint), size.width) if row)]

    def on_window_table_cursor_moved(self, event: WindowTable.CursorMoved) -> None:
        self.query_one("#about", TextView).show(self._about)
        self.refresh_bindings()
        self._search_on()

    def _search_on(self) -> None:
        """Ask for more where the cursor is near the last hit, and there are more."""
        shown = len(self._answer.hits) if self._answer is not None and self._answer.asked == self._text else 0
        if shown >= self._limit and self._count.n > shown and self.table.cursor_position >= shown - NEAR:
            further = [limit for limit in LIMITS if limit > self._limit]
            if further:
                self._limit = further[0]
                self._search()

    def _about(self, size: Size) -> Sequence[Line]:
        hit = self.table.cursor_line
        if hit is None:
            return ()
        # What the row shows whole is not repeated: each move of the cursor would send it once more.
        cut = self.table.cut()
        whole = {field.title for i, field in enumerate(self._shown_fields()) if i not in cut}
        left_out = [field for field in FIELDS if field.title not in whole]
        return facts(left_out, hit, RenderContext(self.context.clock(), self.context.glyphs), size.width)

    def on_resize(self, event: events.Resize) -> None:
        self._fill()

    # -- keys ---------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("copy", "move"):
            return self.is_mounted and (self.table.cursor_line is not None or (action == "move" and self._asking))
        return super().check_action(action, parameters)

    @property
    def settled(self) -> bool:
        return not self._entered

    def keeps(self, event: events.Key) -> bool:
        """What follows Enter is for the SKU that it opens, however late the answer comes; Esc takes it back."""
        if not self._entered:
            focused = self.focused
            if event.key == "enter" and focused is not None and focused.id in ("query", "hits"):
                self._entered, self.early = True, EarlyKeys(frozenset())
                self.give_up_later()
            return False
        if keep := self.early.keep(event):
            return keep
        self._entered = False
        self._postponed.clear()
        return False

    def press_again(self, *, give_up: bool = False) -> None:
        self._entered = self._entered and not give_up
        super().press_again(give_up=give_up)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "query":
            self.action_open()

    def on_window_table_row_opened(self, event: WindowTable.RowOpened) -> None:
        self.action_open()

    @property
    def _asking(self) -> bool:
        """Whether the answer to what was typed is on its way."""
        text = self.query_one("#query", Query).value
        return bool(text) and (self._answer is None or self._answer.asked != text)

    def _when_answered(self, act: Callable[[], None]) -> None:
        """Now, or as soon as the answer to what was typed is here."""
        self._take(self.query_one("#query", Query).value)
        if self._asking:
            self._postponed.append(act)
        else:
            act()

    def action_open(self) -> None:
        """Open what is selected."""
        self._when_answered(self._open)

    def _open(self) -> None:
        hit: SearchHit | None = self.table.cursor_line
        if hit is not None:
            self.go_to("sku", hit.product_id, hit.sku)
        else:
            self.notice("Nothing is selected.", Tone.WARN)
        self._entered = False
        self.press_again()

    def action_move(self, by: int) -> None:
        self._when_answered(lambda: self.table.action_step(by))

    def action_page(self, pages: int) -> None:
        self._when_answered(lambda: self.table.action_page(pages))

    def action_copy(self) -> None:
        hit: SearchHit | None = self.table.cursor_line
        if hit is not None:
            self.send_to_clipboard(hit.sku)

    def action_search(self) -> None:
        """Already here: back to the query."""
        self.query_one("#query").focus()

    def on_prompt_left(self, event: Prompt.Left) -> None:
        if event.prompt.id == "query":
            self.action_back()

    def action_back(self) -> None:
        self.app.pop_screen()


def _find(text: str, limit: int, session: Session) -> SearchAnswer:
    from invsync_tui.operations.catalog import search

    return search.search(session, text, None, limit)


def _count(text: str, session: Session) -> int:
    from invsync_tui.operations.catalog import search

    return search.exact_count(session, text)


def _verdict_tone(answer: SearchAnswer) -> Tone:
    exact = [hit for hit in answer.hits if hit.rank is HitRank.EXACT]
    return Tone.GOOD if len(exact) == 1 else Tone.WARN if answer.verdict else Tone.FAINT
