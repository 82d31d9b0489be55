"""View Product Sync of a cart: every listing with what it shows beside its target, and why not, in tabs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from invsync_tui.operations.lists.list_views import ListingFilter, ListingLine
from invsync_tui.operations.lists.rows import Count, Rows
from invsync_tui.tui.screens.base.listing_fields import SYNC_FIELDS
from invsync_tui.tui.screens.base.listing_tabs import ListingTabsScreen
from invsync_tui.tui.text.styled import Line, Tone, line
from invsync_tui.tui.widgets.columns import Field, ListView
from invsync_tui.tui.widgets.table import WindowTable
from invsync_tui.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from invsync_tui.operations.listings.arithmetic import Target
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.navigation.routes import Visit

AROUND = 15
"""Rows at each side of the cursor of which it is asked together how their targets are made: 0.2 ms each."""
REMEMBERED = 2000
"""Listings of which it is remembered at most."""


class ProductSyncScreen(ListingTabsScreen):
    """The listings of one cart."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "identity", "Identity", tooltip="Listings without a product", id="listing.identity"),
        Binding("p", "plan", "Plan", tooltip="What the next push would set, riskiest first", id="listing.plan"),
        Binding(
            "d", "drift", "Drift", tooltip="Listings whose number in the cart was changed there", id="listing.drift"
        ),
    ]

    def __init__(self, context: AppContext, cart_id: int, cart: str, merchant: str, tab: str = "") -> None:
        self._cart_id = cart_id
        self._cart = cart
        self._merchant = merchant
        self._made_of: dict[int, Target | None] = {}
        """How the targets of listings are made; None where that is not known."""
        self._outdated: set[int] = set()
        """Of which listings it is to be asked again."""
        self._asking_targets = False
        super().__init__(context, ListingFilter(tab) if tab else ListingFilter.ALL)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._merchant, self._cart, "Product Sync"

    @property
    def visited(self) -> Visit | None:
        return self.visit and self.visit._replace(what=(self._cart_id, self._cart, self._merchant, self.tab.value))

    @property
    def memory(self) -> str:
        return f"listings:{self._cart_id}"

    @property
    def fields(self) -> Sequence[Field[ListingLine]]:
        return SYNC_FIELDS

    def rows(self, session: Session, look: ListView) -> Rows[ListingLine]:
        from invsync_tui.operations.listings import product_sync

        return product_sync.listings(session, self._cart_id, self.tab, look.text, look.ordering)

    def count_tabs(self, session: Session) -> Mapping[ListingFilter, Count]:
        from invsync_tui.operations.listings import product_sync

        return product_sync.tabs(session, self._cart_id)

    def empty(self) -> Sequence[str]:
        if self.tab is not ListingFilter.ALL:
            return super().empty()
        return (
            "This cart has no listings yet.",
            "They are read with its first push. Not every cart tells its listings; then compare the SKUs in the cart "
            "with those in the WMS.",
        )

    def store_changed(self) -> None:
        super().store_changed()
        self._outdated.update(self._made_of)
        self._ask_targets()

    # -- how the target is made ---------------------------------------------------------------------------------------

    def first_lines(self, listing: ListingLine) -> Sequence[Line]:
        """How the target is made. Its row stays where it is while that is asked: nothing below it is sent anew."""
        if listing.product_id is None:
            return []
        target = self._made_of.get(listing.id)
        if target is None:
            return [] if listing.id in self._made_of else [line()]
        # The stock or the settings have changed since the last plan.
        what = ("Target ", Tone.FAINT) if target.units == listing.target else ("Next push ", Tone.WARN)
        return [line(what, (target.text, Tone.PLAIN))]

    def on_window_table_cursor_moved(self, event: WindowTable.CursorMoved) -> None:
        super().on_window_table_cursor_moved(event)
        self._ask_targets()

    def _ask_targets(self) -> None:
        """Of the rows around the cursor together: most moves of it have their answer before they are made."""
        selected = self.line
        if selected is None or selected.product_id is None or self._asking_targets:
            return
        if selected.id in self._made_of and selected.id not in self._outdated:
            return
        near: list[ListingLine] = self.table.lines_around(AROUND)
        unknown = [each for each in near if each.product_id is not None and each.id not in self._made_of]
        wanted = {each.id: each.cart_id for each in (selected, *unknown)}
        self._asking_targets = True
        self.ask(partial(_targets, wanted), partial(self._targets_known, wanted))

    def _targets_known(self, wanted: Mapping[int, int], targets: Mapping[int, Target]) -> None:
        self._asking_targets = False
        if len(self._made_of) > REMEMBERED:
            self._made_of.clear()
        self._made_of |= {number: targets.get(number) for number in wanted}
        self._outdated.difference_update(wanted)
        self.query_one("#about", TextView).show(self._about)
        self._ask_targets()

    def question_failed(self, text: str) -> None:
        self._asking_targets = False
        super().question_failed(text)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def action_identity(self) -> None:
        self.go_to("identity", self._cart_id, self._cart, self._merchant)

    def action_drift(self) -> None:
        self.go_to("drift", self._cart_id, self._cart, self._merchant)

    def action_plan(self) -> None:
        self.go_to("plan", self._cart_id, self._cart, self._merchant)


def _targets(wanted: Mapping[int, int], session: Session) -> Mapping[int, Target]:
    """How the targets of some listings, by number, of some carts are made."""
    from invsync_tui.operations.listings import arithmetic

    return arithmetic.of_listings(session, ((cart, number) for number, cart in wanted.items()))
