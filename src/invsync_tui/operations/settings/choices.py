"""The two settings of a cart whose choices depend on what is loaded: its alias type and its warehouses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from invsync_tui.operations.catalog import aliases, stock
from invsync_tui.operations.errors import InvalidError, as_operation_error
from invsync_tui.operations.lists.list_views import AliasTypeLine, Choice, WarehouseLine
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import values
from invsync_tui.operations.settings.carts import ALIAS_TYPES
from invsync_tui.operations.settings.fields import ALIAS, CART, WAREHOUSES, setting
from invsync_tui.operations.settings.setting import Setting
from invsync_tui.plain_text import counted
from invsync_tui.store.settings import read as settings_read

NEW = -1
"""The kind of an alias type that the WMS has not loaded."""


def alias(types: Sequence[AliasTypeLine]) -> tuple[Setting, tuple[Choice, ...]]:
    """Push Inventory Using Alias: what was loaded, with how many products have it and how many codes collide."""
    kinds = {alias_type.name: alias_type.kind for alias_type in types}
    names = {alias_type.kind: alias_type.name for alias_type in types}

    def read(field: str, text: str) -> int:
        name = values.line(field, text, values.NAME_MOST).upper()
        values.one_of(field, name, list(dict.fromkeys((*kinds, *ALIAS_TYPES))))
        return kinds.get(name, NEW)

    def show(kind: Any) -> str:
        return names.get(int(kind), f"type {kind}")

    return _with(ALIAS, read, show), tuple(
        Choice(alias_type.name, alias_type.name, _counted(alias_type)) for alias_type in types
    )


def _counted(alias_type: AliasTypeLine) -> str:
    text = counted(alias_type.products, "product")
    if alias_type.missing:
        text += f", {alias_type.missing} {'lacks' if alias_type.missing == 1 else 'lack'} it"
    return text + (
        f", {alias_type.collisions} {'code collides' if alias_type.collisions == 1 else 'codes collide'}"
        if alias_type.collisions
        else ""
    )


def warehouses(places: Sequence[WarehouseLine]) -> tuple[Setting, tuple[Choice, ...]]:
    """Sync Inventory With Warehouse: codes by comma, none for Combine All Locations."""
    by_value = _values(places)
    by_id = {number: value for value, number in by_value.items()}

    def read(field: str, text: str) -> list[int]:
        wanted = [part.strip() for part in text.split(",") if part.strip()]
        for chosen in wanted:
            if chosen not in by_value:
                known = ", ".join(by_value) or "none yet"
                raise InvalidError(field, f"no warehouse {chosen!r} has been loaded; known: {known}.")
        return sorted({by_value[chosen] for chosen in wanted})

    def show(ids: Any) -> str:
        return ",".join(by_id.get(int(number), f"number {number}") for number in ids)

    return _with(WAREHOUSES, read, show), tuple(
        Choice(by_id[place.id], place.code, _described(place)) for place in places
    )


def _with(name: str, read: Callable[[str, str], Any], show: Callable[[Any], str]) -> Setting:
    """A setting of the table that reads and shows what is loaded."""
    known = setting(CART, name)
    return replace(known, value=replace(known.value, read=read, show=show))


def _values(places: Sequence[WarehouseLine]) -> Mapping[str, int]:
    """What names a warehouse in a list by comma: its code, or its number where the code cannot."""
    codes = [place.code for place in places]
    return {
        (
            place.code if codes.count(place.code) == 1 and "," not in place.code and place.code else f"#{place.id}"
        ): place.id
        for place in places
    }


def _described(warehouse: WarehouseLine) -> str:
    message = counted(warehouse.products, "product")
    marks = [text for text, applies in _marks(warehouse) if applies]
    return ", ".join([warehouse.name, message, *marks] if warehouse.name != warehouse.code else [message, *marks])


def _marks(warehouse: WarehouseLine) -> tuple[tuple[str, bool], ...]:
    return (
        ("disabled", not warehouse.enabled),
        ("no longer reported", warehouse.vanished_at is not None),
        ("stale", warehouse.stale),
    )


def of_cart(session: Session, merchant_id: int) -> dict[str, tuple[Setting, tuple[Choice, ...]]]:
    """Both, for a cart of a merchant."""
    return {
        WAREHOUSES: warehouses(stock.warehouses(session, merchant_id)),
        ALIAS: alias(aliases.types(session, merchant_id)),
    }


def references(session: Session, merchant_id: int, ids: Sequence[int]) -> list[str]:
    """Warehouses as the command line names them: by code, or by the WMS's reference where a code is used twice."""
    with as_operation_error(), session.store.reading() as cx:
        places = settings_read.places(cx, merchant_id)
    codes = [place.code for place in places]
    return [place.code if codes.count(place.code) == 1 else place.ref for place in places if place.id in ids]
