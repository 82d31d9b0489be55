"""Tables of the destination side: carts with their Edit Setup, listings, and what a cart lacks."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from invsync_tui.store.diagnosis.cause_counts import TROUBLED
from invsync_tui.store.models.base import STRICT, STRICT_NO_ROWID, Big, Flag, Table


class CartRules(Table):
    """Settings that change quantities or matches: saving one plans every listing anew and holds the next push."""

    upload_enabled: bool = Field(default=False, sa_type=Flag)
    """Inventory Upload Service."""
    combine_all: bool = Field(default=True, sa_type=Flag)
    """Combine All Locations; otherwise the rows of cart_warehouse count."""
    push_kind: int = Field(default=0)
    """Push Inventory Using Alias: an alias_type id, 0 for the SKU."""
    cutoff_below: int = Field(default=0)
    """Minimum Inventory Level."""
    end_at_or_below: int | None = None
    buffer: int = Field(default=0)
    share_percent: int = Field(default=100)
    units_per_listing: int = Field(default=1)
    """Units of the WMS in one of the cart's listings: a case of 12 sells a twelfth. What the cart says is in listings."""
    max_quantity: int | None = None
    stale_after: int | None = None
    """Seconds; None takes the merchant's limit."""
    inactive_products: str = Field(default="keep", sa_type=Text)
    """What it shows of products that are deactivated in the WMS: keep, or zero."""


class SafetyRules(Table):
    """The limits above which a push is held."""

    zero_count: int = Field(default=25)
    zero_percent: int = Field(default=10)
    shrink_percent: int = Field(default=20)
    jump_factor: int = Field(default=10)
    """A quantity that grows or shrinks by more than this factor is a jump; 0 switches the safety rule off."""
    jump_count: int = Field(default=25)
    jump_percent: int = Field(default=10)


class Cart(CartRules, SafetyRules, table=True):
    """A shop or marketplace connection with its Edit Setup."""

    __tablename__ = "cart"
    __table_args__ = (
        UniqueConstraint("merchant_id", "name"),
        CheckConstraint("share_percent BETWEEN 0 AND 100", name="cart_share_percent"),
        CheckConstraint("cutoff_below >= 0 AND buffer >= 0", name="cart_not_negative"),
        STRICT,
    )
    id: int | None = Field(default=None, primary_key=True)
    merchant_id: int
    of_cart: int | None = None
    """The cart whose connection it uses: it is a further location of that cart. None for a cart with its own connection."""
    name: str = Field(sa_type=Text)
    system: str = Field(sa_type=Text)
    url: str = Field(sa_type=Text)
    login: str = Field(default="", sa_type=Text)
    secret: str = Field(default="", sa_type=Text)
    notices: str = Field(default="", sa_type=Text)
    """JSON object: what the system said of its interface, see `connectors.network.api_notices`; '' for nothing."""
    secrets: str = Field(default="{}", sa_type=Text)
    """JSON object: references of the connector's further secrets, by the name of the part."""
    options: str = Field(default="{}", sa_type=Text)
    deadline_ms: int = Field(default=30000)
    relist_every: int = Field(default=86400)
    """Seconds between complete reads of the cart's listings."""
    observe_every: int = Field(default=900)
    """Seconds between delta reads, where the cart can do them."""
    rules_rev: int = Field(default=1)
    """Grows when a setting changes that changes quantities or matches."""
    pushed_rules_rev: int = Field(default=0)
    """The rules_rev of the last push that was sent; 0 before the first."""
    matched_rev: int = Field(default=0)
    """The rules_rev under which all listings were matched."""
    watermark: int = Field(default=0, sa_type=Big)
    """Highest seq that a push has handled; 0 plans everything."""
    match_mark: int = Field(default=0, sa_type=Big)
    """Highest product seq against which listings were matched."""
    listed_at: int | None = Field(default=None, sa_type=Big)
    """End of the last complete read of the cart's listings."""
    observed_at: int | None = Field(default=None, sa_type=Big)
    """Start of the last successful read of either kind."""
    last_error: str = Field(default="", sa_type=Text)
    last_reason: str = Field(default="", sa_type=Text)
    """What the last error is filed under, a word of `rules.outcomes.Reason`; '' for none."""
    created_at: int = Field(sa_type=Big)
    rev: int = Field(default=1)
    frozen_at: int | None = Field(default=None, sa_type=Big)
    """Since when nothing is pushed, by an operator's order; None while it is."""
    frozen_by: str = Field(default="", sa_type=Text)
    frozen_why: str = Field(default="", sa_type=Text)
    heal: str = Field(default="never", sa_type=Text)
    """What a drift check corrects by itself: never, oversell or always."""
    shop: str = Field(default="", sa_type=Text)
    """The shop that it led to when it was last opened, see `connectors.shop_identity`."""
    location: str = Field(default="", sa_type=Text)
    """The location there that stock was set at; '' where it has none."""
    clock_offset: int | None = None
    """Seconds by which the cart's clock is ahead of ours, as last measured."""
    batch_most: int | None = None
    """Listings of one request that it was found to take, where larger ones were refused for their size; None: as declared."""
    batch_most_at: int | None = Field(default=None, sa_type=Big)
    """When that was found out last."""
    listing_cursor: str = Field(default="", sa_type=Text)
    """Where the complete read of its listings goes on that waits for the cart to prepare them; '' where none waits."""
    listing_cursor_at: int | None = Field(default=None, sa_type=Big)
    """When the cart was asked for it."""
    gone_accepted: str = Field(default="[]", sa_type=Text)
    """JSON list of warehouse ids: those that offered no stock when a push last passed the safety rules."""
    identity: str = Field(default="", sa_type=Text)
    """JSON object of text to text: the account that it was read as; '' before the first push."""


class CartWarehouse(Table, table=True):
    """Sync Inventory With Warehouse, where it is not Combine All Locations."""

    __tablename__ = "cart_warehouse"
    __table_args__ = (STRICT_NO_ROWID,)
    cart_id: int = Field(primary_key=True)
    warehouse_id: int = Field(primary_key=True)


_TABS = (
    Index("listing_unmatched", "cart_id", "match_reason", "key", "id", sqlite_where=text("match_reason IS NOT NULL")),
    Index("listing_failed", "cart_id", "key", "id", sqlite_where=text("outcome IN ('failed', 'in_doubt')")),
    Index("listing_drift", "cart_id", "key", "id", sqlite_where=text("shown <> observed")),
    Index("listing_held", "cart_id", "key", "id", sqlite_where=text("outcome = 'held'")),
    Index("listing_override", "cart_id", "key", "id", sqlite_where=text("override IS NOT NULL")),
    Index("listing_excluded", "cart_id", "key", "id", sqlite_where=text("excluded <> 0")),
    Index("listing_locked", "cart_id", "key", "id", sqlite_where=text("locked <> 0")),
)
"""What the tabs of View Product Sync show, in their order. Those of expressions (`listing_synced`, `listing_mismatch`,
`listing_mismatch_all`) are made by migrations."""


_TROUBLED = Index(
    "listing_troubled", "cart_id", "match_reason", "reason", "outcome", "skip", "tracked", "excluded", "locked", "id",
    "gone_at", sqlite_where=text(TROUBLED), postgresql_where=text(TROUBLED),
)  # fmt: skip


class Listing(Table, table=True):
    """The cart's record of a sellable thing. In sellable units: `desired` what the rules say, `acked` what the cart
    last accepted from us. In the cart's basis: `observed` what it was last seen showing, `shown` what we last wrote."""

    __tablename__ = "listing"
    __table_args__ = (
        UniqueConstraint("cart_id", "ref"),
        Index("listing_key", "cart_id", "key", "id"),
        Index("listing_product", "cart_id", "product_id", sqlite_where=text("product_id IS NOT NULL")),
        Index("listing_never", "cart_id", "key", "id", sqlite_where=text("synced_at IS NULL")),
        Index("listing_pending", "cart_id", "id", sqlite_where=text("pending <> 0")),
        Index("listing_seq", "cart_id", "seq"),
        Index("listing_run", "run_id", "outcome", "reason", "id"),
        Index("listing_observed", "cart_id", "observed_at", "id", sqlite_where=text("gone_at IS NULL")),
        *_TABS,
        _TROUBLED,
        STRICT,
    )
    id: int | None = Field(default=None, primary_key=True)
    cart_id: int
    ref: str = Field(sa_type=Text)
    sku: str = Field(sa_type=Text)
    """As the cart reports it; its barcode where it has no SKU."""
    by_barcode: bool = Field(default=False, sa_type=Flag)
    """`sku` is its barcode."""
    key: str = Field(sa_type=Text)
    """Folded."""
    name: str = Field(default="", sa_type=Text)
    tracked: bool | None = Field(default=None, sa_type=Flag)
    """None where the cart does not say."""
    skip: str | None = Field(default=None, sa_type=Text)
    """A Reason known to the cart for which no quantity can be set."""
    allocated: int = Field(default=0, sa_type=Big)
    observed: int | None = Field(default=None, sa_type=Big)
    observed_at: int | None = Field(default=None, sa_type=Big)
    seq: int = Field(sa_type=Big)
    """Write batch in which the cart's record or an operator's wish for it last changed."""
    gone_at: int | None = Field(default=None, sa_type=Big)
    """When a complete read no longer had it."""
    product_id: int | None = None
    """Set only when exactly one product matches."""
    match_reason: str | None = Field(default=None, sa_type=Text)
    override: int | None = None
    excluded: bool = Field(default=False, sa_type=Flag)
    locked: bool = Field(default=False, sa_type=Flag)
    desired: int | None = Field(default=None, sa_type=Big)
    target: int | None = Field(default=None, sa_type=Big)
    """What to write, in the cart's basis, as of the last plan."""
    acked: int | None = Field(default=None, sa_type=Big)
    shown: int | None = Field(default=None, sa_type=Big)
    synced_at: int | None = Field(default=None, sa_type=Big)
    """Last synced: when the cart last confirmed our quantity, written or found equal. None is Never."""
    acked_epoch: int = Field(default=0, sa_type=Big)
    inflight: str | None = Field(default=None, sa_type=Text)
    """The batch whose answer is awaited."""
    pending: int = Field(default=0)
    """1 while desired and acked are not known to agree: it is in the next plan whatever else happens."""
    run_id: int | None = None
    """The run that last decided on it."""
    outcome: str | None = Field(default=None, sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    error: str = Field(default="", sa_type=Text)
    heal: int = Field(default=0)
    """1 where the cart is to be put right although it accepted our quantity once: drift that is to be corrected."""
    elsewhere: int | None = Field(default=None, sa_type=Big)
    """What the cart has at its other locations; None where it has no others."""
    elsewhere_allocated: int = Field(default=0, sa_type=Big)
    threshold: int = Field(default=0, sa_type=Big)
    """Units that the cart keeps back itself."""
    cap: int | None = Field(default=None, sa_type=Big)
    """The largest quantity that the cart accepts of it, in the cart's basis; None where it names no such limit."""
    batch_group: str = Field(default="", sa_type=Text)
    """Listings of one group are set by one request, for carts that set by one request only what belongs together."""


class Unlisted(Table, table=True):
    """A product that the cart does not list, as found by the last plan that looked at it."""

    __tablename__ = "unlisted"
    __table_args__ = (Index("unlisted_run", "run_id", "reason"), STRICT_NO_ROWID)
    cart_id: int = Field(primary_key=True)
    product_id: int = Field(primary_key=True)
    reason: str = Field(sa_type=Text)
    run_id: int


class PendingOrder(Table, table=True):
    """Units that a cart sold and the WMS may not know yet. `cart_id` is the cart of ours that was told of them."""

    __tablename__ = "pending_order"
    __table_args__ = (Index("pending_order_product", "product_id", "taken_at"), STRICT_NO_ROWID)
    cart_id: int = Field(primary_key=True)
    ref: str = Field(primary_key=True, sa_type=Text)
    product_id: int = Field(primary_key=True)
    location: str = Field(primary_key=True, sa_type=Text)
    """The cart's location that the units come from; '' where it does not say."""
    part: int = Field(default=0, primary_key=True, sa_type=Big)
    """0, or for units that were added to the order later when we heard of them: that the WMS has the order says nothing
    of these."""
    quantity: int
    taken_at: int = Field(sa_type=Big)
    """By our clock."""
    shop: str = Field(default="", sa_type=Text)
    """Within it a reference means one order, whichever cart of ours was told of it."""
    name: str = Field(default="", sa_type=Text)
    """What people and the WMS call the order."""
    reported_at: int = Field(default=0, sa_type=Big)
    """`taken_at` as the cart said it, by its own clock."""
    seen_at: int = Field(default=0, sa_type=Big)
    """When we first heard of it, by our clock: what the limit on waiting for it counts from."""
    known_at: int | None = Field(default=None, sa_type=Big)
    """Since when the WMS is known to have it; None while it is not."""
    until: int = Field(default=0, sa_type=Big)
    """A reading of this time or later takes it into account."""


class OrderKnown(Table, table=True):
    """Units of an order that the readings take into account: those that it has beyond them are pending."""

    __tablename__ = "order_known"
    __table_args__ = (Index("order_known_age", "until"), STRICT_NO_ROWID)
    merchant_id: int = Field(primary_key=True)
    shop: str = Field(primary_key=True, sa_type=Text)
    ref: str = Field(primary_key=True, sa_type=Text)
    product_id: int = Field(primary_key=True)
    location: str = Field(primary_key=True, sa_type=Text)
    until: int = Field(primary_key=True, sa_type=Big)
    """A reading of this time or later takes them into account. What is long ago is forgotten."""
    quantity: int
