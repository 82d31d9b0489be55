"""What a shop sells beside the number that is set: stock at its other locations, and a threshold of its own. In words."""

from __future__ import annotations

from collections.abc import Sequence

from invsync_tui.connectors.base import ListingRow
from invsync_tui.plain_text import grouped


def describe(rows: Sequence[ListingRow]) -> str:
    """What some listings have of both; '' where they have neither."""
    there = [row for row in rows if row.elsewhere or row.elsewhere_allocated]
    with_threshold = [row for row in rows if row.threshold]
    sentences = []
    if there:
        stock, held = sum(row.elsewhere or 0 for row in there), sum(row.elsewhere_allocated for row in there)
        sentences.append(
            f"Of {grouped(len(rows))} listings {grouped(len(there))} have stock at other locations of the shop, which sells "
            f"from there as well: {grouped(stock)} on hand, {grouped(held)} of it held for open orders."
        )
    if with_threshold:
        named = ", ".join(_named(row) for row in with_threshold[:3])
        sentences.append(f"{grouped(len(with_threshold))} have an out-of-stock threshold: {named}.")
    return " ".join(sentences)


def _named(row: ListingRow) -> str:
    return f"{row.sku} {row.threshold}"


def elsewhere(stock: int, held: int) -> str:
    """What a shop sells of a listing from its other locations."""
    return (
        f"the shop also sells from its other locations: {stock} there, {held} of it held for open orders; not set by us"
    )


def threshold(units: int) -> str:
    """What a shop's own threshold does to a listing."""
    if units > 0:
        return f"the shop keeps back {units} by itself (its out-of-stock threshold)"
    return f"the shop sells {-units} more on backorder (its out-of-stock threshold {units})"
