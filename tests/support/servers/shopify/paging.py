"""Pages of a fake Shopify by opaque cursors: https://shopify.dev/docs/api/usage/pagination-graphql"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import GraphQLError

PAGE_MOST = 250


def number(ref: str) -> int:
    """The number in a global id."""
    return int(ref.rpartition("/")[2])


def _place(record: Mapping[str, Any], value: Callable[[Mapping[str, Any]], Any] | None) -> tuple[Any, int]:
    return (value(record) if value is not None else 0), number(record["id"])


def _cursor(place: tuple[Any, int]) -> str:
    return base64.b64encode(json.dumps({"last_id": place[1], "last_value": place[0]}).encode()).decode()


def _read(cursor: str) -> tuple[Any, int]:
    try:
        position = json.loads(base64.b64decode(cursor, validate=True))
        return position["last_value"], position["last_id"]
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise GraphQLError("Invalid cursor for current pagination sort.") from error


def page(
    records: Sequence[Mapping[str, Any]],
    first: int | None,
    after: str | None = None,
    value: Callable[[Mapping[str, Any]], Any] | None = None,
) -> Mapping[str, Any]:
    """By `value` and then by id. A cursor names a place in that order, so that a record that is deleted hides no other."""
    if first is None:
        raise GraphQLError("you must provide one of first or last")
    if not 1 <= first <= PAGE_MOST:
        raise GraphQLError(f"first must be from 1 to {PAGE_MOST}")
    return cut(records, first, after, value)


def cut(
    records: Sequence[Mapping[str, Any]],
    first: int,
    after: str | None = None,
    value: Callable[[Mapping[str, Any]], Any] | None = None,
) -> Mapping[str, Any]:
    """A page of any size, as a bulk operation reads it."""
    start = _read(after) if after is not None else None
    placed = sorted(((_place(record, value), record) for record in records), key=lambda edge: edge[0])
    rest = [(place, record) for place, record in placed if start is None or place > start]
    shown = rest[:first]
    return {
        "nodes": [record for _, record in shown],
        "edges": [{"node": record, "cursor": _cursor(place)} for place, record in shown],
        "pageInfo": {
            "hasNextPage": len(rest) > first,
            "hasPreviousPage": len(rest) < len(placed),
            "startCursor": _cursor(shown[0][0]) if shown else None,
            "endCursor": _cursor(shown[-1][0]) if shown else None,
        },
    }
