"""Outcomes and reasons of a SKU in a run, the sum that every run must satisfy, and how a sent row is judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import NamedTuple

from invsync_tui.plain_text import counted


class Outcome(StrEnum):
    """The one end of a SKU in a run. `PLANNED` is the only state a run may not end with."""

    SET = "set"
    EQUAL = "equal"
    SKIPPED = "skipped"
    FAILED = "failed"
    HELD = "held"
    IN_DOUBT = "in_doubt"
    SUBMITTED = "submitted"
    """The cart took it and applies it later: what became of it is asked for by a later run."""
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
    OVERRIDDEN = "OVERRIDDEN"
    IN_SYNC = "IN_SYNC"
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
    HELD_FOR_REVIEW = "HELD_FOR_REVIEW"
    SWITCH_OFF = "SWITCH_OFF"
    FROZEN = "FROZEN"
    CHANGED_SINCE = "CHANGED_SINCE"
    CANCELED = "CANCELED"
    BAD_ROW = "BAD_ROW"
    OVERSELL = "OVERSELL"
    UNDERSELL = "UNDERSELL"
    EDITED_IN_CART = "EDITED_IN_CART"
    CART_LAGGING = "CART_LAGGING"

    @property
    def stored(self) -> str:
        """Its code in the store, which keeps the former codes: indexes and rows of existing stores name them."""
        return _STORED.get(self, self.value)

    @classmethod
    def _missing_(cls, value: object) -> Reason | None:
        """A reason that another version of this program recorded: itself by name, and `UNKNOWN` in `REASONS`."""
        if not isinstance(value, str) or not value:
            return None
        reason = str.__new__(cls, value)
        reason._name_ = reason._value_ = value
        return reason

    def __reduce_ex__(self, _: object) -> tuple[type[Reason], tuple[str]]:
        """By value, as `dataclasses.asdict` copies it: Python 3.11.0 to 3.11.3 look for a member of its name."""
        return Reason, (self.value,)


_STORED = {
    Reason.IN_SYNC: "UNCHANGED",
    Reason.HELD_FOR_REVIEW: "BREAKER_TRIPPED",
    Reason.CANCELED: "CANCELLED",
}
for _reason, _code in _STORED.items():
    Reason._value2member_map_[_code] = _reason  # Reason("UNCHANGED") is IN_SYNC, as fast as by its own code


class ReasonKind(StrEnum):
    """What a reason is about, and so where it is looked for."""

    STOCK = "stock"
    """What the WMS reports: it explains the number, or why there is none."""
    MATCH = "match"
    """Codes: which product a listing is."""
    CART = "cart"
    """The listing as the cart keeps it."""
    SETTING = "setting"
    """A setting of the cart or its merchant that stops all listings."""
    LISTING = "listing"
    """An operator's setting of one listing."""
    SENDING = "sending"
    """Met while sending; it stands until a later run settles the listing."""
    PROGRAM = "program"
    """A failure of this program or its store; it stands like one of sending."""
    SOURCE = "source"
    """The connection to the WMS."""
    RUN = "run"
    """What the run itself did."""
    DRIFT = "drift"
    """The cart's number was changed there."""
    UNKNOWN = "unknown"
    """A reason of another version of this program."""


@dataclass(frozen=True, slots=True)
class ReasonInfo:
    """All that the program knows about a reason."""

    text: str
    """A sentence."""
    advice: str
    """What an operator does about it."""
    kind: ReasonKind
    outcome: str = "skipped"
    """What it mostly goes with: skipped, failed, held, equal, or `note` beside any other outcome."""
    setting: str = ""
    """The cart's setting to change, by its name in the form; '' for none."""
    listings: str = ""
    """The list of listings (`invsync listings --only`) that shows all that have it; '' for none of its own."""
    check: str = ""
    """The check of the doctor that reports it for listings; '' where another place tells it."""
    fix: str = ""
    """The command that fixes it, with {sku}, {cart}, {merchant} to fill in; '' where only `advice` helps."""
    expected: bool = False
    """An operator or a setting wants it, or the run itself announces it: never reported as new."""
    harmless: bool = False
    """As it should be: the cart counts these itself, or nobody does."""
    passes: bool = False
    """It passes by itself or by a switch: a listing skipped for it is checked again in every plan."""


class _Reasons(dict[Reason, ReasonInfo]):
    def __missing__(self, key: Reason) -> ReasonInfo:
        return UNKNOWN


UNKNOWN = ReasonInfo(
    "This program does not know this reason: a newer one recorded it.",
    "Use the newer program, or see the run that recorded it.",
    ReasonKind.UNKNOWN,
    check="listing.sent",
)
"""Of a reason that is in the store and not in the table."""

REASONS: Mapping[Reason, ReasonInfo] = _Reasons(
    {
        Reason.NOT_IN_WMS: ReasonInfo(
            "No product of the warehouse has this code.",
            "Load the SKU in the WMS, or correct the code in the cart; codes must match exactly.",
            ReasonKind.STOCK,
            listings="not-in-wms",
            check="sku.known",
        ),
        Reason.WRONG_WAREHOUSE: ReasonInfo(
            "The product has stock, but in no warehouse that this cart syncs with.",
            "Choose the right warehouse in Sync Inventory With Warehouse.",
            ReasonKind.STOCK,
            setting="warehouses",
            check="sku.warehouse",
            fix="invsync carts set {cart} --merchant {merchant} --all-warehouses",
        ),
        Reason.PRODUCT_INACTIVE: ReasonInfo(
            "The product is deactivated in the WMS.",
            "Activate it in the WMS, end the listing in the cart, or change Inactive products in the cart's Edit Setup.",
            ReasonKind.STOCK,
            setting="inactive-products",
            check="sku.active",
        ),
        Reason.STOCK_NOT_COUNTED: ReasonInfo(
            "The WMS does not count the stock of this product (a service, a consumable), so there is no number to send.",
            "Nothing to do; if it has stock, change its type in the WMS.",
            ReasonKind.STOCK,
            check="sku.counted",
            harmless=True,
        ),
        Reason.WMS_STALE: ReasonInfo(
            "The warehouse's reading of this SKU is older than the limit.",
            "Check the WMS feed, then run the inventory download again.",
            ReasonKind.STOCK,
            setting="stale-after",
            listings="all",
            check="sku.recent",
            fix="Check the WMS feed, then: invsync sync {merchant} --full",
            passes=True,
        ),
        Reason.NO_LEVEL: ReasonInfo(
            "The warehouse has never reported a level for this product, so its stock is unknown.",
            "Check the product in the WMS; an unknown level is never pushed as 0.",
            ReasonKind.STOCK,
            check="sku.recent",
        ),
        Reason.CUT_OFF_APPLIED: ReasonInfo(
            "The quantity is below Minimum Inventory Level, so the cart gets 0.",
            "Set Minimum Inventory Level to 0 to post the full amount.",
            ReasonKind.STOCK,
            outcome="note",
            setting="minimum",
            check="cart.minimum",
            fix="invsync carts set {cart} --merchant {merchant} --minimum 0",
            expected=True,
        ),
        Reason.ALIAS_MISSING: ReasonInfo(
            "The product has no alias of the type this cart pushes with.",
            "Add the alias in the WMS, or choose another type in Push Inventory Using Alias.",
            ReasonKind.MATCH,
            setting="alias",
            check="listing.code",
        ),
        Reason.WRONG_ALIAS_TYPE: ReasonInfo(
            "The cart's code is a product's code of another type than the one this cart pushes with.",
            "Choose the matching type in Push Inventory Using Alias.",
            ReasonKind.MATCH,
            setting="alias",
            check="listing.code",
            fix="invsync carts set {cart} --merchant {merchant} --alias TYPE",
        ),
        Reason.AMBIGUOUS_ALIAS: ReasonInfo(
            "Several products share this code.",
            "An alias must name one product only: correct it in the WMS.",
            ReasonKind.MATCH,
            listings="ambiguous",
            check="sku.unique",
        ),
        Reason.NOT_IN_CART: ReasonInfo(
            "The cart has no listing for this product.",
            "List the product in the cart, or correct the code there.",
            ReasonKind.MATCH,
            check="listing.listed",
        ),
        Reason.DUPLICATE_IN_CART: ReasonInfo(
            "Several listings of the cart carry this code.",
            "Give each listing a code of its own in the cart.",
            ReasonKind.MATCH,
            check="listing.once",
        ),
        Reason.CART_NOT_TRACKING: ReasonInfo(
            "The cart does not track stock for this listing, so a quantity has no effect.",
            "Turn on stock tracking for it in the cart.",
            ReasonKind.CART,
            check="listing.tracked",
            fix="Turn on stock tracking for it in the cart. Or: invsync connections fix {cart} --merchant {merchant}",
        ),
        Reason.NOT_STOCKED_AT_LOCATION: ReasonInfo(
            "The cart does not stock this listing at the location we push to.",
            "Activate the listing at that location in the cart.",
            ReasonKind.CART,
            check="listing.tracked",
            fix="Activate the listing at that location in the cart. Or: invsync connections fix {cart} --merchant {merchant}",
        ),
        Reason.LOCATION_UNMAPPED: ReasonInfo(
            "The cart's location for this connection is not chosen or does not exist.",
            "Choose the location in the cart's Edit Setup.",
            ReasonKind.CART,
            setting="options",
            check="listing.tracked",
        ),
        Reason.BUNDLE_PARENT: ReasonInfo(
            "The listing is a bundle whose stock the cart computes itself.",
            "Nothing to do.",
            ReasonKind.CART,
            check="listing.tracked",
            harmless=True,
        ),
        Reason.FBA_MANAGED: ReasonInfo(
            "The marketplace fulfills this listing and counts its stock itself.",
            "Nothing to do.",
            ReasonKind.CART,
            check="listing.tracked",
            harmless=True,
        ),
        Reason.WAREHOUSE_DISABLED: ReasonInfo(
            "Every warehouse that this cart syncs with is disabled.",
            "Enable the warehouse, or choose another in Sync Inventory With Warehouse.",
            ReasonKind.SETTING,
            setting="warehouses",
        ),
        Reason.WAREHOUSE_GONE: ReasonInfo(
            "The WMS reports no stock for any warehouse that this cart syncs with, so nothing is set.",
            "Restore the warehouse in the WMS, or choose another in Sync Inventory With Warehouse.",
            ReasonKind.SETTING,
            setting="warehouses",
        ),
        Reason.SWITCH_OFF: ReasonInfo(
            "The switch for this sync is off.",
            "Turn on Synchronization With WMS - Inventory (merchant) or Inventory Upload Service (cart).",
            ReasonKind.SETTING,
            setting="upload",
            expected=True,
            passes=True,
        ),
        Reason.FROZEN: ReasonInfo(
            "An operator froze this cart or its merchant: nothing is sent, planning continues.",
            "Unfreeze it when the reason is gone: invsync unfreeze NAME.",
            ReasonKind.SETTING,
            expected=True,
            passes=True,
        ),
        Reason.EXCLUDED: ReasonInfo(
            "An operator excluded this listing.",
            "Include it again to sync it.",
            ReasonKind.LISTING,
            listings="excluded",
            check="listing.wished",
            fix="invsync sku {sku} --cart {cart} --include --reason TEXT",
            expected=True,
        ),
        Reason.LOCKED: ReasonInfo(
            "An operator locked this listing at its present quantity.",
            "Unlock it to sync it.",
            ReasonKind.LISTING,
            listings="locked",
            check="listing.wished",
            fix="invsync sku {sku} --cart {cart} --unlock --reason TEXT",
            expected=True,
        ),
        Reason.OVERRIDDEN: ReasonInfo(
            "An operator overrode this listing's quantity; its stock has no effect on it.",
            "Remove the override to show its stock again.",
            ReasonKind.LISTING,
            outcome="note",
            listings="overrides",
            check="listing.wished",
            fix="invsync sku {sku} --cart {cart} --override off --reason TEXT",
            expected=True,
        ),
        Reason.ACCOUNTING: ReasonInfo(
            "The run's outcomes do not add up to its total.",
            "Run again; report it with invsync bundle.",
            ReasonKind.PROGRAM,
            outcome="failed",
            listings="failed",
            check="listing.sent",
        ),
        Reason.AUTH_FAILED: ReasonInfo(
            "The system refused our login.",
            "Correct the secret and test the connection; if its settings stay as they are, start the run again.",
            ReasonKind.SENDING,
            outcome="failed",
            setting="secret",
            check="listing.sent",
        ),
        Reason.BAD_ROW: ReasonInfo(
            "The system sent a row that cannot be read.",
            "Correct the record in that system.",
            ReasonKind.SENDING,
            outcome="failed",
            check="listing.sent",
        ),
        Reason.HELD_FOR_REVIEW: ReasonInfo(
            "A safety rule stopped the run before anything was sent.",
            "Look at the plan, then release or discard the run.",
            ReasonKind.SENDING,
            outcome="held",
            setting="zero-count",
            check="listing.sent",
            fix="invsync runs, then: invsync release RUN --reason TEXT",
            expected=True,
        ),
        Reason.CART_UNAVAILABLE: ReasonInfo(
            "The cart did not answer.",
            "It is tried again in the next run.",
            ReasonKind.SENDING,
            outcome="failed",
            setting="url",
            listings="failed",
            check="listing.sent",
        ),
        Reason.CAS_CONFLICT: ReasonInfo(
            "The cart's quantity changed while we wrote it.",
            "It is tried again in the next run.",
            ReasonKind.SENDING,
            outcome="failed",
            listings="failed",
            check="listing.sent",
            fix="invsync sync {merchant} --cart {cart}",
        ),
        Reason.INTERNAL_DEFECT: ReasonInfo(
            "The program has a defect.",
            "Run again; report it with invsync bundle.",
            ReasonKind.PROGRAM,
            outcome="failed",
            listings="failed",
            check="listing.sent",
        ),
        Reason.NOT_CONFIGURED: ReasonInfo(
            "A setting of the connection is missing or wrong.",
            "Correct the setting that the error names, then test the connection.",
            ReasonKind.SENDING,
            outcome="failed",
            setting="options",
            check="listing.sent",
        ),
        Reason.REJECTED_BY_CART: ReasonInfo(
            "The cart refused this row.",
            "Read its message, correct the listing in the cart.",
            ReasonKind.SENDING,
            outcome="failed",
            listings="failed",
            check="listing.sent",
        ),
        Reason.SCOPE_MISSING: ReasonInfo(
            "The login may not write stock.",
            "Grant the permission in the cart, then run again.",
            ReasonKind.SENDING,
            outcome="failed",
            setting="secret",
            check="listing.sent",
        ),
        Reason.STORE_FAILED: ReasonInfo(
            "The store could not be read or written.",
            "See the run's error, then run again.",
            ReasonKind.PROGRAM,
            outcome="failed",
            listings="failed",
            check="listing.sent",
        ),
        Reason.THROTTLED: ReasonInfo(
            "The cart kept refusing requests as too many.",
            "It is tried again in the next run.",
            ReasonKind.SENDING,
            outcome="failed",
            listings="failed",
            check="listing.sent",
            fix="invsync sync {merchant} --cart {cart}",
        ),
        Reason.UNEXPECTED_ANSWER: ReasonInfo(
            "The system answered something unexpected.",
            "Check the address and the version of the system; if both are right, report it.",
            ReasonKind.SENDING,
            outcome="failed",
            setting="url",
            listings="failed",
            check="listing.sent",
        ),
        Reason.VERIFY_FAILED: ReasonInfo(
            "The cart accepted the request but still shows another quantity.",
            "Check in the cart whether the listing tracks stock and who else writes it.",
            ReasonKind.SENDING,
            outcome="failed",
            listings="failed",
            check="listing.sent",
        ),
        Reason.SOURCE_UNAVAILABLE: ReasonInfo(
            "The WMS did not answer.", "It is tried again in the next run.", ReasonKind.SOURCE, outcome="failed"
        ),
        Reason.IN_SYNC: ReasonInfo(
            "The cart already shows the right quantity.",
            "Nothing to do.",
            ReasonKind.RUN,
            outcome="equal",
            expected=True,
        ),
        Reason.CHANGED_SINCE: ReasonInfo(
            "Somebody or something changed the listing since the plan was made, so it was left alone.",
            "Look at the listing; make a new plan if it should be set all the same.",
            ReasonKind.RUN,
        ),
        Reason.CANCELED: ReasonInfo(
            "An operator stopped the run before this SKU's turn.",
            "The next run continues with it.",
            ReasonKind.RUN,
            expected=True,
        ),
        Reason.OVERSELL: ReasonInfo(
            "The cart offers more units than exist.",
            "Correct it, or let the next push correct it; see who else writes the cart's stock.",
            ReasonKind.DRIFT,
            fix="invsync correct {cart} {sku} --merchant {merchant} --reason TEXT",
        ),
        Reason.UNDERSELL: ReasonInfo(
            "The cart shows fewer units than it accepted, and its orders do not explain it.",
            "Correct it; see who else writes the cart's stock.",
            ReasonKind.DRIFT,
            fix="invsync correct {cart} {sku} --merchant {merchant} --reason TEXT",
        ),
        Reason.EDITED_IN_CART: ReasonInfo(
            "The cart shows more units than it accepted: somebody edited it, or an order was canceled.",
            "Correct it, or leave it; see who else writes the cart's stock.",
            ReasonKind.DRIFT,
            fix="invsync correct {cart} {sku} --merchant {merchant} --reason TEXT",
        ),
        Reason.CART_LAGGING: ReasonInfo(
            "The cart accepted the quantity a moment ago and does not show it yet.",
            "Nothing to do; it is checked again.",
            ReasonKind.DRIFT,
        ),
    }
)
"""The one table of reasons, in the order in which checks report them. Looking up any other reason gives `UNKNOWN`."""


def of_kind(*kinds: ReasonKind) -> frozenset[Reason]:
    """All reasons of some kinds."""
    return frozenset(reason for reason, info in REASONS.items() if info.kind in kinds)


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
    submitted: int = 0

    @property
    def accounted(self) -> int:
        """The sum over the seven ends."""
        return self.set + self.equal + self.skipped + self.failed + self.held + self.in_doubt + self.submitted

    def add(self, outcome: Outcome, n: int = 1) -> None:
        """Count `n` SKUs that ended with `outcome`; a planned SKU has no end yet and counts in the total only."""
        self.total += n
        if outcome is not Outcome.PLANNED:
            setattr(self, outcome.value, getattr(self, outcome.value) + n)

    def verify(self) -> None:
        """Raise AccountingError unless every SKU of the run has exactly one end."""
        if self.total != self.accounted:
            raise AccountingError(
                f"{counted(self.total, 'SKU')} in the run, but {self.accounted} outcomes: {self.as_dict()}"
            )

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


class Verdict(NamedTuple):
    """The end of a sent row, or `outcome` PLANNED where the cart has to be read to know."""

    outcome: Outcome
    reason: Reason | None
    error: str


class Confirmation(StrEnum):
    """Where the quantity came from that a row is judged by."""

    ANSWER = "answer"
    READ_BACK = "read_back"


def judge(sent: int, returned: int | None, error: str | None, reason: Reason | None, by: Confirmation) -> Verdict:
    """Judge one row. An answer without a quantity is no success: it asks for a read-back."""
    if error is not None or reason is not None:
        return Verdict(Outcome.FAILED, reason or Reason.REJECTED_BY_CART, error or "")
    if type(returned) is int and returned == sent:  # in Python True is 1, and 5.0 is 5
        return Verdict(Outcome.SET, None, "")
    if by is Confirmation.ANSWER:
        return Verdict(Outcome.PLANNED, None, "the answer does not confirm the quantity")
    shows = "no quantity" if returned is None else str(returned)
    return Verdict(Outcome.FAILED, Reason.VERIFY_FAILED, f"sent {sent}, the cart shows {shows}")
