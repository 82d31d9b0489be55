"""Clocks that a test sets by hand: the time of day, and the time that has really passed."""

from __future__ import annotations

import pytest

from invsync_tui import clock

NOW = 1_760_000_000
"""The time of day when nothing has passed and nobody has set the clock, in epoch seconds."""


class Clocks:
    """Both clocks, set by hand: `passed` moves both, `ahead` the time of day alone. Seconds."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.passed, self.ahead = 0.0, 0.0
        patch.setattr(clock, "now", lambda: NOW + self.passed + self.ahead)
        patch.setattr(clock, "elapsed", lambda: self.passed)
