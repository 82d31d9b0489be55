"""Tables that triggers keep for long lists: numbers of rows, shared codes, and a compact history of quantities."""

from __future__ import annotations

from sqlalchemy import Text
from sqlmodel import Field

from invsync_tui.store.models.base import STRICT_NO_ROWID, Big, Table


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
    """Every change of what a listing should show, or of what its cart accepted, for thirty days."""

    __tablename__ = "listing_history"
    __table_args__ = (STRICT_NO_ROWID,)
    listing_id: int = Field(primary_key=True)
    at: int = Field(primary_key=True, sa_type=Big)
    run_id: int | None = None
    desired_before: int | None = Field(default=None, sa_type=Big)
    desired: int | None = Field(default=None, sa_type=Big)
    acked_before: int | None = Field(default=None, sa_type=Big)
    acked: int | None = Field(default=None, sa_type=Big)
