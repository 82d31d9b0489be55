"""Changes to listings: those that are selected, or the one under the cursor. Shared by View Product Sync and the SKU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType

from invsync_tui.operations.lists.list_views import ListingLine
from invsync_tui.operations.roles import Right
from invsync_tui.plain_text import counted
from invsync_tui.tui.actions import (
    FIX,
    FIX_KEY,
    FIXED,
    LET_GO,
    LISTING_CHANGES,
    Confirmation,
    ListingChange,
    fixed_quantity,
    subject,
)
from invsync_tui.tui.context import AppContext
from invsync_tui.tui.rights import refusal
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.text.styled import Tone
from invsync_tui.tui.widgets.row_source import Row
from invsync_tui.tui.widgets.table import WindowTable

if TYPE_CHECKING:
    from textual.widgets import Input

    from invsync_tui.operations.session import Session


class ListingActionsScreen(BaseScreen):
    """Space selects, and every change asks first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "why", "Why", tooltip="The arithmetic in every cart, and every cause", id="listing.why"),
        Binding(
            "space", "select", "Select", tooltip="Select the listing for a bulk action, or not", id="listing.select"
        ),
        Binding(
            "shift+down",
            "extend(1)",
            "Select down",
            show=False,
            tooltip="Select the listing and go to the next: a range, held down",
            id="listing.select-down",
        ),
        Binding(
            "shift+up",
            "extend(-1)",
            "Select up",
            show=False,
            tooltip="Select the listing and go to the one before",
            id="listing.select-up",
        ),
        Binding(
            FIX_KEY,
            "fix",
            "Override",
            tooltip="Override the quantity of the selected listings, or remove the override",
            id="listing.override",
        ),
        *(
            Binding(
                listing_change.key,
                f"change('{listing_change.name}')",
                listing_change.label,
                tooltip=listing_change.help,
                id=f"listing.{listing_change.name}",
            )
            for listing_change in LISTING_CHANGES
        ),
    ]

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.selected: dict[int, ListingLine] = {}
        self._to_override: Sequence[ListingLine] = ()
        """The listings that the quantity that is being typed is for, wherever the cursor is by then."""

    @property
    def listings(self) -> WindowTable:
        """The table of listings."""
        return self.query_one(WindowTable)

    def is_selected(self, row: Row) -> bool:
        return row.line is not None and row.line.id in self.selected

    def selection_changed(self) -> None:
        """Called after one was selected or let go."""

    def _present(self) -> ListingLine | None:
        listing: ListingLine | None = self.listings.cursor_line if self.is_mounted else None
        return listing

    def _targets(self) -> Sequence[ListingLine]:
        present = self._present()
        return tuple(self.selected.values()) or (() if present is None else (present,))

    def action_select(self) -> None:
        if (present := self._present()) is None:
            return
        if self.selected.pop(present.id, None) is None:
            self.selected[present.id] = present
        self.listings.repaint()
        self.listings.action_step(1)
        self.selection_changed()

    def action_extend(self, by: int) -> None:
        """Select the listing under the cursor, and the one that the cursor goes to."""
        if (present := self._present()) is None:
            return
        self.selected[present.id] = present
        self.listings.action_step(by)
        if (following := self._present()) is not None:
            self.selected[following.id] = following
        self.listings.repaint()
        self.selection_changed()

    def how_many(self, listings: Sequence[ListingLine]) -> str:
        """How many listings a question is about, in words."""
        return counted(len(listings), "listing")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("change", "fix"):
            right = Right.SYNC if parameters == ("sync",) else Right.LISTING
            return not refusal(self.context.connection, right) and bool(self._targets())
        if action in ("select", "extend", "select_all"):
            return not refusal(self.context.connection, Right.LISTING) and self._present() is not None
        return super().check_action(action, parameters)

    def action_change(self, name: str) -> None:
        change = next(listing_change for listing_change in LISTING_CHANGES if listing_change.name == name)
        if not (targets := self._targets()):
            return
        self.confirmed(
            self._question(change.question(targets), targets), subject(targets), partial(self._change, change, targets)
        )

    def _question(self, ask: Confirmation, listings: Sequence[ListingLine]) -> Confirmation:
        return ask.about(self.how_many(listings)) if len(listings) > 1 else ask

    def action_fix(self) -> None:
        self._to_override = targets = self._targets()
        if targets:
            value = "" if targets[0].override is None else str(targets[0].override)
            self.open_prompt("Quantity: ", FIX, "a whole number; empty removes the override", value=value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        from invsync_tui.operations.errors import OperationError

        if event.input.id != FIX:
            return
        self.close_prompt()
        try:
            quantity = fixed_quantity(event.value)
        except OperationError as wrong:
            self.notice(str(wrong), Tone.WARN)
            return
        if targets := self._to_override:
            ask = LET_GO if quantity is None else _fixed_at(quantity)
            self.confirmed(self._question(ask, targets), subject(targets), partial(self._fix, targets, quantity))

    def _fix(self, listings: Sequence[ListingLine], quantity: int | None, reason: str) -> None:
        ids = [line.id for line in listings]
        self.ask(partial(_override, ids, quantity, reason), self.change_made)

    def _change(self, change: ListingChange, listings: Sequence[ListingLine], reason: str) -> None:
        ids, on = [line.id for line in listings], change.sets(listings)
        self.ask(lambda session: change.make(session, ids, on, reason), self.change_made)

    def change_made(self, text: str) -> None:
        super().change_made(text)
        self.selected.clear()
        self.listings.repaint()
        self.selection_changed()
        if self.is_current:
            self.watch_facts()

    def on_key(self, event: events.Key) -> None:
        """Changes that are refused are hidden; their keys still say why nothing happens."""
        why = refusal(self.context.connection, Right.LISTING)
        if why and event.key in {FIX_KEY, *(listing_change.key for listing_change in LISTING_CHANGES)}:
            self.notice(why, Tone.WARN)


def _fixed_at(quantity: int) -> Confirmation:
    return replace(
        FIXED,
        question=f"Override the quantity to {quantity}?",
        several=f"Override the quantity of {{}} to {quantity}?",
    )


def _override(listing_ids: Sequence[int], quantity: int | None, reason: str, session: Session) -> str:
    from invsync_tui.operations.catalog import sku

    return sku.set_override(session, listing_ids, quantity, reason)
