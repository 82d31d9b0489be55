"""What WordPress and WooCommerce accept in a request, and how they refuse the rest.

From the parameter and property tables of https://woocommerce.github.io/woocommerce-rest-api-docs/ (products, product variations,
orders, errors, pagination). The forms of `rest_invalid_param` are those of WordPress.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import parse_qsl

Note = Callable[[str], None]
"""Called with a sentence about what a client should not have sent."""

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)?")
_BOOLEANS = {"1": True, "true": True, "0": False, "false": False, "": False}


class WooError(Exception):
    """An answer in WordPress's form: {code, message, data: {status, ...}}."""

    def __init__(self, status: int, code: str, message: str, **data: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.data = status, code, message, data

    def body(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "data": {"status": self.status, **self.data}}


def no_route() -> WooError:
    return WooError(404, "rest_no_route", "No route was found matching the URL and request method.")


@dataclass(frozen=True, slots=True)
class Param:
    """One documented query parameter. `kind`: integer, boolean, string, date, ids or words (a list)."""

    kind: str
    options: frozenset[str] = frozenset()
    least: int | None = None
    most: int | None = None
    modelled: bool = True
    """False: documented, but this fake does not know what it does."""


def _one(*options: str) -> Param:
    return Param("string", frozenset(options))


def _many(*options: str) -> Param:
    return Param("words", frozenset(options))


def _unmodelled(*names: str) -> dict[str, Param]:
    return dict.fromkeys(names, Param("string", modelled=False))


COMMON = {
    "_fields": Param("string"), "context": _one("view", "edit"), "page": Param("integer", least=1),
    "per_page": Param("integer", least=1, most=100), "offset": Param("integer"), "order": _one("asc", "desc"),
    "search": Param("string"), "after": Param("date"), "before": Param("date"), "modified_after": Param("date"),
    "modified_before": Param("date"), "dates_are_gmt": Param("boolean"), "include": Param("ids"),
    "exclude": Param("ids"), "parent": Param("ids"), "parent_exclude": Param("ids"),
}  # fmt: skip
_STATUSES = ("future", "trash", "draft", "pending", "private", "publish")
STOCK_STATUSES = ("instock", "outofstock", "onbackorder")
_GOODS = {
    "status": _one("any", *_STATUSES), "include_status": _many("any", *_STATUSES), "exclude_status": _many(*_STATUSES),
    "sku": Param("string"), "stock_status": _one(*STOCK_STATUSES),
    **_unmodelled("slug", "tax_class", "on_sale", "min_price", "max_price", "virtual", "downloadable"),
}  # fmt: skip
VARIATIONS = {**COMMON, **_GOODS, "orderby": _one("date", "modified", "id", "include", "title", "slug")}
ORDER_STATUSES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed")
ORDERS = {
    **COMMON, "orderby": _one("date", "modified", "id", "include", "title", "slug"),
    "status": _many("any", "trash", *ORDER_STATUSES), "product": Param("integer"), "dp": Param("integer"),
    **_unmodelled("customer"),
}  # fmt: skip
SINGLE = {"_fields": Param("string"), "context": _one("view", "edit")}


def products(types: frozenset[str]) -> dict[str, Param]:
    """Parameters of the list of products in a shop with these types of products."""
    ways = ("date", "modified", "id", "include", "title", "slug", "price", "popularity", "rating", "menu_order")
    return {
        **COMMON, **_GOODS, "orderby": _one(*ways), "type": Param("string", types),
        "include_types": Param("words", types), "exclude_types": Param("words", types),
        **_unmodelled("search_fields", "featured", "category", "tag", "shipping_class", "attribute", "attribute_term"),
    }  # fmt: skip


# --- query -----------------------------------------------------------------------------------------------------------


def read_query(query: str) -> dict[str, Any]:
    """As PHP reads it: the last of several wins, `name[]` and `name[0]` gather a list."""
    checked: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        base, bracket, _ = name.partition("[")
        if bracket:
            held = checked.get(base)
            checked[base] = [*held, value] if isinstance(held, list) else [value]
        else:
            checked[name] = value
    return checked


def check_query(given: Mapping[str, Any], known: Mapping[str, Param], note: Note) -> dict[str, Any]:
    """Values in their types. Unknown names are ignored as WordPress does, and noted; wrong values are a 400."""
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, value in given.items():
        param = known.get(name)
        if param is None or not param.modelled:
            note(f"parameter {name} is {'unknown' if param is None else 'not modelled by this fake'}")
            continue
        try:
            values[name] = _value(name, value, param)
        except ValueError as why:
            wrong[name] = str(why)
    if values.get("context") == "edit":
        note("context=edit is not modelled by this fake")
    refuse(wrong, note)
    return values


def refuse(wrong: Mapping[str, str], note: Note) -> None:
    """Raise `rest_invalid_param` if there is anything wrong."""
    if not wrong:
        return
    for why in wrong.values():
        note(why)
    details = {name: {"code": "rest_invalid_type", "message": why, "data": None} for name, why in wrong.items()}
    message = f"Invalid parameter(s): {', '.join(wrong)}"
    raise WooError(400, "rest_invalid_param", message, params=dict(wrong), details=details)


def _value(name: str, value: Any, param: Param) -> Any:
    if param.kind in ("ids", "words"):
        parts = value if isinstance(value, list) else [part for part in re.split(r"[\s,]+", value) if part]
        kind = "integer" if param.kind == "ids" else "string"
        single = Param(kind, param.options)
        return [_value(f"{name}[{place}]", part, single) for place, part in enumerate(parts)]
    if isinstance(value, list):
        raise ValueError(f"{name} is not of type {'string' if param.kind == 'date' else param.kind}.")
    match param.kind:
        case "integer":
            return _integer(name, value, param)
        case "boolean":
            if value.lower() not in _BOOLEANS:
                raise ValueError(f"{name} is not of type boolean.")
            return _BOOLEANS[value.lower()]
        case "date" if not _DATE.fullmatch(value):
            raise ValueError("Invalid date.")
    if param.options and value not in param.options:
        raise ValueError(f"{name} is not one of {', '.join(sorted(param.options))}.")
    return value


def _integer(name: str, value: str, param: Param) -> int:
    if not re.fullmatch(r"-?\d+", value):
        raise ValueError(f"{name} is not of type integer.")
    number = int(value)
    if param.least is not None and param.most is not None and not param.least <= number <= param.most:
        raise ValueError(f"{name} must be between {param.least} (inclusive) and {param.most} (inclusive)")
    if param.least is not None and number < param.least:
        raise ValueError(f"{name} must be greater than or equal to {param.least}")
    return number


def moment(text: str, zone: tzinfo) -> datetime:
    """A date as UTC; one without an offset is in `zone`."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


VERSIONED = {
    "name",
    "type",
    "parent_id",
    "global_unique_id",
    "bundled_items",
    "bundle_stock_quantity",
    "bundle_stock_status",
}
"""Fields that some versions, types of products or extensions answer with: asking for them is no mistake."""


def pick(record: Any, fields: str, note: Note) -> Any:
    """`_fields`: names with dots for objects inside. A path into a list gives nothing, as WordPress compares keys."""
    names = [name for name in re.split(r"[\s,]+", fields) if name]
    values: dict[str, Any] = {}
    for name in names:
        first, dot, rest = name.partition(".")
        if first not in record and first in VERSIONED:
            continue
        if first not in record:
            note(f"_fields names {name}, which this answer does not have")
        elif not dot:
            values[first] = record[first]
        elif isinstance(record[first], dict):
            inner = pick(record[first], rest, note)
            values[first] = {**values.get(first, {}), **inner}
        else:
            note(f"_fields names {name}: a path into a list gives nothing")
            values.setdefault(first, [])
    return values


# --- bodies ----------------------------------------------------------------------------------------------------------

_FIELDS = {
    "string": "sku global_unique_id description regular_price sale_price date_on_sale_from date_on_sale_from_gmt "
    "date_on_sale_to date_on_sale_to_gmt status tax_status tax_class stock_status backorders weight shipping_class",
    "boolean": "virtual downloadable manage_stock",
    "integer": "id download_limit download_expiry stock_quantity low_stock_amount menu_order",
    "array": "downloads attributes meta_data",
    "object": "dimensions",
}
_ONLY_PRODUCT = {
    "string": "name slug type catalog_visibility short_description external_url button_text purchase_note",
    "boolean": "featured sold_individually reviews_allowed",
    "integer": "parent_id",
    "array": "upsell_ids cross_sell_ids categories tags images default_attributes grouped_products",
}
_ENUMS = {
    "stock_status": STOCK_STATUSES, "backorders": ("no", "notify", "yes"),
    "status": ("draft", "pending", "private", "publish", "future"), "tax_status": ("taxable", "shipping", "none"),
}  # fmt: skip


def _by_name(*tables: Mapping[str, str]) -> dict[str, str]:
    return {name: kind for table in tables for kind, names in table.items() for name in names.split()}


PRODUCT_FIELDS = _by_name(_FIELDS, _ONLY_PRODUCT)
VARIATION_FIELDS = _by_name(_FIELDS, {"object": "image"})


def check_body(fields: Mapping[str, Any], known: Mapping[str, str], note: Note) -> dict[str, Any]:
    """Fields of one record in their types, as a single PUT checks them. null is not checked and changes nothing."""
    note_fields(fields, known, note)
    wrong = {}
    good = {}
    for name, value in fields.items():
        if name not in known or value is None:
            continue
        try:
            good[name] = _field(name, value, known[name], variation="image" in known)
        except ValueError as why:
            wrong[name] = str(why)
    if wrong:
        refuse(wrong, note)
    return good


def note_fields(fields: Mapping[str, Any], known: Mapping[str, str], note: Note) -> None:
    for name, value in fields.items():
        if name not in known:
            note(f"field {name} is unknown or read-only")
        elif value is None:
            note(f"field {name} is null")


def _field(name: str, value: Any, kind: str, *, variation: bool) -> Any:
    wrong = ValueError(f"{name} is not of type {kind}.")
    match kind:
        case "integer":
            if isinstance(value, bool) or not re.fullmatch(r"-?\d+(\.0*)?", str(value)):
                raise wrong
            return int(float(value)) if "." in str(value) else int(value)
        case "boolean":
            if variation and name == "manage_stock" and value == "parent":
                return value
            if not isinstance(value, bool) and str(value).lower() not in _BOOLEANS:
                raise wrong
            return value if isinstance(value, bool) else _BOOLEANS[str(value).lower()]
        case "string" if not isinstance(value, str):
            raise wrong
        case "array" if not isinstance(value, list):
            raise wrong
        case "object" if not isinstance(value, dict):
            raise wrong
    if name in _ENUMS and value not in _ENUMS[name]:
        raise ValueError(f"{name} is not one of {', '.join(_ENUMS[name])}.")
    return value


def coerced(fields: Mapping[str, Any], known: Mapping[str, str], note: Note) -> dict[str, Any]:
    """Fields of a row of a batch, which nothing checks: `"abc"` and null become the number 0, 2.7 becomes 2."""
    good: dict[str, Any] = {}
    note_fields(fields, known, note)
    for name, value in fields.items():
        if name not in known:
            continue
        try:
            good[name] = None if value is None else _field(name, value, known[name], variation="image" in known)
        except ValueError as why:
            note(f"{why} A batch takes it all the same.")
            good[name] = value
        if known[name] == "integer":
            good[name] = php_int(good[name])
    return good


def php_int(value: Any) -> int:
    """PHP's intval."""
    if isinstance(value, str):
        digits = re.match(r"\s*([+-]?\d+)", value)
        return int(digits[1]) if digits else 0
    if isinstance(value, int | float):
        return int(value)
    return 1 if value else 0
