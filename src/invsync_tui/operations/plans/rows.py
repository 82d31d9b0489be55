"""The listings of a plan as a list: sorted by position, risk, change or SKU; codes and reasons are read for a page."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from invsync_tui.operations.errors import OperationError, as_operation_error
from invsync_tui.operations.lists.filtering import line_filter
from invsync_tui.operations.lists.rows import Count, PlaceKey
from invsync_tui.operations.plans import grouping
from invsync_tui.operations.session import Session
from invsync_tui.rules.batches import batches
from invsync_tui.rules.listing_filter import PLAN
from invsync_tui.rules.matching import normalize_key
from invsync_tui.rules.quantity import CHAIN
from invsync_tui.rules.safety import RANKS, Risk, listing_of, risk, sending_key
from invsync_tui.store.listings import plans
from invsync_tui.store.listings.plans import UNKNOWN, Changes, PlannedListing

if TYPE_CHECKING:
    from invsync_tui.rules.quantity import Decision
    from invsync_tui.sync.plans.dry_run import PlanInputs

SORTS = ("position", "risk", "change", "sku", "name", "in_cart", "target")
DESCENDING = "-"
"""In front of one of them: the other way round."""
CHUNK = 5000
_TELLING = frozenset(CHAIN) - {"inactive", "sum", "basis", "compare", "skip"}
"""Steps of the chain that say more than that the stock is what it is."""


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A listing that would be updated. Quantities are sellable units; `in_cart` None where nobody knows what the cart shows."""

    position: int
    """Its place in the order of sending, from 1: what is nearest to overselling goes first."""
    listing_id: int
    sku: str
    name: str
    in_cart: int | None
    target: int
    change: int | None
    risk: Risk
    reason: str
    """The setting or fact that decided the quantity last."""


@dataclass(frozen=True, slots=True)
class PlanTotals:
    """What a plan would do to the shop as a whole."""

    to_set: int
    to_zero: int
    """From stock to none."""
    up: int
    down: int
    """Less than now; those to zero are among them."""
    unknown: int
    """Nobody knows what they show now."""
    risks: Mapping[Risk, int]


def totals(changes: Changes, factor: int) -> PlanTotals:
    """Counted over all listings of a plan."""
    up = down = zero = unknown = 0
    risks: Counter[Risk] = Counter()
    for before, after in zip(changes.before, changes.after, strict=True):
        known = None if before == UNKNOWN else before
        risks[risk(known, after, factor)] += 1
        unknown += known is None
        if known is not None:
            up += after > known
            down += after < known
            zero += after == 0 < known
    return PlanTotals(len(changes.ids), zero, up, down, unknown, {kind: risks[kind] for kind in Risk if risks[kind]})


@dataclass(frozen=True, slots=True)
class PlanRows:
    """A list as `rows.Rows` describes it. A place is the row's sort value and its listing."""

    session: Session
    changes: Changes
    order: Sequence[int]
    """Positions in `changes`, in the order that is shown."""
    positions: Sequence[int]
    """For each listing of `changes`, its place in the order of sending."""
    place: Callable[[int], tuple[Any, ...]]
    ground: PlanInputs | None
    factor: int
    reason_text: str
    """The reason where it is the same for all."""
    descending: bool = False
    """Shown from the end of `order` to its beginning."""

    @classmethod
    def of(
        cls,
        session: Session,
        cart_id: int,
        changes: Changes,
        ground: PlanInputs | None,
        sort: str,
        text: str = "",
        only: str | None = None,
        reason_text: str = "",
    ) -> PlanRows:
        """Sorted, and filtered to what fulfils `text` (`rules.listing_filter.PLAN`) and to one risk."""
        descending, sort = sort.startswith(DESCENDING), sort.removeprefix(DESCENDING)
        if sort not in SORTS:
            raise OperationError(f"A plan cannot be sorted by {sort!r}. Choose one of: {', '.join(SORTS)}.")
        factor = ground.settings.cart.jump_factor if ground else 0
        codes = _codes(session, changes.ids) if text or sort in ("sku", "name") else {}
        chosen: Iterable[int] = range(len(changes.ids))
        if text:
            values = _filtered(changes, codes, factor)
            chosen = list(filter(line_filter(text, PLAN, values, lambda n: (codes[changes.ids[n]].key,)), chosen))
        if only:
            chosen = [n for n in chosen if _risk(changes, n, factor) == only]
        positions = _positions(session, cart_id, changes)
        place = _places(changes, codes, factor, positions)[sort]
        order = array("q", sorted(chosen, key=place))
        return cls(session, changes, order, positions, place, ground, factor, reason_text, descending)

    @property
    def sortable(self) -> Sequence[str]:
        """The orders that it can be shown in, the default first."""
        return SORTS

    def count(self) -> Count:
        """How many listings it has; always exact."""
        return Count(len(self.order), exact=True)

    def exact_count(self) -> int:
        """The same number as `count`."""
        return len(self.order)

    def key(self, line: PlanLine) -> PlaceKey:
        """The values of the order's terms by which a row is found again: what `after` and `before` take."""
        return self.place(bisect_left(self.changes.ids, line.listing_id))

    def position(self, key: PlaceKey) -> int | None:
        """How many rows are in front of it."""
        return len(self.order) - self._at(bisect_right, key) if self.descending else self._at(bisect_left, key)

    def after(self, key: PlaceKey | None, limit: int) -> Sequence[PlanLine]:
        """Rows behind `key`; None starts at the first."""
        return self._below(key, limit)[::-1] if self.descending else self._above(key, limit)

    def before(self, key: PlaceKey | None, limit: int) -> Sequence[PlanLine]:
        """Rows in front of `key`; None ends at the last."""
        return self._above(key, limit)[::-1] if self.descending else self._below(key, limit)

    def _above(self, key: PlaceKey | None, limit: int) -> Sequence[PlanLine]:
        start = 0 if key is None else self._at(bisect_right, key)
        return self._lines(self.order[start : start + limit])

    def _below(self, key: PlaceKey | None, limit: int) -> Sequence[PlanLine]:
        end = len(self.order) if key is None else self._at(bisect_left, key)
        return self._lines(self.order[max(0, end - limit) : end])

    def _at(self, bisect: Callable[..., int], key: PlaceKey) -> int:
        try:
            return bisect(self.order, tuple(key), key=self.place)
        except TypeError as error:
            raise OperationError("this place is of another list") from error

    def _lines(self, chosen: Sequence[int]) -> list[PlanLine]:
        ids = array("q", [self.changes.ids[n] for n in chosen])
        with as_operation_error(), self.session.store.reading() as cx:
            listings = {row.id: row for row in plans.listings(cx, ids)}
            decisions = self._decided(cx, ids)
        return [self._line(n, listings.get(self.changes.ids[n]), decisions) for n in chosen]

    def _decided(self, cx: Any, ids: array[int]) -> Mapping[int, Decision]:
        """The decisions on some listings, each with every step."""
        if self.ground is None or not ids:
            return {}
        from invsync_tui.sync.plans import dry_run

        return {number: decision for number, (_, decision) in dry_run.explained(cx, self.ground, ids).items()}

    def _line(self, n: int, listing: PlannedListing | None, decisions: Mapping[int, Decision]) -> PlanLine:
        number, _, after = (column[n] for column in self.changes)
        return PlanLine(
            position=self.positions[n],
            listing_id=number,
            sku=listing.sku if listing else "",
            name=listing.name if listing else "",
            in_cart=_in_cart(self.changes, n),
            target=after,
            change=_change(self.changes, n),
            risk=_risk(self.changes, n, self.factor),
            reason=because(decisions[number], after) if number in decisions else self.reason_text,
        )


def because(decision: Decision, planned: int) -> str:
    """What decided a quantity last: a setting, or the stock itself."""
    if decision.desired != planned:
        return f"was planned so; by now it would show {decision.desired if decision.desired is not None else 'nothing'}"
    telling = [step for step in decision.steps if step.step in _TELLING and step.before != step.after]
    if telling:
        return telling[-1].because
    sums = [step for step in decision.steps if step.step == "sum" and step.before != step.after]
    return f"stock: {', '.join(step.because for step in sums)}" if sums else "stock: none available"


def _risk(changes: Changes, n: int, factor: int) -> Risk:
    before = changes.before[n]
    return risk(None if before == UNKNOWN else before, changes.after[n], factor)


def _positions(session: Session, cart_id: int, changes: Changes) -> array[int]:
    """For each listing, its place in the order of sending."""
    keys = sorted(
        sending_key(number, None if before == UNKNOWN else before, after)
        for number, before, after in zip(*changes, strict=True)
    )
    rule, groups = grouping.of_listings(session, cart_id, changes.ids)
    by_group: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))
    for key in keys:
        by_group[groups.get(listing_of(key), "")].append(key)
    positions = array("q", bytes(8 * len(keys)))
    sent = (listing_of(key) for batch in batches(map(iter, by_group.values()), rule) for key in batch)
    for position, number in enumerate(sent, 1):
        positions[bisect_left(changes.ids, number)] = position
    return positions


def _places(
    changes: Changes, codes: Mapping[int, PlannedCode], factor: int, positions: Sequence[int]
) -> Mapping[str, Callable[[int], tuple[Any, ...]]]:
    ids, before, after = changes

    def gap(n: int) -> int:
        return -abs(after[n] - max(0, before[n]))

    return {
        "position": lambda n: (positions[n],),
        "risk": lambda n: (RANKS[_risk(changes, n, factor)], gap(n), ids[n]),
        "change": lambda n: (gap(n), ids[n]),
        "sku": lambda n: (codes[ids[n]].key, ids[n]),
        "name": lambda n: (codes[ids[n]].name, ids[n]),
        "in_cart": lambda n: (before[n], ids[n]),
        "target": lambda n: (after[n], ids[n]),
    }


def _in_cart(changes: Changes, n: int) -> int | None:
    return None if changes.before[n] == UNKNOWN else changes.before[n]


def _change(changes: Changes, n: int) -> int | None:
    return None if changes.before[n] == UNKNOWN else changes.after[n] - changes.before[n]


def _filtered(
    changes: Changes, codes: Mapping[int, PlannedCode], factor: int
) -> Mapping[str, Callable[[int], int | str | None]]:
    """What the listings of a plan can be filtered by."""

    def diff(n: int) -> int | None:
        change = _change(changes, n)
        return None if change is None else -change

    return {
        "in-cart": lambda n: _in_cart(changes, n),
        "target": lambda n: changes.after[n],
        "change": lambda n: _change(changes, n),
        "diff": diff,
        "risk": lambda n: _risk(changes, n, factor).value,
        "sku": lambda n: codes[changes.ids[n]].key,
        "name": lambda n: codes[changes.ids[n]].name,
    }


class PlannedCode(NamedTuple):
    """The folded code of a listing, and its name."""

    key: str
    name: str


def _codes(session: Session, ids: Sequence[int]) -> dict[int, PlannedCode]:
    """Of all listings of a plan, by number."""
    result: dict[int, PlannedCode] = {}
    for start in range(0, len(ids), CHUNK):
        with as_operation_error(), session.store.reading() as cx:
            result.update(
                (row.id, PlannedCode(normalize_key(row.sku), row.name))
                for row in plans.listings(cx, ids[start : start + CHUNK])
            )
    return result
