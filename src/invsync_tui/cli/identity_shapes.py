"""How lines of the identity workbench look as text, CSV and JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from invsync_tui.cli.list_command import Shape
from invsync_tui.cli.text import age, cut, utc

if TYPE_CHECKING:
    from invsync_tui.operations.listings.identity_lines import LinkLine, RenameLine, UnmatchedLine

NAME_MOST = 28


def unmatched() -> Shape[UnmatchedLine]:
    """Listings without a product."""
    columns = ("ref", "sku", "name", "reason", "kind", "words", "product_sku", "product_name", "code", "rivals")
    return Shape(
        columns,
        lambda line: [_rivals(line) if column == "rivals" else getattr(line, column) for column in columns],
        lambda line: asdict(line) | {"rivals": [{"product_id": n, "sku": sku} for n, sku in line.rivals]},
        ("LISTING", "REMOTE ID", "KIND", "SUGGESTION", "NAME", "WHY"),
        lambda line: (
            line.sku,
            line.ref,
            line.kind,
            line.product_sku or cut(_rivals(line), NAME_MOST) or "-",
            cut(line.product_name, NAME_MOST),
            line.words,
        ),
        "Every listing here has a product, or is linked to one.",
    )


def _rivals(line: UnmatchedLine) -> str:
    return ", ".join(sku for _, sku in line.rivals)


def links(now: float) -> Shape[LinkLine]:
    """Explicit links."""
    columns = ("ref", "sku", "name", "product_sku", "product_name", "kind", "made_at", "made_by", "state")
    return Shape(
        columns,
        lambda line: [_cell(column, getattr(line, column)) for column in columns],
        lambda line: asdict(line) | {"made_at": utc(line.made_at)},
        ("LISTING", "REMOTE ID", "PRODUCT", "KIND", "BY", "SINCE", "STATE"),
        lambda line: (
            line.sku or "-",
            line.ref,
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
    columns = ("ref", "at", "before", "after", "name", "product_sku", "former_sku")
    return Shape(
        columns,
        lambda line: [_cell(column, getattr(line, column)) for column in columns],
        lambda line: asdict(line) | {"at": utc(line.at)},
        ("WHEN", "REMOTE ID", "BEFORE", "AFTER", "MEANS NOW", "MEANT BEFORE"),
        lambda line: (
            age(line.at, now),
            line.ref,
            line.before,
            line.after,
            line.product_sku or "-",
            line.former_sku or "-",
        ),
        "No listing of this cart was renamed since it is known.",
    )


def _cell(column: str, value: Any) -> Any:
    return utc(value) if column in ("at", "made_at") else value
