"""A push of WooCommerce: the body that is stored, and what each row's answer means.

WooCommerce sets up to 100 products by one request, and the variations of one product by one request for that product. So a
stored body is a list of requests: one for the products, then one for each product with variations. They are sent one after
the other, and each is answered row by row.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from invsync_tui.connectors.base import PushItem, RowAnswer
from invsync_tui.connectors.carts.woocommerce import api, listings
from invsync_tui.connectors.values import name_of
from invsync_tui.rules.outcomes import Reason

ROWS_MOST = 100
"""Rows of one request, by the documentation; more are refused with 413."""


class Request(NamedTuple):
    """One request: its path behind `wc/v3/`, its body, and by the id in it the listing of each row."""

    path: str
    body: bytes
    refs: Mapping[str, str]


def compose(items: Sequence[PushItem]) -> bytes:
    """The body for some items; the same items give the same bytes. ValueError for what cannot be set."""
    groups: dict[str, list[dict[str, int]]] = {"": []}
    for item in items:
        parts = listings.parts_of(item.ref)
        if item.quantity < 0 or parts is None:
            raise ValueError(f"{item.ref!r} cannot be set to {item.quantity}.")
        product, variation = parts
        row = {"id": int(variation or product), "stock_quantity": item.quantity}
        groups.setdefault(product if variation else "", []).append(row)
    requests = [
        {"product": product, "update": rows[start : start + ROWS_MOST]}
        for product, rows in groups.items()
        for start in range(0, len(rows), ROWS_MOST)
    ]
    return json.dumps({"requests": requests}, separators=(",", ":")).encode()


def requests_of(body: bytes) -> list[Request]:
    """The requests of a composed body, in its order."""
    return [_request(part["product"], part["update"]) for part in json.loads(body)["requests"]]


def _request(product: str, rows: Sequence[Mapping[str, int]]) -> Request:
    path = f"products/{product}/variations/batch" if product else api.BATCH
    refs = {str(row["id"]): f"{product}/{row['id']}" if product else str(row["id"]) for row in rows}
    return Request(path, json.dumps({"update": rows}, separators=(",", ":")).encode(), refs)


def answers(request: Request, answer: object) -> list[RowAnswer]:
    """What a good answer says of each row; a row that it leaves out, or that cannot be read, has no quantity."""
    updated = answer.get("update") if isinstance(answer, Mapping) else None
    by_number = {name_of(record): record for record in updated} if isinstance(updated, list) else {}
    return [_answer(ref, by_number.get(number)) for number, ref in request.refs.items()]


def _answer(ref: str, record: Any) -> RowAnswer:
    if not isinstance(record, Mapping):
        return RowAnswer(ref)
    if (error := record.get("error")) is not None:
        return refused(ref, error if isinstance(error, Mapping) else {})
    try:
        if not listings.is_managed(record["manage_stock"]):
            what = "The shop does not manage the stock of this listing by itself, so the quantity had no effect."
            return RowAnswer(ref, None, what, Reason.CART_NOT_TRACKING)
        return RowAnswer(ref, listings.units(record["stock_quantity"]))
    except (KeyError, TypeError, ValueError):
        return RowAnswer(ref)


def refused(ref: str, error: Mapping[str, Any]) -> RowAnswer:
    """A row that WooCommerce refused, with its own words."""
    code, message = str(error.get("code") or ""), str(error.get("message") or "")
    what = f"{message or 'refused'} ({code or 'no code'})"
    return RowAnswer(ref, None, what, Reason.NOT_IN_CART if code.endswith(api.INVALID_ID) else None)
