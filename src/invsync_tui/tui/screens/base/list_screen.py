"""What all lists have: a table over `operations.lists.rows.Rows`, filter, order, copy, export, and a strip about one line.

A subclass says what its lines are (`fields`, `rows`), where it is (`trail`), and what Enter does (`open_line`).
Not here: how rows by key become rows by number (`store_source`), and the writing of files (`exporting`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.widget import Widget

from invsync_tui.operations.lists.rows import Count, Rows
from invsync_tui.plain_text import counted
from invsync_tui.tui.context import AppContext
from invsync_tui.tui.messages import AnswerReceived
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.screens.base.list_order import choose_columns, chosen_fields, sort_keys, toggle_wide, why_not
from invsync_tui.tui.store_thread import in_words
from invsync_tui.tui.text.breadcrumb import breadcrumb
from invsync_tui.tui.text.sanitize import clean, width_of, wrap
from invsync_tui.tui.text.styled import Line, Span, Tone, flowed, line
from invsync_tui.tui.type_ahead import MOVES
from invsync_tui.tui.widgets.columns import Column, Field, ListView, RenderContext
from invsync_tui.tui.widgets.row_source import StoreSource
from invsync_tui.tui.widgets.table import WindowTable
from invsync_tui.tui.widgets.text_line import TextLine
from invsync_tui.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from textual.widgets import Input

    from invsync_tui.operations.session import Session
    from invsync_tui.tui.export import Export, Progress
    from invsync_tui.tui.widgets.prompt import Prompt

L = TypeVar("L")
RECOUNT_AFTER = 15.0
"""Seconds between two exact counts of the same list."""
FILTER, EXPORT = "list-filter", "list-export"


class ListScreen(BaseScreen, Generic[L]):
    """One list; the cursor stays on its line whatever happens to the others."""

    noun: ClassVar[str] = "rows"
    """What it counts."""
    filtered_by: ClassVar[str] = ""
    """What its filter looks at; '' for every word of a line."""
    first_look: ClassVar[ListView] = ListView()
    """How it is sorted until a column is chosen, where that is not the first of its orders ascending."""
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012 - Textual declares no class variable
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", tooltip="Clear the filter; without one, go back", id="back"),
        Binding("f", "filter", "Filter", tooltip="Filter by text", id="list.filter"),
        Binding("o", "sort", "Sort", tooltip="Sort by the next column", id="list.sort"),
        Binding("O", "reverse", "Reverse", tooltip="Reverse the order", show=False, id="list.reverse"),
        *sort_keys(),
        Binding("C", "columns", "Columns", show=False, tooltip="Choose the columns of this screen", id="list.columns"),
        Binding(
            "W", "wide", "Wide", show=False, tooltip="All columns, Right scrolls; again: those that fit", id="list.wide"
        ),
        Binding("y", "copy", "Copy", tooltip="Send the SKU or name to the terminal's clipboard", id="list.copy"),
        Binding(
            "Y",
            "copy_cell",
            "Copy value",
            show=False,
            tooltip="Choose a column and send its value of this line to the terminal's clipboard",
            id="list.copy-cell",
        ),
        Binding("e", "export", "Export", tooltip="Write what is shown to a CSV or JSON file", id="list.export"),
    ]

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.look = context.looks.get(self.memory, self.first_look)
        self._source: StoreSource[L] | None = None
        self._counted_at = float("-inf")
        self._counting = False
        self._export: Export[L] | None = None
        self._problem = ""
        """What is wrong with the filter as it is typed now."""
        self._long = False
        """Whether the list is read aside."""
        self._looking = False
        """Whether it is still being looked for."""
        self.set_class(context.terminal.ascii_only, "-plain")

    # -- for subclasses -----------------------------------------------------------------------------------------------

    @property
    def trail(self) -> tuple[str, ...]:
        """Where one is, from the merchants on."""
        raise NotImplementedError

    @property
    def memory(self) -> str:
        """Under which name filter and order are remembered."""
        return type(self).__name__

    @property
    def fields(self) -> Sequence[Field[L]]:
        """All columns; narrow terminals show those that they have room for."""
        raise NotImplementedError

    def rows(self, session: Session, look: ListView) -> Rows[L]:
        """The list as it is looked at. Runs on a store thread."""
        raise NotImplementedError

    def open_line(self, line: L) -> None:
        """What Enter does with the line under the cursor."""
        raise NotImplementedError

    def about(self, line: L, size: Size) -> Sequence[Line]:
        """What the strip tells about a line: here every field that the table has no room for, or not enough."""
        return facts(self.left_out(), line, self.rendering(), size.width)

    def left_out(self) -> list[Field[L]]:
        """Fields that the table has no room for, or not enough for what the cursor's line has in them."""
        fields, cut = self._row_fields(), self.table.cut()
        whole = {field.title for i, field in enumerate(fields) if i not in cut}
        return [field for field in self.fields if field.title not in whole]

    def across(self, line: L) -> Span | None:
        """What a line shows over the whole width instead of its fields; None where it shows them."""
        return None

    def exported(self, session: Session, look: ListView) -> Rows[L]:
        """What is written to a file: the list as it is looked at, where every line has its fields."""
        return self._read(session, look)

    def empty(self) -> Sequence[str]:
        """What to do where there is nothing, first of all why."""
        return (f"No {self.noun} yet.",)

    def copied(self, line: L) -> str:
        """The text that `y` copies: the SKU of a line, else its name."""
        return str(getattr(line, "sku", "") or getattr(line, "name", ""))

    def noun_of(self, count: Count) -> str:
        """What it counts, in the right number."""
        return self.noun.removesuffix("s") if count.n == 1 and count.exact else self.noun

    def filter_problem(self, text: str) -> str:
        """What is wrong with a filter, and what is known; '' where it means something."""
        return ""

    def filter_meant(self, text: str) -> str:
        """The filter that is typed, where a name can stand for one."""
        return text

    def takes_long(self, look: ListView) -> bool:
        """Whether the filter has to look at many rows: it is asked aside, and Esc stops it."""
        return False

    def above(self) -> Iterator[Widget]:
        """Rows between the trail and the table."""
        yield from ()

    # -- frame --------------------------------------------------------------------------------------------------------

    def body(self) -> Iterator[Widget]:
        yield TextLine(self.context.glyphs.more, id="trail")
        yield from self.above()
        yield WindowTable(self._columns(), submit=self._submit, glyphs=self.context.glyphs, id="list")
        yield TextView(id="about")

    @property
    def table(self) -> WindowTable:
        return self.query_one("#list", WindowTable)

    @property
    def line(self) -> L | None:
        """The line under the cursor."""
        cursor_line: L | None = self.table.cursor_line
        return cursor_line

    @property
    def exporting(self) -> bool:
        """Whether a file is being written."""
        return self._export is not None

    @property
    def list_count(self) -> Count | None:
        """How many lines there are; None before the first reading."""
        return self._source.counted if self._source is not None and self._source.sortable else None

    def rendering(self) -> RenderContext:
        return RenderContext(self.context.clock(), self.context.glyphs)

    def on_mount(self) -> None:
        self.table.when_moved = lambda: self.query_one("#about", TextView).show(self._about)
        self._use(self.table.use)
        self._show_trail()

    def store_changed(self) -> None:
        self.table.read_again()

    def on_resize(self, event: events.Resize) -> None:
        if self._source is not None and self._fields_shown() != self._source.fields:
            self._use(self.table.use)

    def _columns(self) -> tuple[Column, ...]:
        sortable = self._source.sortable if self._source else ()
        look = self.look
        if sortable and look.sort not in sortable:
            look = self.first_look if self.first_look.sort in sortable else look.sorted_by(sortable[0])
        return tuple(field.column(look) for field in self._row_fields())

    def _fields_shown(self) -> tuple[Field[L], ...]:
        """The columns that were chosen for this kind of screen, else those that the terminal has room for."""
        return chosen_fields(self.fields, self.app.size.width, self.context.preferences.columns(type(self).__name__))

    def _row_fields(self) -> Sequence[Field[L]]:
        """The columns of the rows that are there, or are on their way."""
        return self._fields_shown() if self._source is None else self._source.fields

    def _use(self, put: Callable[[StoreSource[L], tuple[Column, ...]], None]) -> None:
        """Read the list as it is looked at from now on."""
        shown = self._fields_shown()
        sortable = self._source.sortable if self._source else ()
        look = self.look
        if self._long:
            self.context.stop_filtering()
        self._long = self._looking = self.takes_long(look)
        connection = self.context.filter_store.connection if self._long else self.context.connection
        self._source = StoreSource(
            lambda: self._read(connection.session, look), shown, self.rendering, sortable, self.across
        )
        self._counted_at = float("-inf")
        self.context.looks[self.memory] = self.look
        put(self._source, self._columns())
        if self._looking and self.table.counted:
            self._show_trail()
            self.table.repaint()

    def _read(self, session: Session, look: ListView) -> Rows[L]:
        """A list that grew too long for the order it had is shown in its own order again."""
        from invsync_tui.operations.errors import OperationError

        try:
            return self.rows(session, look)
        except OperationError:
            if not look.sort:
                raise
        return self.rows(session, look.sorted_by(""))

    def _submit(self, job: Callable[[], Any], deliver: Callable[[Any], None]) -> None:
        """Where the table's questions are answered; those about a list that is no longer shown are dropped."""
        source = self._source
        store = self.context.filter_store if self._long else self.context.store
        store.ask(
            self, partial(_tried, job), partial(self._rows_answered, source, deliver), lambda: source is self._source
        )

    def _rows_answered(self, source: StoreSource[L] | None, deliver: Callable[[Any], None], answer: _Answer) -> None:
        """Rows that cannot be read do not come: no key waits for them any longer. Of a former list nobody hears."""
        if not answer.failure:
            deliver(answer.value)
        elif source is self._source:
            self._looking = False
            self.notice(answer.failure, Tone.BAD)
            self.table.reading_failed()
            self.press_again(give_up=True)

    # -- counting -----------------------------------------------------------------------------------------------------

    def on_window_table_counted(self, event: WindowTable.Counted) -> None:
        self._looking = False
        self.table.show_columns(self._columns())
        self.table.say_when_empty(self._nothing)
        self._show_trail()
        self.refresh_bindings()
        self.press_again()
        self._count_exactly()

    def _count_exactly(self) -> None:
        """Where a fast count was not exact, ask for the exact one; it arrives when it arrives."""
        source, now = self._source, self.context.elapsed()
        if source is None or source.rough is False or self._counting or now - self._counted_at < RECOUNT_AFTER:
            return
        self._counting, self._counted_at = True, now
        look = self.look
        self.ask_slow(lambda session: self._read(session, look).exact_count(), partial(self._counted, source))

    def _counted(self, source: StoreSource[L], exact: int) -> None:
        self._counting = False
        if source is self._source:
            source.know(exact)
            self.table.recount(exact)
            self._show_trail()
        else:
            self._count_exactly()

    def _show_trail(self) -> None:
        state = line(*self._state())
        self.text_line("trail").show(breadcrumb(self.trail, self.context.glyphs), state)

    def _state(self) -> Iterator[Span]:
        """Filter, and how many lines there are."""
        if self._problem:
            yield self._problem, Tone.WARN
            return
        if self.look.text:
            yield f"filter {self.look.text}: ", Tone.ACCENT
        count = self._source.counted if self._source else None
        if self._looking:
            yield "filtering, Esc stops", Tone.ACCENT
        elif count is None or not self._source or not self._source.sortable:
            yield self.context.glyphs.more, Tone.FAINT
        else:
            yield f"{count.text} {self.noun_of(count)}", Tone.FAINT

    def _nothing(self, width: int) -> Sequence[Line]:
        if self._looking:
            return (line((f"Looking for {self.noun} that match {self.look.text}", Tone.FAINT)),)
        if self.look.text:
            return (line((f"Nothing matches {self.look.text}.", Tone.STRONG)), line(("Esc shows all.", Tone.FAINT)))
        first, *rest = self.empty()
        return [
            *(line((row, Tone.STRONG)) for row in wrap(clean(first), width)),
            *(line((row, Tone.FAINT)) for text in rest for row in wrap(clean(text), width)),
        ]

    # -- keys for rows that are on their way --------------------------------------------------------------------------

    @property
    def settled(self) -> bool:
        return self.table.settled

    def keeps(self, event: events.Key) -> bool:
        moves = event.key in MOVES and not self.early.waiting and not self._on_the_way
        if moves and self.is_mounted and self.table.counted:
            return False
        if self._long and event.key == "escape":
            return False
        return super().keeps(event)

    # -- one line -----------------------------------------------------------------------------------------------------

    def on_window_table_cursor_moved(self, event: WindowTable.CursorMoved) -> None:
        self.refresh_bindings()
        self.press_again()

    def _about(self, size: Size) -> Sequence[Line]:
        selected = self.line
        return () if selected is None else self.about(selected, size)

    def on_window_table_row_opened(self, event: WindowTable.RowOpened) -> None:
        if (selected := self.line) is not None:
            self.open_line(selected)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("copy", "copy_cell"):
            return self.is_mounted and self.line is not None
        if action in ("sort", "reverse", "export") and self.is_mounted and self.table.counted and not self.table.count:
            return False
        if action in ("sort", "reverse"):
            return len(self._sorts()) > (1 if action == "sort" else 0)
        return super().check_action(action, parameters)

    def action_copy(self) -> None:
        if (selected := self.line) is not None:
            self.send_to_clipboard(self.copied(selected))

    def action_copy_cell(self) -> None:
        from invsync_tui.tui.screens.base.cell_copy import choose_cell

        choose_cell(self)

    def action_back(self) -> None:
        if self._export is not None:
            self._export.cancel()
        elif self.look.text:
            self._use_view(self.look.narrowed(""))
        else:
            self.app.pop_screen()

    def action_columns(self) -> None:
        choose_columns(self)

    def action_wide(self) -> None:
        toggle_wide(self)

    def columns_chosen(self, text: str, tone: Tone) -> None:
        """Other columns are to be shown from now on."""
        self._use(self.table.use)
        self.notice(text, tone)

    def leave_screen(self) -> None:
        """Leave, whatever the filter."""
        if self._export is not None:
            self._export.cancel()
        self.app.pop_screen()

    # -- order and filter ---------------------------------------------------------------------------------------------

    def _sorts(self) -> list[str]:
        """Columns that can be sorted by, the default first."""
        known = self._source.sortable if self._source else ()
        named = {field.sort for field in self.fields}
        return [name for name in known if not name or name in named]

    def action_sort(self) -> None:
        sorts = self._sorts()
        present = self.look.sort if self.look.sort in sorts else sorts[0]
        following = sorts[(sorts.index(present) + 1) % len(sorts)]
        first = self.first_look
        self._order(self.look.sorted_by(following, descending=following == first.sort and first.descending))

    def action_sort_column(self, place: int) -> None:
        """Sort by the column at a place of the table, counted from 1; by the same one again: the other way round."""
        sorts = self._sorts()
        fields = [field for field in self._row_fields() if field.title]
        if not sorts:
            return
        if place > len(fields):
            self.notice(f"The table shows {counted(len(fields), 'column')}.", Tone.WARN)
        elif reason := why_not(fields[place - 1], self.fields, sorts):
            self.notice(reason, Tone.WARN)
        else:
            present = self.look.sort if self.look.sort in sorts else sorts[0]
            again = fields[place - 1].sort == present
            self._order(self.look.sorted_by(fields[place - 1].sort, descending=again and not self.look.descending))

    def action_reverse(self) -> None:
        self._order(self.look.sorted_by(self.look.sort or self._sorts()[0], descending=not self.look.descending))

    def _order(self, look: ListView) -> None:
        self.look = look
        self._use(self.table.use_from_the_top)
        title = next((field.title for field in self.fields if look.sort and field.sort == look.sort), "")
        turned = ", the other way round" if look.descending else ""
        self.notice(f"Sorted by {title}{turned}" if title else f"In their own order{turned}", Tone.FAINT)

    def _use_view(self, look: ListView) -> None:
        if look != self.look:
            self.look = look
            # What is found is looked at from its first line; back in the whole list, the line found keeps the cursor.
            self._use(self.table.use_from_the_top if look.text else self.table.use)

    def action_filter(self) -> None:
        hint = self.filtered_by or f"words in {self.noun}"
        self.open_prompt("Filter: ", FILTER, hint, value=self.look.text)

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == FILTER:
            self._filter_typed(event.value)

    def _filter_typed(self, text: str) -> None:
        """A filter that means nothing yet leaves the list as it is."""
        self._problem = self.filter_problem(text)
        if self._problem:
            self._show_trail()
        else:
            self._use_view(self.look.narrowed(self.filter_meant(text)))
            self._show_trail()

    def on_prompt_left(self, event: Prompt.Left) -> None:
        if event.prompt.id == FILTER:
            self._problem = ""
            self._use_view(self.look.narrowed(""))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id in (FILTER, EXPORT):
            self.close_prompt()
        if event.input.id == FILTER and self._problem:
            self.notice(self._problem, Tone.WARN)
            self._problem = ""
            self._show_trail()
        if event.input.id == EXPORT:
            self._write(event.value.strip())

    # -- export -------------------------------------------------------------------------------------------------------

    def action_export(self) -> None:
        from invsync_tui.tui.export import proposal

        if self._export is not None:
            self.notice("An export is being written. Esc stops it.", Tone.WARN)
        else:
            self.open_prompt("Write to: ", EXPORT, "path of a .csv or .json file", value=proposal(self.trail))

    def _write(self, typed: str) -> None:
        from invsync_tui.tui.export import Export, UnknownFormError

        try:
            export = Export(typed, self.fields, self._send_progress)
        except UnknownFormError as error:
            self.notice(str(error), Tone.WARN)
            return
        self._export = export
        look = self.look
        self.notice(f"Writing {export.path}", Tone.FAINT, lasts=True)
        self.ask_slow(lambda session: export.run(partial(self.exported, session, look)), self._show_progress)

    def _send_progress(self, progress: Progress) -> None:
        """Called on the slow store thread."""
        self.post_message(AnswerReceived(self._show_progress, progress))

    def _show_progress(self, progress: Progress) -> None:
        if progress.ended:
            self._export = None
        self.notice(progress.text, progress.tone, lasts=not progress.ended)


class _Answer(NamedTuple):
    """What a question about rows gave, or why it gave nothing."""

    value: Any = None
    failure: str = ""


def _tried(job: Callable[[], Any], _session: Session) -> _Answer:
    try:
        return _Answer(job())
    except Exception as error:
        return _Answer(failure=in_words(error))


def facts(fields: Sequence[Field[L]], item: L, rendering: RenderContext, width: int) -> list[Line]:
    """Every field of a line with its title, in as many rows as it takes: last those whose values differ in length."""
    titled = sorted((field for field in fields if field.title), key=lambda field: bool(field.flex))
    return flowed(
        (line((f"{field.title} ", Tone.FAINT), _padded(field, *field.cell(item, rendering))) for field in titled), width
    )


PADDED_MOST = 12
"""Cells up to which a value of a strip has the width of its column."""


def _padded(field: Field[L], text: str, tone: Tone) -> Span:
    """What follows it stands in the same place for the next line, and is not sent anew for it."""
    return text + " " * (min(field.width, PADDED_MOST) - width_of(clean(text))), tone
