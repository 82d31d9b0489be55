"""What a system says of the interface that answers: its version, that it is deprecated, and when it ends.

`Deprecation` is RFC 9745 (`@` and epoch seconds; before that an HTTP date or `true`), `Sunset` is RFC 8594 (an HTTP date).
Shopify names the version that answered, and a reason where something is deprecated. All of it is external text.
"""

from __future__ import annotations

import email.utils
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, fields
from datetime import UTC

from invsync_tui import clock
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.connectors.values import SECONDS_MOST

DAY = 86400
KEPT = 7 * DAY
"""Seconds that a notice is kept for after it was last seen: not every run asks for everything."""
WHERE_MOST = 200
VERSION_HEADER = "x-shopify-api-version"
REASON_HEADER = "x-shopify-api-deprecated-reason"
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,31}", re.ASCII)
_AT = re.compile(r"@([0-9]{1,12})", re.ASCII)


@dataclass(slots=True)
class ApiNotices:
    """What was said in some answers. Times are epoch seconds."""

    version: str = ""
    """Which version answered; '' where it did not say."""
    deprecated_at: int | None = None
    """Since when, or from when on, the interface is deprecated; 0 for a system that names no time."""
    sunset_at: int | None = None
    """When it ends; the earliest time that was named."""
    where: str = ""
    """The request whose answer said so, without its query."""
    seen_at: int = 0
    answers: int = 0
    """How many answers there were."""

    @property
    def warns(self) -> bool:
        """Whether anything is deprecated or ends."""
        return self.deprecated_at is not None or self.sunset_at is not None

    def note(self, headers: Mapping[str, str], where: str) -> None:
        """An answer came, with its headers by lower-case name."""
        self.answers += 1
        version = headers.get(VERSION_HEADER, "").strip()
        if _VERSION.fullmatch(version):
            self.version = version
        deprecated, sunset = _deprecated(headers), _date(headers.get("sunset", ""))
        if deprecated is None and sunset is None:
            return
        if not self.warns or (sunset is not None and sunset < (self.sunset_at or SECONDS_MOST)):
            self.where, self.sunset_at, self.deprecated_at = str(redacted(where))[:WHERE_MOST], sunset, deprecated


def _deprecated(headers: Mapping[str, str]) -> int | None:
    text = headers.get("deprecation", "").strip()
    if match := _AT.fullmatch(text):
        return min(int(match[1]), SECONDS_MOST)
    if text.lower() in ("true", "?1") or headers.get(REASON_HEADER, "").strip():
        return 0
    return _date(text)


def _date(text: str) -> int | None:
    """Epoch seconds of an HTTP date after 1970; None for anything else."""
    try:
        moment = email.utils.parsedate_to_datetime(text.strip())
        seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return seconds if 0 < seconds <= SECONDS_MOST else None


_heard: ContextVar[ApiNotices | None] = ContextVar("api_notices", default=None)


@contextmanager
def collect() -> Iterator[ApiNotices]:
    """Within it what answers say of the interface is collected, in this task and its children."""
    notices = ApiNotices()
    token = _heard.set(notices)
    try:
        yield notices
    finally:
        _heard.reset(token)


def note(headers: Mapping[str, str], where: str) -> None:
    """Record what an answer says of the version and the end of the interface."""
    if (notices := _heard.get()) is not None:
        notices.note(headers, where)


def note_version(version: str) -> None:
    """A connector has learned which version answers otherwise than by a header."""
    if (notices := _heard.get()) is not None and _VERSION.fullmatch(version):
        notices.version = version


def stored(text: str) -> ApiNotices | None:
    """What was kept as JSON; None for ''."""
    if not text:
        return None
    known = {field.name for field in fields(ApiNotices)}
    return ApiNotices(**{name: value for name, value in json.loads(text).items() if name in known})


def merged(stored_text: str, seen: ApiNotices) -> str:
    """What to keep as JSON after a run. A notice that this run did not see is kept for a while; what says the same as what
    is kept is written once a day at most."""
    now, before = clock.seconds(), stored(stored_text)
    if not seen.answers and not seen.version:
        return stored_text
    made = ApiNotices(seen.version, seen.deprecated_at, seen.sunset_at, seen.where, now)
    if before is not None:
        made.version = made.version or before.version
        if not seen.warns and before.warns and clock.within(before.seen_at, KEPT, now):
            made = ApiNotices(made.version, before.deprecated_at, before.sunset_at, before.where, before.seen_at)
    if before is not None and clock.within(before.seen_at, DAY, now):
        made.seen_at = before.seen_at
    return json.dumps(asdict(made), sort_keys=True) if made.version or made.warns else ""
