"""View Product Sync of a cart: every listing with when it was last synced and why not, in tabs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.widget import Widget

from invsync_tui.operations.list_views import ListingFilter, ListingLine
from invsync_tui.operations.rows import Count, Rows
from invsync_tui.tui.screens.base.list_screen import ListScreen
from invsync_tui.tui.screens.listings.fields import SYNC_FIELDS, explained, quantities
from invsync_tui.tui.screens.listings.listing_actions import ListingActionsScreen
from invsync_tui.tui.text import tabs
from invsync_tui.tui.text.styled import Line, Span, Tone, line
from invsync_tui.tui.widgets.columns import Field, ListView
from invsync_tui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext

TABS = tuple(ListingFilter)
LABELS: Mapping[ListingFilter, str] = {
    ListingFilter.ALL: "All",
    ListingFilter.NEVER: "Never synced",
    ListingFilter.FAILED: "Failed",
    ListingFilter.AMBIGUOUS: "Ambiguous",
    ListingFilter.NOT_IN_WMS: "Not in WMS",
    ListingFilter.DRIFT: "Drift",
    ListingFilter.EXCLUDED: "Excluded",
}


class ProductSyncScreen(ListScreen[ListingLine], ListingActionsScreen):
    """Enter opens the SKU; `[` and `]` change the tab."""

    noun = "listings"
    filtered_by = "a part of a SKU or alias"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "why", "Why", tooltip="The arithmetic in every cart, and every cause", id="listing.why"),
        Binding("i", "identity", "Identity", tooltip="Listings without a product", id="listing.identity"),
        Binding("p", "plan", "Plan", tooltip="What the next push would set, riskiest first", id="listing.plan"),
        Binding(
            "d", "drift", "Drift", tooltip="Listings whose number in the cart was changed there", id="listing.drift"
        ),
        Binding("left_square_bracket", "tab(-1)", "Tabs", tooltip="The tab to the left", id="tabs.previous"),
        Binding("right_square_bracket", "tab(1)", "Tabs", show=False, tooltip="The tab to the right", id="tabs.next"),
    ]

    def __init__(self, context: AppContext, cart_id: int, cart: str, merchant: str, tab: str = "") -> None:
        self._cart_id = cart_id
        self._cart = cart
        self._merchant = merchant
        self._tab = ListingFilter(tab) if tab else ListingFilter.ALL
        self._counts: Mapping[ListingFilter, Count] = {}
        super().__init__(context)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._merchant, self._cart, "Product Sync"

    @property
    def memory(self) -> str:
        return f"listings:{self._cart_id}"

    @property
    def fields(self) -> Sequence[Field[ListingLine]]:
        return SYNC_FIELDS

    def above(self) -> Iterator[Widget]:
        yield TextLine(self.context.glyphs.more, id="tabs")

    def on_mount(self) -> None:
        self.table.is_marked = self.is_selected
        self._show_tabs()

    def rows(self, session: Session, look: ListView) -> Rows[ListingLine]:
        from invsync_tui.operations.listings import product_sync

        return product_sync.listings(session, self._cart_id, self._tab, look.text, look.ordering)

    def empty(self) -> Sequence[str]:
        if self._tab is not ListingFilter.ALL:
            return (f"No listing here: {LABELS[self._tab]}.", "[ and ] go to the other tabs.")
        return (
            "This cart has no listings yet.",
            "They are read with its first push. Not every cart tells its listings; then compare the SKUs in the cart "
            "with those in the WMS.",
        )

    def about(self, listing: ListingLine, size: Size) -> Sequence[Line]:
        rendering = self.rendering()
        return [*explained(listing, size.width, rendering), *quantities(listing, rendering, size.width)]

    def open_line(self, line: ListingLine) -> None:
        if line.product_id is not None:
            self.go_to("sku", line.product_id, line.product_sku or line.sku)
        else:
            self.go_to("search", line.sku)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "why":
            return self.is_mounted and self.line is not None
        return super().check_action(action, parameters)

    def action_why(self) -> None:
        if (selected := self.line) is not None:
            code = selected.product_sku or selected.sku or selected.cart_listing_id
            self.go_to("why", code, selected)

    def action_identity(self) -> None:
        self.go_to("identity", self._cart_id, self._cart, self._merchant)

    def action_drift(self) -> None:
        self.go_to("drift", self._cart_id, self._cart, self._merchant)

    def action_plan(self) -> None:
        self.go_to("plan", self._cart_id, self._cart)

    # -- tabs ---------------------------------------------------------------------------------------------------------

    def store_changed(self) -> None:
        super().store_changed()
        self.ask_slow(self._count_tabs, self._tabs_counted)

    def _count_tabs(self, session: Session) -> Mapping[ListingFilter, Count]:
        from invsync_tui.operations.listings import product_sync

        return product_sync.tabs(session, self._cart_id)

    def _tabs_counted(self, counts: Mapping[ListingFilter, Count]) -> None:
        self._counts = counts
        self._show_tabs()

    def action_tab(self, by: int) -> None:
        self._tab = TABS[(TABS.index(self._tab) + by) % len(TABS)]
        self._show_tabs()
        self._use(self.table.use_from_the_top)

    def selection_changed(self) -> None:
        self._show_tabs()

    def _show_tabs(self) -> None:
        chosen = line((f"{len(self.selected)} selected", Tone.KEY)) if self.selected else line()
        self.text_line("tabs").show(partial(self._tabs, self._tab), chosen)

    def _tabs(self, chosen: ListingFilter, width: int) -> Line:
        return tabs.fitted([self._tab_spans(tab) for tab in TABS], TABS.index(chosen), width)

    def _tab_spans(self, tab: ListingFilter) -> Sequence[Span]:
        count = self._counts.get(tab)
        number = "" if count is None else f" {count.n}{'' if count.exact else '+'}"
        if tab is self._tab:
            return ("[", Tone.KEY), (f"{LABELS[tab]}{number}", Tone.STRONG), ("] ", Tone.KEY)
        return ((f" {LABELS[tab]}{number}  ", Tone.FAINT if count and not count.n else Tone.PLAIN),)
