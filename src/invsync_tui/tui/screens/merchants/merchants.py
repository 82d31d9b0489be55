"""Home: the pulse on top, one row per merchant, and what is wrong with the selected one.

The first frame shows this screen without facts. What is needed to put facts into words is imported with the first facts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size

from invsync_tui.tui.screens.base.set_up_screen import Addition, SetUpScreen, SetUpSubject
from invsync_tui.tui.text.styled import Line, Span, Tone, line
from invsync_tui.tui.widgets.columns import Align, Field, RenderContext
from invsync_tui.tui.widgets.row_source import MemoryRows

if TYPE_CHECKING:
    from invsync_tui.operations.rows import Rows
    from invsync_tui.operations.session import Session
    from invsync_tui.operations.views import MerchantRow, Overview, Requested
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.widgets.columns import ListView


def _cell(name: str) -> Callable[[MerchantRow, RenderContext], Span]:
    """A cell of `merchants_text`, which is imported with the first row."""

    def show(merchant: MerchantRow, rendering: RenderContext) -> Span:
        from invsync_tui.tui.screens.merchants import text

        return text.CELLS[name](merchant, rendering.now)

    return show


def _status(merchant: MerchantRow) -> str:
    from invsync_tui.tui.screens.merchants import text

    return text.status_of(merchant)


def _ident(merchant: MerchantRow) -> int:
    return merchant.id


FIELDS: tuple[Field[MerchantRow], ...] = (
    Field("Merchant", 12, lambda row: row.name, _cell("name"), flex=3, sort="name"),
    Field("Source", 7, lambda row: row.source, _cell("source"), flex=1, sort="source"),
    Field("Sync", 4, lambda row: row.sync_on, _cell("sync")),
    Field("Last Inventory Run", 18, lambda row: row.last_run_at, _cell("last"), sort="last"),
    Field("Status", 9, _status, _cell("status"), flex=4, sort="status"),
    Field("Next run", 10, lambda row: row.next_run_at, _cell("next"), align=Align.RIGHT),
    Field("Held", 4, lambda row: row.held, _cell("held"), align=Align.RIGHT),
    Field("Problems", 8, lambda row: len(row.problems), _cell("problems"), align=Align.RIGHT),
)


def read_overview(session: Session) -> Overview:
    """What this screen watches."""
    from invsync_tui.operations import overview

    return overview.overview(session)


def request_sync(merchant_id: int, session: Session) -> Requested:
    """Start a sync of the merchant and all its carts."""
    from invsync_tui.operations.runs import request

    return request.request(session, merchant_id)


class MerchantsScreen(SetUpScreen["MerchantRow"]):
    """The bottom of the stack; its cursor stays on its merchant whatever is opened on top."""

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
        self._overview: Overview | None = None
        super().__init__(context)

    # -- list ---------------------------------------------------------------------------------------------------------

    @property
    def trail(self) -> tuple[str, ...]:
        return ("Merchants",)

    @property
    def fields(self) -> Sequence[Field[MerchantRow]]:
        return FIELDS

    def rows(self, session: Session, look: ListView) -> Rows[MerchantRow]:
        """What was read last, since the reading that makes the table read again is the same."""
        overview = self._overview or read_overview(session)
        return MemoryRows(overview.merchants, FIELDS, look, _ident)

    def watch_facts(self) -> None:
        self.watch_store(read_overview, self._show_overview)

    def _show_overview(self, overview: Overview) -> None:
        self._overview = overview
        self.context.known_runs = _runs_of(overview)
        self._show_trail()
        self.table.read_again()

    def _show_trail(self) -> None:
        """The pulse stands where other lists say where they are."""
        from invsync_tui.tui.screens.merchants.text import pulse_line

        if self._overview is not None:
            self.text_line("trail").show(pulse_line(self._overview.pulse, self.context.glyphs), line(*self._state()))

    def _nothing(self, width: int) -> Sequence[Line]:
        from invsync_tui.tui.screens.merchants.text import NO_MERCHANTS

        return super()._nothing(width) if self.look.text else NO_MERCHANTS

    def about(self, merchant_row: MerchantRow, size: Size) -> Sequence[Line]:
        from invsync_tui.tui.screens.merchants import text

        return text.about(merchant_row, size.width, self.context.clock(), self.context.glyphs)

    def subject_of(self, line: MerchantRow) -> SetUpSubject:
        return SetUpSubject(f"merchant:{line.id}", line.name, line.sync_on, "Synchronization With WMS - Inventory")

    @property
    def addition(self) -> Addition:
        follows = "s starts its first inventory download; c, then A, adds a cart."
        return Addition("merchant", 0, follows)

    def open_line(self, line: MerchantRow) -> None:
        place = next((problem.place for problem in line.problems if problem.place is not None), None)
        run_id = line.active_run or line.latest_run
        if place is not None and line.active_run is None:
            from invsync_tui.tui.navigation.links import Link, follow

            follow(self, Link(*place))
        elif run_id is None:
            way = "" if self._refusal() else " Press s to start its first sync."
            self.notice(f"{line.name} has never been synced.{way}", Tone.WARN)
        else:
            self.open_run(run_id)

    def action_back(self) -> None:
        """There is nothing to go back to, but a filter can be ended."""
        if self.check_action("back", ()):
            super().action_back()

    # -- places -------------------------------------------------------------------------------------------------------

    def action_visit(self, place: str) -> None:
        """One of the screens that belong to a merchant, by its name in the route table."""
        if (merchant := self.line) is not None:
            self.go_to(place, merchant.id, merchant.name)

    def action_mismatches(self) -> None:
        self.go_to("listings", None, "")

    def action_test(self) -> None:
        if (merchant := self.line) is not None:
            self.go_to("connection test", f"merchant:{merchant.id}")

    # -- sync ---------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "back":
            return bool(self.look.text) or self.exporting
        if action in ("visit", "test", "sync"):
            return self.is_mounted and self.line is not None and not (action == "sync" and self._refusal())
        return super().check_action(action, parameters)

    def action_sync(self) -> None:
        if (merchant := self.line) is not None:
            self.ask(partial(request_sync, merchant.id), self.sync_requested)

    def key_s(self) -> None:
        """Where it is refused the binding is hidden; the key still says why nothing happens."""
        if why := self._refusal():
            self.notice(why, Tone.WARN)

    def _refusal(self) -> str:
        """Why a sync would be refused; '' where it would not."""
        from invsync_tui.tui.actions import Right, refusal

        return refusal(self.context.connection, Right.SYNC)

    def sync_requested(self, requested: Requested) -> None:
        super().sync_requested(requested)
        if requested.runs and self.is_current:
            self.open_run(requested.runs[0], requested.message)


def _runs_of(overview: Overview) -> tuple[int, ...]:
    runs = {run for row in overview.merchants for run in (row.active_run, row.latest_run) if run is not None}
    return tuple(sorted(runs, reverse=True))
