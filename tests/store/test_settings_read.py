"""The one reader of settings has every column of the models, by name, and builds the same rows as SQLModel does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from invsync_tui.operations.settings.views import carts, merchants
from invsync_tui.store import models
from invsync_tui.store.settings import read as settings_read
from invsync_tui.store.settings import write as settings_write
from invsync_tui.sync.settings import Settings, load_settings
from tests.support.stores.healthy_store import field


def _odd(kind: type[Any], besides: set[str]) -> dict[str, Any]:
    """For each column a value that no other column has; what is no number is a text."""
    odd: dict[str, Any] = {}
    for number, (name, info) in enumerate(kind.model_fields.items(), start=41):
        if name not in besides:
            text = info.annotation is str
            odd[name] = True if info.annotation is bool else f"text {number}" if text else number
    return odd


def test_every_column_is_read_by_its_name(tmp_path: Path) -> None:
    # given: rows in which no two columns have the same value
    session = field(tmp_path / "store.db", ("Default", "WEST"))
    store = session.store
    odd = {
        "cart": _odd(models.Cart, {"id", "merchant_id", "options", "gone_accepted", "combine_all"}),
        "source": _odd(models.Source, {"id", "merchant_id", "options"}),
        "merchant": _odd(models.Merchant, {"id"}),
    }
    odd["cart"]["push_kind"] = 0
    with store.transaction() as tx:
        for table, values in odd.items():
            places = ", ".join(f"{name} = ?" for name in values)
            tx.execute(f"UPDATE {table} SET {places} WHERE id = 1", tuple(values.values()))
    # when
    with store.reading() as cx:
        cart, merchant = settings_read.cart(cx, 1), settings_read.merchant(cx, 1)
        listed = {row["id"]: row for row in settings_read.carts(cx)}
        (source_too,) = settings_read.merchants(cx)
        loaded = load_settings(cx, 1)
    # then: all columns are there and have their own value
    assert cart is not None and merchant is not None and loaded is not None
    assert cart.keys() == models.Cart.model_fields.keys() | {"warehouses", "every"}
    assert listed[1].keys() == models.Cart.model_fields.keys() | {
        "merchant",
        "alias",
        "every",
        "next_at",
        "inventory_sync",
    }
    assert merchant.keys() == models.Merchant.model_fields.keys() | models.Source.model_fields.keys() | {"every"}
    assert source_too.keys() == merchant.keys() | {"next_at"}
    for found in (cart, listed[1]):
        assert {name: found[name] for name in odd["cart"]} == odd["cart"]
    for found in (merchant, source_too):
        assert {name: found[name] for name in odd["source"]} == odd["source"]
        assert {name: found[name] for name in odd["merchant"]} == odd["merchant"]
    # and a run works by the rows that SQLModel reads
    with store.session() as db:
        rows = db.get_one(models.Merchant, 1), db.get_one(models.Source, 1), db.get_one(models.Cart, 1)
        assert [row.model_dump() for row in loaded[:3]] == [row.model_dump() for row in rows]
        assert loaded.cart.upload_enabled is True and loaded.merchant.inventory_sync is True
        assert loaded.warehouse_ids == set(settings_write.cart_warehouses(db, 1))


@pytest.mark.parametrize("gone", ["cart", "source", "merchant"])
def test_without_cart_or_connection_there_are_no_settings(tmp_path: Path, gone: str) -> None:
    session = field(tmp_path / "store.db")
    with session.store.transaction() as tx:
        tx.execute(f"DELETE FROM {gone} WHERE id = 1")
    with session.store.reading() as cx:
        assert load_settings(cx, 1) is None


def test_lists_of_settings_keep_to_their_merchant(tmp_path: Path) -> None:
    session = field(tmp_path / "store.db")
    with session.store.transaction() as tx:
        tx.execute("INSERT INTO merchant (id, name, created_at) VALUES (9, 'Bare', 1)")
        tx.execute("INSERT INTO cart (merchant_id, name, system, url, created_at) VALUES (9, 'Lone', 's', 'u', 1)")
    assert [(merchant.id, merchant.source is None) for merchant in merchants(session)] == [(9, True), (1, False)]
    assert [cart.name for cart in carts(session)] == ["Lone", "First", "Second"]
    assert [cart.name for cart in carts(session, 9)] == ["Lone"]
    with session.store.reading() as cx:
        second = load_settings(cx, 2)
    assert isinstance(second, Settings) and len(second.warehouse_ids) == 1 and len(second.warehouse_codes) == 3
