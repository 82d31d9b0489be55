"""A plan: every listing that would be updated, in the order of sending, with totals on top; apply sends exactly this."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from invsync_tui.operations.lists.rows import Rows
from invsync_tui.operations.roles import Right
from invsync_tui.plain_text import counted, grouped, signed
from invsync_tui.rules.listing_filter import PLAN
from invsync_tui.tui.actions import Confirmation
from invsync_tui.tui.rights import refusal
from invsync_tui.tui.screens.base.conditions import ConditionsScreen
from invsync_tui.tui.text.sanitize import clean
from invsync_tui.tui.text.styled import Span, Tone, line
from invsync_tui.tui.widgets.columns import UNKNOWN, Align, Field, ListView, RenderContext, number
from invsync_tui.tui.widgets.row_source import MemoryRows
from invsync_tui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from invsync_tui.operations.plans.plans import ApplyResult, PlanBuild, PlanView
    from invsync_tui.operations.plans.rows import PlanLine
    from invsync_tui.operations.session import Session
    from invsync_tui.tui.context import AppContext

TONES = {
    "to_zero": Tone.BAD,
    "large_change": Tone.BAD,
    "decrease": Tone.WARN,
    "increase": Tone.PLAIN,
    "small": Tone.FAINT,
}


def _risk(line: PlanLine, rendering: RenderContext) -> Span:
    return line.risk.value.replace("_", " "), TONES[line.risk.value]


def _change(line: PlanLine, rendering: RenderContext) -> Span:
    return UNKNOWN if line.change is None else (signed(line.change), Tone.PLAIN)


def _not_listed(number: int | None) -> str:
    """Products that no plan has, and that a run counts as skipped."""
    return f", {grouped(number)} not listed" if number else ""


FIELDS: tuple[Field[PlanLine], ...] = (
    number("Position", 8, lambda line: line.position, sort="position", room=100),
    Field("Listing SKU", 15, lambda line: line.sku, lambda line, _: (line.sku, Tone.STRONG), flex=2, sort="sku"),
    Field("Name", 18, lambda line: line.name, flex=2, sort="name", room=100),
    number("In cart", 8, lambda line: line.in_cart, sort="in_cart"),
    number("Target", 8, lambda line: line.target, sort="target"),
    Field("Change", 8, lambda line: line.change, _change, align=Align.RIGHT, sort="change"),
    Field("Risk", 12, lambda line: line.risk.value, _risk, sort="risk"),
    Field("Reason", 18, lambda line: line.reason, flex=3),
)


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """A plan on the screen. It stays what it is while the store moves on; `build` is None for one that is kept."""

    view: PlanView
    build: PlanBuild | None


def make_plan(cart_id: int, overlay: Mapping[str, str] | None, session: Session) -> ShownPlan:
    """Plan the next push of a cart, as if `overlay` were saved; may take seconds before the first push."""
    from invsync_tui.operations.plans import plans

    build = plans.build_plan(session, cart_id, overlay)
    return ShownPlan(plans.view(session, build, None), build)


def load_plan(number: int, session: Session) -> ShownPlan:
    """A plan that is kept."""
    from invsync_tui.operations.plans import plans

    return ShownPlan(plans.load_plan(session, number), None)


def apply_plan(shown: ShownPlan, reason: str, session: Session) -> ApplyResult:
    """Apply a plan; one that is not kept yet is kept first."""
    from invsync_tui.operations.plans import plans

    number = plans.save_plan(session, shown.build) if shown.build is not None else shown.view.number
    return plans.apply(session, number or 0, reason)


class PlanScreen(ConditionsScreen["PlanLine"]):
    """Made anew by `p`; what is shown stays as it is meanwhile."""

    noun = "to update"
    language = PLAN
    walks = False
    filtered_by = "a part of a SKU, change<-20, target=0, risk:to_zero"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "apply", "Apply", tooltip="Send exactly this plan, or nothing", id="plan.apply"),
        Binding("p", "again", "Re-plan", tooltip="Plan the next push again, as of now", id="plan.again"),
    ]

    def __init__(
        self,
        context: AppContext,
        cart_id: int,
        cart: str,
        merchant: str = "",
        plan_id: int | None = None,
        overlay: Mapping[str, str] | None = None,
    ) -> None:
        self._cart_id = cart_id
        self._cart = cart
        self._merchant = merchant
        self._kept_plan = plan_id
        self._overlay = overlay
        """Settings that are tried without being saved: such a plan cannot be applied."""
        self._shown: ShownPlan | None = None
        super().__init__(context)

    @property
    def trail(self) -> tuple[str, ...]:
        plan = "What if" if self._overlay else "Plan"
        return (
            "Merchants",
            *filter(None, (self._merchant,)),
            self._cart,
            plan if self._kept_plan is None else f"Plan {self._kept_plan}",
        )

    @property
    def memory(self) -> str:
        return f"plan:{self._cart_id}"

    @property
    def fields(self) -> Sequence[Field[PlanLine]]:
        return FIELDS

    def above(self) -> Iterator[Widget]:
        yield TextLine(self.context.glyphs.more, id="totals")
        yield TextLine(self.context.glyphs.more, id="holds")

    def on_mount(self) -> None:
        self._plan()

    def _plan(self) -> None:
        self.text_line("totals").show(line((f"Planning{self.context.glyphs.more}", Tone.FAINT)))
        if self._kept_plan is None:
            self.ask_slow(partial(make_plan, self._cart_id, self._overlay), self._plan_received)
        else:
            self.ask_slow(partial(load_plan, self._kept_plan), self._plan_received)

    def _plan_received(self, plan: ShownPlan) -> None:
        if self._shown is not None:
            same = self._shown.view.totals == plan.view.totals
            self.notice(f"Planned again: {'the same totals' if same else 'the totals changed'}.", Tone.FAINT)
        self._shown = plan
        self._show_totals()
        self._use(self.table.use_from_the_top)
        self.refresh_bindings()

    def _show_totals(self) -> None:
        if self._shown is None:
            return
        view = self._shown.view
        total, in_sync = view.totals, view.in_sync
        skipped = sum(view.skipped.values())
        rest = (
            ""
            if in_sync is None
            else f", {grouped(in_sync)} in sync, {grouped(skipped)} skipped{_not_listed(view.not_listed)}"
        )
        self.text_line("totals").show(
            line(
                (f"{grouped(total.up)} up, {grouped(total.down)} down, ", Tone.PLAIN),
                (f"{grouped(total.to_zero)} to 0", Tone.WARN if total.to_zero else Tone.PLAIN),
                (f", {counted(view.requests, 'request')}" if total.to_set else "", Tone.PLAIN),
                (rest, Tone.FAINT),
            )
        )
        tried = ", ".join(f"{name}={value}" for name, value in view.what_if)
        reasons = [view.frozen] if view.frozen else [str(rule) for rule in view.rules]
        notes = "; ".join([f"Not saved: {tried}"] * bool(tried) + reasons)
        self.text_line("holds").show(line((clean(notes), Tone.WARN)) if notes else line())

    def rows(self, session: Session, look: ListView) -> Rows[PlanLine]:
        from invsync_tui.operations.plans import plans

        if (shown := self._shown) is None:
            return MemoryRows((), (), ListView(), lambda line: line.listing_id)
        sort = f"{'-' if look.descending else ''}{look.sort or 'position'}"
        if shown.build is not None:
            return plans.rows(session, shown.build, sort, look.text)
        return plans.load_plan_rows(session, shown.view.number or 0, sort, look.text)

    def empty(self) -> Sequence[str]:
        if self._shown is None:
            return ("Planning the next push.",)
        return ("No listing would change.", "The cart shows what the settings say, as far as is known.")

    def open_line(self, line: PlanLine) -> None:
        self.go_to("why", line.sku, None)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "apply":
            return self._may_apply()
        if action == "again":
            return self._kept_plan is None and self._shown is not None
        return super().check_action(action, parameters)

    def _may_apply(self) -> bool:
        view = self._shown.view if self._shown is not None else None
        if (
            view is None
            or view.what_if
            or self._overlay
            or not view.totals.to_set
            or view.frozen
            or view.applied_by is not None
        ):
            return False
        return not refusal(self.context.connection, self._right())

    def _right(self) -> Right:
        view = self._shown.view if self._shown is not None else None
        return Right.DECIDE if view is not None and (view.rules or view.kind != "rules") else Right.SYNC

    def action_again(self) -> None:
        self._plan()

    def action_apply(self) -> None:
        from invsync_tui.tui.screens.base.dialogs import ConfirmDialog

        if self._shown is None:
            return
        view = self._shown.view
        explicit = view.kind != "rules"
        ask = Confirmation(
            f"Send exactly this plan: {counted(view.totals.to_set, 'listing')}?",
            "The cart is frozen with it until it is unfrozen, so that the next push does not undo it."
            if explicit
            else "If anything has changed since, nothing is sent and the run says what differs.",
            "Apply the plan",
            needs_reason=bool(view.rules) or explicit,
        )
        subject = "; ".join(map(str, view.rules)) or view.cart
        # The plan that was asked about, also where another one has come since.
        self.app.push_screen(ConfirmDialog(ask, subject, self.context.glyphs), partial(self._decided, self._shown))

    def _decided(self, shown: ShownPlan, reason: str | None) -> None:
        if reason is None:
            self.notice("Nothing was changed.", Tone.FAINT)
            return
        self.ask(partial(apply_plan, shown, reason), self._applied)

    def _applied(self, result: ApplyResult) -> None:
        self.open_run(result.run, result.message)
