"""Keeps what a run said to the other side and what was answered: every write, every failure, and how it began."""

from __future__ import annotations

import sqlite3

from invsync_tui.connectors.http_log import BODY_MOST, Exchange
from invsync_tui.store.runs import http_log as http_log_rows
from invsync_tui.store.runs.http_log import ExchangeRow

FIRST_READS = 20
"""Reads that succeeded and are kept all the same: login, permissions, the first pages."""
READ_MOST = 4096
"""Bytes of a good read's answer."""
FAILED_MOST, WRITES_MOST = 200, 2000
"""Of one run; the next ones would say the same."""


class Hearing:
    """Listens to one run; what it heard is written with the next transaction of its work."""

    def __init__(self, run_id: int) -> None:
        self._run_id = run_id
        self._waiting: list[ExchangeRow] = []
        self._reads = self._failed = self._writes = 0

    def wants(self, *, writes: bool, failed: bool) -> int:
        """See `connectors.exchanges.Listener`."""
        if failed:
            self._failed += 1
            return BODY_MOST if self._failed <= FAILED_MOST else 0
        if writes:
            self._writes += 1
            return BODY_MOST if self._writes <= WRITES_MOST else 0
        self._reads += 1
        return READ_MOST if self._reads <= FIRST_READS else 0

    def tell(self, exchange: Exchange) -> None:
        """Remember it for the next transaction."""
        self._waiting.append(ExchangeRow(self._run_id, *exchange))

    def put(self, tx: sqlite3.Connection) -> None:
        """Write what was heard since the last time."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            http_log_rows.keep(tx, waiting)
