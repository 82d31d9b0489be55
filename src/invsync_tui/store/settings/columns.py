"""Merchants, WMS connections and carts by the names of their columns."""

from __future__ import annotations

import sqlite3
from typing import Any

from invsync_tui.store.named_rows import record


def of_merchant(cx: sqlite3.Connection, merchant_id: int) -> dict[str, Any] | None:
    """The columns of a merchant; None where there is none of this number."""
    return record(cx, "SELECT * FROM merchant WHERE id = ?", (merchant_id,))


def of_source(cx: sqlite3.Connection, merchant_id: int) -> dict[str, Any] | None:
    """The columns of a merchant's WMS connection; None where it has none."""
    return record(cx, "SELECT * FROM source WHERE merchant_id = ?", (merchant_id,))


def of_cart(cx: sqlite3.Connection, cart_id: int) -> dict[str, Any] | None:
    """The columns of a cart; None where there is none of this number."""
    return record(cx, "SELECT * FROM cart WHERE id = ?", (cart_id,))
