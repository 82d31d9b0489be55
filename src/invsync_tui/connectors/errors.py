"""What can go wrong at a WMS or a cart, as a small tree. Each error says what happened, where, and what to do next.

The sync decides by class alone: `AuthError` and `PermissionDeniedError` stop a run, `ThrottledError` and
`UnavailableError` slow one connection down, `RowsRejectedError` is bisected, `ContractError` is a defect to report.
"""

from __future__ import annotations

from collections.abc import Sequence

MAX_TEXT = 300
"""Characters kept of a foreign message: servers send tracebacks and field definitions of 70 kB."""


def shorten(text: str) -> str:
    """A foreign message on one line, without control characters, cut to MAX_TEXT."""
    clean = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return clean if len(clean) <= MAX_TEXT else clean[: MAX_TEXT - 1] + "…"


class ConnectorError(Exception):
    """Base of all: `what` happened, `where` (connection and call), `advice` on what to do next."""

    advice_default = "Test the connection: invsync connections test."

    def __init__(self, what: str, *, where: str = "", advice: str = "") -> None:
        self.what = shorten(what)
        self.where = where
        self.advice = advice or self.advice_default
        super().__init__(f"{self.where}: {self.what} {self.advice}".lstrip(": "))


class AuthError(ConnectorError):
    """The login was refused. Final for the run: repeating it locks accounts out."""

    advice_default = "Correct the login or the secret it refers to, then test the connection."


class LockedOutError(AuthError):
    """Too many wrong logins; the server refuses even the right one for a while."""

    advice_default = "Wait until the server forgets the failed logins (minutes), then test the connection once."


class UnavailableError(ConnectorError):
    """No usable answer: refused, timed out, 5xx, busy. `may_have_applied` tells whether a write may have happened."""

    advice_default = "Nothing is lost; it is tried again in the next run."

    def __init__(self, what: str, *, where: str = "", advice: str = "", may_have_applied: bool = False) -> None:
        self.may_have_applied = may_have_applied
        super().__init__(what, where=where, advice=advice)


class ThrottledError(ConnectorError):
    """Too many requests; nothing was applied. `retry_after` in seconds, None where the server gave none."""

    advice_default = "The connection slows down by itself."

    def __init__(self, what: str, *, where: str = "", advice: str = "", retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(what, where=where, advice=advice)


class PermissionDeniedError(ConnectorError):
    """Logged in, but not allowed: a missing scope, role or group."""

    advice_default = "Grant the permission to this login, then run again."


class ContractError(ConnectorError):
    """The answer is not of the documented shape, or a call is not known: wrong version, wrong address, or a bug."""

    advice_default = "Check the address and the version of the system; if both are right, report it."


class NotConfiguredError(ConnectorError):
    """The connection lacks something without which answers would be silently wrong (a company, a location)."""

    advice_default = "Complete the connection's settings."


class RowsRejectedError(ConnectorError):
    """A batch was refused as a whole because of its rows. `refs` are those the server named, often none or one."""

    advice_default = "The batch is split until the bad row is found."

    def __init__(self, what: str, *, where: str = "", advice: str = "", refs: Sequence[str] = ()) -> None:
        self.refs = tuple(refs)
        super().__init__(what, where=where, advice=advice)
