"""Merchants, their source and warehouses, carts: settings, read and saved by SQLModel.

Table models do not validate, so values from outside are checked in `operations` before they come here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, delete, select

from invsync_tui import clock
from invsync_tui.store import numbers
from invsync_tui.store.models import AliasType, Cart, CartRules, CartWarehouse, Merchant, Source, Warehouse

DEFAULT_WAREHOUSE = "Default"

RULE_SETTINGS = frozenset({*CartRules.model_fields, "options"})
"""Cart settings that change quantities or matches: saving one plans every listing anew."""


def add_merchant(
    session: Session, name: str, source: Source, *, inventory_sync: bool, stale_after: int | None
) -> Merchant:
    """A merchant with its WMS connection and its Default warehouse."""
    now = clock.seconds()
    merchant = Merchant(
        id=_next(session, "merchant"), name=name, inventory_sync=inventory_sync, stale_after=stale_after, created_at=now
    )
    session.add(merchant)
    session.flush()
    source.merchant_id = number(merchant)
    session.add(source)
    session.add(Warehouse(merchant_id=number(merchant), ref="", code=DEFAULT_WAREHOUSE, name=DEFAULT_WAREHOUSE))
    session.flush()
    return merchant


def _next(session: Session, table: str) -> int:
    """The number of a new row."""
    cx: Any = session.connection().connection.driver_connection
    return numbers.upcoming(cx, table)


def number(row: Any) -> int:
    """The id of a row that is in the store."""
    row_id = row.id
    if row_id is None:
        raise ValueError("the row is not in the store yet")
    return int(row_id)


def add_cart(session: Session, cart: Cart, warehouse_ids: Sequence[int]) -> Cart:
    """A cart; without warehouses it combines all locations."""
    cart.combine_all = not warehouse_ids
    if cart.id is None:
        cart.id = _next(session, "cart")
    session.add(cart)
    session.flush()
    for warehouse_id in warehouse_ids:
        session.add(CartWarehouse(cart_id=number(cart), warehouse_id=warehouse_id))
    session.flush()
    return cart


def change_cart(
    session: Session, cart: Cart, values: Mapping[str, Any], warehouse_ids: Sequence[int] | None
) -> dict[str, Any]:
    """Apply values; returns what they replaced. A change of rules plans and matches every listing anew."""
    before = {name: getattr(cart, name) for name, value in values.items() if getattr(cart, name) != value}
    for name in before:
        setattr(cart, name, values[name])
    if warehouse_ids is not None and sorted(warehouse_ids) != cart_warehouses(session, number(cart)):
        before["warehouses"] = cart_warehouses(session, number(cart))
        session.exec(delete(CartWarehouse).where(col(CartWarehouse.cart_id) == cart.id))
        session.add_all(
            CartWarehouse(cart_id=number(cart), warehouse_id=warehouse_id) for warehouse_id in warehouse_ids
        )
        cart.combine_all = not warehouse_ids
    if before:
        cart.rev += 1
    if before.keys() & {"system", "url", "options"}:  # another server may take more, or less
        cart.batch_most = cart.batch_most_at = None
        cart.listing_cursor, cart.listing_cursor_at = "", None
    if before.keys() & (RULE_SETTINGS | {"warehouses"}):
        cart.rules_rev += 1
        cart.watermark = 0
    session.add(cart)
    return before


CONNECTION_SETTINGS = ("system", "url", "login", "secret", "secrets", "deadline_ms")
"""What the further locations of a cart have from it, beside its options."""
LOCATION_OPTION = "location"
"""The connector option that each location of a cart has for itself."""


def locations_of(session: Session, cart_id: int) -> list[Cart]:
    """The further locations of a cart, by number."""
    return list(session.exec(select(Cart).where(Cart.of_cart == cart_id).order_by(col(Cart.id))))


def connection_at(cart: Mapping[str, Any], location: str) -> dict[str, Any]:
    """The connection of a cart, given by its columns, at another of its locations."""
    options = {**json.loads(cart["options"]), LOCATION_OPTION: location}
    return {**{name: cart[name] for name in CONNECTION_SETTINGS}, "options": json.dumps(options)}


def connect_alike(session: Session, cart: Cart) -> list[tuple[Cart, dict[str, Any]]]:
    """Give the further locations of a cart the connection that it has now; those that changed, and what it replaced."""
    changed, columns = [], cart.model_dump()
    for at in locations_of(session, number(cart)):
        before = change_cart(session, at, connection_at(columns, json.loads(at.options).get(LOCATION_OPTION, "")), None)
        if before:
            changed.append((at, before))
    return changed


def change_merchant(session: Session, merchant: Merchant, values: Mapping[str, Any]) -> dict[str, Any]:
    """Apply values; returns what they replaced. The switch and the staleness limit plan the merchant's carts anew."""
    before = {name: getattr(merchant, name) for name, value in values.items() if getattr(merchant, name) != value}
    for name in before:
        setattr(merchant, name, values[name])
    if before:
        merchant.rev += 1
        replan(session, number(merchant))
    session.add(merchant)
    return before


def replan(session: Session, merchant_id: int) -> None:
    """Let the next push of each of the merchant's carts look at every listing."""
    for cart in carts(session, merchant_id):
        cart.watermark = 0
        session.add(cart)


def merchants(session: Session) -> list[Merchant]:
    """All merchants by name."""
    return list(session.exec(select(Merchant).order_by(col(Merchant.name))))


def merchant(session: Session, merchant_id: int) -> Merchant | None:
    """A merchant by its number."""
    return session.get(Merchant, merchant_id)


def merchant_by_name(session: Session, name: str) -> Merchant | None:
    """A merchant by its exact name, or by its number."""
    by_name = session.exec(select(Merchant).where(Merchant.name == name)).first()
    return by_name or (session.get(Merchant, int(name)) if name.isdecimal() else None)


def source_of(session: Session, merchant_id: int) -> Source | None:
    """The WMS connection of a merchant."""
    return session.exec(select(Source).where(Source.merchant_id == merchant_id)).first()


def warehouses(session: Session, merchant_id: int) -> list[Warehouse]:
    """The merchant's warehouses, Default first."""
    return list(session.exec(select(Warehouse).where(Warehouse.merchant_id == merchant_id).order_by(col(Warehouse.id))))


def carts(session: Session, merchant_id: int | None = None) -> list[Cart]:
    """Carts by number, of one merchant or of all."""
    query = select(Cart).order_by(col(Cart.id))
    return list(session.exec(query if merchant_id is None else query.where(Cart.merchant_id == merchant_id)))


def cart_warehouses(session: Session, cart_id: int) -> list[int]:
    """The warehouses chosen for a cart, ascending; empty with Combine All Locations."""
    query = select(CartWarehouse.warehouse_id).where(CartWarehouse.cart_id == cart_id)
    return sorted(session.exec(query))


def alias_types(session: Session, merchant_id: int) -> list[AliasType]:
    """The alias types that were really loaded for a merchant."""
    query = select(AliasType).where(AliasType.merchant_id == merchant_id).order_by(col(AliasType.name))
    return list(session.exec(query))


def ensure_alias_type(session: Session, merchant_id: int, name: str) -> int:
    """The number of an alias type, added if no product has brought it yet."""
    for known in alias_types(session, merchant_id):
        if known.name == name:
            return number(known)
    added = AliasType(merchant_id=merchant_id, name=name)
    session.add(added)
    session.flush()
    return number(added)
