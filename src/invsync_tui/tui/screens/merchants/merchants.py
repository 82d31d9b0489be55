"""Home: the pulse on top, one row per merchant, on a wide terminal its carts beneath it, and what is wrong with the selected
one.

The first frame shows this screen without facts. What is needed to put facts into words is imported with the first facts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size

from invsync_tui.tui.navigation.names import Named
from invsync_tui.tui.screens.base.set_up_screen import Addition, SetUpScreen, SetUpSubject
from invsync_tui.tui.screens.merchants.fields import FIELDS, WIDE, WIDE_FIELDS, is_cart, tree
from invsync_tui.tui.text.styled import Line, Tone, line
from invsync_tui.tui.widgets.columns import Field

if TYPE_CHECKING:
    from invsync_tui.operations.lists.rows import Count, Rows
    from invsync_tui.operations.merchants.home import Head, HomeLine
    from invsync_tui.operations.session import Session
    from invsync_tui.operations.views import Requested
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.widgets.columns import ListView


def read_head(session: Session) -> Head:
    """What this screen watches."""
    from invsync_tui.operations.merchants import home

    return home.head(session)


def read_rows(carts: bool, fields: Sequence[Field[HomeLine]], look: ListView, session: Session) -> Rows[HomeLine]:
    """All merchants in one order where they are few, else in pages."""
    from invsync_tui.operations.merchants import home

    lines = home.few(session, carts=carts)
    return home.paged(session, look.text, look.ordering, carts=carts) if lines is None else tree(lines, fields, look)


def request_sync(merchant_id: int, cart_id: int | None, session: Session) -> Requested:
    """Start a sync of the merchant and all its carts, or of one cart."""
    from invsync_tui.operations.runs import request

    return request.request(session, merchant_id) if cart_id is None else request.request(session, merchant_id, cart_id)


class MerchantsScreen(SetUpScreen["HomeLine"]):
    """The bottom of the stack; its cursor stays on its line whatever is opened on top. Keys that a merchant and a cart both
    have a place for act on what the line is; the others on the merchant of a cart."""

    CSS_PATH = None
    """The first frame's, which the application has already."""
    noun = "merchants"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sync", "Sync", tooltip="Start a sync of the selected merchant and open it", id="sync.start"),
        Binding("w", "visit('warehouses')", "Products", tooltip="Locations & Products", id="merchant.warehouses"),
        Binding("c", "visit('carts')", "Carts", tooltip="The carts of the selected merchant", id="merchant.carts"),
        Binding(
            "u",
            "visit('listings')",
            "Mismatches",
            tooltip="Where carts of the selected merchant do not show their target",
            id="merchant.mismatches",
        ),
        Binding(
            "U",
            "mismatches",
            "All mismatches",
            show=False,
            tooltip="Mismatches of all merchants",
            id="merchant.all_mismatches",
        ),
        Binding("r", "visit('runs')", "Runs", tooltip="The runs of the selected merchant", id="merchant.runs"),
        Binding("a", "visit('aliases')", "Aliases", tooltip="Alias types and collisions", id="merchant.aliases"),
        Binding(
            "D", "visit('doctor')", "Doctor", tooltip="Every check of the guide, and all causes", id="merchant.doctor"
        ),
        Binding("E", "visit('settings')", "Edit Setup", tooltip="Settings", id="merchant.setup"),
        Binding("T", "test", "Test", tooltip="Test the WMS connection step by step", id="merchant.test"),
    ]

    def __init__(self, context: AppContext) -> None:
        self._head: Head | None = None
        self._wide = False
        super().__init__(context)

    # -- list ---------------------------------------------------------------------------------------------------------

    @property
    def trail(self) -> tuple[str, ...]:
        return ("Merchants",)

    @property
    def fields(self) -> Sequence[Field[HomeLine]]:
        return WIDE_FIELDS if self._wide else FIELDS

    def _fields_shown(self) -> tuple[Field[HomeLine], ...]:
        self._wide = self.app.size.width >= WIDE
        return super()._fields_shown()

    def rows(self, session: Session, look: ListView) -> Rows[HomeLine]:
        return read_rows(self._wide, self.fields, look, session)

    def noun_of(self, count: Count) -> str:
        """A single line is a merchant's: a cart is never without it."""
        return "merchants and carts" if self._wide and count.n != 1 else super().noun_of(count)

    def watch_facts(self) -> None:
        self.watch_store(read_head, self._show_head)

    def _show_head(self, head: Head) -> None:
        self._head = head
        self.context.known_runs = head.newest_runs
        self._show_trail()
        self.table.read_again()

    def _show_trail(self) -> None:
        """The pulse stands where other lists say where they are."""
        if self._head is not None:
            from invsync_tui.tui.screens.merchants.text import pulse_line

            self.text_line("trail").show(pulse_line(self._head.pulse, self.context.glyphs), line(*self._state()))

    def _nothing(self, width: int) -> Sequence[Line]:
        from invsync_tui.tui.screens.merchants.text import NO_MERCHANTS

        return super()._nothing(width) if self.look.text else NO_MERCHANTS

    def signs(self) -> Sequence[tuple[str, str]]:
        from invsync_tui.tui.screens.merchants import text

        return text.signs(self.context.glyphs) if self._wide else ()

    def about(self, selected: HomeLine, size: Size) -> Sequence[Line]:
        from invsync_tui.tui.screens.merchants import text

        return text.about(selected, size.width, self.context.clock(), self.context.glyphs)

    def subject_of(self, line: HomeLine) -> SetUpSubject:
        if is_cart(line):
            return SetUpSubject(f"cart:{line.id}", line.name, line.upload_on, "Inventory Upload Service")
        return SetUpSubject(f"merchant:{line.id}", line.name, line.sync_on, "Synchronization With WMS - Inventory")

    @property
    def addition(self) -> Addition:
        follows = "s starts its first inventory download; c, then A, adds a cart."
        return Addition("merchant", 0, follows)

    def open_line(self, line: HomeLine) -> None:
        """What is most wrong: a held run, a failing connection, a stalled run, mismatches, then what else there is."""
        from invsync_tui.tui.screens.merchants.worst import Opens, worst

        worst_link = worst(line)
        if worst_link.run is not None:
            self.open_run(worst_link.run)
        elif worst_link.place is not None:
            from invsync_tui.tui.navigation.links import Link, follow

            follow(self, Link(*worst_link.place))
        elif worst_link.opens is Opens.MISMATCHES:
            self.action_visit("listings")
        elif is_cart(line):
            self.action_visit("products")
        else:
            way = "" if self._refusal() else " Press s to start its first sync."
            self.notice(f"{line.name} has never been synced.{way}", Tone.WARN)

    def action_back(self) -> None:
        """There is nothing to go back to, but a filter can be ended."""
        if self.check_action("back", ()):
            super().action_back()

    # -- places -------------------------------------------------------------------------------------------------------

    def action_visit(self, place: str) -> None:
        """One of the screens that belong to a merchant, by its name in the route table; of a cart its own, where it has
        one."""
        if (selected := self.line) is None:
            return
        merchant = (
            Named(selected.merchant_id, selected.merchant) if is_cart(selected) else Named(selected.id, selected.name)
        )
        if not is_cart(selected):
            self.go_to(place, merchant.id, merchant.name)
        elif place == "runs":
            self.go_to("runs", merchant.id, merchant.name, selected.id, selected.name)
        elif place == "settings":
            self.go_to("setup", selected.id, selected.name, merchant.name)
        elif place in ("listings", "products"):
            tab = "mismatch" if place == "listings" else ""
            self.go_to("products", selected.id, selected.name, merchant.name, tab)
        else:
            self.go_to(place, merchant.id, merchant.name)

    def action_mismatches(self) -> None:
        self.go_to("listings", None, "")

    def action_test(self) -> None:
        if (selected := self.line) is not None:
            self.go_to("connection test", self.subject_of(selected).subject)

    # -- sync ---------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "back":
            return bool(self.look.text) or self.exporting
        if action in ("visit", "test", "sync"):
            return self.is_mounted and self.line is not None and not (action == "sync" and self._refusal())
        return super().check_action(action, parameters)

    def action_sync(self) -> None:
        if (selected := self.line) is not None:
            whose = (selected.merchant_id, selected.id) if is_cart(selected) else (selected.id, None)
            self.ask(partial(request_sync, *whose), self.sync_requested)

    def key_s(self) -> None:
        """Where it is refused the binding is hidden; the key still says why nothing happens."""
        if why := self._refusal():
            self.notice(why, Tone.WARN)

    def _refusal(self) -> str:
        """Why a sync would be refused; '' where it would not."""
        from invsync_tui.operations.roles import Right
        from invsync_tui.tui.rights import refusal

        return refusal(self.context.connection, Right.SYNC)

    def sync_requested(self, requested: Requested) -> None:
        super().sync_requested(requested)
        if requested.runs and self.is_current:
            self.open_run(requested.runs[0], requested.message)
