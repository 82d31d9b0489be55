"""Records of lists as text, CSV and JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from invsync_tui.cli import json_records
from invsync_tui.cli.list_command import Shape
from invsync_tui.cli.text import age, cut, number, on_off, utc
from invsync_tui.plain_text import signed
from invsync_tui.rules import words

if TYPE_CHECKING:
    from invsync_tui.operations.listings.identity import LinkLine, RenameLine, UnmatchedLine
    from invsync_tui.operations.lists.list_views import (
        AliasTypeLine,
        CartLine,
        CollisionLine,
        LevelLine,
        ListingLine,
        SearchHit,
        SummaryLine,
        WarehouseLine,
    )
    from invsync_tui.operations.runs.changes import ChangeLine
    from invsync_tui.operations.views import MerchantRow, RunRow

NAME_MOST = 32
"""Columns of a name in text; JSON and CSV have it whole."""
TIMES = frozenset(
    {"last_full_at", "confirmed_at", "vanished_at", "loaded_at", "read_at", "missing_since", "synced_at", "last_push_at",
     "next_run_at", "next_look_at"}
)  # fmt: skip


def record(line: Any) -> dict[str, Any]:
    """A line as JSON has it: times in UTC, lists as lists."""
    return {key: _json(key, value) for key, value in asdict(line).items()}


def _json(key: str, value: Any) -> Any:
    if key == "outcome" and value is not None:
        return words.name(words.OUTCOMES, value)
    if key in TIMES and not isinstance(value, tuple | list):
        return utc(value)
    if isinstance(value, tuple | list):
        return [_json(key, item) for item in value]
    return value


def cells(columns: Sequence[str]) -> Callable[[Any], list[Any]]:
    """A line's CSV cells: its fields by name, times in UTC, lists joined."""

    def cells_of(line: Any) -> list[Any]:
        return [_cell(column, getattr(line, column)) for column in columns]

    return cells_of


def _cell(column: str, value: Any) -> Any:
    if column in TIMES or column == "outcome":
        return _json(column, value)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value


def _since(at: int | None, now: float) -> str:
    return "Never" if at is None else age(at, now)


def _name(text: str) -> str:
    return cut(text, NAME_MOST)


def warehouses(now: float) -> Shape[WarehouseLine]:
    """Warehouses of a merchant."""
    columns = (
        "id",
        "code",
        "name",
        "enabled",
        "products",
        "last_full_at",
        "confirmed_at",
        "vanished_at",
        "stale",
        "carts",
        "gone_why",
    )
    return Shape(
        columns,
        cells(columns),
        record,
        ("CODE", "NAME", "ENABLED", "PRODUCTS", "LAST FULL DOWNLOAD", "CONFIRMED", "STATE", "CARTS"),
        lambda line: (
            line.code,
            _name(line.name),
            on_off(line.enabled),
            number(line.products),
            _since(line.last_full_at, now),
            _since(line.confirmed_at, now),
            line.state,
            ", ".join(line.carts) or "-",
        ),
        "No warehouses. They come with the first inventory download: invsync sync MERCHANT",
    )


def levels(now: float) -> Shape[LevelLine]:
    """Levels of a warehouse."""
    columns = (
        "product_id",
        "sku",
        "name",
        "on_hand",
        "available",
        "committed",
        "incoming",
        "loaded_at",
        "missing_since",
    )
    return Shape(
        columns,
        cells(columns),
        record,
        ("SKU", "NAME", "ON HAND", "AVAILABLE", "COMMITTED", "INCOMING", "LOADED"),
        lambda line: (
            line.sku,
            _name(line.name),
            *(number(units) for units in (line.on_hand, line.available, line.committed, line.incoming)),
            _since(line.loaded_at, now) if line.missing_since is None else f"missing, {age(line.missing_since, now)}",
        ),
        "No levels here. Try another warehouse, or less in --filter.",
    )


def summary(codes: Sequence[str], now: float) -> Shape[SummaryLine]:
    """Products over the warehouses with these codes."""
    columns = ("product_id", "sku", "name", "total", *codes, *(f"{code} loaded_at" for code in codes))
    return Shape(
        columns,
        lambda line: [line.product_id, line.sku, line.name, line.total, *line.available, *map(utc, line.loaded_at)],
        lambda line: record(line) | {"warehouses": _by_code(codes, line)},
        ("SKU", "NAME", "TOTAL", *codes, "OLDEST LOADED"),
        lambda line: (
            line.sku,
            _name(line.name),
            number(line.total),
            *("-" if units is None else number(units) for units in line.available),
            _since(min((at for at in line.loaded_at if at is not None), default=None), now),
        ),
        "No products. They come with the first inventory download, or --filter lets none through.",
    )


def _by_code(codes: Sequence[str], line: SummaryLine) -> list[Mapping[str, Any]]:
    warehouses = zip(codes, line.available, line.loaded_at, strict=True)
    return [{"code": code, "available": units, "loaded_at": utc(at)} for code, units, at in warehouses]


def hits(now: float) -> Shape[SearchHit]:
    """Results of a search."""
    columns = ("product_id", "merchant", "sku", "name", "code", "kind", "rank", "available", "loaded_at")
    return Shape(
        columns,
        cells(columns),
        record,
        ("PRODUCT", "MERCHANT", "SKU", "NAME", "MATCH", "AVAILABLE", "LOADED"),
        lambda line: (
            str(line.product_id),
            line.merchant,
            line.sku,
            _name(line.name),
            f"{line.rank.value} {line.kind} {line.code}",
            number(line.available),
            _since(line.loaded_at, now),
        ),
        "Nothing found.",
    )


def listings(now: float) -> Shape[ListingLine]:
    """Listings of a cart."""
    columns = (
        "id", "merchant", "cart", "cart_listing_id", "sku", "name", "tracked", "product_sku", "target", "confirmed", "in_cart",
        "difference", "cart_count", "cart_orders", "synced_at", "outcome", "reason", "error", "run_id", "override", "excluded",
        "locked", "drift", "next_look_at",
    )  # fmt: skip
    return Shape(
        columns,
        cells(columns),
        record,
        ("SKU", "TRACKED", "TARGET", "CONFIRMED", "IN CART", "DIFF", "LAST SYNCED", "OUTCOME", "REASON"),
        lambda line: (
            line.sku,
            "?" if line.tracked is None else on_off(line.tracked),
            *("-" if units is None else number(units) for units in (line.target, line.confirmed, line.in_cart)),
            signed(line.difference),
            _since(line.synced_at, now),
            ", ".join([words.outcome(line.outcome or "-"), *([words.EDITED] if line.drift else [])]),
            line.reason or "-",
        ),
        "No such listings. Not every cart tells what it lists; compare the SKU there with: invsync search TEXT",
    )


def listings_of_carts(now: float) -> Shape[ListingLine]:
    """Listings of several carts, each line with the names of its merchant and cart."""
    of_cart = listings(now)
    return replace(
        of_cart,
        heads=("MERCHANT", "CART", *of_cart.heads),
        text=lambda line: (line.merchant, line.cart, *of_cart.text(line)),
        empty="No such listings.",
    )


def changes(nothing: str) -> Shape[ChangeLine]:
    """What a run set; `nothing` is said where it set nothing."""
    columns = (
        "sku", "name", "cart_listing_id", "product_sku", "before", "set_to", "change", "result", "reason", "error",
        "cart_before", "cart_set_to",
    )  # fmt: skip

    def values_of(line: ChangeLine) -> dict[str, Any]:
        values = {column: getattr(line, column) for column in columns}
        return values | {"result": words.name(words.OUTCOMES, line.result)}

    return Shape(
        columns,
        lambda line: list(values_of(line).values()),
        lambda line: values_of(line) | {"listing_id": line.listing_id},
        ("SKU", "NAME", "FROM", "TO", "CHANGE", "RESULT", "REASON"),
        lambda line: (
            line.sku,
            _name(line.name),
            "-" if line.before is None else number(line.before),
            number(line.set_to),
            "-" if line.change is None else f"{line.change:+,}",
            words.outcome(line.result),
            line.reason or "-",
        ),
        nothing,
    )


def carts(now: float) -> Shape[CartLine]:
    """Carts with their main settings."""
    columns = (
        "id", "merchant", "name", "system", "upload_on", "warehouses", "alias_type", "minimum", "listings", "last_push_at",
        "status", "next_run_at",
    )  # fmt: skip
    return Shape(
        columns,
        cells(columns),
        record,
        ("CART", "UPLOAD", "ALIAS", "LISTINGS", "LAST PUSH"),
        lambda line: (
            line.name,
            on_off(line.upload_on),
            line.alias_type,
            number(line.listings),
            _since(line.last_push_at, now),
        ),
        "No carts yet. Add one with: invsync carts add --help",
    )


def runs() -> Shape[RunRow]:
    """Runs, for CSV; as text they have a form of their own."""
    columns = (
        "id", "kind", "merchant", "cart", "state", "trigger", "requested_by", "requested_at", "started_at", "ended_at", "total",
        "updated", "in_sync", "skipped", "failed", "held", "in_doubt", "submitted", "error",
    )  # fmt: skip

    def cells_of(row: RunRow) -> list[Any]:
        run_record = json_records.run(row)
        return [(run_record | run_record["counts"])[column] for column in columns]

    return Shape(
        columns, cells_of, json_records.run, columns, lambda row: [str(cell) for cell in cells_of(row)], "No runs yet."
    )


def merchants() -> Shape[MerchantRow]:
    """A merchant as a row of CSV."""
    columns = ("id", "name", "source", "sync_on", "last_run_at", "status", "next_run_at", "carts", "held")
    return Shape(
        columns,
        lambda row: [json_records.merchant_health(row)[column] for column in columns],
        json_records.merchant_health,
        columns,
        lambda row: [str(json_records.merchant_health(row)[column]) for column in columns],
        "No merchants yet.",
    )


def alias_types() -> Shape[AliasTypeLine]:
    """An alias type with how many products have it, lack it or share a code."""
    columns = ("kind", "name", "products", "missing", "collisions", "carts")
    return Shape(
        columns,
        cells(columns),
        record,
        ("TYPE", "PRODUCTS", "MISSING", "COLLISIONS", "CARTS"),
        lambda line: (
            line.name,
            number(line.products),
            number(line.missing),
            number(line.collisions),
            ", ".join(line.carts) or "-",
        ),
        "No products yet. They come with the first inventory download: invsync sync MERCHANT",
    )


def collisions() -> Shape[CollisionLine]:
    """Codes that name several products."""
    return Shape(
        ("kind", "code", "products"),
        lambda line: [line.kind, line.code, ", ".join(sku for _, sku in line.products)],
        lambda line: {
            "kind": line.kind,
            "code": line.code,
            "products": [{"product_id": product, "sku": sku} for product, sku in line.products],
        },
        ("TYPE", "CODE", "PRODUCTS"),
        lambda line: (line.kind, line.code, ", ".join(sku for _, sku in line.products)),
        "No code of this type names several products.",
    )


IDENTITY_NAME_MOST = 28


def unmatched() -> Shape[UnmatchedLine]:
    """Listings without a product."""
    columns = (
        "cart_listing_id",
        "sku",
        "name",
        "reason",
        "kind",
        "words",
        "product_sku",
        "product_name",
        "code",
        "candidates",
    )
    return Shape(
        columns,
        lambda line: [_candidates(line) if column == "candidates" else getattr(line, column) for column in columns],
        _unmatched,
        ("LISTING", "CART LISTING ID", "KIND", "SUGGESTION", "NAME", "WHY"),
        lambda line: (
            line.sku,
            line.cart_listing_id,
            line.kind,
            line.product_sku or cut(_candidates(line), IDENTITY_NAME_MOST) or "-",
            cut(line.product_name, IDENTITY_NAME_MOST),
            line.words,
        ),
        "Every listing here has a product, or is linked to one.",
    )


def _unmatched(line: UnmatchedLine) -> dict[str, Any]:
    candidates = [{"product_id": number, "sku": sku} for number, sku in line.candidates]
    return asdict(line) | {"candidates": candidates, "rivals": candidates}  # with its former name


def _candidates(line: UnmatchedLine) -> str:
    return ", ".join(sku for _, sku in line.candidates)


def links(now: float) -> Shape[LinkLine]:
    """A listing that an operator linked to a product."""
    columns = ("cart_listing_id", "sku", "name", "product_sku", "product_name", "kind", "made_at", "made_by", "state")
    return Shape(
        columns,
        lambda line: [_identity_cell(column, getattr(line, column)) for column in columns],
        lambda line: asdict(line) | {"made_at": utc(line.made_at)},
        ("LISTING", "CART LISTING ID", "PRODUCT", "KIND", "BY", "SINCE", "STATE"),
        lambda line: (
            line.sku or "-",
            line.cart_listing_id,
            line.product_sku,
            line.kind,
            line.made_by,
            age(line.made_at, now),
            line.state or "holds",
        ),
        "No listing of this cart is linked. Suggestions: invsync identity CART",
    )


def renamed(now: float) -> Shape[RenameLine]:
    """Listings whose SKU was changed in the cart."""
    columns = ("cart_listing_id", "at", "before", "after", "name", "product_sku", "former_sku")
    return Shape(
        columns,
        lambda line: [_identity_cell(column, getattr(line, column)) for column in columns],
        lambda line: asdict(line) | {"at": utc(line.at)},
        ("WHEN", "CART LISTING ID", "BEFORE", "AFTER", "MEANS NOW", "MEANT BEFORE"),
        lambda line: (
            age(line.at, now),
            line.cart_listing_id,
            line.before,
            line.after,
            line.product_sku or "-",
            line.former_sku or "-",
        ),
        "No listing of this cart was renamed since it is known.",
    )


def _identity_cell(column: str, value: Any) -> Any:
    return utc(value) if column in ("at", "made_at") else value
