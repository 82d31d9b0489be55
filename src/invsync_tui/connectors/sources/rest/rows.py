"""Records of a REST answer as warehouses, products and levels; what cannot be read is named and costs no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from invsync_tui.connectors.base import (
    DEFAULT_WAREHOUSE_REF,
    AliasRow,
    ComponentRow,
    LevelRow,
    ProductRow,
    WarehouseRow,
)
from invsync_tui.connectors.sources.rest.layout import Listing, RecordPath, Records
from invsync_tui.connectors.values import (
    NEEDED_MOST,
    describe_value,
    fraction,
    quantity,
    reference,
    seconds,
    text,
    whole,
    yes_or_no,
)

Rejected = tuple[str, str]
SEVERAL = "several records for it in one warehouse on one page, with different quantities"
ONE_EACH = "several different products with this reference on one page; give each variant's own id as ref"
QUANTITIES = ("on_hand", "available", "committed", "incoming")


def read_each(records: Sequence[Any], name: RecordPath, read: Callable[[Any], Any]) -> tuple[list[Any], list[Rejected]]:
    """Each record as a row, and (reference, why) of those that cannot be read; `name` is where they are named."""
    rows: list[Any] = []
    rejected: list[Rejected] = []
    for record in records:
        try:
            rows.append(read(record))
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            rejected.append((_named(record, name), str(error)))
    return rows, rejected


def _named(record: Any, name: RecordPath) -> str:
    try:
        return reference(name.find(record))
    except ValueError:
        return "?"


def warehouse(listing: Listing, record: Any) -> WarehouseRow:
    """A warehouse; without a code it is called by its reference."""
    fields = {name: place.find(record) for name, place in listing.fields.items()}
    ref = _site(fields["ref"])
    code = reference(fields["code"]) if fields.get("code") is not None else ref
    return WarehouseRow(ref, code, _maybe_text(fields.get("name")) or code, _flag(fields.get("active"), "active"))


def _site(value: object) -> str:
    """The reference of a warehouse; a blank one is Default."""
    return DEFAULT_WAREHOUSE_REF if isinstance(value, str) and not value.strip() else reference(value)


def product(listing: Listing, record: Any) -> ProductRow:
    """A product with its codes and parts."""
    fields = {name: place.find(record) for name, place in listing.fields.items()}
    codes = [(kind, place.find(record)) for kind, place in listing.codes.items()]
    codes += [(text(kind).upper() or "CUSTOM", code) for kind, code in _inner(listing.code_list, record)]
    return ProductRow(
        reference(fields["ref"]),
        _maybe_code(fields["sku"]),
        _maybe_text(fields.get("name")),
        tuple(AliasRow(kind, other) for kind, code in codes if (other := _maybe_code(code)) is not None),
        tuple(
            ComponentRow(reference(ref), whole(needed, 0, NEEDED_MOST)) for ref, needed in _inner(listing.parts, record)
        ),
        _flag(fields.get("active"), "active"),
        _flag(fields.get("counted"), "counted"),
    )


def _inner(records: Records | None, record: Any) -> list[tuple[Any, Any]]:
    if records is None:
        return []
    rows = records.rows.find(record)
    if rows is None and records.rows.may_miss:
        return []
    if not isinstance(rows, list):
        raise ValueError(f"{'.'.join(records.rows.steps)} is no list")
    return [(records.first.find(row), records.second.find(row)) for row in rows]


def _maybe_text(value: object) -> str:
    return "" if value is None else text(value)


def _maybe_code(value: object) -> str | None:
    """A code that may be blank; a number is taken as its digits."""
    return None if value is None or (isinstance(value, str) and not value.strip()) else reference(value)


def _flag(value: object, name: str) -> bool:
    """A boolean, true where it may be missing and is."""
    try:
        return True if value is None else yes_or_no(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def level(listing: Listing, numbers: str, warehouse_ref: str | None, record: Any) -> LevelRow:
    """A level. `warehouse_ref` is the warehouse that was asked for, None where levels of all come together."""
    fields = {name: place.find(record) for name, place in listing.fields.items()}
    values = {name: _quantity(fields.get(name), name, numbers, must=name == "available") for name in QUANTITIES}
    available = values["available"]
    assert available is not None  # noqa: S101 (`_quantity` refuses it)
    site = DEFAULT_WAREHOUSE_REF if warehouse_ref is None else warehouse_ref
    if "warehouse" in fields and (fields["warehouse"] is not None or warehouse_ref is None):
        site = _site(fields["warehouse"])
        if warehouse_ref is not None and site != warehouse_ref:
            raise ValueError(
                f"it is of warehouse {describe_value(site)}, and {describe_value(warehouse_ref)} was asked for"
            )
    raw = record if isinstance(record, dict) else None
    part = _fraction(fields.get("available"), numbers)
    return LevelRow(reference(fields["product"]), site, values["on_hand"], available, values["committed"],
                    values["incoming"], _moment(fields.get("read_at")), raw, part)  # fmt: skip


def _quantity(value: object, name: str, numbers: str, *, must: bool) -> int | None:
    if value is None and not must:
        return None
    try:
        if numbers == "text" and isinstance(value, str):
            return quantity(_decimal(value))
        return quantity(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _fraction(available: object, numbers: str) -> str:
    """The digits of a quantity that was read by `_quantity`, where it is no whole number."""
    return fraction(_decimal(available) if numbers == "text" and isinstance(available, str) else available)


def _decimal(value: str) -> Decimal:
    if len(value) > 40 or not value.isascii() or "_" in value:
        raise ValueError(f"{describe_value(value)} is not a number")
    try:
        return Decimal(value.strip())
    except InvalidOperation:
        raise ValueError(f"{describe_value(value)} is not a number") from None


def _moment(value: object) -> int | None:
    """Epoch seconds of a reading, given as such or as a time with its zone."""
    if value is None or type(value) in (int, float):
        return None if value is None else seconds(int(value))  # type: ignore[call-overload]
    moment = datetime.fromisoformat(text(value))
    if moment.tzinfo is None:
        raise ValueError(f"read_at: {describe_value(value)} names no time zone")
    return seconds(int(moment.timestamp()))


def without_doubles(rows: list[LevelRow]) -> tuple[list[LevelRow], list[Rejected]]:
    """Levels without those of products that are on the page several times with different numbers: neither is the stock."""
    different = Counter((ref, site) for ref, site, _ in {(row[0], row[1], row[2:6]) for row in rows})
    several = {pair for pair, count in different.items() if count > 1}
    if not several:
        return rows, []
    refs = dict.fromkeys(row.product_ref for row in rows if row[:2] in several)
    return [row for row in rows if row[:2] not in several], [(ref, SEVERAL) for ref in refs]


def products_without_doubles(rows: list[ProductRow]) -> tuple[list[ProductRow], list[Rejected]]:
    """Products without those whose reference is on the page several times for different ones: the last would hide the others."""
    different = Counter(row.ref for row in {*rows})
    several = {ref for ref, count in different.items() if count > 1}
    if not several:
        return rows, []
    refs = dict.fromkeys(row.ref for row in rows if row.ref in several)
    return [row for row in rows if row.ref not in several], [(ref, ONE_EACH) for ref in refs]
