"""The settings of a cart at a moment of the past: the present ones, with every change since taken back by its audit entry."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from invsync_tui.store.models import CartRules, SafetyRules
from invsync_tui.store.settings import read as settings_read

_ELSEWHERE = {"combine_all": "warehouses", "push_kind": "alias"}
"""Columns that are told by what they mean."""
CART = tuple(_ELSEWHERE.get(name, name) for name in (*CartRules.model_fields, *SafetyRules.model_fields))
MERCHANT = ("inventory_sync", "stale_after")
SWITCHES = frozenset({"upload_enabled", "inventory_sync"})


def of_cart(cx: sqlite3.Connection, cart_id: int, at: int) -> dict[str, Any] | None:
    """By column, the merchant's with `merchant.` before its name; None before the cart was there, or where it is gone.

    `warehouses` are codes, [] for Combine All Locations; `alias` is the type of the codes that are pushed.
    """
    present = settings_read.cart(cx, cart_id)
    if present is None or at < present["created_at"]:
        return None
    cart = _taken_back(cx, present, f"cart:{cart_id}", at)
    number = int(present["merchant_id"])
    merchant = _taken_back(cx, settings_read.merchant(cx, number) or {}, f"merchant:{number}", at)
    values = {name: _readable_value(name, cart.get(name)) for name in CART}
    values["warehouses"] = _codes(cx, cart["warehouses"])
    values["alias"] = _alias(cx, cart["push_kind"])
    return values | {f"merchant.{name}": _readable_value(name, merchant.get(name)) for name in MERCHANT}


def _taken_back(cx: sqlite3.Connection, present: Mapping[str, Any], subject: str, at: int) -> dict[str, Any]:
    """The columns of a subject with every later change undone, the newest first."""
    kind = subject.partition(":")[0]
    rows = cx.execute(
        "SELECT before FROM audit WHERE subject = ? AND action = ? AND at > ? ORDER BY id DESC",
        (subject, f"{kind} set", at),
    )
    result = dict(present)
    for (before,) in rows:
        changed: dict[str, Any] = json.loads(before or "{}")
        result.update({name: value for name, value in changed.items() if name in result})
    return result


def _readable_value(name: str, value: Any) -> Any:
    return bool(value) if name in SWITCHES else value


def _codes(cx: sqlite3.Connection, numbers: list[int]) -> list[str]:
    rows = cx.execute("SELECT code FROM warehouse WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(numbers),))
    return sorted(row[0] for row in rows)


def _alias(cx: sqlite3.Connection, kind: int) -> str:
    row = cx.execute("SELECT name FROM alias_type WHERE id = ?", (kind,)).fetchone()
    return str(row[0]) if row else "SKU"
