"""The carts of a merchant, or all: main settings, how their last push went, and the way to everything about one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from invsync_tui.operations.lists.list_views import CartLine
from invsync_tui.operations.lists.rows import Rows
from invsync_tui.operations.roles import Right
from invsync_tui.operations.runs.last_status import NEVER_PUSHED, OFF
from invsync_tui.rules.words import ALL_LOCATIONS
from invsync_tui.tui.actions import Confirmation
from invsync_tui.tui.rights import refusal
from invsync_tui.tui.screens.base.set_up_screen import Addition, SetUpScreen, SetUpSubject
from invsync_tui.tui.text.formatting import AFTER_DOWNLOAD, NEVER, moment_field, until
from invsync_tui.tui.text.outcomes import status_tone
from invsync_tui.tui.text.styled import Span, Tone
from invsync_tui.tui.widgets.columns import Field, RenderContext, number
from invsync_tui.tui.widgets.row_source import MemoryRows

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session
    from invsync_tui.operations.views import Requested
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.widgets.columns import ListView


def _ident(line: CartLine) -> int:
    return line.id


def _name(line: CartLine, rendering: RenderContext) -> Span:
    return line.name, Tone.STRONG


def _upload(line: CartLine, rendering: RenderContext) -> Span:
    return ("on", Tone.GOOD) if line.upload_on else ("off", Tone.FAINT)


def _warehouses(line: CartLine) -> str:
    return ", ".join(line.warehouses) or ALL_LOCATIONS


def _status(line: CartLine, rendering: RenderContext) -> Span:
    return line.status or NEVER_PUSHED, status_tone(line.status)


def _next(line: CartLine, rendering: RenderContext) -> Span:
    if line.status.startswith(OFF):
        return NEVER, Tone.FAINT
    if line.next_run_at is None:
        return (line.not_due, Tone.WARN) if line.not_due else (AFTER_DOWNLOAD, Tone.FAINT)
    return until(line.next_run_at, rendering.now), Tone.PLAIN


def _switch(line: CartLine) -> str:
    return "on" if line.upload_on else "off"


MERCHANT: Field[CartLine] = Field("Merchant", 12, lambda line: line.merchant, flex=2, sort="merchant")
FIELDS: tuple[Field[CartLine], ...] = (
    Field("Cart", 14, lambda line: line.name, _name, flex=3, sort="cart"),
    Field("System", 8, lambda line: line.system, flex=1, sort="system", room=100),
    Field("Upload", 6, _switch, _upload, sort="upload"),
    Field("Warehouses", 12, _warehouses, flex=2, sort="warehouses", room=100),
    Field("Alias", 6, lambda line: line.alias_type, sort="alias", room=100),
    number("Minimum", 9, lambda line: line.minimum, sort="minimum", room=130),
    number("Listings", 10, lambda line: line.listings, sort="listings"),
    moment_field("Last push", 18, lambda line: line.last_push_at, sort="pushed", missing=("Never", Tone.WARN)),
    Field("Status", 10, lambda line: line.status or None, _status, flex=3, sort="status"),
    Field("Next run", 10, lambda line: line.next_run_at, _next, sort="next", room=100),
)


FREEZE = Confirmation(
    "Freeze this cart?",
    "Nothing is sent until it is unfrozen, and a push that is sending stops. Downloads and planning continue.",
    "Freeze",
    needs_reason=True,
)
THAW = Confirmation("Unfreeze this cart?", "The next push will send pending changes.", "Unfreeze", needs_reason=True)


class CartsScreen(SetUpScreen[CartLine]):
    """Enter is View Product Sync."""

    noun = "carts"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("E", "setup", "Edit Setup", tooltip="The settings of the selected cart", id="cart.setup"),
        Binding("r", "runs", "Runs", tooltip="The pushes of the selected cart", id="cart.runs"),
        Binding("s", "sync", "Sync", tooltip="Start a sync of the selected cart", id="cart.sync"),
        Binding("i", "identity", "Identity", tooltip="Listings without a product", id="cart.identity"),
        Binding("p", "plan", "Plan", tooltip="What the next push would set, riskiest first", id="cart.plan"),
        Binding("d", "drift", "Drift", tooltip="Listings whose number in the cart was changed there", id="cart.drift"),
        Binding(
            "z", "freeze", "Freeze", tooltip="Stop all pushes of the selected cart, or unfreeze it", id="cart.freeze"
        ),
        Binding("T", "test", "Test", tooltip="Test the cart's connection step by step", id="cart.test"),
    ]

    def __init__(self, context: AppContext, merchant_id: int | None, merchant: str) -> None:
        self._merchant_id = merchant_id
        self._merchant = merchant
        super().__init__(context)

    @property
    def trail(self) -> tuple[str, ...]:
        return ("Merchants", self._merchant, "Carts") if self._merchant_id is not None else ("Merchants", "All carts")

    @property
    def memory(self) -> str:
        return f"carts:{self._merchant_id or 'all'}"

    @property
    def fields(self) -> Sequence[Field[CartLine]]:
        return FIELDS if self._merchant_id is not None else (MERCHANT, *FIELDS)

    def rows(self, session: Session, look: ListView) -> Rows[CartLine]:
        from invsync_tui.operations.listings import carts

        return MemoryRows(carts.carts(session, self._merchant_id), self.fields, look, _ident)

    def empty(self) -> Sequence[str]:
        if self._merchant_id is None:
            return ("No carts yet.", "Add one on the carts of its merchant: c in the list of merchants, then A.")
        return ("No carts yet.", "A adds one: choose its system, fill in the fields, test the connection, save.")

    def copied(self, line: CartLine) -> str:
        return line.name

    def subject_of(self, line: CartLine) -> SetUpSubject:
        return SetUpSubject(f"cart:{line.id}", line.name, line.upload_on, "Inventory Upload Service")

    @property
    def addition(self) -> Addition | None:
        """Only where one knows to which merchant."""
        if self._merchant_id is None:
            return None
        follows = "s starts its first push, which is held until you have reviewed it."
        return Addition("cart", self._merchant_id, follows)

    def open_line(self, line: CartLine) -> None:
        self.go_to("products", line.id, line.name, line.merchant)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "freeze":
            return self.is_mounted and self.line is not None and not refusal(self.context.connection, Right.DECIDE)
        if action in ("plan", "setup", "runs", "test", "identity", "drift"):
            return self.is_mounted and self.line is not None
        if action == "sync":
            return self.is_mounted and self.line is not None and not self._refusal()
        return super().check_action(action, parameters)

    def action_setup(self) -> None:
        if (selected := self.line) is not None:
            self.go_to("setup", selected.id, selected.name, selected.merchant)

    def action_runs(self) -> None:
        if (selected := self.line) is not None:
            self.go_to("runs", selected.merchant_id, selected.merchant, selected.id, selected.name)

    def action_identity(self) -> None:
        if (selected := self.line) is not None:
            self.go_to("identity", selected.id, selected.name, selected.merchant)

    def action_drift(self) -> None:
        if (selected := self.line) is not None:
            self.go_to("drift", selected.id, selected.name, selected.merchant)

    def action_test(self) -> None:
        if (selected := self.line) is not None:
            self.go_to("connection test", f"cart:{selected.id}")

    def action_plan(self) -> None:
        if (selected := self.line) is not None:
            self.go_to("plan", selected.id, selected.name, selected.merchant)

    def action_freeze(self) -> None:
        if (selected := self.line) is not None:
            ask = THAW if selected.frozen else FREEZE
            self.confirmed(ask, f"{selected.name}, {selected.merchant}", partial(self._freeze, selected))

    def _freeze(self, cart: CartLine, reason: str) -> None:
        self.ask(partial(_freeze_or_unfreeze, cart, reason), self.change_made)

    def action_sync(self) -> None:
        if (selected := self.line) is not None:
            self.ask(partial(_request_sync, selected), self.sync_requested)

    def key_s(self) -> None:
        """Where it would be refused the binding is hidden; the key still says why nothing happens."""
        if why := self._refusal():
            self.notice(why, Tone.WARN)

    def _refusal(self) -> str:
        return refusal(self.context.connection, Right.SYNC)


def _freeze_or_unfreeze(cart: CartLine, reason: str, session: Session) -> str:
    from invsync_tui.operations.plans import freeze

    change = freeze.unfreeze if cart.frozen else freeze.freeze
    return change(session, "cart", cart.id, reason).message


def _request_sync(cart: CartLine, session: Session) -> Requested:
    from invsync_tui.operations.runs import request

    return request.request(session, cart.merchant_id, cart.id)
