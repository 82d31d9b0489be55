"""Every screen and every advertised key at 120x40, in a real pseudo-terminal with hostile data."""

from __future__ import annotations

import pytest

from tests.support.terminal.tour import Stop
from tests.support.terminal.tour_stops import STOPS, drive, weigh

SIZE = (120, 40)


@pytest.mark.slow
@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.name)
def test_every_advertised_key_does_something(stop: Stop) -> None:
    drive(stop, SIZE)


def test_a_cursor_move_is_cheap_and_a_list_at_rest_is_silent() -> None:
    weigh(SIZE)
