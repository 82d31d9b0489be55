"""Warehouses in words, for the screens that list them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from invsync_tui.operations.lists.list_views import WarehouseLine


def called(warehouse: WarehouseLine) -> str:
    """The code, by which settings, commands and explanations name it, and the name where that is another."""
    code, name = warehouse.code or warehouse.name, warehouse.name
    return code if name in ("", code) else f"{code} {name}"
