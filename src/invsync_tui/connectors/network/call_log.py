"""What one call of a connector has been answered so far: bounded, and known when the call fails.

A connector asks the other side as often as it needs within one call (all orders since yesterday). A server that never
comes to an end must not keep it there, and an answer of another shape is named by its place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from invsync_tui.connectors.errors import ContractError

ANSWERS_MOST = 2000
"""Answers within one call."""
BYTES_MOST = 512 * 1024 * 1024
"""Bytes of all answers within one call."""
DOCUMENTS_KEPT = 4


@dataclass(slots=True)
class Call:
    """The answers to one call. `documents` are the last ones, as (document, where)."""

    answers: int = 0
    size: int = 0
    documents: deque[tuple[Any, str]] = field(default_factory=lambda: deque(maxlen=DOCUMENTS_KEPT))


_call: ContextVar[Call | None] = ContextVar("call", default=None)


@contextmanager
def one_call() -> Iterator[Call]:
    """Within it answers count towards one call."""
    call = Call()
    token = _call.set(call)
    try:
        yield call
    finally:
        _call.reset(token)


def note_answer(size: int, where: str) -> None:
    """An answer of so many bytes came; ContractError where it is one too many."""
    call = _call.get()
    if call is None:
        return
    call.answers += 1
    call.size += size
    if call.answers > ANSWERS_MOST or call.size > BYTES_MOST:
        raise ContractError(
            f"The system does not come to an end: {call.answers} answers of {call.size} bytes to one question.",
            where=where,
        )


def note_document(document: Any, where: str) -> None:
    """An answer was read as JSON."""
    call = _call.get()
    if call is not None and (not call.documents or call.documents[-1][0] is not document):
        call.documents.append((document, where))
