"""The fields of a form, one under the other, with a cursor and an editor in place. What values mean is the screen's."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from invsync_tui.operations.list_views import FieldKind
from invsync_tui.tui.screens.settings.draft import TYPED, Draft, neighbour, toggled
from invsync_tui.tui.screens.settings.text import FormRenderContext, FormRow, rows
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.styled import BLANK
from invsync_tui.tui.widgets.caret import Caret
from invsync_tui.tui.widgets.diff_canvas import Canvas

CARET = Style(reverse=True)
EDITING_CLASS = "-editing"
"""On the screen while letters are text."""


class FormView(Canvas, can_focus=True, inherit_bindings=False):
    """Shows a draft and tells what the operator does to it; `show` brings the draft that came of it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"form--cursor"}
    BINDING_GROUP_TITLE = "Fields"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter,space", "edit", "Edit/OK", tooltip="Edit or switch the field; take what was typed", id="form.edit"
        ),
        Binding("tab", "accept", "OK", show=False, tooltip="Take what was typed", id="form.accept"),
        Binding("escape", "give_up", "Undo", tooltip="Forget what was typed", id="form.give-up"),
        Binding("up", "move(-1)", "Field up", show=False, id="form.up"),
        Binding("down", "move(1)", "Field down", show=False, id="form.down"),
        Binding("k", "move(-1)", "Field up", show=False, id="form.up-letter"),
        Binding("j", "move(1)", "Field down", show=False, id="form.down-letter"),
        Binding("home,g", "first", "First field", show=False, id="form.first"),
        Binding("end,G", "last", "Last field", show=False, id="form.last"),
        Binding("pageup", "move(-8)", "Page up", show=False, id="form.page-up"),
        Binding("pagedown", "move(8)", "Page down", show=False, id="form.page-down"),
        Binding("left", "step(-1)", "Previous choice", show=False, id="form.choice-before"),
        Binding("right", "step(1)", "Next choice", show=False, id="form.choice-after"),
    ]

    class Moved(Message):
        """The cursor is on another field."""

        def __init__(self, field: str) -> None:
            super().__init__()
            self.field = field

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, FormView.Moved)

    class Valued(Message):
        """A field has another value, perhaps half typed."""

        def __init__(self, field: str, text: str) -> None:
            super().__init__()
            self.field = field
            self.text = text

    class ListWanted(Message):
        """The choices of a field are to be listed."""

        def __init__(self, field: str) -> None:
            super().__init__()
            self.field = field

    class Locked(Message):
        """A change was tried where none is allowed."""

    def __init__(self, glyphs: Glyphs, *, locked: Callable[[], bool], id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._locked = locked
        self._glyphs = glyphs
        self._draft: Draft | None = None
        self._at = ""
        self._caret: Caret | None = None
        self._before = ""
        self._rows: list[FormRow] = []

    # -- what it shows ------------------------------------------------------------------------------------------------

    @property
    def field(self) -> str:
        """The field under the cursor; '' while there is none."""
        return self._at

    @property
    def editing(self) -> bool:
        return self._caret is not None

    @property
    def text(self) -> str:
        return "\n".join(each.line.text.rstrip() for each in self._rows)

    def show(self, draft: Draft) -> None:
        """Draw this draft from now on."""
        self._draft = draft
        names = self._names()
        if self._at not in names:
            self._put(names[0] if names else "")
        self._rewrite()

    def go_to(self, field: str) -> None:
        """Put the cursor on a field."""
        if field in self._names():
            self._stop_editing()
            self._put(field)
            self._rewrite()

    def _names(self) -> list[str]:
        return [one.name for one in self._draft.form.fields] if self._draft else []

    def _put(self, field: str) -> None:
        if field != self._at:
            self._at = field
            self.post_message(self.Moved(field))

    def _rewrite(self) -> None:
        viewport = self.scrollable_content_region.size
        if self._draft is None or not viewport:
            return
        editing = (self._at, self._caret) if self._caret is not None else None
        self._rows = rows(self._draft, editing, FormRenderContext(viewport.width, self._glyphs))
        self.set_extent(viewport.width, max(len(self._rows), viewport.height))
        self._reveal()
        self.repaint()

    def _reveal(self) -> None:
        mine = [y for y, each in enumerate(self._rows) if each.field == self._at]
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        if mine and mine[0] and not self._rows[mine[0] - 1].field:
            mine.insert(0, mine[0] - 1)  # the heading of its section
        if mine and mine[0] < top:
            self.scroll_to(y=mine[0], animate=False)
        elif mine and mine[-1] >= top + height:
            self.scroll_to(y=mine[-1] - height + 1, animate=False)

    def strip_at(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        if row >= len(self._rows):
            return self.strip_of(BLANK, width)
        placed = self._rows[row]
        strip = self.strip_of(placed.line, width)
        if placed.caret is not None:
            return _with_caret(strip, *placed.caret)
        if placed.field == self._at and self._is_head(row) and not self.editing:
            return self._under_the_cursor(placed, strip)
        return strip

    def _under_the_cursor(self, placed: FormRow, strip: Strip) -> Strip:
        over = self.get_component_rich_style("form--cursor", partial=True)
        label = Strip(self.segments(placed.line, over), placed.line.width).crop(0, placed.label)
        return Strip.join((label, strip.crop(placed.label, strip.cell_length))).simplify()

    def _is_head(self, row: int) -> bool:
        return row == 0 or self._rows[row - 1].field != self._rows[row].field

    def on_resize(self, event: events.Resize) -> None:
        self._rewrite()

    def on_focus(self) -> None:
        self.repaint()

    def on_blur(self) -> None:
        self.repaint()

    # -- moving -------------------------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        names = self._names()
        if names:
            self.go_to(names[max(0, min(names.index(self._at) + by, len(names) - 1))])

    def action_first(self) -> None:
        self.action_move(-len(self._names()))

    def action_last(self) -> None:
        self.action_move(len(self._names()))

    # -- values -------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("accept", "give_up"):
            return self.editing
        if action in ("edit", "step"):
            return bool(self._at) and (action == "edit" or not self.editing)
        return True

    def action_edit(self) -> None:
        if self._draft is None or not self._at:
            return
        if self.editing:
            self.action_accept()
            return
        if self._locked():
            self.post_message(self.Locked())
            return
        one, present = self._draft.field_of(self._at), self._draft.value(self._at)
        if one.kind is FieldKind.SWITCH:
            self.post_message(self.Valued(self._at, toggled(present)))
        elif one.kind in TYPED:
            self._before, self._caret = present, Caret.behind(present)
            self.screen.add_class(EDITING_CLASS)
            self.refresh_bindings()
            self._rewrite()
        else:
            self.post_message(self.ListWanted(self._at))

    def action_step(self, by: int) -> None:
        if self._draft is None or self._locked():
            return
        one, present = self._draft.field_of(self._at), self._draft.value(self._at)
        if one.kind is FieldKind.SWITCH:
            self.post_message(self.Valued(self._at, toggled(present)))
        elif one.kind is FieldKind.CHOICE:
            self.post_message(self.Valued(self._at, neighbour(one, present, by)))

    def action_accept(self) -> None:
        self._stop_editing()
        self._rewrite()

    def action_give_up(self) -> None:
        before = self._before
        self._stop_editing()
        self.post_message(self.Valued(self._at, before))
        self._rewrite()

    def _stop_editing(self) -> None:
        if self._caret is not None:
            self._caret = None
            self.screen.remove_class(EDITING_CLASS)
            self.refresh_bindings()

    # -- typing -------------------------------------------------------------------------------------------------------

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """While a field is edited letters are text."""
        return self.editing and character is not None and character.isprintable()

    async def _on_key(self, event: events.Key) -> None:
        if self._caret is None:
            return
        if event.character is not None and event.is_printable:
            self._type(event, self._caret.typed(event.character))
        elif (moved := self._caret.pressed(event.key)) is not None:
            self._type(event, moved)

    def insert_text_at_cursor(self, text: str) -> None:
        """What was typed in one burst with the key that began the editing."""
        if self._caret is not None:
            self._put_caret(self._caret.typed(text))

    def on_paste(self, event: events.Paste) -> None:
        """Only the first line: a field is one."""
        if self._caret is not None:
            self._type(event, self._caret.typed(event.text.split("\n", 1)[0]))

    def _type(self, event: events.Event, caret: Caret) -> None:
        event.stop()
        event.prevent_default()
        self._put_caret(caret)

    def _put_caret(self, caret: Caret) -> None:
        changed = self._caret is None or caret.text != self._caret.text
        self._caret = caret
        if changed:
            self.post_message(self.Valued(self._at, caret.text))
        self._rewrite()


def _with_caret(strip: Strip, start: int, end: int) -> Strip:
    """The strip with the caret's cells reversed."""
    parts = (strip.crop(0, start), strip.crop(start, end).apply_style(CARET), strip.crop(end, strip.cell_length))
    return Strip.join(parts)
