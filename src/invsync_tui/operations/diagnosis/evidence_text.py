"""Words for what the numbers of `why` rest on, the same in commands and on the screen. Imports nothing that takes time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from invsync_tui.plain_text import counted, grouped

if TYPE_CHECKING:
    from invsync_tui.operations.diagnosis.evidence import CartReading, SourceView
    from invsync_tui.operations.diagnosis.why import WhyListing


@dataclass(frozen=True, slots=True)
class CartReadings:
    """What a cart said just now of its listings by cart listing ID, or why it could not be asked."""

    shown: Mapping[str, CartReading | None]
    error: str = ""


def refs_by_cart(listings: Iterable[WhyListing]) -> dict[int, list[str]]:
    """The cart listing IDs of an answer's listings, by the number of their cart."""
    refs: dict[int, list[str]] = {}
    for listing in listings:
        if listing.cart_id is not None and listing.cart_listing_id is not None:
            refs.setdefault(listing.cart_id, []).append(listing.cart_listing_id)
    return refs


def stock(row: SourceView) -> str:
    """The four quantities of a source row."""
    known = (
        ("on hand", row.on_hand),
        ("available", row.available),
        ("committed", row.committed),
        ("incoming", row.incoming),
    )
    return ", ".join(f"{name} {'unknown' if value is None else grouped(value)}" for name, value in known)


def remarks(row: SourceView) -> str:
    """Why a source row may not count."""
    gone = "; absent from the last full download" if row.missing else ""
    return gone if row.counts else f"{gone}; not a warehouse of this cart"


def read_from_cart(shown: CartReading) -> str:
    """What a cart shows now."""
    quantity = "no quantity" if shown.quantity is None else grouped(shown.quantity)
    held = f", {grouped(shown.allocated)} of it held for its own orders" if shown.allocated else ""
    return f"the cart shows {quantity} in its own count{held}"


def in_own_count(count: int | None, orders: int) -> str:
    """How a cart's own count becomes the sellable units beside it; '' where the two are the same."""
    return "" if count is None or not orders else f"{grouped(count)} on hand - {grouped(orders)} on open orders"


RECORD_LINES = 200
"""Values of one record that are shown; the bundle has all."""


def record_lines(raw: str) -> list[tuple[str, str]]:
    """A record as (key, value): keys of nested objects with dots, entries of lists by number from 1.

    What is no JSON, such as a part that was cut out of a longer text, is one line without a key.
    """
    try:
        values = list(_values("", json.loads(raw)))
    except (ValueError, RecursionError):
        return [("", raw)]
    more = len(values) - RECORD_LINES
    return values if more <= 0 else [*values[:RECORD_LINES], ("", f"{more} more values")]


def _values(key: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, part in value.items():
            yield from _values(f"{key}.{name}" if key else name, part)
    elif isinstance(value, list) and value:
        for number, part in enumerate(value, 1):
            yield from _values(f"{key}.{number}" if key else str(number), part)
    else:
        yield key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def records_of(listing: WhyListing) -> str:
    """How many records a listing has to show, in words; '' for none."""
    rows = sum(row.raw is not None for row in listing.source)
    requests = len(listing.sent.exchanges) if listing.sent is not None else 0
    parts = [counted(rows, "record of the WMS", "records of the WMS")] if rows else []
    parts += [counted(requests, "request to the cart", "requests to the cart")] if requests else []
    return ", ".join(parts)
