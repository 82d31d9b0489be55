"""A batch: one `inventorySetQuantities` with a compare-and-set per row and an idempotency key, and what its answer means.

A batch with a userError has set nothing, as far as the documentation goes: the bad rows are named by their place. Should
it have set other rows all the same, the compare-and-set refuses to set them twice.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from invsync_tui.connectors.base import PushItem, RowAnswer
from invsync_tui.connectors.carts.shopify.listings import QUANTITY_MOST
from invsync_tui.connectors.carts.shopify.queries import SET
from invsync_tui.connectors.errors import ContractError, RowsRejectedError, UnavailableError
from invsync_tui.connectors.values import reference, whole
from invsync_tui.rules.outcomes import Reason

STALE = "CHANGE_FROM_QUANTITY_STALE"
FAILED_BEFORE = "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"
"""The key never works again: the rows are planned anew, under another key."""
NOT_ACTIVE = "Shopify took the number and shows none: the item is no longer stocked at the location."
IN_PROGRESS = "IDEMPOTENCY_CONCURRENT_REQUEST"
NO_LOCATION = "INVALID_LOCATION"
REASONS = {
    STALE: Reason.CAS_CONFLICT,
    "INVALID_INVENTORY_ITEM": Reason.NOT_IN_CART,
    "ITEM_NOT_STOCKED_AT_LOCATION": Reason.NOT_STOCKED_AT_LOCATION,
    "NON_MUTABLE_INVENTORY_ITEM": Reason.BUNDLE_PARENT,
}
"""By code of a row's userError, what is told of the row where it cannot be read. What a row is refused with that is not stocked
at its location is known up to 2026-07 only: from 2026-10 on the schema has no such code."""
_ROWS = ("input", "quantities")


class LocationRefusedError(RowsRejectedError):
    """Rows, or the batch as a whole, were refused for their location: it may be gone, or an item is not stocked there."""


class UserError(NamedTuple):
    """A userError. `row`: the place of the row that it names, None for none."""

    code: str
    message: str
    row: int | None


def compose(batch_id: str, items: Sequence[PushItem], location: str) -> bytes:
    """The body that sets what is available at one location; the same batch gives the same bytes.

    `changeFromQuantity` is always there, as the API wants it: null where nobody has seen a number of the row yet.
    """
    wrong = [item.ref for item in items if not 0 <= item.quantity <= QUANTITY_MOST]
    if wrong:
        raise ValueError(f"Negative or too large quantity for {', '.join(wrong)}.")
    quantities = [
        {"inventoryItemId": item.ref, "locationId": location, "quantity": item.quantity, "changeFromQuantity": item.before}
        for item in items
    ]  # fmt: skip
    input_ = {
        "name": "available",
        "reason": "correction",
        "referenceDocumentUri": f"gid://invsync/Batch/{batch_id}",
        "quantities": quantities,
    }
    variables = {"key": batch_id, "input": input_, "at": location}
    return json.dumps({"query": SET, "variables": variables}, separators=(",", ":")).encode()


def rows_of(body: bytes) -> list[Mapping[str, Any]]:
    """The rows of a composed body, in its order."""
    rows: list[Mapping[str, Any]] = json.loads(body)["variables"]["input"]["quantities"]
    return rows


def user_errors(payload: Mapping[str, Any]) -> list[UserError]:
    """The userErrors of a payload; ContractError where there is no list of them."""
    errors = payload.get("userErrors")
    if not isinstance(errors, list) or not all(isinstance(error, Mapping) for error in errors):
        raise ContractError("The answer has no userErrors.")
    return [
        UserError(str(error.get("code") or ""), str(error.get("message") or ""), _place(error.get("field")))
        for error in errors
    ]


def _place(field: object) -> int | None:
    if not isinstance(field, list) or tuple(field[:2]) != _ROWS or len(field) < 3:
        return None
    place = str(field[2])
    return int(place) if place.isascii() and place.isdigit() and len(place) < 5 else None


def judge(
    data: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], where: str
) -> tuple[list[RowAnswer], UserError | None]:
    """The rows' answers; with the error of a batch of one row, which has no answer yet.

    RowsRejectedError names the bad rows of a batch of several. UnavailableError where it must be found out what was done.
    """
    payload = data.get("inventorySetQuantities")
    try:
        errors = user_errors(payload if isinstance(payload, Mapping) else {})
    except ContractError as error:
        raise UnavailableError(error.what, where=where, may_have_applied=True) from error
    if not errors:
        after, inactive = _after(payload), _inactive(payload)
        return [_taken(row, after, inactive) for row in rows], None
    _judge_batch(errors, where)
    named = sorted({error.row for error in errors if error.row is not None and error.row < len(rows)})
    refs = [rows[place]["inventoryItemId"] for place in named]
    for reported in errors:
        if reported.code == NO_LOCATION:
            raise LocationRefusedError(f"{reported.code} {reported.message}", where=where, refs=refs)
    if len(rows) == 1:
        return [], errors[0]
    first = errors[0]
    raise RowsRejectedError(f"{first.code} {first.message}", where=where, refs=refs)


def _taken(row: Mapping[str, Any], after: Mapping[tuple[str, str], int], inactive: Collection[str]) -> RowAnswer:
    ref = row["inventoryItemId"]
    if ref in inactive:
        return RowAnswer(ref, None, NOT_ACTIVE, Reason.NOT_STOCKED_AT_LOCATION)
    return RowAnswer(ref, after.get((ref, row["locationId"])))


def _changes(payload: object) -> Sequence[Any]:
    group = payload.get("inventoryAdjustmentGroup") if isinstance(payload, Mapping) else None
    changes = group.get("changes") if isinstance(group, Mapping) else None
    return changes if isinstance(changes, list) else ()


def _inactive(payload: object) -> Collection[str]:
    """Items whose level at the location is not active, as far as the answer says it."""
    result = set()
    for change in _changes(payload):
        with suppress(AttributeError, KeyError, TypeError, ValueError):
            level = change["item"]["inventoryLevel"]
            if level is None or level["isActive"] is False:
                result.add(reference(change["item"]["id"]))
    return result


def _after(payload: object) -> Mapping[tuple[str, str], int]:
    """(item, location) -> what is available after the change, as far as the answer says it; the rest is read back."""
    result: dict[tuple[str, str], int] = {}
    for change in _changes(payload):
        with suppress(AttributeError, KeyError, TypeError, ValueError):
            at = reference(change["item"]["id"]), reference(change["location"]["id"])
            result[at] = whole(change["quantityAfterChange"])
    return result


def _judge_batch(errors: Sequence[UserError], where: str) -> None:
    """Raise for what is said of the batch, and not of its rows."""
    for error in errors:
        message = f"{error.code} {error.message}"
        if error.code == IN_PROGRESS:
            raise UnavailableError(message, where=where, may_have_applied=True)
        if error.code == FAILED_BEFORE:
            raise RowsRejectedError(message, where=where)
        if error.code.startswith("IDEMPOTENCY_") or error.code in ("INVALID_NAME", "INVALID_REASON"):
            raise ContractError(message, where=where)
