"""Tables of records that are kept for later, and of derived rows that triggers keep for long lists."""

from __future__ import annotations

from sqlalchemy import Index, LargeBinary, Text, text
from sqlmodel import Field

from invsync_tui.store.models.base import STRICT, STRICT_NO_ROWID, Big, Table


class StoredPlan(Table, table=True):
    """What an operator was shown: a push may be bound to send exactly this."""

    __tablename__ = "plan"
    __table_args__ = (Index("plan_cart", "cart_id", "id"), STRICT)
    id: int | None = Field(default=None, primary_key=True)
    cart_id: int
    kind: str = Field(sa_type=Text)
    """rules: what the settings say; undo: back to what a run replaced; safe: one level for all."""
    of_run: int | None = None
    """The run that an undo takes back."""
    made_at: int = Field(sa_type=Big)
    made_by: str = Field(sa_type=Text)
    reason: str = Field(default="", sa_type=Text)
    rules_rev: int
    seq: int = Field(sa_type=Big)
    """The write batch up to which it looked."""
    n: int
    trips: str = Field(default="[]", sa_type=Text)
    """JSON list of the safety rules that were shown with it: {breaker, measure, text}."""
    rows: bytes = Field(sa_type=LargeBinary)
    """Compressed 64-bit integers, three a listing: id, sellable quantity before (-1 unknown), sellable quantity after."""


class DecisionRecord(Table, table=True):
    """Everything that the quantity chain knew of some listings when a run decided on them, ascending by listing."""

    __tablename__ = "decision_record"
    __table_args__ = (Index("decision_record_run", "cart_id", "run_id", "first_id"), STRICT)
    id: int | None = Field(default=None, primary_key=True)
    cart_id: int
    run_id: int
    first_id: int
    last_id: int
    at: int = Field(sa_type=Big)
    body: bytes = Field(sa_type=LargeBinary)
    """Compressed JSON."""


class SourceRecord(Table, table=True):
    """The source's own record of a level, as it was when the level last changed."""

    __tablename__ = "source_record"
    __table_args__ = (STRICT_NO_ROWID,)
    product_id: int = Field(primary_key=True)
    warehouse_id: int = Field(primary_key=True)
    at: int = Field(sa_type=Big)
    body: str = Field(sa_type=Text)


class Link(Table, table=True):
    """An operator's word on which product a listing means; it goes before matching by code."""

    __tablename__ = "link"
    __table_args__ = (Index("link_product", "product_id"), STRICT_NO_ROWID)
    cart_id: int = Field(primary_key=True)
    ref: str = Field(primary_key=True, sa_type=Text)
    product_id: int
    kind: str = Field(sa_type=Text)
    """The kind of suggestion that was accepted, or `manual`."""
    made_at: int = Field(sa_type=Big)
    made_by: str = Field(sa_type=Text)


class ListingRename(Table, table=True):
    """A listing whose SKU was changed in the cart."""

    __tablename__ = "listing_rename"
    __table_args__ = (Index("listing_rename_at", "at", "listing_id"), STRICT_NO_ROWID)
    listing_id: int = Field(primary_key=True)
    at: int = Field(primary_key=True, sa_type=Big)
    before: str = Field(sa_type=Text)
    after: str = Field(sa_type=Text)


class Finding(Table, table=True):
    """What the doctor found after the last run of a cart, or of a merchant's source (cart 0), and since when."""

    __tablename__ = "finding"
    __table_args__ = (STRICT_NO_ROWID,)
    merchant_id: int = Field(primary_key=True)
    cart_id: int = Field(primary_key=True)
    cause: str = Field(primary_key=True, sa_type=Text)
    n: int
    since: int = Field(sa_type=Big)
    run_id: int
    """The run after which it was found first."""


class Exchange(Table, table=True):
    """A request that a run sent and what was answered, redacted."""

    __tablename__ = "exchange"
    __table_args__ = (
        Index("exchange_run", "run_id", "id"),
        Index("exchange_batch", "batch_id", sqlite_where=text("batch_id <> ''")),
        STRICT,
    )
    id: int | None = Field(default=None, primary_key=True)
    run_id: int
    batch_id: str = Field(default="", sa_type=Text)
    at_ms: int = Field(sa_type=Big)
    took_ms: int
    method: str = Field(sa_type=Text)
    url: str = Field(sa_type=Text)
    status: int | None = None
    vendor_id: str = Field(default="", sa_type=Text)
    """The id under which the other side's support finds the request."""
    request: bytes = Field(sa_type=LargeBinary)
    answer: bytes = Field(sa_type=LargeBinary)
    """Compressed, at most the first 64 KiB."""
    error: str = Field(default="", sa_type=Text)


class Census(Table, table=True):
    """How many rows there are: products of a merchant by `kinds`, levels of a warehouse, listings of a cart."""

    __tablename__ = "census"
    __table_args__ = (STRICT_NO_ROWID,)
    subject: str = Field(primary_key=True, sa_type=Text)
    """products, levels or listings; those marked missing or gone are not counted."""
    owner: int = Field(primary_key=True)
    label: str = Field(primary_key=True, sa_type=Text)
    n: int = Field(sa_type=Big)


class Collision(Table, table=True):
    """A code that several present products have as the same kind."""

    __tablename__ = "collision"
    __table_args__ = (STRICT_NO_ROWID,)
    merchant_id: int = Field(primary_key=True)
    kind: int = Field(primary_key=True)
    key: str = Field(primary_key=True, sa_type=Text)
    code: str = Field(primary_key=True, sa_type=Text)
    n: int


class LevelHistory(Table, table=True):
    """Every change of `available`, to the second, for thirty days."""

    __tablename__ = "level_history"
    __table_args__ = (STRICT_NO_ROWID,)
    product_id: int = Field(primary_key=True)
    warehouse_id: int = Field(primary_key=True)
    at: int = Field(primary_key=True, sa_type=Big)
    before: int | None = Field(default=None, sa_type=Big)
    after: int | None = Field(default=None, sa_type=Big)


class ListingHistory(Table, table=True):
    """Every change of what a listing should show, of what its cart accepted, or of what the cart was seen to show, for
    thirty days. `in_cart` is sellable units; None where it is not known, and in rows up to the counter `in_cart`."""

    __tablename__ = "listing_history"
    __table_args__ = (STRICT_NO_ROWID,)
    listing_id: int = Field(primary_key=True)
    at: int = Field(primary_key=True, sa_type=Big)
    run_id: int | None = None
    desired_before: int | None = Field(default=None, sa_type=Big)
    desired: int | None = Field(default=None, sa_type=Big)
    acked_before: int | None = Field(default=None, sa_type=Big)
    acked: int | None = Field(default=None, sa_type=Big)
    in_cart_before: int | None = Field(default=None, sa_type=Big)
    in_cart: int | None = Field(default=None, sa_type=Big)
