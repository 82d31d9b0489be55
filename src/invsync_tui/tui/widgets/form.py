"""The fields of a form, one under the other, with a cursor and an input in place. What values mean is the screen's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from invsync_tui.operations.lists.list_views import FieldKind
from invsync_tui.tui.text.glyphs import Glyphs
from invsync_tui.tui.text.styled import BLANK
from invsync_tui.tui.widgets.diff_canvas import Canvas
from invsync_tui.tui.widgets.form_draft import TYPED, Draft, neighbour, toggled
from invsync_tui.tui.widgets.form_rows import FormRenderContext, FormRow, rows

if TYPE_CHECKING:
    from invsync_tui.tui.widgets.field_input import FieldInput

EDITING_CLASS = "-editing"
"""On the screen while letters are text."""


class FormView(Canvas, can_focus=True, inherit_bindings=False):
    """Shows a draft and tells what the operator does to it; `show` brings the draft that came of it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"form--cursor"}
    BINDING_GROUP_TITLE = "Fields"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "edit", "Edit", tooltip="Edit or switch the field", id="form.edit"),
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
        self._input: FieldInput | None = None
        """Over the value of the field that is edited; a canvas has no children, so it is the screen's."""
        self._before = ""
        self._rows: list[FormRow] = []

    # -- what it shows ------------------------------------------------------------------------------------------------

    @property
    def field(self) -> str:
        """The field under the cursor; '' while there is none."""
        return self._at

    @property
    def editing(self) -> bool:
        return self._input is not None

    @property
    def text(self) -> str:
        return "\n".join(each.line.text.rstrip() for each in self._rows)

    def show(self, draft: Draft) -> None:
        """Draw this draft from now on."""
        self._draft = draft
        names = self._names()
        if self._at not in names:
            self._close_input()  # what is typed there is no other field's
            self._put(names[0] if names else "")
        self._rewrite()

    def go_to(self, field: str) -> None:
        """Put the cursor on a field."""
        if field in self._names():
            self._stop_editing()
            self._put(field)
            self._rewrite()

    def _names(self) -> list[str]:
        return [field.name for field in self._draft.form.fields] if self._draft else []

    def _put(self, field: str) -> None:
        if field != self._at:
            self._at = field
            self.post_message(self.Moved(field))

    def _rewrite(self) -> None:
        viewport = self.scrollable_content_region.size
        if self._draft is not None and viewport:
            self._rows = rows(self._draft, FormRenderContext(viewport.width, self._glyphs, viewport.height))
            self.set_extent(viewport.width, max(len(self._rows), viewport.height))
            self._reveal()
            self.repaint()
        self._place_input()

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

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._place_input()

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
        return bool(self._at) if action in ("edit", "step") else True

    def action_edit(self) -> None:
        if self._draft is None or not self._at or self.editing:
            return
        if self._locked():
            self.post_message(self.Locked())
            return
        field, present = self._draft.field_of(self._at), self._draft.value(self._at)
        if field.kind is FieldKind.SWITCH:
            self.post_message(self.Valued(self._at, toggled(present)))
        elif field.kind in TYPED:
            self._open_input(present)
        else:
            self.post_message(self.ListWanted(self._at))

    def action_step(self, by: int) -> None:
        if self._draft is None or self._locked():
            return
        field, present = self._draft.field_of(self._at), self._draft.value(self._at)
        if field.kind is FieldKind.SWITCH:
            self.post_message(self.Valued(self._at, toggled(present)))
        elif field.kind is FieldKind.CHOICE:
            self.post_message(self.Valued(self._at, neighbour(field, present, by)))

    # -- typing -------------------------------------------------------------------------------------------------------

    def _open_input(self, text: str) -> None:
        from invsync_tui.tui.widgets.field_input import FieldInput

        self._before, self._input = text, FieldInput(self, text)
        self.screen.add_class(EDITING_CLASS)
        self.screen.mount(self._input)
        # At once, so that letters behind Enter in one burst reach it.
        self.screen.set_focus(self._input, scroll_visible=False)
        self._rewrite()

    def _place_input(self) -> None:
        """Put the input over the field's value; it takes no cells while that row is out of sight."""
        if self._input is None:
            return
        view = self.scrollable_content_region
        row = next((y for y, each in enumerate(self._rows) if each.field == self._at), -1)
        y = row - self.scroll_offset.y
        if row < 0 or not 0 <= y < view.height:
            self._input.place(Region())
        else:
            start = min(self._rows[row].label + 1, view.width)
            self._input.place(Region(view.x + start, view.y + y, view.width - start, 1))

    def typed(self, text: str) -> None:
        """The field that is edited has this text now."""
        if self.editing:
            self.post_message(self.Valued(self._at, text))

    def accept(self) -> None:
        """Take what was typed."""
        self._stop_editing()
        self._rewrite()

    def give_up(self) -> None:
        """Forget what was typed."""
        if self._input is not None:
            self._input.value = self._before
        self.accept()

    def _stop_editing(self) -> None:
        if self._input is not None:
            self.typed(self._input.value)
            self._close_input()

    def _close_input(self) -> None:
        if self._input is None:
            return
        gone, self._input = self._input, None
        self.screen.remove_class(EDITING_CLASS)
        if self.screen.focused in (gone, None):
            self.screen.set_focus(self, scroll_visible=False)
        gone.remove()
        self.refresh_bindings()
