"""Tables of webhooks: what carts announced, as references only. A quantity from a webhook is never kept."""

from __future__ import annotations

from sqlalchemy import Text
from sqlmodel import Field

from invsync_tui.store.models.base import STRICT_NO_ROWID, Big, Table


class HookAddress(Table, table=True):
    """Where a cart's connection sends its webhooks. Further locations of a cart use the address of the first."""

    __tablename__ = "hook_address"
    __table_args__ = (STRICT_NO_ROWID,)
    cart_id: int = Field(primary_key=True)
    token: str = Field(sa_type=Text)
    """The last part of the path, which nobody can guess."""
    made_at: int = Field(sa_type=Big)
    heard_at: int | None = Field(default=None, sa_type=Big)
    """When a webhook with a right signature last came."""
    refused_at: int | None = Field(default=None, sa_type=Big)
    """When one with a wrong signature last came."""


class HookDelivery(Table, table=True):
    """A delivery that was taken, so that it is not taken twice."""

    __tablename__ = "hook_delivery"
    __table_args__ = (STRICT_NO_ROWID,)
    cart_id: int = Field(primary_key=True)
    delivery: str = Field(primary_key=True, sa_type=Text)
    """Digest of the id that the cart gave it."""
    at: int = Field(sa_type=Big)


class HookRef(Table, table=True):
    """Something that the next push of a cart is to read again: a listing by its reference, or '' for the cart's orders."""

    __tablename__ = "hook_ref"
    __table_args__ = (STRICT_NO_ROWID,)
    cart_id: int = Field(primary_key=True)
    ref: str = Field(primary_key=True, sa_type=Text)
    at: int = Field(sa_type=Big)
    """When it was first announced since it was last read."""
    times: int = Field(default=1)
    """How often it was announced since; what was announced while it was read stays."""
