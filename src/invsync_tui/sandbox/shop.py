"""One shop of the sandbox cart: its listings, what a quantity means there, and how it takes a batch.

Not here: HTTP and the shop's limits (`cart`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Protocol

from invsync_tui.sandbox.server import encoded
from invsync_tui.sandbox.service import Pace
from invsync_tui.sandbox.table import Table
from invsync_tui.sandbox.tickets import TakenBatch, Tickets

FIRST_PLACE = "first"
"""What orders of a shop with several locations call the one that listings have without saying so."""


@dataclass(frozen=True, slots=True)
class Mode:
    """How a shop behaves. `basis` and `row_errors` in the words of the connector options."""

    basis: str = "available"
    row_errors: str = "per_row"
    idempotency: bool = True
    returns_quantity: bool = True
    orders: bool = False
    """Whether the login may list the shop's orders."""
    max_batch: int = 100
    code: str = "SKU"
    """With what the listings of a plain shop are named: SKU, or an alias type."""
    latency: float = 0.0
    jitter: float = 0.0
    burst: float = 0.0
    per_second: float = 0.0
    clock: int = 0
    """Seconds by which the shop's clock is ahead of this machine's."""
    places: str = ""
    """Further locations that the shop sells from, by slash: North/South. What a listing has there is in its `places`.
    The orders of a shop that has some say where their units come from."""

    one_group: bool = False
    """Whether a batch has listings of one group only."""
    later: bool = False
    """Whether batches are taken under a ticket and applied later."""
    apply_after: float = 0.0
    """Seconds until then; below 0 only when it is ordered."""
    look_after: float = 0.0
    """Seconds after which it asks to be asked about a ticket, told with it."""
    give_up_after: float = 3600.0
    """Seconds after which a batch is applied or never will be, told with the ticket."""

    def pace(self) -> Pace:
        """How fast the shop answers: latency and jitter in seconds, requests at once and per second."""
        return Pace(self.latency, self.jitter, self.burst, self.per_second)

    def options(self, shop: str) -> dict[str, str]:
        """The connector options (`connection.options`) that fit this shop."""
        made = {
            "shop": shop,
            "basis": self.basis,
            "row_errors": self.row_errors,
            "idempotency": "on" if self.idempotency else "off",
            "returns_quantity": "on" if self.returns_quantity else "off",
            "orders": "on" if self.orders else "off",
            "max_batch": str(self.max_batch),
            "batch_scope": "group" if self.one_group else "any",
        }
        return {**made, "applies_within": str(math.ceil(self.give_up_after))} if self.later else made

    @classmethod
    def read(cls, text: str) -> Mode:
        """The mode that `key=value,key=value` describes; what it does not name keeps its default."""
        kinds = {f.name: type(f.default) for f in fields(cls)}
        pairs = (item.partition("=") for item in text.split(",") if item)
        values: dict[str, Any] = {name: _value(kinds[name], value) for name, _, value in pairs}
        return cls(**values)

    def write(self) -> str:
        """The reverse of `read`."""
        return ",".join(f"{name}={value}" for name, value in asdict(self).items())


def _value(kind: type, text: str) -> str | bool | int | float:
    if kind is bool:
        return text.lower() in ("1", "on", "true", "yes")
    value: str | int | float = kind(text)
    return value


@dataclass(slots=True)
class Listing:
    """A sellable thing. `allocated` is held for open orders and counts only in a shop of basis on_hand."""

    ref: str
    sku: str
    name: str
    quantity: int | None = 0
    tracked: bool = True
    allocated: int = 0
    updated_at: int = 0
    threshold: int = 0
    """Units that the shop keeps back by itself."""
    barcode: str = ""
    most: int | None = None
    """The largest quantity that the shop accepts of it; None for no limit."""
    group: str = ""
    """What it belongs to. A shop of mode `one_group` sets by one request only what belongs together."""
    places: dict[str, dict[str, int]] = field(default_factory=dict)
    """By further location, `quantity` and `allocated` there."""

    def at(self, place: str) -> dict[str, int]:
        """The stock at a further location."""
        return self.places.setdefault(place, {"quantity": 0, "allocated": 0})


@dataclass(frozen=True, slots=True)
class Order:
    """A line of an order: units of one listing, until it is cancelled. `taken_at` by the shop's clock."""

    ref: str
    listing: str
    quantity: int
    taken_at: int
    place: str = ""
    line: int = 1

    @property
    def key(self) -> str:
        """What its page is sorted by."""
        return f"{self.ref}/{self.line:04}"


@dataclass(frozen=True, slots=True)
class AppliedRow:
    """One row of a batch that took effect: the line that proves what was written over what, and in which order."""

    n: int
    t: float
    shop: str
    key: str
    ref: str
    quantity: int
    before: int | None


class Journal(Protocol):
    """Keeps what was applied, over all shops, in order."""

    def note(self, shop: str, key: str, ref: str, quantity: int, before: int | None) -> None: ...


@dataclass(slots=True)
class RefusedError(Exception):
    """A batch that was refused as a whole, by naming its first bad row."""

    text: str
    ref: str


@dataclass(slots=True)
class Shop:
    """The listings and the way batches are taken."""

    name: str
    mode: Mode
    listings: dict[str, Listing]
    rejects: dict[str, str] = field(default_factory=dict)
    """Listings whose rows are refused, with the message."""
    answers: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    """Idempotency key to (body, answer) of the batches that were done."""
    orders: dict[str, Order] = field(default_factory=dict)
    """Lines by key, in the order in which they were taken."""
    tickets: Tickets = field(default_factory=Tickets)
    """Batches that were taken and are applied later."""
    table: Table = field(init=False)
    _numbered: int = 0

    def __post_init__(self) -> None:
        self.table = Table(self.listings, lambda ref: encoded(asdict(self.listings[ref])))

    def now(self) -> int:
        """The shop's clock in epoch seconds, which the mode may set off from the real one."""
        return int(time.time()) + self.mode.clock

    def touch(self, ref: str) -> None:
        """A listing is new or has changed."""
        self.listings[ref].updated_at = self.now()
        self.table.touch(ref)

    def changed(self, since: int) -> list[str]:
        """Listings changed at or after a time, oldest reference first."""
        return [ref for ref in self.table.keys if self.listings[ref].updated_at >= since]

    def _fault(self, ref: str, quantity: int) -> str:
        """Why a row cannot be taken; '' if it can."""
        if ref not in self.listings:
            return "There is no such listing."
        if quantity < 0:
            return "A quantity is not negative."
        most = self.listings[ref].most
        if most is not None and quantity > most:
            return f"A quantity is at most {most}."
        return self.rejects.get(ref, "")

    def apply(
        self, key: str, rows: Sequence[tuple[str, int]], journal: Journal, place: str = ""
    ) -> list[dict[str, object]]:
        """Take a batch; RefusedError before anything is done if the shop takes all rows or none."""
        if self.mode.row_errors == "whole_batch":
            self._all_or_none(rows)
        return [self._apply_row(key, ref, quantity, journal, place) for ref, quantity in rows]

    def take(self, key: str, rows: Sequence[tuple[str, int]], place: str = "") -> TakenBatch:
        """Take a batch to be applied later; whether its rows can be is found out then."""
        return self.tickets.take(key, rows, place, self.rejects, self.mode.apply_after)

    def apply_taken(self, batches: Iterable[TakenBatch], journal: Journal) -> None:
        """Apply batches that were taken before."""
        known = self.rejects
        for batch in batches:
            self.rejects = {**known, **batch.rejects}
            batch.answers = [self._apply_row(batch.key, ref, units, journal, batch.place) for ref, units in batch.rows]
        self.rejects = known

    def _all_or_none(self, rows: Iterable[tuple[str, int]]) -> None:
        for ref, quantity in rows:
            if fault := self._fault(ref, quantity):
                raise RefusedError(fault, ref)

    def _apply_row(self, key: str, ref: str, quantity: int, journal: Journal, place: str) -> dict[str, object]:
        if fault := self._fault(ref, quantity):
            return {"ref": ref, "error": fault}
        listing = self.listings[ref]
        if place:
            at = listing.at(place)
            journal.note(f"{self.name}@{place}", key, ref, quantity, at["quantity"])
            at["quantity"] = quantity
            self.touch(ref)
            return {"ref": ref, "quantity": quantity} if self.mode.returns_quantity else {"ref": ref}
        if listing.tracked:  # else the row is accepted and has no effect, as real carts do
            journal.note(self.name, key, ref, quantity, listing.quantity)
            listing.quantity = quantity
            self.touch(ref)
        return {"ref": ref, "quantity": listing.quantity} if self.mode.returns_quantity else {"ref": ref}

    def track(self, ref: str) -> str:
        """Count the stock of a listing from now on, beginning with 0; why not, '' where it is counted."""
        if (refused := self._fault(ref, 0)) or self.listings[ref].tracked:
            return refused
        self.listings[ref].tracked, self.listings[ref].quantity = True, 0
        self.touch(ref)
        return ""

    # --- what others do in the shop

    def find(self, code: str) -> Listing:
        """A listing by reference or code; KeyError if there is none."""
        if code in self.listings:
            return self.listings[code]
        match = next((listing for listing in self.listings.values() if listing.sku == code), None)
        if match is None:
            raise KeyError(code)
        return match

    def order(self, listing: Listing, units: int, taken_at: int | None = None, place: str = "", into: str = "") -> str:
        """A shopper orders: on-hand shops hold the units back, others take them off at once. `into` a known order."""
        self._numbered += not into
        ref = into or f"O{self._numbered:08}"
        line = 1 + sum(order.ref == ref for order in self.orders.values())
        place = place or (FIRST_PLACE if self.mode.places else "")
        taken = Order(ref, listing.ref, units, self.now() if taken_at is None else taken_at, place, line)
        self.orders[taken.key] = taken
        self._hold(listing, units, place)
        return ref

    def cancel(self, ref: str, units: int | None = None) -> None:
        """Cancel an order that was not shipped, or `units` of it: these are for sale again."""
        left = units
        for order in [candidate for candidate in self.orders.values() if candidate.ref == ref]:
            part = order.quantity if left is None else min(left, order.quantity)
            left = None if left is None else left - part
            self._hold(self.listings[order.listing], -part, order.place)
            self.orders[order.key] = replace(order, quantity=order.quantity - part)
            if part == order.quantity:
                del self.orders[order.key]

    def _hold(self, listing: Listing, units: int, place: str) -> None:
        if place not in ("", FIRST_PLACE):
            name = "allocated" if self.mode.basis == "on_hand" else "quantity"
            listing.at(place)[name] += units if self.mode.basis == "on_hand" else -units
        elif self.mode.basis == "on_hand":
            listing.allocated += units
        else:
            listing.quantity = (listing.quantity or 0) - units
        self.touch(listing.ref)

    def orders_since(self, since: int) -> list[Order]:
        """Orders with a line that was taken after a time and not cancelled, each with all its lines, oldest first."""
        changed = {order.ref for order in self.orders.values() if order.taken_at > since}
        return [order for order in self.orders.values() if order.ref in changed]

    def ship(self, listing: Listing, units: int) -> None:
        """Ship an order of a shop that counts on hand: its units leave the stock."""
        listing.allocated -= units
        listing.quantity = (listing.quantity or 0) - units
        self.touch(listing.ref)

    def add(self, listing: Listing) -> None:
        """A new listing, or a new state of a known one."""
        self.listings[listing.ref] = listing
        self.touch(listing.ref)

    def remove(self, ref: str) -> None:
        """The listing is deleted."""
        self.listings.pop(ref, None)
        self.table.remove(ref)
