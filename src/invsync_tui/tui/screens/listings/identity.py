"""The identity workbench of a cart: listings without a product and what they may mean, links, and renamed listings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.widget import Widget

from invsync_tui.operations.listings.identity import AcceptProgress, IdentityCounts, LinkLine, RenameLine, UnmatchedLine
from invsync_tui.operations.lists.rows import Rows
from invsync_tui.operations.roles import Right
from invsync_tui.plain_text import counted, grouped
from invsync_tui.tui.actions import Confirmation
from invsync_tui.tui.rights import refusal
from invsync_tui.tui.screens.base.list_screen import ListScreen
from invsync_tui.tui.screens.listings.identity_fields import ACCEPTABLE, FIELDS, LINKED, RENAMED, TABS, about, label
from invsync_tui.tui.text.styled import Line, Span, Tone, fitted_tabs
from invsync_tui.tui.widgets.columns import Field, ListView
from invsync_tui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext
    from invsync_tui.tui.store_thread import Question

AnyLine = UnmatchedLine | LinkLine | RenameLine
KEYS = ("a", "A", "u")


class IdentityScreen(ListScreen[AnyLine]):
    """`[` and `]` change the kind; Enter opens the product."""

    noun = "listings"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "accept", "Accept", tooltip="Link the listing to what is suggested", id="identity.accept"),
        Binding("A", "accept_all", "Accept all", tooltip="Link all listings of this kind", id="identity.accept-all"),
        Binding("u", "unlink", "Unlink", tooltip="Remove the link", id="identity.unlink"),
        Binding("left_square_bracket", "tab(-1)", "Kinds", tooltip="The kind to the left", id="kinds.previous"),
        Binding(
            "right_square_bracket", "tab(1)", "Kinds", show=False, tooltip="The kind to the right", id="kinds.next"
        ),
    ]

    def __init__(self, context: AppContext, cart_id: int, cart: str, merchant: str) -> None:
        self._cart_id = cart_id
        self._cart = cart
        self._merchant = merchant
        self._tab = TABS[0]
        self._tally: IdentityCounts | None = None
        self._accepting = ""
        self._accepted = 0
        super().__init__(context)

    @property
    def trail(self) -> tuple[str, ...]:
        return "Merchants", self._merchant, self._cart, "Identity"

    @property
    def memory(self) -> str:
        return f"identity:{self._cart_id}"

    @property
    def fields(self) -> Sequence[Field[Any]]:
        return FIELDS[self._tab if self._tab in FIELDS else ""]

    def above(self) -> Iterator[Widget]:
        yield TextLine(self.context.glyphs.more, id="tabs")

    def on_mount(self) -> None:
        self._show_tabs()

    def rows(self, session: Session, look: ListView) -> Rows[Any]:
        from invsync_tui.operations.listings import identity

        tab, text, ordering = self._tab, look.text, look.ordering
        if tab == LINKED:
            return identity.link_list(session, self._cart_id, "", text, ordering)
        if tab == RENAMED:
            return identity.renamed(session, self._cart_id, text, ordering)
        return identity.unmatched(session, self._cart_id, tab or None, text, ordering)

    def empty(self) -> Sequence[str]:
        texts = {
            "": "Every listing has a product, or is linked to one.",
            LINKED: "No listing of this cart is linked.",
            RENAMED: "No listing of this cart was renamed since it is known.",
        }
        return texts.get(self._tab, f"No listing here: {label(self._tab)}."), "[ and ] go to the other kinds."

    def about(self, line: AnyLine, size: Size) -> Sequence[Line]:
        return about(line, size.width, {field.title for field in self.left_out()})

    def open_line(self, line: AnyLine) -> None:
        number, sku = _product(line)
        if number is None:
            self.go_to("search", _code(line))
        else:
            self.go_to("sku", number, sku or "")

    # -- changes ------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("accept", "accept_all", "unlink"):
            if not self.is_mounted or self._refusal() or self._accepting:
                return False
            # Whether a listing has a product to be linked to differs from row to row; the rest from tab to tab.
            return self._can(action) or (None if action == "accept" and self._tab != LINKED else False)
        return super().check_action(action, parameters)

    def _can(self, action: str) -> bool:
        if action == "accept_all":
            return self._tab in ACCEPTABLE and self.line is not None
        if action == "unlink":
            return isinstance(self.line, LinkLine)
        return _offered(self.line) is not None

    def _refusal(self) -> str:
        return refusal(self.context.connection, Right.LISTING)

    def _explain(self) -> None:
        """Where a change would be refused its binding is hidden; the key still says why nothing happens."""
        if why := self._refusal():
            self.notice(why, Tone.WARN)

    key_a = key_u = key_upper_a = _explain

    def action_accept(self) -> None:
        selected, offered = self.line, _offered(self.line)
        if selected is None or offered is None:
            return
        number, sku = offered
        ask = Confirmation(
            "Link this listing?", "It gets the product's stock with the next push.", "Link", needs_reason=False
        )
        self._confirm(ask, f"{_code(selected)} to {sku}", partial(_link, self._cart_id, selected, number))

    def action_unlink(self) -> None:
        if isinstance(line := self.line, LinkLine):
            ask = Confirmation(
                "Remove the link?", "The next push matches its code again.", "Unlink", needs_reason=False
            )
            subject = f"{line.sku or line.cart_listing_id} from {line.product_sku}"
            self._confirm(ask, subject, partial(_unlink, self._cart_id, line.cart_listing_id))

    def _confirm(self, ask: Confirmation, subject: str, change: Question[str]) -> None:
        self.confirmed(ask, subject, lambda _reason: self.ask(change, self.change_made))

    def change_made(self, text: str) -> None:
        super().change_made(text)
        self.watch_facts()

    # -- all of a kind, in pieces -------------------------------------------------------------------------------------

    def action_accept_all(self) -> None:
        count = self._tally.counts.get(self._tab) if self._tally else None
        many = (
            "all listings"
            if count is None
            else f"{grouped(count)}{'' if self._tally and self._tally.exact else '+'} listings"
        )
        ask = Confirmation(
            "Accept all of this kind?", "They get their stock with the next push.", "Accept all", needs_reason=False
        )
        subject = f"{many}: {label(self._tab)}"
        self.confirmed(ask, subject, partial(self._begin, self._tab))

    def _begin(self, kind: str, _: str) -> None:
        self._accepting, self._accepted = kind, 0
        self._next_piece(kind, None, 0)

    def _next_piece(self, kind: str, after: tuple[str, int] | None, seen: int) -> None:
        self.ask(partial(_link_next, self._cart_id, kind, after), partial(self._piece_done, kind, seen))

    def _piece_done(self, kind: str, seen: int, piece: AcceptProgress) -> None:
        self._accepted += piece.done
        seen += piece.looked_at
        if piece.after is not None and self._accepting == kind:
            self.notice(
                f"{grouped(self._accepted)} linked, {grouped(seen)} checked. Esc stops.", Tone.FAINT, lasts=True
            )
            self._next_piece(kind, piece.after, seen)
            return
        stopped = piece.after is not None
        self._accepting = ""
        self.notice(f"{counted(self._accepted, 'listing')} linked{'; stopped' if stopped else ''}.", Tone.GOOD)
        self.watch_facts()

    def action_back(self) -> None:
        if self._accepting:
            self._accepting = ""
        else:
            super().action_back()

    def question_failed(self, text: str) -> None:
        self._accepting = ""
        super().question_failed(text)

    # -- kinds --------------------------------------------------------------------------------------------------------

    def store_changed(self) -> None:
        super().store_changed()
        self.ask_slow(partial(_count, self._cart_id), self._counted_kinds)

    def _counted_kinds(self, tally: IdentityCounts) -> None:
        self._tally = tally
        self._show_tabs()

    def action_tab(self, by: int) -> None:
        kinds = self._kinds_with_listings()
        self._tab = kinds[(kinds.index(self._tab) + by) % len(kinds)]
        self._show_tabs()
        self._use(self.table.use_from_the_top)

    def _count(self, tab: str) -> int | None:
        counts: Mapping[str, int] = self._tally.counts if self._tally else {}
        if tab == LINKED:
            return self._tally.links if self._tally else None
        return sum(counts.values()) if not tab and counts else counts.get(tab)

    def _show_tabs(self) -> None:
        self.text_line("tabs").show(partial(self._tabs, self._tab))

    def _tabs(self, chosen: str, width: int) -> Line:
        kinds = self._kinds_with_listings()
        spans = [self._tab_spans(tab) for tab in kinds]
        return fitted_tabs(spans, kinds.index(chosen), width, self.context.glyphs.more)

    def _kinds_with_listings(self) -> list[str]:
        """Kinds without a listing are left out as soon as that is known."""
        always = ("", LINKED, RENAMED, self._tab)
        return [tab for tab in TABS if self._tally is None or tab in always or self._count(tab)]

    def _tab_spans(self, tab: str) -> Sequence[Span]:
        count = self._count(tab)
        more = "" if self._tally is None or self._tally.exact or tab == LINKED else "+"
        title = label(tab) if count is None else f"{label(tab)} {grouped(count)}{more}"
        if tab == self._tab:
            return ("[", Tone.KEY), (title, Tone.STRONG), ("] ", Tone.KEY)
        return ((f" {title}  ", Tone.PLAIN),)


def _link(cart_id: int, line: AnyLine, product_id: int, session: Session) -> str:
    """Link a listing: as the suggestion that it shows, or by hand to the product of its former name."""
    from invsync_tui.operations.listings import links

    if isinstance(line, UnmatchedLine):
        return links.accept(session, cart_id, {line.cart_listing_id: product_id})
    return links.link(session, cart_id, line.cart_listing_id, product_id)


def _unlink(cart_id: int, ref: str, session: Session) -> str:
    from invsync_tui.operations.listings import links

    return links.remove(session, cart_id, (ref,))


def _link_next(cart_id: int, kind: str, after: tuple[str, int] | None, session: Session) -> AcceptProgress:
    """The next part of all listings of a kind."""
    from invsync_tui.operations.listings import links

    return links.accept_piece(session, cart_id, kind, after)


def _count(cart_id: int, session: Session) -> IdentityCounts:
    from invsync_tui.operations.listings import identity

    return identity.tally(session, cart_id)


def _offered(line: AnyLine | None) -> tuple[int, str] | None:
    """The product that a line can be linked to."""
    if isinstance(line, UnmatchedLine) and line.product_id is not None:
        return line.product_id, line.product_sku or ""
    if isinstance(line, RenameLine) and line.former_id is not None and line.former_id != line.product_id:
        return line.former_id, line.former_sku or ""
    return None


def _product(line: AnyLine) -> tuple[int | None, str | None]:
    if isinstance(line, RenameLine) and line.product_id is None:
        return line.former_id, line.former_sku
    return line.product_id, line.product_sku


def _code(line: AnyLine) -> str:
    return line.after if isinstance(line, RenameLine) else line.sku
