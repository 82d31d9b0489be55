"""The settings that a run works by, read in one place: `load_settings` is what a push, a preview and an explanation end in."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple, TypeVar

from invsync_tui.store import models
from invsync_tui.store.catalog import sync_marks
from invsync_tui.store.settings import columns as stored_columns
from invsync_tui.store.settings import read as settings_read

Row = TypeVar("Row", models.Merchant, models.Source, models.Cart)


class Settings(NamedTuple):
    """The settings a push works by, read once at its start."""

    merchant: models.Merchant
    source: models.Source
    cart: models.Cart
    warehouse_ids: frozenset[int]
    """Chosen and enabled warehouses of this cart; all enabled ones for Combine All Locations."""
    warehouse_codes: dict[int, str]
    gone: Mapping[int, str] = {}
    """Those of `warehouse_ids` in which the WMS offered stock once and does not any more, and why."""
    none_left: bool = False
    """All that were ever loaded are gone."""
    locations: Mapping[str, int] = {}
    """Further locations of the cart by id or name, with the carts of ours that set them."""
    location_reads: Mapping[int, sync_marks.LastRead] = {}
    """By such a cart, when it was read last, and the revision of its settings."""

    @property
    def switched_on(self) -> bool:
        """Both switches of the guide are on."""
        return self.merchant.inventory_sync and self.cart.upload_enabled

    @property
    def frozen(self) -> bool:
        """An operator has ordered that nothing is sent to this cart, or to any of its merchant's."""
        return self.cart.frozen_at is not None or self.merchant.frozen_at is not None

    @property
    def stale_after(self) -> int | None:
        """Seconds; the cart's own limit before the merchant's."""
        return self.cart.stale_after if self.cart.stale_after is not None else self.merchant.stale_after


def load_settings(cx: sqlite3.Connection, cart_id: int) -> Settings | None:
    """A cart's settings as they are saved; None where the cart or its merchant's WMS connection is gone."""
    columns = settings_read.cart(cx, cart_id)
    return None if columns is None else settings_of(cx, columns)


def settings_of(cx: sqlite3.Connection, columns: Mapping[str, Any]) -> Settings | None:
    """The settings with the columns of the cart as given, among them `warehouses` (see `store.stored.cart`), the rest as
    it is saved; None where the merchant has no WMS connection."""
    number = int(columns["merchant_id"])
    loaded = load_source(cx, number)
    if loaded is None:
        return None
    merchant, source = loaded
    enabled = settings_read.enabled_warehouses(cx, number)
    mine = enabled if columns["combine_all"] else enabled & set(columns["warehouses"])
    codes = {place.id: place.code for place in settings_read.places(cx, number)}
    gone = sync_marks.gone_of(cx, number, mine)
    cart = row_of(models.Cart, columns)
    locations = settings_read.other_locations(cx, int(cart.id or 0))
    reads = sync_marks.last_reads(cx, list(locations.values())) if locations else {}
    return Settings(merchant, source, cart, mine, codes, *gone, locations, reads)


def load_source(cx: sqlite3.Connection, merchant_id: int) -> tuple[models.Merchant, models.Source] | None:
    """A merchant with its WMS connection; None where it has none."""
    merchant = stored_columns.of_merchant(cx, merchant_id)
    source = stored_columns.of_source(cx, merchant_id)
    if merchant is None or source is None:
        return None
    return row_of(models.Merchant, merchant), row_of(models.Source, source)


def row_of(kind: type[Row], columns: Mapping[str, Any]) -> Row:
    """A row of the model out of columns by name: those that are missing take the model's defaults, others are left out."""
    names, switches = _columns_of(kind)
    values: dict[str, Any] = {
        name: bool(value) if name in switches else value for name, value in columns.items() if name in names
    }
    return kind(**values)


@cache
def _columns_of(kind: type[Row]) -> tuple[frozenset[str], frozenset[str]]:
    """All columns of a model, and those that are yes or no, which SQLite keeps as 1 and 0."""
    fields = kind.model_fields
    return frozenset(fields), frozenset(name for name, field in fields.items() if field.annotation is bool)
