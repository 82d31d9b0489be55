"""The breakers' limits of a merchant's carts, side by side."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

from invsync_tui.store.settings import stored


class LimitsOf(NamedTuple):
    """One cart and its columns, among them its limits."""

    cart_id: int
    cart: str
    values: Mapping[str, Any]


def of_merchant(cx: sqlite3.Connection, merchant_id: int) -> list[LimitsOf]:
    """All carts of a merchant, by number."""
    return [LimitsOf(row["id"], row["name"], row) for row in stored.carts(cx, merchant_id)]
