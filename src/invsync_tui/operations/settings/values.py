"""Settings as an operator types them, turned into what is stored; InvalidError says which, why, and what is allowed.

Texts come in, so that command line and forms have the same checks and the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.operations.errors import InvalidError
from invsync_tui.rules.redaction import Redacted

MOST = 1_000_000_000
"""No quantity is larger."""
NAME_MOST = 100
TEXT_MOST = 1000
ON, OFF = "on", "off"
NONE = "none"
"""Sync Inventory With Warehouse, where no warehouse is chosen."""
SCHEDULE_LEAST, SCHEDULE_MOST = 60, 30 * 86400
STALE_LEAST, STALE_MOST = 60, 366 * 86400
DEADLINE_LEAST, DEADLINE_MOST = 1, 600
ORDERS_MOST = 7 * 86400
"""Seconds after which no order is waited for any more."""

_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_SECRET = re.compile(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:\S.*|command:\S.*)", re.ASCII)
_OPTION_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,49}", re.ASCII)
_SECRET_WORDS = ("password", "passwd", "secret", "api_key", "apikey", "token")


def whole(field: str, text: str, least: int = 0, most: int = MOST) -> int:
    """A whole number within its range."""
    allowed = f"a whole number from {least} to {most}"
    if not re.fullmatch(r"-?[0-9]{1,12}", text.strip(), re.ASCII) or not least <= int(text) <= most:
        raise InvalidError(field, f"{text!r} is not allowed; give {allowed}.")
    return int(text)


def whole_or_none(field: str, text: str, least: int = 0, most: int = MOST) -> int | None:
    """A whole number, or the word none."""
    return None if text.strip().lower() == NONE else whole(field, text, least, most)


def switch(field: str, text: str) -> bool:
    """True for "on", False for "off"; InvalidError for anything else."""
    word = text.strip().lower()
    if word not in (ON, OFF):
        raise InvalidError(field, f"{text!r} is not allowed; give on or off.")
    return word == ON


def duration(field: str, text: str, least: int, most: int) -> int:
    """Seconds of a time such as 90s, 15m, 1h, 2d."""
    match = re.fullmatch(r"([0-9]{1,9})\s*(s|m|min|h|d)", text.strip().lower(), re.ASCII)
    seconds = int(match.group(1)) * _UNITS[match.group(2)] if match else -1
    if not least <= seconds <= most:
        allowed = f"a time from {span(least)} to {span(most)}, such as 90s, 15m, 1h or 2d"
        raise InvalidError(field, f"{text!r} is not allowed; give {allowed}.")
    return seconds


def duration_or_none(field: str, text: str, least: int, most: int) -> int | None:
    """Seconds of a time, or None for the words off and none."""
    return None if text.strip().lower() in (OFF, NONE) else duration(field, text, least, most)


def span(seconds: int) -> str:
    """Seconds as they are typed: in the largest unit that divides them."""
    for unit in ("d", "h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds // _UNITS[unit]}{unit}"
    return f"{seconds}s"


def line(field: str, text: str, most: int = TEXT_MOST) -> str:
    """One line without control characters."""
    if not text.isprintable() or len(text) > most:
        raise InvalidError(field, f"it must be one line of at most {most} characters, without control characters.")
    return text.strip()


def name(field: str, text: str) -> str:
    """A name that cannot be taken for a number."""
    name_text = line(field, text, NAME_MOST)
    if not name_text or name_text.isdecimal():
        raise InvalidError(field, f"{text!r} is not allowed; give a name that is not empty and not a number.")
    return name_text


def address(field: str, text: str) -> str:
    """One line; whether it is an address depends on the system, see `address_of`."""
    return line(field, text).rstrip("/")


def address_of(group: str, system: str, field: str, text: str) -> str:
    """An address of a system, as its connector declares them. Without a login and without a query in it."""
    from invsync_tui.connectors import registry

    url = address(field, text)
    if wrong := registry.wrong_address(group, system, url):
        raise InvalidError(field, wrong)
    return url


def secret(field: str, text: str) -> str:
    """A reference to a secret. What is not one is never repeated: it may be the secret."""
    if text == "" or _SECRET.fullmatch(text):
        return text
    raise InvalidError(
        field, "this is not a reference; give env:NAME, file:PATH or command:ARGV. Secrets are never stored."
    )


def options(given: Iterable[str], present: Mapping[str, str] | None = None) -> dict[str, str]:
    """KEY=VALUE texts on top of the present ones; KEY= takes one away."""
    merged = dict(present or {})
    for part in given:
        key, equals, value = part.partition("=")
        if not equals or not _OPTION_KEY.fullmatch(key):
            raise InvalidError("--option", "it must be KEY=VALUE with a key of letters, digits, '_', '.' and '-'.")
        if any(word in key.lower() for word in _SECRET_WORDS):
            raise InvalidError("--option", f"{key} looks like a secret; give it as --secret env:NAME, file:PATH.")
        merged[key] = line("--option", value)
        if not merged[key]:
            del merged[key]
    return merged


def one_of(field: str, text: str, known: Sequence[str]) -> str:
    """A word of a list."""
    if text not in known:
        raise InvalidError(field, f"{text!r} is not known; choose one of: {', '.join(known) or 'none installed'}.")
    return text


HEAL = ("never", "oversell", "always")
INACTIVE_PRODUCTS = ("keep", "zero")


def read_schedule(field: str, text: str) -> int | None:
    """How often something runs by itself, in seconds; None is never."""
    return duration_or_none(field, text, SCHEDULE_LEAST, SCHEDULE_MOST)


def reason(text: str) -> Redacted:
    """Why an operator changed something: one line that says something."""
    reason_text = line("--reason", text)
    if not reason_text:
        raise InvalidError("--reason", "it may not be empty; say why, for the audit.")
    return redacted(reason_text)
