"""Listings in tabs: what the list of one cart and the list over several carts have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.widget import Widget

from invsync_tui.operations.lists.list_views import ListingFilter, ListingLine
from invsync_tui.operations.lists.rows import Count
from invsync_tui.plain_text import grouped
from invsync_tui.tui.screens.base.conditions import ConditionsScreen
from invsync_tui.tui.screens.base.listing_actions import ListingActionsScreen
from invsync_tui.tui.screens.base.listing_fields import beyond_the_row, explained
from invsync_tui.tui.text.sanitize import clean
from invsync_tui.tui.text.styled import Line, Span, Tone, fitted_tabs, line
from invsync_tui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.widgets.columns import ListView

LABELS: Mapping[ListingFilter, str] = {
    ListingFilter.ALL: "All",
    ListingFilter.MISMATCH: "Mismatch",
    ListingFilter.NEVER: "Never",
    ListingFilter.HELD: "Held",
    ListingFilter.FAILED: "Failed",
    ListingFilter.AMBIGUOUS: "Ambiguous",
    ListingFilter.NOT_IN_WMS: "Not in WMS",
    ListingFilter.DRIFT: "Drift",
    ListingFilter.OVERRIDES: "Overrides",
    ListingFilter.EXCLUDED: "Excluded",
    ListingFilter.LOCKED: "Locked",
}
SELECTED_MOST = 5000
"""Listings that are selected together at most."""
EMPTY: Mapping[ListingFilter, str] = {
    ListingFilter.MISMATCH: "No mismatch: every listing whose numbers are known shows its target.",
    ListingFilter.NEVER: "Every listing was synced at least once.",
    ListingFilter.HELD: "No listing is held for review.",
    ListingFilter.OVERRIDES: "No quantity is overridden.",
    ListingFilter.EXCLUDED: "No listing is excluded.",
    ListingFilter.LOCKED: "No listing is locked.",
}


def in_first_order(look: ListView, tab: ListingFilter, before: ListingFilter) -> ListView:
    """The look with the order that a tab begins with: mismatches by what is offered most beyond stock, else by SKU."""
    if tab is ListingFilter.MISMATCH:
        return look.sorted_by("difference", descending=True)
    return look.sorted_by("") if before is ListingFilter.MISMATCH else look


class ListingTabsScreen(ConditionsScreen[ListingLine], ListingActionsScreen):
    """Enter opens the SKU; `[` and `]` change the tab."""

    noun = "listings"
    walks = False
    filtered_by = "a part of a SKU or code, diff>0, outcome:failed, -locked"
    tabs: ClassVar[Sequence[ListingFilter]] = tuple(ListingFilter)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "tab(-1)", "Tabs", tooltip="The tab to the left", id="tabs.previous"),
        Binding("right_square_bracket", "tab(1)", "Tabs", show=False, tooltip="The tab to the right", id="tabs.next"),
        Binding(
            "F", "filters", "Saved filters", show=False, tooltip="Saved filters: apply, save, remove", id="filters"
        ),
        Binding(
            "asterisk",
            "select_all",
            "Select all",
            show=False,
            tooltip="Select all listings of this tab and filter, or none",
            id="listing.select-all",
        ),
    ]

    def __init__(self, context: AppContext, tab: ListingFilter) -> None:
        self.tab = tab
        self._counts: Mapping[ListingFilter, Count] = {}
        super().__init__(context)
        if tab is ListingFilter.MISMATCH:
            self.look = in_first_order(self.look, tab, tab)

    def count_tabs(self, session: Session) -> Mapping[ListingFilter, Count]:
        """How many listings each tab has. Runs on a store thread."""
        raise NotImplementedError

    def above(self) -> Iterator[Widget]:
        yield TextLine(self.context.glyphs.more, id="tabs")

    def on_mount(self) -> None:
        self.table.is_marked = self.is_selected
        self._show_tabs()

    def empty(self) -> Sequence[str]:
        return (EMPTY.get(self.tab, f"No listing here: {LABELS[self.tab]}."), "[ and ] go to the other tabs.")

    def about(self, listing: ListingLine, size: Size) -> Sequence[Line]:
        rendering = self.rendering()
        reason = explained(listing, size.width, rendering)
        known = [*self.first_lines(listing), *beyond_the_row(listing, self.left_out(), rendering, size.width)]
        # What is known of every listing stands in the same rows for the next one; where there is no room for both, what
        # is cut is not the reason.
        room = max(size.height - len(reason), 0)
        return [*known[:room], *reason, *known[room:]]

    def first_lines(self, listing: ListingLine) -> Sequence[Line]:
        """What the strip begins with."""
        return ()

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

    def action_filters(self) -> None:
        self.go_to("filters")

    def apply_filter(self, text: str) -> None:
        """Filter by a saved filter, which may be from another version."""
        if problem := self.filter_problem(text):
            self.notice(problem, Tone.WARN)
            return
        self._use_view(self.look.narrowed(text))
        self._show_trail()

    # -- tabs ---------------------------------------------------------------------------------------------------------

    def store_changed(self) -> None:
        super().store_changed()
        self.ask_slow(self.count_tabs, self._tabs_counted)

    def _tabs_counted(self, counts: Mapping[ListingFilter, Count]) -> None:
        self._counts = counts
        self._show_tabs()

    def action_tab(self, by: int) -> None:
        before = self.tab
        self.tab = self.tabs[(self.tabs.index(before) + by) % len(self.tabs)]
        self.look = in_first_order(self.look, self.tab, before)
        self._show_tabs()
        self._use(self.table.use_from_the_top)

    # -- selection ----------------------------------------------------------------------------------------------------

    def how_many(self, listings: Sequence[ListingLine]) -> str:
        """How many of how many, and of which."""
        count = self.list_count
        of = "" if count is None or not count.exact or count.n < len(listings) else f" of {grouped(count.n)}"
        which = [LABELS[self.tab]] if self.tab is not ListingFilter.ALL else []
        which += [f"filter {clean(self.look.text)}"] if self.look.text else []
        named = f" ({', '.join(which)})" if which else ""
        return f"{grouped(len(listings))}{of} listings{named}"

    def action_select_all(self) -> None:
        """Everything that the tab and the filter hold, as long as it is not too much for one action; else nothing."""
        if self.selected:
            self._select(())
            return
        tab, look = self.tab, self.look
        self.ask_slow(
            lambda session: self._read(session, look).after(None, SELECTED_MOST + 1),
            partial(self._select_of, tab, look),
        )

    def _select_of(self, tab: ListingFilter, look: ListView, listings: Sequence[ListingLine]) -> None:
        if (tab, look) != (self.tab, self.look):
            return
        if len(listings) > SELECTED_MOST:
            self.notice(
                f"More than {grouped(SELECTED_MOST)} listings are too many for one action. Filter first: f", Tone.WARN
            )
        else:
            self._select(listings)

    def _select(self, listings: Sequence[ListingLine]) -> None:
        self.selected.clear()
        self.selected.update((listing.id, listing) for listing in listings)
        self.table.repaint()
        self.selection_changed()
        self.refresh_bindings()

    def selection_changed(self) -> None:
        self._show_tabs()

    def _show_tabs(self) -> None:
        chosen = line((f"{grouped(len(self.selected))} selected", Tone.KEY)) if self.selected else line()
        self.text_line("tabs").show(partial(self._tabs, self.tab), chosen)

    def _tabs(self, chosen: ListingFilter, width: int) -> Line:
        empty = [n for n, tab in enumerate(self.tabs) if (count := self._counts.get(tab)) and not count.n]
        spans = [self._tab_spans(tab) for tab in self.tabs]
        return fitted_tabs(spans, self.tabs.index(chosen), width, self.context.glyphs.more, empty)

    def _tab_spans(self, tab: ListingFilter) -> Sequence[Span]:
        count = self._counts.get(tab)
        number = "" if count is None else f" {count.text}"
        if tab is self.tab:
            return ("[", Tone.KEY), (f"{LABELS[tab]}{number}", Tone.STRONG), ("] ", Tone.KEY)
        return ((f" {LABELS[tab]}{number}  ", Tone.FAINT if count and not count.n else Tone.PLAIN),)
