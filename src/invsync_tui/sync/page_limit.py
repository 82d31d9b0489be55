"""Ends a read whose pages never come to an end: a server that repeats itself may name a new cursor each time."""

from __future__ import annotations

from invsync_tui.connectors.errors import ContractError

PAGES_MOST = 100_000
"""Pages of one read."""
BARREN_MOST = 200
"""Pages in a row in which nothing new came."""
DELTA_BARREN_MOST = 2000
"""The same for changes, which name a record as often as something touched it."""


class PageBound:
    """Counts the pages of one read of `what`. `named` is who sends them."""

    def __init__(self, named: str, what: str, barren_most: int = BARREN_MOST) -> None:
        self._named, self._what, self._barren_most = named, what, barren_most
        self._pages = self._barren = self._known = 0

    def add(self, known: int) -> None:
        """One page more, after which so many different records are known; ContractError for one too many."""
        self._pages += 1
        self._barren = 0 if known > self._known else self._barren + 1
        self._known = max(self._known, known)
        if self._barren >= self._barren_most or self._pages > PAGES_MOST:
            raise ContractError(
                f"The {self._named} repeats itself while reading {self._what}: {self._pages} pages, the last "
                f"{self._barren} of them with nothing new."
            )
