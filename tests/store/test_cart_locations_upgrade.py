"""Carts that differ in nothing but the location become locations of one cart when an older store is opened."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from invsync_tui.store.database import open_store
from tests.support.stores import old_stores

CART = "INSERT INTO cart (merchant_id, name, system, url, login, secret, options, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, 1)"
SHOP = ("vendure", "https://shop.example", "sync", "env:SHOP")


def _add(store: Path, merchant: int, name: str, connection: tuple[str, ...], options: dict[str, str]) -> int:
    with closing(sqlite3.connect(store)) as cx, cx:
        return int(cx.execute(CART, (merchant, name, *connection, json.dumps(options))).lastrowid or 0)


def _lease(store: Path, cart: int, epoch: int) -> None:
    with closing(sqlite3.connect(store)) as cx, cx:
        cx.execute("INSERT INTO lease (key, epoch, holder, until) VALUES (?, ?, '', 0)", (f"push:{cart}", epoch))


def test_carts_that_differ_in_the_location_alone_are_joined_and_no_others(tmp_path: Path) -> None:
    store = old_stores.make(tmp_path / "store.db", 7)
    east = _add(store, 1, "East", SHOP, {"location": "East", "channel": "a"})
    west = _add(store, 1, "West", SHOP, {"channel": "a", "location": "West"})
    north = _add(store, 1, "North", SHOP, {"location": "North", "channel": "a"})
    others = [
        _add(store, 2, "East", SHOP, {"location": "West", "channel": "a"}),  # another merchant's
        _add(store, 1, "Other login", (*SHOP[:2], "other", SHOP[3]), {"location": "West", "channel": "a"}),
        _add(store, 1, "Other channel", SHOP, {"location": "West", "channel": "b"}),
        _add(store, 1, "No location", SHOP, {"channel": "a"}),
    ]
    open_store(store).close()
    with closing(sqlite3.connect(store)) as cx:
        of_cart = dict(cx.execute("SELECT id, of_cart FROM cart").fetchall())
    assert of_cart[east] is None
    assert of_cart[west] == of_cart[north] == east
    assert [of_cart[cart] for cart in others] == [None] * len(others)


def test_what_the_joined_carts_wrote_is_never_newer_than_what_they_write_together(tmp_path: Path) -> None:
    """An answer counts by its epoch: the shared lease goes on behind the highest that any of them had."""
    store = old_stores.make(tmp_path / "store.db", 7)
    carts = [_add(store, 1, name, SHOP, {"location": name}) for name in ("A", "B", "C")]
    _lease(store, carts[1], 70)
    _lease(store, carts[2], 500)
    open_store(store).close()
    with closing(sqlite3.connect(store)) as cx:
        epochs = dict(cx.execute("SELECT key, epoch FROM lease").fetchall())
    assert epochs[f"push:{carts[0]}"] == 500


def test_the_first_carts_own_epoch_is_raised(tmp_path: Path) -> None:
    store = old_stores.make(tmp_path / "store.db", 7)
    carts = [_add(store, 1, name, SHOP, {"location": name}) for name in ("A", "B")]
    _lease(store, carts[0], 3)
    _lease(store, carts[1], 9)
    open_store(store).close()
    with closing(sqlite3.connect(store)) as cx:
        assert cx.execute("SELECT epoch FROM lease WHERE key = ?", (f"push:{carts[0]}",)).fetchone()[0] == 9
