"""Tables of the source side: merchants, their WMS connection, warehouses, products with codes, levels."""

from __future__ import annotations

from sqlalchemy import Index, Text, UniqueConstraint, text
from sqlmodel import Field

from invsync_tui.store.models.base import STRICT, STRICT_NO_ROWID, Big, Flag, Table


class Merchant(Table, table=True):
    """A seller whose stock is synced. `inventory_sync` is Synchronization With WMS - Inventory."""

    __tablename__ = "merchant"
    __table_args__ = (UniqueConstraint("name"), STRICT)
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(sa_type=Text)
    inventory_sync: bool = Field(default=False, sa_type=Flag)
    stale_after: int | None = Field(default=86400)
    """Seconds after which a reading may not be pushed; None for no limit."""
    created_at: int = Field(sa_type=Big)
    rev: int = Field(default=1)
    """Grows with each saved change: a form that was opened on an older one is told."""
    frozen_at: int | None = Field(default=None, sa_type=Big)
    """Since when nothing is pushed to any cart, by an operator's order; None while it is."""
    frozen_by: str = Field(default="", sa_type=Text)
    frozen_why: str = Field(default="", sa_type=Text)


class Source(Table, table=True):
    """The WMS/OMS connection of a merchant. `secret` is a reference, never the secret."""

    __tablename__ = "source"
    __table_args__ = (UniqueConstraint("merchant_id"), STRICT)
    id: int | None = Field(default=None, primary_key=True)
    merchant_id: int
    system: str = Field(sa_type=Text)
    url: str = Field(sa_type=Text)
    login: str = Field(default="", sa_type=Text)
    secret: str = Field(default="", sa_type=Text)
    notices: str = Field(default="", sa_type=Text)
    """JSON object: what the system said of its interface, see `connectors.network.api_notices`; '' for nothing."""
    secrets: str = Field(default="{}", sa_type=Text)
    """JSON object: references of the connector's further secrets, by the name of the part."""
    options: str = Field(default="{}", sa_type=Text)
    """JSON object of text to text."""
    deadline_ms: int = Field(default=30000)
    mark: str = Field(default="", sa_type=Text)
    """The connector's delta mark of the last successful pull; '' asks for a complete one."""
    full_every: int = Field(default=86400)
    """Seconds between complete pulls where the source can do deltas."""
    last_full_at: int | None = Field(default=None, sa_type=Big)
    confirmed_at: int | None = Field(default=None, sa_type=Big)
    """End of the last successful pull of either kind: until then unchanged rows are known to be unchanged."""
    orders_within: int = Field(default=900)
    """Seconds that an order needs to reach the WMS: a reading that much later takes it into account."""
    clock_offset: int | None = None
    """Seconds by which the WMS's clock is ahead of ours, as last measured."""
    last_error: str = Field(default="", sa_type=Text)
    identity: str = Field(default="", sa_type=Text)
    """JSON object of text to text: the account, database and company that it was read as; '' before the first download."""
    notes: str = Field(default="", sa_type=Text)
    """JSON object of text to whole numbers: what the connector counted beside the levels, for its own checks."""
    last_reason: str = Field(default="", sa_type=Text)
    """What the last error is filed under, a word of `rules.outcomes.Reason`; '' for none."""


class Warehouse(Table, table=True):
    """A stock location of the source. `Default` (ref '') always exists and takes levels that name no warehouse."""

    __tablename__ = "warehouse"
    __table_args__ = (UniqueConstraint("merchant_id", "ref"), STRICT)
    id: int | None = Field(default=None, primary_key=True)
    merchant_id: int
    ref: str = Field(sa_type=Text)
    code: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    enabled: bool = Field(default=True, sa_type=Flag)
    last_full_at: int | None = Field(default=None, sa_type=Big)
    """End of the last full download."""
    vanished_at: int | None = Field(default=None, sa_type=Big)
    """Since when the WMS offers no stock there; None while it does. `gone_why` says why."""
    gone_why: str = Field(default="", sa_type=Text)
    """inactive (switched off in the WMS), vanished, denied (no permission) or emptied; '' while it is reported."""


class AliasType(Table, table=True):
    """A kind of code that the WMS has loaded: UPC, EAN, ASIN, ... The SKU itself is kind 0 and has no row."""

    __tablename__ = "alias_type"
    __table_args__ = (UniqueConstraint("merchant_id", "name"), STRICT)
    id: int | None = Field(default=None, primary_key=True)
    merchant_id: int
    name: str = Field(sa_type=Text)


class Product(Table, table=True):
    """A product of the WMS. `codes_text` is what substring search sees: folded SKU and aliases, one per line."""

    __tablename__ = "product"
    __table_args__ = (
        UniqueConstraint("merchant_id", "ref"),
        Index("product_sku", "merchant_id", "sku"),
        Index("product_seq", "seq", "id"),
        Index("product_kinds", "merchant_id", "kinds", "sku", "id", sqlite_where=text("missing_since IS NULL")),
        STRICT,
    )
    id: int | None = Field(default=None, primary_key=True)
    merchant_id: int
    ref: str = Field(sa_type=Text)
    sku: str = Field(sa_type=Text)
    """'' where the WMS has a blank code."""
    sku_key: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    codes_text: str = Field(sa_type=Text)
    is_kit: bool = Field(default=False, sa_type=Flag)
    sig: str = Field(sa_type=Text)
    """Digest of the record as received: an unchanged product is recognised without reading its codes."""
    seq: int = Field(sa_type=Big)
    """Write batch in which its codes or components last changed."""
    missing_since: int | None = Field(default=None, sa_type=Big)
    kinds: str = Field(default="", sa_type=Text)
    """Kinds of its codes, ascending, by comma: who lacks an alias type is found without reading the codes."""
    inactive: bool = Field(default=False, sa_type=Flag)
    """Deactivated in the WMS."""
    uncounted: bool = Field(default=False, sa_type=Flag)
    """The WMS keeps no stock of it: a service, a consumable."""


class ProductCode(Table, table=True):
    """Every code of every product: one index serves exact, prefix, alias match and duplicates."""

    __tablename__ = "product_code"
    __table_args__ = (Index("product_code_product", "product_id"), STRICT_NO_ROWID)
    merchant_id: int = Field(primary_key=True)
    key: str = Field(primary_key=True, sa_type=Text)
    """Folded."""
    kind: int = Field(primary_key=True)
    product_id: int = Field(primary_key=True)
    code: str = Field(primary_key=True, sa_type=Text)
    """As received: two codes of one product may differ by case alone."""


class KitComponent(Table, table=True):
    """A kit needs `needed` units of a component."""

    __tablename__ = "kit_component"
    __table_args__ = (Index("kit_component_component", "component_id"), STRICT_NO_ROWID)
    kit_id: int = Field(primary_key=True)
    component_id: int = Field(primary_key=True)
    needed: int


class Level(Table, table=True):
    """Stock of one product in one warehouse; None is unknown."""

    __tablename__ = "level"
    __table_args__ = (
        Index("level_seq", "seq", "product_id"),
        Index("level_product", "product_id", "warehouse_id", "available", "read_at", "loaded_at", "missing_since"),
        Index("level_available", "warehouse_id", "available", "product_id"),
        Index("level_loaded", "warehouse_id", "loaded_at", "product_id"),
        STRICT_NO_ROWID,
    )
    warehouse_id: int = Field(primary_key=True)
    product_id: int = Field(primary_key=True)
    on_hand: int | None = Field(default=None, sa_type=Big)
    available: int = Field(sa_type=Big)
    committed: int | None = Field(default=None, sa_type=Big)
    incoming: int | None = Field(default=None, sa_type=Big)
    read_at: int | None = Field(default=None, sa_type=Big)
    """When the WMS took the reading, where it says so."""
    loaded_at: int = Field(sa_type=Big)
    """When the row last changed here; an unchanged row is known to be right until the source's confirmed_at."""
    seq: int = Field(sa_type=Big)
    missing_since: int | None = Field(default=None, sa_type=Big)


class LevelFraction(Table, table=True):
    """A level whose available quantity the WMS reports as a fraction; the level itself has it rounded down."""

    __tablename__ = "level_fraction"
    __table_args__ = (STRICT_NO_ROWID,)
    warehouse_id: int = Field(primary_key=True)
    product_id: int = Field(primary_key=True)
    reported: str = Field(sa_type=Text)
    """As the WMS reports it, such as `2.5`."""
