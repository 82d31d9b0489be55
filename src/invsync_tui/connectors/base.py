"""What a WMS connector and a cart connector are: records, capabilities, protocols.

Add one by writing a class with these methods and publishing it under the entry point group `invsync.sources` or
`invsync.carts`; the constructor takes one `Connection`. It may add its own checks to the doctor by a static method
`review`, see `connectors.checks`; it says what it is in `about`, see `connectors.about`, and names fields that carry
secrets under names of its own in `secret_names`. Quantities are whole units; None is unknown and never 0.
Times are epoch seconds. A `cursor` is the connector's own text, opaque to everybody else.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

from invsync_tui.connectors.auth.token_store import TokenStore
from invsync_tui.connectors.errors import ConnectorError
from invsync_tui.connectors.network.quotas import QuotaStore
from invsync_tui.rules.matching import trimmed
from invsync_tui.rules.outcomes import Reason

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Connection:
    """Where and how to log in. `secret` is a reference (`env:NAME`, `file:PATH`, `command:ARGV`), never the secret.

    It is the first of the parts that the connector declares in `About.secrets`; `secrets` has the others, by name.
    """

    name: str
    system: str
    url: str
    login: str = ""
    secret: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    deadline: float = 30.0
    """Seconds after which any single request is given up; also what a successor waits out after a takeover."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    tokens: TokenStore | None = field(default=None, compare=False, repr=False)
    """Where tokens that the system gives are kept from run to run; None: for as long as the connector is open."""
    also_at: tuple[str, ...] = ()
    """Further locations of the cart that other carts of ours set, by id or name: what is there is not `elsewhere`, and a
    cart that `reads_locations` gives listings for them too."""
    quotas: QuotaStore | None = field(default=None, compare=False, repr=False)
    """What was spent of limits of hours and days, kept from run to run; None: for as long as the connector is open."""
    limit_key: str = field(default="", compare=False, repr=False)
    """Connections of the same key share what is left of their rate limits, from run to run; '' for none but this."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of an answer. `next_cursor` None means that the server said it was the last one."""

    rows: Sequence[Row]
    next_cursor: str | None
    total: int | None = None
    """Rows in all pages together, where the server says so."""
    rejected: Sequence[tuple[str, str]] = ()
    """(reference, why) of records on this page that could not be read: reported as BAD_ROW, never dropped silently."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of a rate limit. `per_second` is the refill; None where the server never said."""

    available: float
    limit: float
    per_second: float
    from_server: bool
    waited: float = 0.0
    """Seconds that requests of this connection have waited for it so far."""


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One step of a connection test, in words: name resolved, TLS, login, permission, warehouses seen."""

    name: str
    ok: bool
    detail: str
    advice: str = ""


async def run_check_steps(steps: Iterable[tuple[str, Callable[[], Awaitable[str]]]]) -> AsyncIterator[CheckStep]:
    """Each named step, which returns what it found, until the first that fails with a ConnectorError."""
    for name, step in steps:
        try:
            detail = await step()
        except ConnectorError as error:
            yield CheckStep(name, ok=False, detail=error.what, advice=error.advice)
            return
        yield CheckStep(name, ok=True, detail=detail)


# --- sources ---------------------------------------------------------------------------------------------------------

DEFAULT_WAREHOUSE_REF = ""
"""The reference under which a source reports levels that name no warehouse; the store keeps them in `Default`."""


class Absent(StrEnum):
    """What it means that a full download does not have a level that is known."""

    UNKNOWN = "unknown"
    """It is marked as missing: its stock is not known any more, and its product may be gone."""
    ZERO = "zero"
    """It is 0, in the warehouses that the download has levels of, and its product is still there: so for a file that lists
    only what is in stock. How many levels are left out is compared with the download before, see `SaysWhatIsAbsent`."""
    UNCHANGED = "unchanged"
    """Nothing: the download has only what has changed, and its warehouses are not all that there are."""


@dataclass(frozen=True, slots=True)
class SourceCapabilities:
    """What a source can do."""

    delta: bool = False
    """`changed_levels` works."""
    reports_reading_time: bool = False
    """Rows carry `read_at`: when the WMS took the reading (not when the row was last changed)."""
    nets_pending_orders: bool = False
    """Its `available` already excludes orders that carts took since the reading."""
    knows_orders: bool = False
    """`known_orders` works: an order is pending until the WMS has it, however long that takes."""
    page_size: int = 1000
    refuses_older: bool = False
    """`mark` is when the data as a whole was made, as for a file: an earlier mark than that of the last download is old data
    that came late, and is refused unless a full download is asked for."""
    absent: Absent = Absent.UNKNOWN
    """What it means that a full download no longer has a level."""


# Rows are named tuples: a large catalog makes millions of them, and they cost a third of a frozen dataclass.


class WarehouseRow(NamedTuple):
    """A stock location of the WMS. `ref` is its id there."""

    ref: str
    code: str
    name: str
    active: bool = True


class AliasRow(NamedTuple):
    """Another code of a product, as received. `alias_type` is upper case: UPC, EAN, ASIN, MPN, CUSTOM, or the WMS's."""

    alias_type: str
    code: str


class ComponentRow(NamedTuple):
    """A kit needs `needed` whole units of the product `ref`."""

    ref: str
    needed: int


class ProductRow(NamedTuple):
    """A product of the WMS. `sku` is None where the WMS has a blank code: only an alias reaches such a product."""

    ref: str
    sku: str | None
    name: str
    aliases: tuple[AliasRow, ...] = ()
    components: tuple[ComponentRow, ...] = ()
    active: bool = True
    """False: deactivated in the WMS. Report it, so that it is told from one that the WMS does not have."""
    counted: bool = True
    """False: the WMS keeps no stock of it (a service, a consumable). Its levels mean nothing and are not to be sent."""


class LevelRow(NamedTuple):
    """Stock of one product in one warehouse. `available` = on hand minus committed, as the WMS defines it."""

    product_ref: str
    warehouse_ref: str
    on_hand: int | None
    available: int
    committed: int | None = None
    incoming: int | None = None
    read_at: int | None = None
    raw: Mapping[str, object] | None = None
    """The WMS's own record as it came; kept with the level whenever it changes, for `why`."""
    fraction: str = ""
    """What is available in the WMS's own digits where that is no whole number, see `values.fraction`: `available` is it
    rounded down, below 0 too. It is shown in `why` and the doctor."""


class Source(Protocol):
    """A WMS/OMS connection. Each method may raise a ConnectorError; none retries a refused login."""

    capabilities: SourceCapabilities

    def __init__(self, connection: Connection) -> None: ...

    async def open(self) -> None:
        """Log in and refuse a connection whose answers would be silently wrong (NotConfiguredError)."""
        ...

    async def close(self) -> None: ...

    def check(self) -> AsyncIterator[CheckStep]:
        """The connection test, step by step; stops after the first step that is not ok. Never raises."""
        ...

    def budget(self) -> Budget | None: ...

    async def mark(self) -> str:
        """The server's own now as a delta mark, to be taken before a complete read starts. '' without delta.

        See also `SourceCapabilities.refuses_older`.
        """
        ...

    async def warehouses(self) -> Sequence[WarehouseRow]: ...

    async def products_page(self, cursor: str | None) -> Page[ProductRow]:
        """The whole catalog with aliases, ordered by something stable; cursor None is the first page."""
        ...

    async def levels_page(self, warehouse: WarehouseRow, cursor: str | None) -> Page[LevelRow]:
        """All levels of one warehouse. A product that has no stock there may be absent or 0, both as the WMS says."""
        ...

    async def changed_page(self, since: str, cursor: str | None) -> Page[LevelRow]:
        """Levels (all warehouses) of the products whose stock changed after the mark `since`, with overlap."""
        ...

    # Optional, looked for where the capability says so:
    # async def known_orders(self, names: Sequence[str]) -> Collection[str]
    #     Those of some orders' names (`OrderLine.name`) that the WMS has and that its `available` takes into account.
    # async def clock_offset(self) -> float | None
    #     See `connectors.network.server_clock`; `read_at` is by the server's clock.


# What a source or a cart may offer besides. A connector that has the method offers it.


@runtime_checkable
class Identified(Protocol):
    """Can say whose data it reads."""

    async def identity(self) -> Mapping[str, str]:
        """What does not change while the data stays the same merchant's: database, company, account, shop.

        Text to text, for a person too. Leave out what the login may not read: only names that are known both times are
        compared, the others stay known with a warning. Names are not empty. Asked after `open`, before anything is read.
        """
        ...


@runtime_checkable
class ChangesProducts(Protocol):
    """A source with deltas whose deltas tell of products too."""

    async def changed_products_page(self, since: str, cursor: str | None) -> Page[ProductRow]:
        """Products whose record or codes changed after the mark `since`, with overlap; deactivated ones among them."""
        ...


@runtime_checkable
class Notes(Protocol):
    """A source that counts something beside the levels, for its own checks in the doctor."""

    async def notes(self) -> Mapping[str, int]:
        """By name, whole numbers as of now. Asked at the end of a pull; an error costs the notes only."""
        ...


@runtime_checkable
class SaysWhatIsAbsent(Protocol):
    """A source that knows more of what its download left out."""

    async def reported(self) -> int | None:
        """Levels that the system itself reported, readable or not, without those that the connector gave for what was left
        out. The safety rule for a catalog that shrank compares it with the download before; None: it counts the products."""
        ...

    def covers(self, ref: str) -> bool:
        """Whether the download is about the product `ref`: what it is not about is unchanged where it is absent."""
        ...


@runtime_checkable
class Finishes(Protocol):
    """A source that is told that what it was read for is safe: to archive a file, or to acknowledge a queue."""

    async def finished(self) -> None:
        """Called once a download is committed, before `close`. Whoever is killed before it reads the same again, so it
        may come for the same data twice, or never. An error is told as a warning of the run and undoes nothing."""
        ...


# --- carts -----------------------------------------------------------------------------------------------------------


@runtime_checkable
class AppliesLater(Protocol):
    """A cart that can say what became of a batch that it took under a ticket. Without it the listings are read back."""

    async def outcome(self, ticket: str) -> Sequence[RowAnswer] | Pending:
        """One answer per row as `Cart.send` has them, once the whole batch is done; it may be asked again after that.

        Changes nothing. ContractError where the cart does not know the ticket: it is asked again until `give_up_at`.
        """
        ...


class HookNews(NamedTuple):
    """What a webhook is about. Quantities in it are not taken over."""

    refs: tuple[str, ...] = ()
    """Listings to read again. References that the cart turns out not to have do no harm."""
    orders: bool = False
    """Orders are to be read again."""


@runtime_checkable
class TakesHooks(Protocol):
    """A cart that sends webhooks, which `About.hooks` declares. What is called here has the right signature."""

    @staticmethod
    def hook(headers: Mapping[str, str], body: bytes) -> HookNews:
        """What a webhook is about. Names of headers are in lower case. ValueError for a body that cannot be read.

        Pure, and called without opening the cart: no request, no file. A topic that does not matter is `HookNews()`.
        """
        ...


class QuantityBasis(StrEnum):
    """What the number that a cart stores means."""

    AVAILABLE = "available"
    ON_HAND = "on_hand"
    """The cart subtracts its own allocations: it must be sent desired + allocated."""


class RowErrors(StrEnum):
    """How a cart reports a bad row in a batch."""

    PER_ROW = "per_row"
    WHOLE_BATCH = "whole_batch"


class BatchScope(StrEnum):
    """What a batch may hold."""

    ANY = "any"
    """Any listings."""
    GROUP = "group"
    """Listings of one group (`ListingRow.group`): the cart sets by one request only what belongs together."""


class DoubtPolicy(StrEnum):
    """How a batch whose answer was lost is resolved."""

    IDEMPOTENCY_KEY = "idempotency_key"
    """Send the same body with the same key again; the cart does it at most once."""
    READ_BACK = "read_back"
    """Read the listings; what does not show our quantity is sent again."""
    RESEND = "resend"
    """Send the absolute quantities again."""


@dataclass(frozen=True, slots=True)
class CartCapabilities:
    """What a cart can do; the push is planned by this record alone."""

    quantity_basis: QuantityBasis
    max_batch: int
    row_errors: RowErrors
    doubt_policy: DoubtPolicy
    returns_quantity: bool
    """A good answer carries the quantity now shown; without it every push is read back."""
    delta_read: bool = False
    """`listings_page` honours `since`."""
    has_locations: bool = False
    """It sets stock at one of the shop's locations, which its option `location` names."""
    reads_locations: bool = False
    """`listings_page` gives each listing once more for each location of `Connection.also_at` that the shop has."""
    page_size: int = 100
    read_batch: int = 100
    """References per `read` call."""
    reports_orders: bool = False
    """`orders_since` works; may be known only after `open`."""
    stable_pages: bool = False
    """Listings that are deleted between two requests hide no others: pages continue behind a record, not at a number."""
    batch_scope: BatchScope = BatchScope.ANY
    """A batch is one request that writes: say GROUP where a batch of any listings would take several."""
    group_max: int | None = None
    """Most listings of one group in a batch; None: as many as a batch has."""
    kept_sample: int = 0
    """Above 0 for a cart that was seen to answer a write with the new quantity and to keep the old one: so many of the listings
    that a push has set are read once more at its end."""
    key_kept: float | None = None
    """With IDEMPOTENCY_KEY: seconds for which the cart remembers a key, a little less than it says; None: for good. A batch
    that is older is not sent again under its key, which would be a new one to the cart: its listings are read."""
    applies_within: float = 0.0
    """Above 0 for a cart that applies later, see `Submitted`: seconds after which a batch that it received without our
    hearing of it is applied or never will be. Until then a lost answer is not resolved by reading the listings."""


@dataclass(frozen=True, slots=True)
class CartLocation:
    """A place in the cart that holds stock."""

    ref: str
    name: str


class ListingRow(NamedTuple):
    """The cart's record of a sellable thing. `quantity` is in the cart's own basis, None where it shows none."""

    ref: str
    sku: str
    name: str = ""
    tracked: bool | None = None
    quantity: int | None = None
    allocated: int = 0
    """What the cart itself holds back for its open orders; 0 for carts of basis AVAILABLE."""
    skip: Reason | None = None
    """A reason known to the cart for which a quantity cannot be set (BUNDLE_PARENT, NOT_STOCKED_AT_LOCATION, ...)."""
    updated_at: int | None = None
    elsewhere: int | None = None
    """What the cart has at its other locations, which it sells from as well and which we do not set; None: no others."""
    elsewhere_allocated: int = 0
    """What it holds back there for its open orders."""
    threshold: int = 0
    """Units that the cart keeps back itself: it sells down to this number. Below 0 it sells that many on backorder."""
    location: str = ""
    """One of `Connection.also_at`, as it stands there, for the listing at that location; '' for the cart's own."""
    barcode: str = ""
    """EAN, UPC or what the cart calls so: a listing without a SKU is matched by it."""
    cap: int | None = None
    """The largest quantity that the cart accepts of it, in its own basis (0 or more); None: it names no such limit."""
    group: str = ""
    """What it belongs to where the cart sets things by what they belong to, such as the product of a variation: see
    `CartCapabilities.batch_scope`. '' is a group of its own kind: the listings that belong to nothing."""

    @property
    def code(self) -> str:
        """What it is matched by: the SKU, or the barcode where that is blank."""
        return self.sku if trimmed(self.sku) else self.barcode or self.sku


def unreadable(ref: str, why: str) -> ListingRow:
    """A listing that exists and that cannot be read: nothing but its reference and the reason counts."""
    return ListingRow(ref, "", why, skip=Reason.BAD_ROW)


class PushItem(NamedTuple):
    """Show `quantity` (cart basis, >= 0) for the listing `ref`."""

    ref: str
    quantity: int
    before: int | None = None
    """What the cart was last seen to show, in its own basis, for carts that set only what still shows that; None where it
    has no number of the listing yet, or none that is known. Of a cart of basis AVAILABLE it is as old as the last reading,
    on purpose: orders are read after the listings, and a sale after that must not be set over. The cart refuses it then, and
    the next run knows both the order and the number."""


def refuse_negative(items: Sequence[PushItem]) -> None:
    """ValueError where a quantity is below zero, for `Cart.compose`: some carts would store it."""
    below = [item.ref for item in items if item.quantity < 0]
    if below:
        raise ValueError(f"Negative quantity for {', '.join(below)}.")


class RowAnswer(NamedTuple):
    """What the cart said of one row. `quantity` is what it now shows, None where it did not say."""

    ref: str
    quantity: int | None = None
    error: str | None = None
    reason: Reason | None = None


TICKET_MOST = 4096
"""Characters of a ticket."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """Returned by `Cart.send` in the place of answers: the cart took the batch and applies it later.

    Times are epoch seconds by our own clock (`clock.now() + seconds`). Return one only where the cart said that it has the
    batch; where that answer is lost, raise as for any other lost answer.
    """

    ticket: str
    """Under what the cart keeps the batch: given to `outcome`, kept in the store, shown to people. Not blank."""
    look_after: float
    """When it is worth asking what became of it."""
    give_up_at: float
    """When the cart has applied it or never will: the listings are read back then, and newer quantities are sent."""

    def __post_init__(self) -> None:
        if not self.ticket.strip() or len(self.ticket) > TICKET_MOST:
            raise ValueError(f"A ticket has 1 to {TICKET_MOST} characters.")
        _refuse_no_time(self.look_after, self.give_up_at)


@dataclass(frozen=True, slots=True)
class Pending:
    """Returned by `outcome`: the cart is not done with the batch. Times as in `Submitted`."""

    look_after: float
    give_up_at: float | None = None
    """None leaves it as it was."""

    def __post_init__(self) -> None:
        _refuse_no_time(self.look_after, self.give_up_at)


def _refuse_no_time(*times: float | None) -> None:
    if not all(at is None or math.isfinite(at) for at in times):
        raise ValueError(f"No points in time: {times}.")


class OrderLine(NamedTuple):
    """Units of one listing in one order that the cart took. `taken_at` in epoch seconds, by the cart's clock.

    A cart in which a canceled order can be restored may tell it with 0 units.
    """

    order_ref: str
    listing_ref: str
    quantity: int
    taken_at: int
    location: str = ""
    """Reference of the cart location that the units come from; '' where the cart does not say."""
    name: str = ""
    """What people and other systems call the order, as a WMS would report it; '' for the reference itself."""
    error: str = ""
    """Why the order cannot be read: then only `order_ref` counts ('' for any), and what was known of it stays."""


class Cart(Protocol):
    """A shop or marketplace connection. Each method may raise a ConnectorError."""

    capabilities: CartCapabilities

    def __init__(self, connection: Connection) -> None: ...

    async def open(self) -> None:
        """Log in; refuse a connection without a location where the cart has several (NotConfiguredError)."""
        ...

    async def close(self) -> None: ...

    def check(self) -> AsyncIterator[CheckStep]:
        """The connection test, step by step; stops after the first step that is not ok. Never raises."""
        ...

    def budget(self) -> Budget | None: ...

    async def locations(self) -> Sequence[CartLocation]: ...

    async def listings_page(self, cursor: str | None, since: int | None = None) -> Page[ListingRow]:
        """All listings, or with `since` (`delta_read` only) those the cart changed after it, by the cart's own clock."""
        ...

    async def read(self, refs: Sequence[str]) -> Sequence[ListingRow]:
        """The present state of some listings; those that no longer exist are absent, and see `unreadable`."""
        ...

    async def orders_since(self, since: int) -> Sequence[OrderLine]:
        """Lines of all orders placed or changed after `since` (by the cart's own clock), shipped or not.

        Each order with all its lines as they are now, less what was cancelled or refunded; cancelled orders are absent.
        Units that were added to an order are found by that. Only where `reports_orders`; older orders may be among them.
        """
        ...

    def compose(self, batch_id: str, items: Sequence[PushItem]) -> bytes:
        """The exact request body for a batch. Pure: it is stored before it is sent, and sent as stored.

        `batch_id` (32 hexadecimal digits) is its own, for carts that take a key for idempotency inside the body.
        """
        ...

    async def send(self, batch_id: str, body: bytes) -> Sequence[RowAnswer] | Submitted:
        """Send a composed body once. One answer per row, in any order; a refused batch raises RowsRejectedError.

        A cart that applies it later returns `Submitted`, see also `AppliesLater`.
        """
        ...

    # Optional:
    # async def clock_offset(self) -> float | None
    #     See `connectors.network.server_clock`: every time above is by the server's clock.
    # def location_ref(self) -> str
    #     The location that an open cart sets stock at, as `OrderLine.location` has it. See also `connectors.shop_identity`.
