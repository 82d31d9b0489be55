"""What the cart's connector can change in the shop, listing by listing as the cart shows them, and making the change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.widget import Widget

from invsync_tui.operations.roles import Right
from invsync_tui.plain_text import counted, grouped
from invsync_tui.tui.actions import Confirmation
from invsync_tui.tui.rights import refusal
from invsync_tui.tui.screens.base.base_screen import BaseScreen
from invsync_tui.tui.text.sanitize import clean, wrap
from invsync_tui.tui.text.styled import BLANK, Line, Tone, line
from invsync_tui.tui.widgets.text_line import TextLine
from invsync_tui.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from invsync_tui.operations.listings.fixes import FixLine, FixPlan, Offer
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext

KEY = "a"


@dataclass(frozen=True, slots=True)
class _Answer:
    """What there is to be changed. `plan` None where the connector changes nothing."""

    offers: tuple[Offer, ...]
    plan: FixPlan | None


class FixesScreen(BaseScreen):
    """The cart is asked, in a thread of its own, when the screen opens and after each change. Nothing is changed without `a`
    and a reason."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(KEY, "make", "Change", tooltip="Make the change in the shop for the listings shown", id="fixes.make"),
        Binding("v", "next", "Other change", tooltip="Show the connector's next change", id="fixes.next"),
        Binding("r", "again", "Ask again", tooltip="Ask the cart again", id="fixes.again"),
        Binding("escape", "back", "Back", id="back"),
    ]

    def __init__(self, context: AppContext, cart_id: int, cart: str, merchant: str, sku: str = "") -> None:
        super().__init__(context)
        self._cart_id = cart_id
        self._cart = cart
        self._merchant = merchant
        self._skus = (sku,) if sku else ()
        self._chosen = ""
        self._answer: _Answer | None = None
        self._applied = False
        self._working = ""

    def body(self) -> Iterator[Widget]:
        yield TextLine(self.context.glyphs.more, id="title")
        yield TextView(id="listings")

    def on_mount(self) -> None:
        self._ask()

    # -- asking -------------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        self._begin("asking the cart")
        self.ask_slow(partial(_read_plan, self._cart_id, self._chosen, self._skus), self._looked)

    def _begin(self, what: str) -> None:
        self._working, self._applied = what, False
        self._show()
        self.refresh_bindings()

    def _looked(self, answer: _Answer) -> None:
        self._answer, self._working = answer, ""
        self._chosen = answer.plan.fix.name if answer.plan else ""
        self._show()
        self.refresh_bindings()

    def _plan_received(self, plan: FixPlan) -> None:
        from invsync_tui.operations.listings.fixes import summary

        offers = self._answer.offers if self._answer else ()
        self._answer, self._working, self._applied = _Answer(offers, plan), "", True
        self._show()
        self.refresh_bindings()
        failed = len(plan.done) < len(plan.lines)
        self.notice(summary(plan), Tone.WARN if failed else Tone.GOOD)

    def question_failed(self, text: str) -> None:
        super().question_failed(text)
        self._working = ""
        self._show()
        self.refresh_bindings()

    # -- words --------------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        place = " / ".join((self._merchant, self._cart))
        state = self._working or (self._chosen and f"change: {self._chosen}") or ""
        left = line(("Changes in the shop  ", Tone.FAINT), (clean(place), Tone.STRONG))
        self.text_line("title").show(left, line((state, Tone.ACCENT)))
        self.query_one("#listings", TextView).show(self._write)

    def _write(self, size: Size) -> list[Line]:
        if self._answer is None:
            return [line(("  waiting for the cart's answer", Tone.FAINT))] if self._working else []
        plan = self._answer.plan
        if plan is None:
            text = "The cart's connector changes nothing in the shop: change the listings there."
            return [line(row) for row in wrap(text, size.width)]
        lines = [line((row, Tone.STRONG)) for row in wrap(clean(plan.fix.what), size.width)]
        lines += [line(row) for row in wrap(clean(f"{plan.fix.then} The next push sends its quantity."), size.width)]
        lines += [line((row, Tone.FAINT)) for row in wrap(self._count(plan), size.width)]
        return [*lines, BLANK, *(row for each in plan.lines for row in self._listing(each, size.width))]

    def _listing(self, each: FixLine, width: int) -> list[Line]:
        glyphs = self.context.glyphs
        mark, tone = (glyphs.check, Tone.GOOD) if self._applied else (glyphs.arrow, Tone.ACCENT)
        if each.why_not:
            mark, tone = (glyphs.cross, Tone.BAD) if self._applied else (glyphs.skipped, Tone.FAINT)
        in_cart = "unknown" if each.in_cart is None else grouped(each.in_cart)
        text = each.why_not or (
            f"done, in cart {in_cart}" if self._applied else f"will be changed, in cart {in_cart} now"
        )
        rows = wrap(clean(f"{each.sku or each.cart_listing_id}: {text}"), width - 2)
        return [line((mark if n == 0 else " ", tone), " ", row) for n, row in enumerate(rows)]

    def _count(self, plan: FixPlan) -> str:
        if not plan.lines:
            return "No listing needs it."
        more = f" {counted(plan.left, 'more listing needs', 'more listings need')} it." if plan.left else ""
        if self._applied:
            return f"{grouped(len(plan.done))} of {counted(len(plan.lines), 'listing')} changed.{more}"
        press = f" {KEY} makes the change, after a question." if plan.done else ""
        return f"{grouped(len(plan.done))} of {counted(len(plan.lines), 'listing')} would be changed.{more}{press}"

    # -- keys ---------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        answer = self._answer
        if action == "make":
            doable = answer is not None and answer.plan is not None and bool(answer.plan.done)
            return doable and not self._working and not self._applied and not self._refused()
        if action == "next":
            return answer is not None and len(answer.offers) > 1 and not self._working
        if action == "again":
            return not self._working
        return super().check_action(action, parameters)

    def _refused(self) -> str:
        return refusal(self.context.connection, Right.SHOP)

    def on_key(self, event: object) -> None:
        """A change that is refused is hidden; its key still says why nothing happens."""
        if getattr(event, "key", "") == KEY and (why := self._refused()):
            self.notice(why, Tone.WARN)

    def action_make(self) -> None:
        plan = self._answer.plan if self._answer else None
        if plan is None or not plan.done:
            return
        number = counted(len(plan.done), "listing")
        ask = Confirmation(
            f"Change {number} in the shop?", f"{plan.fix.what} {plan.fix.then}", "Change in the shop", needs_reason=True
        )
        self.confirmed(ask, f"{number} of {self._cart}", partial(self._make, plan))

    def _make(self, plan: FixPlan, reason: str) -> None:
        self._begin("changing")
        # Those that were asked about, also where others need it by now. Without a SKU a listing cannot be named.
        skus = tuple(each.sku for each in plan.done) if all(each.sku for each in plan.done) else ()
        self.ask_slow(partial(_change, self._cart_id, plan.fix.name, skus, reason), self._plan_received)

    def action_next(self) -> None:
        names = [offer.fix.name for offer in self._answer.offers] if self._answer else []
        if self._chosen in names:
            self._chosen = names[(names.index(self._chosen) + 1) % len(names)]
            self._ask()

    def action_again(self) -> None:
        self._ask()

    def action_back(self) -> None:
        self.app.pop_screen()


def _read_plan(cart_id: int, name: str, skus: tuple[str, ...], session: Session) -> _Answer:
    """The change of that name; without one the first that a listing needs."""
    from invsync_tui.operations.listings import fixes

    offers = fixes.offers(session, cart_id)
    if not offers:
        return _Answer((), None)
    needed = next((offer for offer in offers if offer.listings), offers[0])
    plan = fixes.plan(session, cart_id, name or needed.fix.name, skus)
    return _Answer(offers, plan)


def _change(cart_id: int, name: str, skus: tuple[str, ...], reason: str, session: Session) -> FixPlan:
    from invsync_tui.operations.listings import fixes

    return fixes.make(session, cart_id, name, skus, reason)
