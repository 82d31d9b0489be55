"""The tables. STRICT on SQLite, so a text can never land in a quantity; times are epoch seconds; a SKU is always text.

Changing anything here needs a migration in `migrations/versions`; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import ColumnDefault, DefaultClause, text

from invsync_tui.store.models.base import metadata
from invsync_tui.store.models.carts import (
    Cart,
    CartRules,
    CartWarehouse,
    Listing,
    OrderKnown,
    PendingOrder,
    SafetyRules,
    Unlisted,
)
from invsync_tui.store.models.catalog import (
    AliasType,
    KitComponent,
    Level,
    LevelFraction,
    Merchant,
    Product,
    ProductCode,
    Source,
    Warehouse,
)
from invsync_tui.store.models.hooks import HookAddress, HookDelivery, HookRef
from invsync_tui.store.models.records import (
    Census,
    Collision,
    DecisionRecord,
    Exchange,
    Finding,
    LevelHistory,
    Link,
    ListingHistory,
    ListingRename,
    SourceRecord,
    StoredPlan,
)
from invsync_tui.store.models.runs import (
    Audit,
    Counter,
    DaySeen,
    Lease,
    PullGeneration,
    PullPage,
    PushBatch,
    Run,
    RunEvent,
    Schedule,
    Worker,
)

__all__ = [
    "AliasType",
    "Audit",
    "Cart",
    "CartRules",
    "CartWarehouse",
    "Census",
    "Collision",
    "Counter",
    "DaySeen",
    "DecisionRecord",
    "Exchange",
    "Finding",
    "HookAddress",
    "HookDelivery",
    "HookRef",
    "KitComponent",
    "Lease",
    "Level",
    "LevelFraction",
    "LevelHistory",
    "Link",
    "Listing",
    "ListingHistory",
    "ListingRename",
    "Merchant",
    "OrderKnown",
    "PendingOrder",
    "Product",
    "ProductCode",
    "PullGeneration",
    "PullPage",
    "PushBatch",
    "Run",
    "RunEvent",
    "SafetyRules",
    "Schedule",
    "Source",
    "SourceRecord",
    "StoredPlan",
    "Unlisted",
    "Warehouse",
    "Worker",
    "metadata",
]


def _give_defaults_to_the_database() -> None:
    """Bulk writes are plain SQL and must get the same defaults as the models."""
    for table in metadata.tables.values():
        for column in table.columns:
            if isinstance(column.default, ColumnDefault) and column.default.is_scalar:
                value = column.default.arg
                literal = str(int(value)) if isinstance(value, bool | int) else f"'{value}'"
                column.server_default = DefaultClause(text(literal))


_give_defaults_to_the_database()
