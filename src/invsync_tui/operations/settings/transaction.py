"""One write transaction for a change of settings: the change by SQLModel, its schedule and its audit entry together."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from invsync_tui import clock
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.operations.errors import OperationError, StaleError, as_operation_error
from invsync_tui.operations.roles import Right
from invsync_tui.operations.session import Session
from invsync_tui.store import audit
from invsync_tui.store.settings import read as settings_read
from invsync_tui.store.settings import schedule

JITTER_SHARE = 10
"""One part in so many of a period, so that many merchants do not start at once."""
JITTER_MOST = 60
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Saving:
    """An open change: `db` for SQLModel, `tx` for prepared statements, both in the same transaction."""

    db: Any
    """A SQLModel session; its type stays in the store's room."""
    tx: sqlite3.Connection
    operator: str

    def flush(self) -> None:
        """Write what SQLModel has collected, so that statements on `tx` see it."""
        self.db.flush()

    def current(self, row: Any, rev: int | None) -> Any:
        """The row, if it is still the revision that was looked at; None does not ask."""
        if rev is not None and row.rev != rev:
            raise StaleError("Somebody else saved these settings meanwhile. Look at them again, then save.")
        return row

    def audit(
        self, action: str, subject: str, before: Mapping[str, Any], after: Mapping[str, Any], reason: str = ""
    ) -> None:
        """Note who changed what, and why."""
        self.flush()
        audit.record(
            self.tx,
            clock.seconds(),
            self.operator,
            action,
            subject,
            before=_text(before),
            after=_text(after),
            reason=redacted(reason),
        )

    def schedule(self, kind: str, key: int, every: int | None, first_in: int) -> None:
        """Set or drop the schedule of a pull or push; the first run is due in `first_in` seconds.

        One that has this period already goes on as it is: setting it again and again must not put its next run off.
        """
        self.flush()
        if every is None:
            schedule.drop(self.tx, kind, key)
            return
        if settings_read.every(self.tx, kind, key) == every:
            return
        jitter = min(every // JITTER_SHARE, JITTER_MOST)
        schedule.put(self.tx, kind, key, every, jitter, clock.seconds() + first_in)


def _text(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), sort_keys=True) if values else ""


@contextmanager
def saving(session: Session, what: str) -> Iterator[Saving]:
    """A change of settings, saved as a whole or not at all. Refused in read-only mode, and to whoever is not admin."""
    session.allow(Right.SETTINGS, what)
    try:
        with as_operation_error(), session.store.change() as (db, tx):
            yield Saving(db, tx, session.operator)
    except Exception as error:
        cause = getattr(error, "orig", error)
        if isinstance(cause, sqlite3.IntegrityError):
            raise OperationError(f"Cannot {what}: there is one of this name already. Choose another name.") from error
        if isinstance(cause, sqlite3.Error):
            raise _store_error(session, cause) from error
        raise


def _store_error(session: Session, error: sqlite3.Error) -> OperationError:
    from invsync_tui.store.errors import translate

    operation_error = OperationError(str(translate(error, session.path)))
    operation_error.__cause__ = translate(error, session.path)
    return operation_error
