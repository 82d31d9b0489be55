"""The quantity chain: from what the warehouses report to what one listing should show, every step recorded.

The order is fixed (`CHAIN`: sum, kit, pending, buffer, share, cut-off, units per listing, cap, clamp, basis, compare);
the record of the steps is the explanation that operators are shown. Pending orders come after the kit, since they are
orders for the kit itself. Cut-off semantics are CartRover's Minimum Inventory Level: strictly below it the cart gets 0,
at or above it the true value. Forecast quantities never enter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from invsync_tui.rules.outcomes import Outcome, Reason

CHAIN = (
    "override", "inactive", "sum", "kit", "pending", "buffer", "share", "cutoff", "units", "cap", "clamp", "basis",
    "compare", "skip",
)  # fmt: skip
"""The steps in their order; `skip` ends a chain that cannot be gone through."""
ORDERS_NAMED = 3
"""Orders that an explanation names."""


AHEAD_MOST = 3600
"""Seconds by which the time of a reading can lie ahead of our clock and be believed, since clocks differ."""


class Step(NamedTuple):
    """One step: its name, the number before and after it, and the setting or fact that caused it."""

    step: str
    before: int | None
    after: int | None
    because: str


class Reading(NamedTuple):
    """What one of the cart's warehouses reports for the product. `read_at` in epoch seconds."""

    warehouse: str
    available: int
    read_at: int
    missing: bool = False
    """It was absent from the last full download; it counts as 0 beside other readings, and as unknown alone."""
    fraction: str = ""
    """What the WMS reports where that is no whole number: `available` is it rounded down."""


GONE = {
    "inactive": "switched off in the WMS",
    "vanished": "no longer reported by the WMS",
    "denied": "the login may not read it any more",
    "emptied": "the WMS reports no levels in it any more",
}
"""What has become of a warehouse in which the WMS offers no stock any more, in words."""


def of_gone(reading: Reading, why: str, now: int, *, alone: bool) -> Reading:
    """The reading of a warehouse that is gone: 0, and not old. Beside others that are all missing it is no more than
    these: a product that its own warehouse does not report is unknown."""
    name = f"{reading.warehouse} ({GONE.get(why, why)})"
    return Reading(name, 0, now, reading.missing or not alone)


class Component(NamedTuple):
    """A kit's part: `available` is already summed over the cart's warehouses; None is unknown."""

    sku: str
    needed: int
    available: int | None
    read_at: int | None = None
    """Time of the oldest reading in that sum."""


@dataclass(frozen=True, slots=True)
class ChainRules:
    """A cart's settings as far as they change a quantity. The defaults change nothing."""

    buffer: int = 0
    share_percent: int = 100
    cutoff_below: int = 0
    """Minimum Inventory Level."""
    end_at_or_below: int | None = None
    units_per_listing: int = 1
    """Units of the WMS in one of the cart's: all steps before are in units of the WMS, all after it in the cart's."""
    max_quantity: int | None = None
    basis_on_hand: bool = False
    """The cart subtracts its own allocations, so it must be sent desired + allocated."""
    stale_after: int | None = None
    """Seconds after which a reading may not be pushed; None for no limit."""
    zero_inactive: bool = False
    """The cart shows 0 for products that are deactivated in the WMS, instead of keeping what it shows."""


class Facts(NamedTuple):
    """All that is known about one listing at `now`."""

    now: int
    readings: tuple[Reading, ...]
    elsewhere: int = 0
    """Available in warehouses that the cart does not sync with."""
    has_level_elsewhere: bool = False
    pending: int = 0
    """Units of orders that the readings do not take into account yet, where the source does not subtract them itself."""
    components: tuple[Component, ...] = ()
    override: int | None = None
    excluded: bool = False
    locked: bool = False
    allocated: int = 0
    shown: int | None = None
    """What the cart was last seen showing, in its own basis; None if it shows no quantity or was never read."""
    acked: int | None = None
    """The desired quantity that the cart last accepted from us; None before the first push of this listing."""
    heal: bool = False
    """What the cart shows counts and not what it accepted: somebody changed it, and that is to be put right."""
    pending_orders: tuple[str, ...] = ()
    """What the orders of `pending` are called."""
    inactive: bool = False
    """The product is deactivated in the WMS."""
    uncounted: bool = False
    """The WMS keeps no stock of the product."""
    cap: int | None = None
    """The largest quantity that the cart accepts of the listing, in its own basis; None for no limit."""


class Decision(NamedTuple):
    """What the listing should show. `desired` is sellable units, `target` the number to write in the cart's basis."""

    outcome: Outcome
    reason: Reason | None
    desired: int | None
    target: int | None
    steps: tuple[Step, ...]


Steps = list[Step] | None
"""What a decision records as it goes; None where nobody will read it, which takes a third of the time."""


def _skip(reason: Reason, steps: Steps, because: str) -> Decision:
    if steps is None:
        return Decision(Outcome.SKIPPED, reason, None, None, ())
    before = steps[-1].after if steps else None
    steps.append(Step("skip", before, None, because))
    return Decision(Outcome.SKIPPED, reason, None, None, tuple(steps))


def _start(facts: Facts, steps: Steps) -> int:
    """Steps 1 to 3: sum, kit, pending."""
    total = 0
    for reading in facts.readings:
        after = total if reading.missing else total + reading.available
        if steps is not None:
            steps.append(Step("sum", total, after, f"{reading.warehouse}: {_reported(reading)}"))
        total = after
    if facts.components:
        total = _kit(facts.components, total, steps)
    if facts.pending:
        if steps is not None:
            steps.append(Step("pending", total, total - facts.pending, _ordered(facts)))
        total -= facts.pending
    return total


def _ordered(facts: Facts) -> str:
    """Which orders are subtracted."""
    names = facts.pending_orders
    named = f" ({', '.join(names[:ORDERS_NAMED])}{', ...' * (len(names) > ORDERS_NAMED)})" if names else ""
    return f"{facts.pending} ordered{named}: the reading does not include that yet"


def existing(facts: Facts, units_per_listing: int = 1) -> int | None:
    """What the cart's warehouses have for it before buffer and share, in units of the cart; at least what an operator
    fixed. None: unknown."""
    if _unknown(facts, ChainRules()) is not None:
        return None if facts.override is None else max(0, facts.override)
    return max(0, _start(facts, None) // max(1, units_per_listing), facts.override or 0)


def _reported(reading: Reading) -> str:
    if reading.missing:
        return "missing from the last full download, counts as 0"
    rounded = f", rounded down from {reading.fraction}" if reading.fraction else ""
    return f"available {reading.available}{rounded}"


def _kit(components: tuple[Component, ...], total: int, steps: Steps) -> int:
    """Sets that can be built; the kit's own reading is ignored, since WMSs that report one compute it the same way."""
    scarce = min(components, key=_sets)
    built = _sets(scarce)
    if steps is not None:
        steps.append(Step("kit", total, built, f"{scarce.sku}: {scarce.available} available, {scarce.needed} needed"))
    return built


def _sets(part: Component) -> int:
    return max(0, part.available or 0) // part.needed


def _reduce(quantity: int, rules: ChainRules, steps: Steps) -> tuple[int, bool]:
    """Steps 4 to 9: buffer, share, cut-off, units per listing, cap, clamp. The flag tells whether a cut-off hid stock."""
    hidden = False

    def take(step: str, after: int, because: str) -> int:
        if steps is not None:
            steps.append(Step(step, quantity, after, because))
        return after

    if rules.buffer:
        quantity = take("buffer", quantity - rules.buffer, f"buffer {rules.buffer}")
    if rules.share_percent != 100:
        quantity = take("share", quantity * rules.share_percent // 100, f"share {rules.share_percent} %")
    limit = rules.cutoff_below
    if quantity < limit and quantity > 0:
        quantity, hidden = take("cutoff", 0, f"below Minimum Inventory Level {limit}"), True
    end = rules.end_at_or_below
    if end is not None and 0 < quantity <= end:
        quantity, hidden = take("cutoff", 0, f"at or below {end}"), True
    if rules.units_per_listing > 1:
        quantity = take("units", quantity // rules.units_per_listing, f"{rules.units_per_listing} units per listing")
    if rules.max_quantity is not None and quantity > rules.max_quantity:
        quantity = take("cap", rules.max_quantity, f"at most {rules.max_quantity}")
    if quantity < 0:
        quantity = take("clamp", 0, "never below 0")
    return quantity, hidden


def _unknown(facts: Facts, rules: ChainRules) -> tuple[Reason, str] | None:
    """Why the stock is not known well enough to push, if it is not."""
    if facts.uncounted:
        return Reason.STOCK_NOT_COUNTED, "the WMS keeps no stock of this product"
    if facts.inactive:
        return Reason.PRODUCT_INACTIVE, "deactivated in the WMS; this cart keeps what it shows"
    return _unknown_kit(facts, rules) if facts.components else _unknown_stock(facts, rules)


def _unknown_stock(facts: Facts, rules: ChainRules) -> tuple[Reason, str] | None:
    """The same of a product that is no kit."""
    if not facts.readings:
        if facts.has_level_elsewhere:
            return Reason.WRONG_WAREHOUSE, f"{facts.elsewhere} available in other warehouses, none in this cart's"
        return Reason.NO_LEVEL, "no warehouse has ever reported a level"
    if all(reading.missing for reading in facts.readings):
        return Reason.NOT_IN_WMS, "absent from the last full download of every warehouse of this cart"
    limit = rules.stale_after
    if limit is None:
        return None
    times = [reading.read_at for reading in facts.readings]
    if facts.now - limit <= min(times) and max(times) <= facts.now + _ahead(limit):
        return None
    return _stale([(reading.warehouse, reading.read_at) for reading in facts.readings], facts, rules)


def _unknown_kit(facts: Facts, rules: ChainRules) -> tuple[Reason, str] | None:
    """A kit is known as well as its parts are; its own reading does not count."""
    for part in facts.components:
        if part.available is None:
            return Reason.NO_LEVEL, f"no level for the component {part.sku}"
        if part.needed < 1:
            return Reason.NO_LEVEL, f"the WMS says that {part.needed} of the component {part.sku} are needed"
    return _stale([(part.sku, part.read_at) for part in facts.components if part.read_at is not None], facts, rules)


def _ahead(limit: int) -> int:
    """Seconds by which a reading may lie ahead where it may have an age of `limit`: never more than that, or a minute."""
    return min(max(limit, 60), AHEAD_MOST)


def _stale(readings: Sequence[tuple[str, int]], facts: Facts, rules: ChainRules) -> tuple[Reason, str] | None:
    """Whether the oldest of some (name, time) is too old to be pushed, or one of them is to come: that says no age."""
    if rules.stale_after is None or not readings:
        return None
    name, read_at = max(readings, key=lambda reading: reading[1])
    if read_at > facts.now + _ahead(rules.stale_after):
        ahead = (read_at - facts.now) // 60
        return Reason.WMS_STALE, f"{name} is dated {ahead} min in the future, so that its age is not known"
    name, read_at = min(readings, key=lambda reading: reading[1])
    age = facts.now - read_at
    if age <= rules.stale_after:
        return None
    return Reason.WMS_STALE, f"{name} was read {age // 60} min ago, the limit is {rules.stale_after // 60} min"


def _desired(facts: Facts, rules: ChainRules, steps: Steps) -> tuple[int, Reason | None] | Decision:
    if facts.override is not None:
        if steps is not None:
            steps.append(Step("override", None, max(0, facts.override), "an operator overrode this listing's quantity"))
        return _accepted(max(0, facts.override), facts, rules, steps), None
    if facts.inactive and rules.zero_inactive and not facts.uncounted:
        if steps is not None:
            steps.append(Step("inactive", None, 0, "deactivated in the WMS; this cart shows 0 then"))
        return 0, Reason.PRODUCT_INACTIVE
    unknown = _unknown(facts, rules)
    if unknown is not None:
        return _skip(unknown[0], steps, unknown[1])
    quantity, hidden = _reduce(_start(facts, steps), rules, steps)
    return _accepted(quantity, facts, rules, steps), Reason.CUT_OFF_APPLIED if hidden else None


def _accepted(quantity: int, facts: Facts, rules: ChainRules, steps: Steps) -> int:
    """Sellable units that the cart accepts. A cart of basis on hand counts its own open orders in the number it limits."""
    if facts.cap is None:
        return quantity
    room = max(0, facts.cap - facts.allocated if rules.basis_on_hand else facts.cap)
    if quantity <= room:
        return quantity
    if steps is not None:
        held = f", {facts.allocated} of it for its own open orders" if room < facts.cap else ""
        steps.append(Step("cap", quantity, room, f"the cart accepts at most {facts.cap} of this listing{held}"))
    return room


def decide(facts: Facts, rules: ChainRules, *, explain: bool = True) -> Decision:
    """Run the chain for one listing that is matched and may be written. Without `explain` it records no steps."""
    steps: Steps = [] if explain else None
    if facts.excluded:
        return _skip(Reason.EXCLUDED, steps, "excluded by an operator")
    if facts.locked:
        return _skip(Reason.LOCKED, steps, "locked by an operator")
    result = _desired(facts, rules, steps)
    if isinstance(result, Decision):
        return result
    desired, reason = result
    target = desired
    if rules.basis_on_hand:
        target = on_hand(desired, facts.allocated)
        if steps is not None:
            steps.append(Step("basis", desired, target, _held_back(desired, facts.allocated)))
    outcome = _compare(desired, target, facts, rules)
    if steps is not None:
        steps.append(Step("compare", facts.shown, target, _compared(outcome, desired, target, facts)))
    if outcome is Outcome.EQUAL:
        reason = reason or Reason.IN_SYNC
    return Decision(outcome, reason, desired, target, tuple(steps or ()))


def on_hand(desired: int, allocated: int) -> int:
    """What a cart has to show so that it sells `desired`. Its reservations may have fallen below 0, which it adds to what it
    sells; no cart shows less than nothing, so that there it sells more than it should, and the drift check says so."""
    return max(0, desired + allocated)


def _held_back(desired: int, allocated: int) -> str:
    if allocated >= 0:
        return f"the cart holds back {allocated} for its own open orders"
    text = f"the cart's own reservations are {allocated}, so that it sells {-allocated} more than it shows"
    return text if desired + allocated >= 0 else f"{text}: correct them in the cart"


def _compare(desired: int, target: int, facts: Facts, rules: ChainRules) -> Outcome:
    """Dirty is derived: what the cart accepted from us against what the rules say.

    A cart that took an order since shows less without being wrong, so a changed cart alone is no reason to write:
    that would sell the ordered units twice. It is shown as drift, and written once it is to be corrected; or where
    there is enough for what it should show whatever it sold, as of a cart that shows at most 5 of 100.
    """
    if facts.heal and facts.shown is not None:
        return Outcome.EQUAL if facts.shown == target else Outcome.PLANNED
    if facts.shown == target or (facts.acked == desired and not _is_filled_up(desired, target, facts, rules)):
        return Outcome.EQUAL
    return Outcome.PLANNED


def _is_filled_up(desired: int, target: int, facts: Facts, rules: ChainRules) -> bool:
    """Whether a cart that shows less than it accepted gets its number again: the rules say the same number even if the
    stock does not know any of the units that are missing in the cart. What an operator fixed is not filled up."""
    if facts.shown is None or facts.shown >= target or facts.override is not None or not desired:
        return False
    sold = (target - facts.shown) * max(1, rules.units_per_listing)
    fewer, _ = _reduce(_start(facts, None) - sold, rules, None)
    return _accepted(fewer, facts, rules, None) == desired


def _compared(outcome: Outcome, desired: int, target: int, facts: Facts) -> str:
    """The comparison in words."""
    if facts.heal and outcome is Outcome.PLANNED:
        return f"the cart shows {facts.shown}: to be corrected"
    if facts.acked == desired and outcome is Outcome.PLANNED:
        return f"the cart shows {facts.shown} of the {desired} that it accepted: filled up, since there is enough"
    if facts.acked == desired:
        drift = "" if facts.shown in (target, None) else f", but shows {facts.shown} now: changed there since"
        return f"the cart accepted {desired}{drift}"
    if outcome is Outcome.EQUAL:
        return "the cart already shows it"
    return f"the cart shows {'no quantity yet' if facts.shown is None else facts.shown}"
