"""The words for what became of a SKU in a run, and the sum that every run must satisfy.

Not here: how an outcome is found (`quantity`, `matching`, `breakers`) or stored (`store.listings`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum


class Outcome(StrEnum):
    """The one end of a SKU in a run. `PLANNED` is the only state a run may not end with."""

    SET = "set"
    EQUAL = "equal"
    SKIPPED = "skipped"
    FAILED = "failed"
    HELD = "held"
    IN_DOUBT = "in_doubt"
    PLANNED = "planned"


class Reason(StrEnum):
    """Why a SKU has its outcome. The words are the program's vocabulary towards operators and scripts."""

    NOT_IN_WMS = "NOT_IN_WMS"
    ALIAS_MISSING = "ALIAS_MISSING"
    WRONG_ALIAS_TYPE = "WRONG_ALIAS_TYPE"
    AMBIGUOUS_ALIAS = "AMBIGUOUS_ALIAS"
    NOT_IN_CART = "NOT_IN_CART"
    DUPLICATE_IN_CART = "DUPLICATE_IN_CART"
    CART_NOT_TRACKING = "CART_NOT_TRACKING"
    NOT_STOCKED_AT_LOCATION = "NOT_STOCKED_AT_LOCATION"
    BUNDLE_PARENT = "BUNDLE_PARENT"
    FBA_MANAGED = "FBA_MANAGED"
    LOCATION_UNMAPPED = "LOCATION_UNMAPPED"
    WAREHOUSE_DISABLED = "WAREHOUSE_DISABLED"
    WAREHOUSE_GONE = "WAREHOUSE_GONE"
    WRONG_WAREHOUSE = "WRONG_WAREHOUSE"
    NO_LEVEL = "NO_LEVEL"
    PRODUCT_INACTIVE = "PRODUCT_INACTIVE"
    STOCK_NOT_COUNTED = "STOCK_NOT_COUNTED"
    WMS_STALE = "WMS_STALE"
    EXCLUDED = "EXCLUDED"
    LOCKED = "LOCKED"
    UNCHANGED = "UNCHANGED"
    CUT_OFF_APPLIED = "CUT_OFF_APPLIED"
    CAS_CONFLICT = "CAS_CONFLICT"
    THROTTLED = "THROTTLED"
    SCOPE_MISSING = "SCOPE_MISSING"
    AUTH_FAILED = "AUTH_FAILED"
    CART_UNAVAILABLE = "CART_UNAVAILABLE"
    SOURCE_UNAVAILABLE = "SOURCE_UNAVAILABLE"
    NOT_CONFIGURED = "NOT_CONFIGURED"
    UNEXPECTED_ANSWER = "UNEXPECTED_ANSWER"
    STORE_FAILED = "STORE_FAILED"
    ACCOUNTING = "ACCOUNTING"
    INTERNAL_DEFECT = "INTERNAL_DEFECT"
    REJECTED_BY_CART = "REJECTED_BY_CART"
    VERIFY_FAILED = "VERIFY_FAILED"
    BREAKER_TRIPPED = "BREAKER_TRIPPED"
    SWITCH_OFF = "SWITCH_OFF"
    FROZEN = "FROZEN"
    CHANGED_SINCE = "CHANGED_SINCE"
    CANCELLED = "CANCELLED"
    BAD_ROW = "BAD_ROW"
    OVERSELL = "OVERSELL"
    UNDERSELL = "UNDERSELL"
    EDITED_IN_CART = "EDITED_IN_CART"
    CART_LAGGING = "CART_LAGGING"


@dataclass(frozen=True, slots=True)
class Wording:
    """A reason in a sentence, and what an operator does about it."""

    cause: str
    advice: str


WORDINGS: Mapping[Reason, Wording] = {
    Reason.NOT_IN_WMS: Wording(
        "No product of the warehouse has this code.",
        "Load the SKU in the WMS, or correct the code in the cart; codes must match exactly.",
    ),
    Reason.ALIAS_MISSING: Wording(
        "The product has no alias of the type this cart pushes with.",
        "Add the alias in the WMS, or choose another type in Push Inventory Using Alias.",
    ),
    Reason.WRONG_ALIAS_TYPE: Wording(
        "The cart's code is a product's code of another type than the one this cart pushes with.",
        "Choose the matching type in Push Inventory Using Alias.",
    ),
    Reason.AMBIGUOUS_ALIAS: Wording(
        "Several products share this code.",
        "An alias must name one product only: correct it in the WMS.",
    ),
    Reason.NOT_IN_CART: Wording(
        "The cart has no listing for this product.",
        "List the product in the cart, or correct the code there.",
    ),
    Reason.DUPLICATE_IN_CART: Wording(
        "Several listings of the cart carry this code.",
        "Give each listing a code of its own in the cart.",
    ),
    Reason.CART_NOT_TRACKING: Wording(
        "The cart does not track stock for this listing, so a quantity has no effect.",
        "Turn on stock tracking for it in the cart.",
    ),
    Reason.NOT_STOCKED_AT_LOCATION: Wording(
        "The cart does not stock this listing at the location we push to.",
        "Activate the listing at that location in the cart.",
    ),
    Reason.BUNDLE_PARENT: Wording("The listing is a bundle whose stock the cart computes itself.", "Nothing to do."),
    Reason.FBA_MANAGED: Wording("The marketplace fulfils this listing and counts its stock itself.", "Nothing to do."),
    Reason.LOCATION_UNMAPPED: Wording(
        "The cart's location for this connection is not chosen or does not exist.",
        "Choose the location in the cart's Edit Setup.",
    ),
    Reason.WAREHOUSE_DISABLED: Wording(
        "Every warehouse that this cart syncs with is disabled.",
        "Enable the warehouse, or choose another in Sync Inventory With Warehouse.",
    ),
    Reason.WAREHOUSE_GONE: Wording(
        "The WMS reports no stock for any warehouse that this cart syncs with, so nothing is set.",
        "Restore the warehouse in the WMS, or choose another in Sync Inventory With Warehouse.",
    ),
    Reason.PRODUCT_INACTIVE: Wording(
        "The product is deactivated in the WMS.",
        "Activate it in the WMS, end the listing in the cart, or change Inactive products in the cart's Edit Setup.",
    ),
    Reason.STOCK_NOT_COUNTED: Wording(
        "The WMS does not count the stock of this product (a service, a consumable), so there is no number to send.",
        "Nothing to do; if it has stock, change its type in the WMS.",
    ),
    Reason.WRONG_WAREHOUSE: Wording(
        "The product has stock, but in no warehouse that this cart syncs with.",
        "Choose the right warehouse in Sync Inventory With Warehouse.",
    ),
    Reason.NO_LEVEL: Wording(
        "The warehouse has never reported a level for this product, so its stock is unknown.",
        "Check the product in the WMS; an unknown level is never pushed as 0.",
    ),
    Reason.WMS_STALE: Wording(
        "The warehouse's reading of this SKU is older than the limit.",
        "Check the WMS feed, then run the inventory download again.",
    ),
    Reason.EXCLUDED: Wording("An operator excluded this listing.", "Include it again to sync it."),
    Reason.LOCKED: Wording("An operator locked this listing at its present quantity.", "Unlock it to sync it."),
    Reason.UNCHANGED: Wording("The cart already shows the right quantity.", "Nothing to do."),
    Reason.CUT_OFF_APPLIED: Wording(
        "The quantity is below Minimum Inventory Level, so the cart gets 0.",
        "Set Minimum Inventory Level to 0 to post the full amount.",
    ),
    Reason.CAS_CONFLICT: Wording(
        "The cart's quantity changed while we wrote it.", "It is tried again in the next run."
    ),
    Reason.THROTTLED: Wording("The cart kept refusing requests as too many.", "It is tried again in the next run."),
    Reason.SCOPE_MISSING: Wording(
        "The login may not write stock.", "Grant the permission in the cart, then run again."
    ),
    Reason.AUTH_FAILED: Wording(
        "The system refused our login.",
        "Correct the secret, test the connection, then run again; it is never retried by itself.",
    ),
    Reason.CART_UNAVAILABLE: Wording("The cart did not answer.", "It is tried again in the next run."),
    Reason.SOURCE_UNAVAILABLE: Wording("The WMS did not answer.", "It is tried again in the next run."),
    Reason.NOT_CONFIGURED: Wording(
        "A setting of the connection is missing or wrong.",
        "Correct the setting that the error names, then test the connection.",
    ),
    Reason.UNEXPECTED_ANSWER: Wording(
        "The system answered something unexpected.",
        "Check the address and the version of the system; if both are right, report it.",
    ),
    Reason.STORE_FAILED: Wording("The store could not be read or written.", "See the run's error, then run again."),
    Reason.ACCOUNTING: Wording(
        "The run's outcomes do not add up to its total.", "Run again; report it with invsync bundle."
    ),
    Reason.INTERNAL_DEFECT: Wording("The program has a defect.", "Run again; report it with invsync bundle."),
    Reason.REJECTED_BY_CART: Wording(
        "The cart refused this row.", "Read its message, correct the listing in the cart."
    ),
    Reason.VERIFY_FAILED: Wording(
        "The cart accepted the request but still shows another quantity.",
        "Check in the cart whether the listing tracks stock and who else writes it.",
    ),
    Reason.BREAKER_TRIPPED: Wording(
        "A safety rule stopped the run before anything was sent.", "Look at the plan, then release or discard the run."
    ),
    Reason.SWITCH_OFF: Wording(
        "The switch for this sync is off.",
        "Turn on Synchronization With WMS - Inventory (merchant) or Inventory Upload Service (cart).",
    ),
    Reason.FROZEN: Wording(
        "An operator froze this cart or its merchant: nothing is sent, the plan goes on.",
        "Thaw it when the reason is gone: invsync thaw NAME.",
    ),
    Reason.CHANGED_SINCE: Wording(
        "Somebody or something changed the listing since the plan was made, so it was left alone.",
        "Look at the listing; make a new plan if it should be set all the same.",
    ),
    Reason.CANCELLED: Wording(
        "An operator cancelled the run before this SKU's turn.", "The next run continues with it."
    ),
    Reason.OVERSELL: Wording(
        "The cart offers more units than exist.",
        "Heal it (invsync heal), or let the next push correct it; see who else writes the cart's stock.",
    ),
    Reason.UNDERSELL: Wording(
        "The cart shows fewer units than it accepted, and its orders do not explain it.",
        "Heal it (invsync heal); see who else writes the cart's stock.",
    ),
    Reason.EDITED_IN_CART: Wording(
        "The cart shows more units than it accepted: somebody edited it, or an order was cancelled.",
        "Heal it (invsync heal), or leave it; see who else writes the cart's stock.",
    ),
    Reason.CART_LAGGING: Wording(
        "The cart accepted the quantity a moment ago and does not show it yet.", "Nothing to do; it is looked at again."
    ),
    Reason.BAD_ROW: Wording("The system sent a row that cannot be read.", "Correct the record in that system."),
}


class AccountingError(Exception):
    """A run's outcomes do not add up to its total: the run has failed, whatever else it did."""


@dataclass(slots=True)
class Counts:
    """Outcomes of one run. `total` counts each SKU once; the identity is checked by `verify`."""

    total: int = 0
    set: int = 0
    equal: int = 0
    skipped: int = 0
    failed: int = 0
    held: int = 0
    in_doubt: int = 0

    @property
    def accounted(self) -> int:
        """The sum over the six ends."""
        return self.set + self.equal + self.skipped + self.failed + self.held + self.in_doubt

    def add(self, outcome: Outcome, n: int = 1) -> None:
        """Count `n` SKUs that ended with `outcome`; a planned SKU has no end yet and counts in the total only."""
        self.total += n
        if outcome is not Outcome.PLANNED:
            setattr(self, outcome.value, getattr(self, outcome.value) + n)

    def verify(self) -> None:
        """Raise AccountingError unless every SKU of the run has exactly one end."""
        if self.total != self.accounted:
            raise AccountingError(f"{self.total} SKUs in the run, but {self.accounted} outcomes: {self.as_dict()}")

    def as_dict(self) -> dict[str, int]:
        """Field name to count, in the order of the documented JSON."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, int]) -> Counts:
        """The reverse of `as_dict`; unknown keys are ignored so that a newer program's row can be read."""
        return cls(**{f.name: int(values.get(f.name, 0)) for f in fields(cls)})


def tally(rows: Iterable[tuple[Outcome, int]]) -> Counts:
    """Counts from (outcome, number) pairs, as a GROUP BY gives them."""
    counts = Counts()
    for outcome, n in rows:
        counts.add(outcome, n)
    return counts
