"""Answers of a plain JSON API over HTTP: what its status means, its fields, its pages of records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from invsync_tui.connectors.base import Page
from invsync_tui.connectors.errors import (
    AuthError,
    BatchTooLargeError,
    ContractError,
    PermissionDeniedError,
    RowsRejectedError,
    UnavailableError,
)
from invsync_tui.connectors.http import Response
from invsync_tui.connectors.values import maybe_whole, name_of

Row = TypeVar("Row")


def error_text(response: Response) -> str:
    """The server's own sentence, or the start of whatever it sent."""
    try:
        return str(response.json()["error"])
    except (ContractError, KeyError, TypeError):
        return response.excerpt[:120] or f"status {response.status}"


def judged(response: Response, *, writes: bool = False) -> Response:
    """The response if it is good; otherwise the error that its status stands for."""
    status, where = response.status, response.where
    if status == 401:
        raise AuthError(error_text(response), where=where)
    if status == 403:
        raise PermissionDeniedError(error_text(response), where=where)
    if status >= 500:
        raise UnavailableError(f"{status}: {error_text(response)}", where=where, may_have_applied=writes)
    if writes and status == 413:
        raise BatchTooLargeError(error_text(response), where=where)
    if writes and status == 422:
        raise RowsRejectedError(error_text(response), where=where, refs=_named(response))
    if status != 200:
        raise ContractError(f"{status}: {error_text(response)}", where=where)
    return response


def _named(response: Response) -> tuple[str, ...]:
    try:
        return tuple(str(ref) for ref in response.json().get("refs", ()))
    except (ContractError, AttributeError, TypeError):
        return ()


def field_of(response: Response, name: str) -> Any:
    """One field of a JSON object; ContractError where the answer is another shape."""
    return _fields(response, name)[0]


def _fields(response: Response, *names: str) -> list[Any]:
    """Several fields of a JSON object that is parsed once."""
    answer = response.json()
    for name in names:
        if not isinstance(answer, dict) or name not in answer:
            raise ContractError(f"The answer has no field {name!r}.", where=response.where)
    return [answer[name] for name in names]


_UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)
"""What reading a record that is not as described raises."""


def page_of(
    response: Response,
    name: str,
    read: Callable[[Mapping[str, Any]], Row],
    read_all: Callable[[list[Mapping[str, Any]]], list[Row]] | None = None,
) -> Page[Row]:
    """A page of rows; records that cannot be read are named in `rejected`.

    `read_all` reads all records of a page at once, or raises an error where one of them is not as simple as most are:
    then `read` reads each for itself. Both make the same row of the same record.
    """
    records, cursor, total = _fields(response, name, "next", "total")
    if not isinstance(records, list) or not isinstance(cursor, str | None):
        raise ContractError(f"The page of {name} has another shape.", where=response.where)
    rows: list[Row] = []
    rejected: list[tuple[str, str]] = []
    try:
        total = maybe_whole(total, 0)
    except ValueError as error:
        rejected.append(("total", f"the number of all {name}: {error}"))
        total = None
    if read_all is not None:
        try:
            return Page(read_all(records), cursor, total, tuple(rejected))
        except _UNREADABLE:
            pass  # at least one record is not right, or not simple: look at each
    for record in records:
        try:
            rows.append(read(record))
        except _UNREADABLE as error:
            rejected.append((name_of(record, "ref"), f"{type(error).__name__}: {error}"))
    return Page(rows, cursor, total, tuple(rejected))
