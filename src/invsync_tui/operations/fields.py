"""The settings of merchants and carts as fields of forms: their labels, how they are typed, checked and shown.

The checks are those of the command line (`values`), so that both say the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from invsync_tui.operations import values
from invsync_tui.operations.lists import FieldKind

Show = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name, where it is stored, and what an operator sees of it."""

    name: str
    column: str
    label: str
    kind: FieldKind
    help: str
    read: Callable[[str, str], Any]
    """From (field, text) to the stored value."""
    show: Show
    optional: bool = False


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _or_none(value: Any) -> str:
    return values.NONE if value is None else str(value)


def _switch(value: Any) -> str:
    return values.ON if value else values.OFF


def _span(value: Any) -> str:
    return values.OFF if value is None else values.span(int(value))


def _wait(value: Any) -> str:
    return values.span(int(value or 0))


def _limit(value: Any) -> str:
    return values.NONE if value is None else values.span(int(value))


def _milliseconds(value: Any) -> str:
    return values.span(int(value) // 1000)


def _options(value: Any) -> str:
    return ", ".join(f"{key}={one}" for key, one in json.loads(value or "{}").items())


def read_options(field: str, text: str) -> str:
    """`K=V, K=V` as it is stored."""
    try:
        return json.dumps(values.options(part.strip() for part in text.split(",") if part.strip()))
    except values.InvalidError as error:
        raise values.InvalidError(field, str(error).partition(": ")[2]) from error


_SHOWN: Mapping[str, tuple[FieldKind, Show]] = {
    "url": (FieldKind.TEXT, _text),
    "login": (FieldKind.TEXT, _text),
    "secret": (FieldKind.SECRET_REF, _text),
    "deadline": (FieldKind.DURATION, _milliseconds),
    "sync": (FieldKind.SWITCH, _switch),
    "stale-after": (FieldKind.DURATION, _limit),
    "full-every": (FieldKind.DURATION, _span),
    "orders-within": (FieldKind.DURATION, _wait),
    "upload": (FieldKind.SWITCH, _switch),
    "end-at": (FieldKind.NUMBER, _or_none),
    "max": (FieldKind.NUMBER, _or_none),
    "heal": (FieldKind.TEXT, _text),
    "inactive-products": (FieldKind.TEXT, _text),
}
_LABELS: Mapping[str, str] = {
    "url": "Address",
    "login": "Login",
    "secret": "Secret (a reference)",
    "deadline": "Longest wait for an answer",
    "sync": "Synchronization With WMS - Inventory",
    "stale-after": "Readings may be pushed for",
    "full-every": "Complete download every",
    "orders-within": "Orders reach the WMS within",
    "upload": "Inventory Upload Service",
    "minimum": "Minimum Inventory Level",
    "end-at": "Sold out at and below",
    "buffer": "Buffer",
    "share": "Share in percent",
    "max": "Maximum",
    "zero-count": "Hold if more are set to 0",
    "zero-percent": "Hold above this percent set to 0",
    "shrink-percent": "Hold if the catalogue lost more percent",
    "jump-factor": "A jump: by more than this factor",
    "jump-count": "Hold if more jump",
    "jump-percent": "Hold above this percent that jump",
    "heal": "Drift radar puts right by itself",
    "inactive-products": "Inactive products: keep or zero",
}
_OPTIONAL = frozenset({"login", "secret", "stale-after", "end-at", "max"})


def _of(field: values.Field) -> Setting:
    kind, show = _SHOWN.get(field.key, (FieldKind.NUMBER, _text))
    label = _LABELS[field.key]
    return Setting(field.key, field.column, label, kind, field.help, field.read, show, field.key in _OPTIONAL)


NAME = Setting("name", "name", "Name", FieldKind.TEXT, "how it is called here", values.name, _text)
OPTIONS = Setting(
    "options", "options", "Connector's options", FieldKind.TEXT, "K=V, K=V", read_options, _options, optional=True
)


def _every(label: str, note: str) -> Setting:
    return Setting("every", "every", label, FieldKind.DURATION, note, values.read_schedule, _span, optional=True)


ALIAS, WAREHOUSES = "alias", "warehouses"
"""Fields whose choices depend on what is loaded; see `choices`."""

_MERCHANT = {one.name: one for one in map(_of, (*values.MERCHANT_FIELDS, *values.SOURCE_FIELDS))}
MERCHANT: tuple[Setting, ...] = (
    _MERCHANT["sync"],
    _every("Inventory download every", "15m, 1h, ...; off downloads on request only"),
    _MERCHANT["full-every"],
    _MERCHANT["orders-within"],
    _MERCHANT["stale-after"],
    *(_MERCHANT[name] for name in ("url", "login", "secret", "deadline")),
    OPTIONS,
    NAME,
)
_CART = {one.name: one for one in map(_of, values.CART_FIELDS)}
CART_FIRST: tuple[Setting, ...] = (_CART["upload"],)
"""Before the warehouses and the alias."""
CART_REST: tuple[Setting, ...] = (
    *(_CART[name] for name in ("minimum", "buffer", "share", "max", "end-at", "inactive-products")),
    _every("Push every", "15m, 1h, ...: by this period alone; off: after each scheduled inventory download"),
    *(_CART[name] for name in ("stale-after", "zero-count", "zero-percent", "shrink-percent")),
    *(_CART[name] for name in ("jump-factor", "jump-count", "jump-percent", "heal")),
    *(_CART[name] for name in ("url", "login", "secret", "deadline")),
    OPTIONS,
    NAME,
)
