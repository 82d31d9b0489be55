"""Home: the pulse on top, one row per merchant, and what is wrong with the selected one.

The first frame shows this screen without facts. What is needed to put facts into words is imported with the first facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from invsync_tui.tui.desk import Desk
from invsync_tui.tui.facts import OverviewRead, SyncRequested
from invsync_tui.tui.gateway import Gateway
from invsync_tui.tui.lines import Line, Tone, line
from invsync_tui.tui.screens.control import ControlScreen
from invsync_tui.tui.widgets.columns import Align, Column
from invsync_tui.tui.widgets.paper import Paper
from invsync_tui.tui.widgets.row_source import ListSource
from invsync_tui.tui.widgets.strap import Strap
from invsync_tui.tui.widgets.window_table import WindowTable

if TYPE_CHECKING:
    from textual.widgets import Input

    from invsync_tui.operations.model import MerchantRow, Overview, Requested
    from invsync_tui.tui.widgets.prompt import Prompt


COLUMNS = (
    Column("Merchant", 12, flex=3),
    Column("Source", 7, flex=1),
    Column("Sync", 4),
    Column("Last Inventory Run", 18),
    Column("Status", 9, flex=4),
    Column("Next run", 8, align=Align.RIGHT),
    Column("Held", 4, align=Align.RIGHT),
    Column("Problems", 8, align=Align.RIGHT),
)


def overview_read(gateway: Gateway) -> Message:
    """The question that this screen watches."""
    return OverviewRead(gateway.overview())


def sync_requested(gateway: Gateway, merchant_id: int) -> Message:
    """The order that it can give."""
    return SyncRequested(gateway.start(merchant_id, None))


def worker_words(requested: Requested) -> str:
    """What became of an order, with the promise that it outlives this terminal."""
    if not requested.worker_started:
        return requested.message
    return f"{requested.message} Started a worker of its own: it survives this terminal.".strip()


class MerchantsScreen(ControlScreen):
    """The bottom of the stack; its cursor stays on its merchant whatever is opened on top."""

    DEFAULT_CSS = """
    MerchantsScreen #about { height: 8; border-top: solid $panel-lighten-2; }
    MerchantsScreen:ansi #about { border-top: solid ansi_default; }
    MerchantsScreen.-plain #about { border-top: ascii ansi_default; }
    MerchantsScreen.-tall #about { height: 12; }
    MerchantsScreen.-empty WindowTable, MerchantsScreen.-empty #about { display: none; }
    MerchantsScreen #empty { display: none; padding: 1 2; }
    MerchantsScreen.-empty #empty { display: block; }
    """
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012 - Textual declares no class variable
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "s", "sync", "Start sync", tooltip="Start a sync of the selected merchant and open it", id="sync.start"
        ),
        Binding("slash", "filter", "Filter", tooltip="Show the merchants whose line contains all words", id="filter"),
        Binding("escape", "clear", "Show all", tooltip="End the filter", id="filter.clear"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._overview: Overview | None = None
        self._wanted = ""
        self._selected: int | None = None
        self.set_class(desk.terminal.ascii_only, "-plain")

    def body(self) -> Iterator[Widget]:
        yield Strap(self.desk.glyphs.more, id="pulse")
        yield WindowTable(COLUMNS, glyphs=self.desk.glyphs, id="merchants")
        yield Paper(id="empty")
        yield Paper(id="about")

    def watch_facts(self) -> None:
        self.desk.reader.watch(self, overview_read)

    def on_overview_read(self, fact: OverviewRead) -> None:
        self.reading_succeeded()
        self._overview = fact.overview
        self.desk.known_runs = _runs_of(fact.overview)
        self.set_class(not fact.overview.merchants, "-empty")
        self.show_header(fact.overview.pulse.service_alive)
        self._fill()

    # -- table --------------------------------------------------------------------------------------------------------

    @property
    def _table(self) -> WindowTable:
        return self.query_one("#merchants", WindowTable)

    def _fill(self) -> None:
        """Write everything from what was read last."""
        from invsync_tui.tui import merchants_text as text

        if (overview := self._overview) is None:
            return
        now = self.desk.clock()
        shown = [merchant for merchant in overview.merchants if text.matches(merchant, self._wanted)]
        self._table.use(ListSource([text.row(merchant, now) for merchant in shown]))
        narrowed = f"filter {self._wanted}: {len(shown)} of {len(overview.merchants)}" if self._wanted else ""
        self.strap("pulse").show(text.pulse_line(overview.pulse, self.desk.glyphs), line((narrowed, Tone.ACCENT)))
        self.query_one("#empty", Paper).show(lambda _: text.NO_MERCHANTS)
        self._write_about()

    def on_window_table_cursor_moved(self, event: WindowTable.CursorMoved) -> None:
        self._selected = event.key if isinstance(event.key, int) else None
        self._write_about()
        self.refresh_bindings()

    def _write_about(self) -> None:
        self.query_one("#about", Paper).show(self._about)

    def _about(self, size: Size) -> list[Line]:
        from invsync_tui.tui import merchants_text as text

        merchant = self._merchant()
        if merchant:
            return text.about(merchant, size.width, self.desk.clock(), self.desk.glyphs)
        return [line(("No merchant matches the filter. Esc shows all.", Tone.FAINT))] if self._wanted else []

    def _merchant(self) -> MerchantRow | None:
        known = self._overview.merchants if self._overview else ()
        return next((merchant for merchant in known if merchant.id == self._selected), None)

    def on_window_table_row_opened(self, event: WindowTable.RowOpened) -> None:
        merchant = self._merchant()
        if merchant is None:
            return
        run_id = merchant.active_run or merchant.latest_run
        if run_id is None:
            way = "" if self._refuses_orders() else " Press s to start its first sync."
            self.notice(f"{merchant.name} has never been synced.{way}", Tone.WARN)
        else:
            self.open_run(run_id)

    # -- orders -------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "sync":
            return self._selected is not None and not self._refuses_orders()
        if action == "clear":
            return bool(self._wanted)
        return True

    def action_sync(self) -> None:
        merchant_id = self._selected
        if merchant_id is not None:
            self.desk.reader.order(self, lambda gateway: sync_requested(gateway, merchant_id))

    def key_s(self) -> None:
        """In read-only the binding is hidden; the key still says why nothing happens."""
        from invsync_tui.tui.verbs import READ_ONLY

        if self._refuses_orders():
            self.notice(READ_ONLY, Tone.WARN)

    def _refuses_orders(self) -> bool:
        from invsync_tui.operations.model import Action
        from invsync_tui.tui.verbs import VERBS

        return self.desk.read_only and VERBS[Action.START].dangerous

    def on_sync_requested(self, fact: SyncRequested) -> None:
        self.notice(worker_words(fact.requested), Tone.GOOD)
        if fact.requested.runs and self.is_current:
            from invsync_tui.tui.screens.run import RunScreen

            self.app.push_screen(RunScreen(self.desk, fact.requested.runs[0], notice=worker_words(fact.requested)))

    # -- filter -------------------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        self.open_prompt("/", "filter", "words in a merchant's line", value=self._wanted)

    def action_clear(self) -> None:
        self._narrow("")

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == "filter":
            self._narrow(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "filter":
            self.close_prompt()

    def on_prompt_left(self, event: Prompt.Left) -> None:
        if event.prompt.id == "filter":
            self._narrow("")

    def _narrow(self, wanted: str) -> None:
        if wanted != self._wanted:
            self._wanted = wanted
            self._fill()
            self.refresh_bindings()

    def on_resize(self, event: events.Resize) -> None:
        self._write_about()


def _runs_of(overview: Overview) -> tuple[int, ...]:
    runs = {run for row in overview.merchants for run in (row.active_run, row.latest_run) if run is not None}
    return tuple(sorted(runs, reverse=True))
