"""What a held run would send: every listing with what it shows, what it would show, and the group it is released with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from invsync_tui.operations.errors import OperationError, as_operation_error
from invsync_tui.operations.lists.filtering import understood
from invsync_tui.operations.lists.listed_rows import Listed, chosen, few
from invsync_tui.operations.lists.rows import Ordering, PlaceKey, Rows
from invsync_tui.operations.runs.views import find
from invsync_tui.operations.session import Session
from invsync_tui.rules.listing_filter import HELD
from invsync_tui.rules.matching import normalize_key
from invsync_tui.rules.outcomes import Outcome
from invsync_tui.rules.safety import Group
from invsync_tui.store.listings import plans as store
from invsync_tui.store.paging import listings as pages
from invsync_tui.store.runs import newest
from invsync_tui.store.runs.records import RunRow
from invsync_tui.store.settings import carts

GROUPS = tuple(group.value for group in Group)


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A held listing. `in_cart` is what the cart shows as far as we know, None if unknown; `target` what it would show; both
    in sellable units."""

    id: int
    cart_listing_id: str
    sku: str
    name: str
    in_cart: int | None
    target: int
    group: str

    @property
    def change(self) -> int | None:
        """What it would show less what it shows; None where that is unknown."""
        return None if self.in_cart is None else self.target - self.in_cart


_PLACES: Mapping[str, Callable[[HeldLine], PlaceKey]] = {
    "": lambda line: (line.id,),
    "sku": lambda line: (normalize_key(line.sku), line.id),
    "name": lambda line: (line.name, line.id),
    "in_cart": lambda line: (pages.LEAST if line.in_cart is None else line.in_cart, line.id),
    "target": lambda line: (line.target, line.id),
    "change": lambda line: (pages.LEAST if line.change is None else line.change, line.id),
    "group": lambda line: (line.group, line.id),
}


def waiting(session: Session) -> frozenset[int]:
    """Numbers of the runs of all merchants that wait for an operator."""
    with as_operation_error(), session.store.reading() as cx:
        return frozenset(newest.held(cx))


def checked(groups: Sequence[str]) -> tuple[str, ...]:
    """Names of groups, each once, in their order."""
    wrong = next((group for group in groups if group not in GROUPS), None)
    if wrong is not None:
        raise OperationError(f"{wrong!r} is not a group of a held run. Give one of: {', '.join(GROUPS)}.")
    return tuple(group for group in GROUPS if group in groups)


def held(
    session: Session, run_id: int, group: str | None = None, ordering: Ordering | None = None, text: str = ""
) -> Rows[HeldLine]:
    """The listings that a run held. One that a newer run has decided on since is no longer among them. `text` is a filter
    (`rules.listing_filter.HELD`); OperationError for one that means nothing."""
    run = _push(session, run_id)
    safety_group = checked((group,))[0] if group else None
    conditions = understood(text, HELD)
    sought = pages.Sought("all", normalize_key(conditions.text), conditions.conditions)
    with as_operation_error(), session.store.reading() as cx:
        jump = factor(cx, run)
        orders = pages.held_orders(jump)
        small = few(pages.held(cx, run_id, safety_group, jump))
        order, descending, sortable = chosen(orders, ordering, small=small)
        held_pages = pages.held(cx, run_id, safety_group, jump, order, descending, sought)
    return Listed(session, held_pages, _lines, _PLACES[order.name], sortable)


def _lines(rows: Sequence[pages.HeldRow]) -> list[HeldLine]:
    return [
        HeldLine(
            id=row.id,
            cart_listing_id=row.ref,
            sku=row.sku,
            name=row.name,
            in_cart=row.shows,
            target=row.would_show,
            group=row.group,
        )
        for row in rows
    ]


def groups(session: Session, run_id: int) -> dict[str, int]:
    """How many listings of a run are held, by group; groups without any are left out."""
    run = _push(session, run_id)
    with as_operation_error(), session.store.reading() as cx:
        return sizes(cx, run)


def sizes(cx: Any, run: RunRow) -> dict[str, int]:
    """`groups` in a transaction."""
    counts = store.counts(cx, run.id, Outcome.HELD, factor(cx, run))
    return {group: counts[group] for group in GROUPS if counts.get(group)}


def factor(cx: Any, run: RunRow) -> int:
    """The factor beyond which the run's cart calls a change a jump."""
    return carts.jump_factor(cx, run.key)


def _push(session: Session, run_id: int) -> RunRow:
    run = find(session, run_id)
    if run.kind != "push":
        raise OperationError(
            f"Run {run_id} is an inventory download: it holds no listings back. See: invsync runs {run_id}."
        )
    return run
