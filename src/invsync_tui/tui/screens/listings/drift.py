"""Drift of a cart: what it shows otherwise than it accepted, the class, the units at risk, and the way to correct it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size

from invsync_tui.operations.listings.drift import DriftLine
from invsync_tui.operations.lists.rows import Rows
from invsync_tui.operations.roles import Right
from invsync_tui.plain_text import counted
from invsync_tui.rules.listing_filter import DRIFT
from invsync_tui.tui.actions import Confirmation
from invsync_tui.tui.rights import refusal
from invsync_tui.tui.screens.base.conditions import ConditionsScreen
from invsync_tui.tui.text.sanitize import clean, wrap
from invsync_tui.tui.text.styled import Line, Span, Tone, line
from invsync_tui.tui.widgets.columns import Field, RenderContext, number

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session
    from invsync_tui.operations.views import Requested
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.navigation.routes import Visit
    from invsync_tui.tui.widgets.columns import ListView

CLASSES = (None, "vanished", "untracked", "oversell", "undersell", "edited", "lagging")
NOT_WRITTEN = frozenset({"vanished", "untracked"})
_TONES = {"oversell": Tone.BAD, "lagging": Tone.FAINT}
CORRECT = Confirmation(
    "Correct this listing?",
    "The next push compares with what the cart shows, and writes what differs.",
    "Correct",
    needs_reason=True,
)


def _class(drift_line: DriftLine, rendering: RenderContext) -> Span:
    return drift_line.drift, _TONES.get(drift_line.drift, Tone.WARN)


def _marked(drift_line: DriftLine, rendering: RenderContext) -> Span:
    return ("next push", Tone.GOOD) if drift_line.to_correct else ("-", Tone.FAINT)


FIELDS: tuple[Field[DriftLine], ...] = (
    Field("Listing SKU", 15, lambda line: line.sku, lambda line, _: (line.sku, Tone.STRONG), flex=2, sort="sku"),
    Field("Class", 9, lambda line: line.drift, _class, sort="class"),
    number("Exposure", 8, lambda line: line.exposure, sort="exposure"),
    number("Confirmed", 9, lambda line: line.confirmed, sort="confirmed"),
    number("In cart", 8, lambda line: line.in_cart, sort="in_cart"),
    number("Target", 8, lambda line: line.target, sort="target", room=90),
    Field("Correct", 9, lambda line: line.to_correct, _marked, sort="correct"),
)


def _correct(cart_id: int, skus: Sequence[str], drift_class: str | None, reason: str, session: Session) -> str:
    from invsync_tui.operations.listings import drift

    return drift.correct(session, cart_id, skus, drift_class, reason)


def _check_now(cart_id: int, session: Session) -> Requested:
    from invsync_tui.operations.listings import drift

    return drift.verify(session, cart_id)


class DriftScreen(ConditionsScreen[DriftLine]):
    """Enter says why; v shows one class after the other; h corrects the selected listing, R checks now."""

    noun = "drifted"
    language = DRIFT
    filtered_by = "a part of a SKU, exposure>20, diff>0, class:oversell"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "class", "Class", tooltip="All, then one class after the other", id="drift.class"),
        Binding(
            "h", "correct", "Correct", tooltip="Correct the selected listing with the next push", id="drift.correct"
        ),
        Binding(
            "H",
            "correct_all",
            "Correct all",
            tooltip="Correct all of the class shown with the next push",
            id="drift.correct-all",
        ),
        Binding("R", "verify", "Check now", tooltip="Read the listings from the cart now", id="drift.verify"),
    ]

    def __init__(self, context: AppContext, cart_id: int, cart: str, merchant: str, drift_class: str = "") -> None:
        self._cart_id = cart_id
        self._cart = cart
        self._merchant = merchant
        self._class: str | None = drift_class if drift_class in CLASSES else None
        super().__init__(context)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._merchant, self._cart, "Drift" if self._class is None else f"Drift: {self._class}"

    @property
    def visited(self) -> Visit | None:
        what = self._cart_id, self._cart, self._merchant, self._class or ""
        return self.visit and self.visit._replace(what=what)

    @property
    def memory(self) -> str:
        return f"drift:{self._cart_id}:{self._class or ''}"

    @property
    def fields(self) -> Sequence[Field[DriftLine]]:
        return FIELDS

    def rows(self, session: Session, look: ListView) -> Rows[DriftLine]:
        from invsync_tui.operations.listings import drift

        return drift.drifted(session, self._cart_id, self._class, look.ordering, look.text)

    def empty(self) -> Sequence[str]:
        if self._class is not None:
            return (f"Nothing is {self._class}.", "v shows the next class.")
        return "No drift, as far as the cart was read.", "R reads its listings now."

    def about(self, drift_line: DriftLine, size: Size) -> Sequence[Line]:
        return [line(row) for row in wrap(clean(drift_line.text), size.width)]

    def open_line(self, line: DriftLine) -> None:
        self.go_to("why", line.sku, None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "correct":
            selected = self.line if self.is_mounted else None
            if selected is None or self._refusal(Right.DECIDE):
                return False
            return True if selected.drift not in NOT_WRITTEN else None
        if action == "correct_all":
            return self._class is not None and self._class not in NOT_WRITTEN and not self._refusal(Right.DECIDE)
        if action == "verify":
            return not self._refusal(Right.SYNC)
        return super().check_action(action, parameters)

    def _refusal(self, right: Right) -> str:
        return refusal(self.context.connection, right)

    def action_class(self) -> None:
        """The next class, all of them after the last."""
        self._class = CLASSES[(CLASSES.index(self._class) + 1) % len(CLASSES)]
        self._use(self.table.use_from_the_top)
        self._show_trail()

    def action_correct(self) -> None:
        if (selected := self.line) is not None:
            self.confirmed(CORRECT, f"{selected.sku}: {selected.text}", partial(self._correct, selected))

    def _correct(self, drift_line: DriftLine, reason: str) -> None:
        self.ask(partial(_correct, self._cart_id, (drift_line.sku,), None, reason), self.change_made)

    def action_correct_all(self) -> None:
        if (drift_class := self._class) is not None:
            ask = replace(CORRECT, question=f"Correct everything that is {drift_class}?", confirm="Correct all")
            subject = f"{counted(self.table.count, 'listing')} of {self._cart}"
            self.confirmed(ask, subject, partial(self._correct_all, drift_class))

    def _correct_all(self, drift_class: str, reason: str) -> None:
        self.ask_slow(partial(_correct, self._cart_id, (), drift_class, reason), self.change_made)

    def action_verify(self) -> None:
        self.ask(partial(_check_now, self._cart_id), self.sync_requested)
