"""The records of each kind of row in long lists, as front ends are given them; `rows` says what a list is.

Times are epoch seconds; None is unknown or never, and is shown as such. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from invsync_tui.operations.lists.rows import Count

# --- locations & products --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WarehouseLine:
    """A warehouse. `last_full_at` is the end of its last full download, `confirmed_at` of the last pull of any kind."""

    id: int
    merchant_id: int
    code: str
    name: str
    enabled: bool
    products: int
    last_full_at: int | None
    confirmed_at: int | None
    vanished_at: int | None
    stale: bool
    carts: tuple[str, ...]
    """Names of the carts that sync with it."""
    gone_why: str = ""
    """Why the WMS offers no stock in it (inactive, vanished, denied, emptied); '' where it does."""

    @property
    def state(self) -> str:
        """In a word: disabled, one of `gone_why`, stale or fresh."""
        if not self.enabled:
            return "disabled"
        return self.gone_why or ("vanished" if self.vanished_at is not None else "stale" if self.stale else "fresh")


@dataclass(frozen=True, slots=True)
class LevelLine:
    """A product's level in one warehouse."""

    product_id: int
    sku: str
    name: str
    on_hand: int | None
    available: int
    committed: int | None
    incoming: int | None
    loaded_at: int
    missing_since: int | None


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """A product over all warehouses: `available` and `loaded_at` per warehouse in the order of `warehouses`."""

    product_id: int
    sku: str
    name: str
    available: tuple[int | None, ...]
    loaded_at: tuple[int | None, ...]
    total: int | None


# --- SKU -------------------------------------------------------------------------------------------------------------


class HitRank(StrEnum):
    """How a search result matches, best first."""

    EXACT = "exact"
    PREFIX = "prefix"
    SUBSTRING = "substring"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A product found. `code` is the code that matched and `kind` its type (SKU, UPC, ...); or the name and 'name'."""

    product_id: int
    merchant_id: int
    merchant: str
    sku: str
    name: str
    code: str
    kind: str
    rank: HitRank
    available: int | None
    loaded_at: int | None


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """What a keystroke shows: hits, how many there are, and the guide's verdict in words."""

    asked: str
    hits: tuple[SearchHit, ...]
    count: Count
    verdict: str
    hint: str
    """What the search does not do for so few characters, or ''."""


@dataclass(frozen=True, slots=True)
class AliasLine:
    """A code of a product; `shared_with` are SKUs of other products that have it too."""

    kind: str
    code: str
    shared_with: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StockLine:
    """A product's level in a warehouse, as its own screen shows it."""

    warehouse_id: int
    warehouse: str
    on_hand: int | None
    available: int
    committed: int | None
    incoming: int | None
    loaded_at: int
    read_at: int | None
    missing_since: int | None


@dataclass(frozen=True, slots=True)
class ListingLine:
    """A cart's listing. All quantities are sellable units; `in_cart` is what the cart was last seen offering."""

    id: int
    cart_id: int
    cart: str
    merchant: str
    cart_listing_id: str
    sku: str
    name: str
    tracked: bool | None
    product_id: int | None
    product_sku: str | None
    target: int | None
    confirmed: int | None
    in_cart: int | None
    """`cart_count` less `cart_orders`."""
    difference: int | None
    """`in_cart` less `target`: above 0 the cart offers too many. None where one of them is unknown."""
    cart_count: int | None
    """What the cart shows in its own count."""
    cart_orders: int
    """Units of it that the cart holds back for its own open orders; 0 for a cart that subtracts them before."""
    synced_at: int | None
    """Last synced; None is Never."""
    outcome: str | None
    reason: str | None
    error: str
    run_id: int | None
    override: int | None
    excluded: bool
    locked: bool
    drift: bool
    """The cart shows another quantity than the one it accepted from us."""
    next_look_at: int | None = None
    """When the cart is asked what became of a quantity that it took and applies later; None where none waits."""


@dataclass(frozen=True, slots=True)
class Point:
    """A quantity from `at` on."""

    at: int
    value: int | None


@dataclass(frozen=True, slots=True)
class Track:
    """One line of a product's history: `available` of all warehouses, or a listing's `target`, `confirmed` or `in cart`."""

    name: str
    points: tuple[Point, ...]
    quantity: str = "available"
    listing_id: int | None = None
    until: int | None = None
    """When the cart was last read: what it shows since is not known. None for what is always known."""


@dataclass(frozen=True, slots=True)
class SkuView:
    """What the SKU screen shows: a product with its codes, levels, listings and history."""

    product_id: int
    merchant_id: int
    merchant: str
    sku: str
    name: str
    missing_since: int | None
    components: tuple[tuple[str, int], ...]
    aliases: tuple[AliasLine, ...]
    levels: tuple[StockLine, ...]
    listings: tuple[ListingLine, ...]
    not_listed: tuple[tuple[str, str], ...]
    """(cart, reason) of carts that do not list it."""
    history: tuple[Track, ...]


# --- carts -----------------------------------------------------------------------------------------------------------


class ListingFilter(StrEnum):
    """The tabs of View Product Sync."""

    ALL = "all"
    MISMATCH = "mismatch"
    NEVER = "never"
    HELD = "held"
    FAILED = "failed"
    AMBIGUOUS = "ambiguous"
    NOT_IN_WMS = "not-in-wms"
    DRIFT = "drift"
    OVERRIDES = "overrides"
    EXCLUDED = "excluded"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class CartLine:
    """A cart with its main settings and its last push."""

    id: int
    merchant_id: int
    merchant: str
    name: str
    system: str
    upload_on: bool
    """Inventory Upload Service."""
    warehouses: tuple[str, ...]
    """Sync Inventory With Warehouse; () is Combine All Locations."""
    alias_type: str
    """Push Inventory Using Alias; SKU for none."""
    minimum: int
    """Minimum Inventory Level."""
    listings: int
    last_push_at: int | None
    status: str
    next_run_at: int | None
    latest_run: int | None
    active_run: int | None
    frozen: bool = False
    """Nothing is sent to it, by an operator's decision; the status says so too."""
    not_due: str = ""
    """Why no time is given for the next push that has a schedule of its own: `no service`; '' for none or a time."""


@dataclass(frozen=True, slots=True)
class AliasTypeLine:
    """An alias type: how many products have it, lack it, and how many codes of it name several products."""

    kind: int
    name: str
    products: int
    missing: int
    collisions: int
    carts: tuple[str, ...]
    """Carts that push with it."""


@dataclass(frozen=True, slots=True)
class CollisionLine:
    """A code that names several products."""

    kind: str
    code: str
    products: tuple[tuple[int, str], ...]
    """(number, SKU)."""


# --- settings --------------------------------------------------------------------------------------------------------


class FieldKind(StrEnum):
    """How a setting is entered."""

    SWITCH = "switch"
    TEXT = "text"
    NUMBER = "number"
    DURATION = "duration"
    CHOICE = "choice"
    CHOICES = "choices"
    SECRET_REF = "secret-ref"  # noqa: S105 (the kind of a field)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a field's values, with what it is worth knowing about it ("4102 products, 3 collide")."""

    value: str
    label: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """A setting. `value` is text as it is typed and saved: numbers, `on`/`off`, durations like `15m`, lists by comma."""

    name: str
    label: str
    """CartRover's words where it has any."""
    kind: FieldKind
    value: str
    help: str
    choices: tuple[Choice, ...] = ()
    optional: bool = False
    section: str = ""
    """The heading that it stands under; '' for none."""
    off_means: str = ""
    """What happens where its value is `off`, said beside it; '' where that is clear."""


@dataclass(frozen=True, slots=True)
class Form:
    """The settings of a merchant or a cart as of revision `rev`."""

    subject: str
    """merchant:1 or cart:3."""
    title: str
    rev: int
    fields: tuple[Field, ...]
    """Those of one section stand together."""
    sections: Mapping[str, str] = field(default_factory=dict)
    """The help of each section, in one line."""


@dataclass(frozen=True, slots=True)
class Change:
    """A setting that would change, or has changed."""

    name: str
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What new settings would do to a cart's listings, as far as `counted` of `total` were looked at."""

    total: int
    counted: int
    to_zero: int
    changed: int
    lose_match: int
    gain_match: int
    last: int = 0
    """The last listing that was looked at: where the next call goes on."""


@dataclass(frozen=True, slots=True)
class Saved:
    """Settings were saved as revision `rev`; `note` says what follows (the next push is held as a plan)."""

    rev: int
    changes: tuple[Change, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else saved in between: who, when, and what; nothing of ours was saved, nothing of theirs is lost."""

    rev: int
    who: str
    at: int
    theirs: tuple[Change, ...]
    both: tuple[str, ...]
    """Names of fields that both changed."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """A value that cannot be saved: which field, and why."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class RunDiff:
    """A run against the one before it of its kind: outcome and reason counts then and now."""

    run_id: int
    before_id: int | None
    outcomes: tuple[tuple[str, int, int], ...]
    reasons: tuple[tuple[str, int, int], ...]
