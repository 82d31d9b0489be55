"""Faults that a test or the demo switches on in a running server, and the rate limit that it keeps.

Not here: the faults that are planted in the demo's data (`faults`).
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What goes wrong. The first group happens instead of the work, the second after it, the third in its data."""

    SLOW = "slow"
    """Wait `seconds` (up to `most`, at random) before the work."""
    STATUS = "status"
    """Answer `status`; nothing is done."""
    DROP = "drop"
    """Close the connection; nothing is done."""
    EMPTY = "empty"
    """Answer 200 without a body; nothing is done."""

    SLOW_AFTER = "slow_after"
    """Do the work, then wait before the answer."""
    STATUS_AFTER = "status_after"
    """Do the work, then answer `status`."""
    LOST = "lost"
    """Do the work, then close the connection without an answer."""
    CUT = "cut"
    """Do the work, send half of the answer, close the connection."""
    HALF_JSON = "half_json"
    """Do the work, send half of the JSON as if it were all."""

    REPEAT = "repeat"
    """A page is answered with the page before it."""
    NO_ROWS = "no_rows"
    """A page has no rows and says that it is the last one."""
    ENDLESS = "endless"
    """The last page names a next one, for ever."""
    BAD_ROW = "bad_row"
    """The first row of a page has no readable quantity, or no name."""
    REJECT = "reject"
    """The cart refuses the rows `refs`."""


@dataclass(slots=True)
class ServerFault:
    """One fault and the requests that it meets: `path` is a part of the path, `page` counts from 1."""

    kind: Kind
    path: str = ""
    page: int | None = None
    after: int = 0
    """Requests that are let through first."""
    times: int | None = None
    """Requests that it meets; None is all of them until it is cleared."""
    status: int = 500
    seconds: float = 0.0
    most: float = 0.0
    """Upper end of a random wait; `seconds` is the lower one."""
    refs: tuple[str, ...] = ()

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> ServerFault:
        """From the JSON of `/_control/faults`."""
        refs = tuple(str(ref) for ref in values.get("refs", ()))
        return cls(**{**values, "kind": Kind(values["kind"]), "refs": refs})

    def wait(self) -> float:
        """Seconds to wait this time."""
        return random.uniform(self.seconds, max(self.seconds, self.most))

    def _meets(self, path: str, page: int | None) -> bool:
        return self.path in path and self.page in (None, page) and self.times != 0

    def strike(self, path: str, page: int | None) -> bool:
        """Whether this request is hit; uses up one of `after` or `times`."""
        if not self._meets(path, page):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(slots=True)
class Troubles:
    """The faults that are switched on."""

    active: list[ServerFault] = field(default_factory=list)

    def take(self, kind: Kind, path: str, page: int | None = None) -> ServerFault | None:
        """The first fault of a kind that hits this request."""
        return next((t for t in self.active if t.kind is kind and t.strike(path, page)), None)


class Bucket:
    """A leaky bucket as real services keep it, and the headers in which they speak of it."""

    def __init__(self, burst: float, per_second: float) -> None:
        self.burst = burst
        self.per_second = per_second
        self._left = burst
        self._at = time.monotonic()

    def _refill(self) -> None:
        now = time.monotonic()
        self._left = min(self.burst, self._left + (now - self._at) * self.per_second)
        self._at = now

    def take(self) -> bool:
        """Whether one more request is within the limit."""
        self._refill()
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def headers(self) -> dict[str, str]:
        """Limit, whole requests left, and seconds until the bucket is full again.

        The seconds are those of the rounded remainder, so that (limit - remaining) / reset is exactly the refill.
        """
        self._refill()
        left = math.floor(self._left)
        reset = (self.burst - left) / self.per_second
        return {
            "x-ratelimit-limit": f"{self.burst:g}",
            "x-ratelimit-remaining": str(left),
            "x-ratelimit-reset": f"{reset:.6f}",
        }

    def retry_after(self) -> dict[str, str]:
        """For a refused request: whole seconds, rounded up as the header wants them."""
        return {"retry-after": str(math.ceil((1 - self._left) / self.per_second)), **self.headers()}
