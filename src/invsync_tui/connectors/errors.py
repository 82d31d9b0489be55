"""What can go wrong at a WMS or a cart, as a small tree. Each error says what happened, where, and what to do next.

The sync decides by class alone: `AuthError` and `PermissionDeniedError` stop a run, `ThrottledError` and
`UnavailableError` slow one connection down, `RowsRejectedError` is bisected, `ContractError` is a defect to report.
Each class carries the reason that a run ends with. All its texts pass the gate for foreign text when it is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.rules.outcomes import Reason
from invsync_tui.rules.redaction import Redacted

MAX_TEXT = 300
"""Characters kept of a foreign message: servers send tracebacks and field definitions of 70 kB."""
READ_OF_TEXT = 4096
"""Characters of a foreign message that are looked at."""


def shorten(text: str) -> Redacted:
    """A foreign message on one line, without secrets and control characters, cut to MAX_TEXT."""
    message = redacted(text[:READ_OF_TEXT])
    clean = " ".join("".join(c if c.isprintable() else " " for c in message).split())
    return redacted(clean if len(clean) <= MAX_TEXT else clean[: MAX_TEXT - 1] + "…")


class ConnectorError(Exception):
    """Base of all: `what` happened, `where` (connection and call), `advice` on what to do next."""

    advice_default = "Test the connection: invsync connections test."
    reason: ClassVar[Reason] = Reason.UNEXPECTED_ANSWER
    """What a run that ends with it is filed under. CART_UNAVAILABLE of a download is SOURCE_UNAVAILABLE."""

    def __init__(self, what: str, *, where: str = "", advice: str = "") -> None:
        self.what = shorten(what)
        self.where = redacted(where[:READ_OF_TEXT])
        self.advice = redacted(advice[:READ_OF_TEXT] or self.advice_default)
        super().__init__(redacted(f"{self.where}: {self.what} {self.advice}".lstrip(": ")))

    @property
    def text(self) -> Redacted:
        """All of it in one line."""
        return redacted(str(self))


class AuthError(ConnectorError):
    """The login was refused. Final for the run: repeating it locks accounts out."""

    advice_default = "Correct the login or the secret it refers to, then test the connection."
    reason = Reason.AUTH_FAILED


class LockedOutError(AuthError):
    """Too many wrong logins; the server refuses even the right one for a while."""

    advice_default = "Wait until the server forgets the failed logins (minutes), then test the connection once."


class UnavailableError(ConnectorError):
    """No usable answer: refused, timed out, 5xx, busy. `may_have_applied` tells whether a write may have happened."""

    advice_default = "Nothing is lost; it is tried again in the next run."
    reason = Reason.CART_UNAVAILABLE

    def __init__(self, what: str, *, where: str = "", advice: str = "", may_have_applied: bool = False) -> None:
        self.may_have_applied = may_have_applied
        super().__init__(what, where=where, advice=advice)


class ThrottledError(ConnectorError):
    """Too many requests; nothing was applied. `retry_after` in seconds, None where the server gave none."""

    advice_default = "The connection slows down by itself."
    reason = Reason.THROTTLED

    def __init__(self, what: str, *, where: str = "", advice: str = "", retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(what, where=where, advice=advice)


class DeferredError(ThrottledError):
    """Too many requests, and the wait is longer than a run waits: it ends, and the next one starts when the wait is over.

    `retry_after` is never None.
    """

    advice_default = "The rest continues by itself then."

    def __init__(self, retry_after: float, *, where: str = "", limit: str = "") -> None:
        minutes = max(1, round(retry_after / 60))
        wait = f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"
        name = f"limit {limit!r} is spent; it" if limit else "rate limit"
        super().__init__(f"The {name} asks to wait for {wait}.", where=where, retry_after=retry_after)


class PreparingError(DeferredError):
    """A system was asked to prepare what is to be read, and is not done: the run ends, and one of its own goes on at the same
    cursor `retry_after` seconds later. For a cart's listings that is the cursor behind a first page without rows."""

    advice_default = "It continues by itself when that is done."
    reason = Reason.SOURCE_UNAVAILABLE

    def __init__(self, what: str, *, retry_after: float, where: str = "") -> None:
        ThrottledError.__init__(self, what, where=where, retry_after=retry_after)


class PermissionDeniedError(ConnectorError):
    """Logged in, but not allowed: a missing scope, role or group."""

    advice_default = "Grant the permission to this login, then run again."
    reason = Reason.SCOPE_MISSING


class ContractError(ConnectorError):
    """The answer is not of the documented shape, or a call is not known: wrong version, wrong address, or a bug."""

    advice_default = "Check the address and the version of the system; if both are right, report it."
    reason = Reason.UNEXPECTED_ANSWER


class NotConfiguredError(ConnectorError):
    """The connection lacks something without which answers would be silently wrong (a company, a location)."""

    advice_default = "Complete the connection's settings."
    reason = Reason.NOT_CONFIGURED


class RowsRejectedError(ConnectorError):
    """A batch was refused as a whole because of its rows. `refs` are those the server named, often none or one."""

    advice_default = "The batch is split until the bad row is found."
    reason = Reason.REJECTED_BY_CART

    def __init__(self, what: str, *, where: str = "", advice: str = "", refs: Sequence[str] = ()) -> None:
        self.refs = tuple(refs)
        super().__init__(what, where=where, advice=advice)


class BatchTooLargeError(RowsRejectedError):
    """A batch was refused for its size, and nothing of it was applied: it is sent in halves, and smaller ones from then on."""

    advice_default = "It is sent again in smaller batches."
