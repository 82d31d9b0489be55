"""Large writes in pieces, between which the event loop turns: one large page must not keep all other runs waiting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from invsync_tui import clock

FIRST = 100
"""Rows of the first piece, before it is known what one costs."""
LEAST = 25
SHORT, LONG = 0.01, 0.02
"""Seconds: after a piece that took less the next one is twice as large, after one that took more half as large."""


class Pace:
    """How many `rows` are written at once, so that it takes neither too long nor too many transactions."""

    def __init__(self) -> None:
        self.rows = FIRST

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Time what is done with a whole piece."""
        began = clock.elapsed()
        yield
        took = clock.elapsed() - began
        if took > LONG:
            self.rows = max(LEAST, self.rows // 2)
        elif took < SHORT:
            self.rows *= 2
