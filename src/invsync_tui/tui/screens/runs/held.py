"""What a held run would send: every listing with what it shows, what it would show, and the group it is released with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from invsync_tui.operations.lists.rows import Rows
from invsync_tui.operations.runs.held import HeldLine
from invsync_tui.plain_text import grouped, signed
from invsync_tui.rules import words
from invsync_tui.rules.listing_filter import HELD
from invsync_tui.tui.screens.base.conditions import ConditionsScreen
from invsync_tui.tui.text.styled import Span, Tone
from invsync_tui.tui.widgets.columns import UNKNOWN, Align, Field, RenderContext

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.widgets.columns import ListView

GROUPS = (None, "zero", "jump", "rest")
_TONES = {"zero": Tone.BAD, "jump": Tone.WARN}


def _shows(held_line: HeldLine, rendering: RenderContext) -> Span:
    return UNKNOWN if held_line.in_cart is None else (grouped(held_line.in_cart), Tone.PLAIN)


def _would(held_line: HeldLine, rendering: RenderContext) -> Span:
    return grouped(held_line.target), _TONES.get(held_line.group, Tone.STRONG)


def _change(held_line: HeldLine, rendering: RenderContext) -> Span:
    return UNKNOWN if held_line.change is None else (signed(held_line.change), Tone.PLAIN)


def _group(held_line: HeldLine, rendering: RenderContext) -> Span:
    return words.group(held_line.group).capitalize(), _TONES.get(held_line.group, Tone.FAINT)


FIELDS: tuple[Field[HeldLine], ...] = (
    Field("Listing SKU", 15, lambda line: line.sku, lambda line, _: (line.sku, Tone.STRONG), flex=2, sort="sku"),
    Field("Name", 18, lambda line: line.name, flex=2, sort="name", room=100),
    Field("In cart", 8, lambda line: line.in_cart, _shows, align=Align.RIGHT, sort="in_cart"),
    Field("Target", 8, lambda line: line.target, _would, align=Align.RIGHT, sort="target"),
    Field("Change", 8, lambda line: line.change, _change, align=Align.RIGHT, sort="change"),
    Field("Group", 13, lambda line: line.group, _group, sort="group"),
)


class HeldScreen(ConditionsScreen[HeldLine]):
    """Enter searches the SKU; v shows one group after the other. The run itself is released or discarded on its screen."""

    noun = "held listings"
    language = HELD
    filtered_by = "a part of a SKU or code, change<-20, target=0, group:to_zero"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "group", "Group", tooltip="All, to zero, large changes, other", id="held.group"),
    ]

    def __init__(self, context: AppContext, run_id: int) -> None:
        self._run_id = run_id
        self._group: str | None = None
        super().__init__(context)

    @property
    def trail(self) -> tuple[str, ...]:
        return (
            "Runs",
            f"Run {self._run_id}",
            "Would send" if self._group is None else f"Would send: {words.group(self._group)}",
        )

    @property
    def memory(self) -> str:
        return f"held:{self._run_id}:{self._group or ''}"

    @property
    def fields(self) -> Sequence[Field[HeldLine]]:
        return FIELDS

    def rows(self, session: Session, look: ListView) -> Rows[HeldLine]:
        from invsync_tui.operations.runs import held

        return held.held(session, self._run_id, self._group, look.ordering, look.text)

    def empty(self) -> Sequence[str]:
        if self._group is not None:
            return (f"No listing is in the group {words.group(self._group)}.", "v shows the next group.")
        return "No listing of this run is held any more.", "A newer run has decided about them since. Esc goes back."

    def open_line(self, line: HeldLine) -> None:
        self.go_to("search", line.sku)

    def action_group(self) -> None:
        """The next group, all of them after the last."""
        self._group = GROUPS[(GROUPS.index(self._group) + 1) % len(GROUPS)]
        self._use(self.table.use_from_the_top)
        self._show_trail()
