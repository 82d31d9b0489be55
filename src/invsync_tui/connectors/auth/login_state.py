"""How long a login that a person gave still lasts, in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from invsync_tui.connectors.auth.token_store import Token
from invsync_tui.plain_text import counted

WARN_BEFORE = 14 * 86400
"""Seconds before its end from which a login that lasts long is warned of; of a shorter one its last quarter."""


class LoginState(NamedTuple):
    """`over`: somebody has to log in. `soon`: somebody will have to before long, unless it is renewed by itself."""

    text: str
    over: bool = False
    soon: bool = False


def login_state(token: Token, now: int) -> LoginState:
    """The state of a login at a time, both in epoch seconds."""
    if not token.access and not token.refresh:
        return LoginState("the login was withdrawn", over=True)
    ends = token.login_ends_at
    if ends is None:
        return LoginState(f"logged in on {_day(token.obtained_at)}; the login does not run out by itself")
    left = ends - now
    if left <= 0:
        return LoginState(f"the login ran out on {_day(ends)}", over=True)
    how_long = counted(left // 86400, "day") if left >= 2 * 86400 else counted(max(1, left // 3600), "hour")
    renewed = "; each sync renews it" if token.refresh else ""
    soon = left < min(WARN_BEFORE, (ends - token.obtained_at) / 4)
    return LoginState(f"logged in until {_day(ends)}, for {how_long} more{renewed}", soon=soon)


def _day(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"
