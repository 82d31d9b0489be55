"""Every screen and every advertised key at 80x24 and 120x40, in a real pseudo-terminal with hostile data."""

from __future__ import annotations

import pytest

from tests.support.terminal.tour import Stop
from tests.support.terminal.tour_stops import LISTS, STOPS, drive, weigh


@pytest.mark.slow
@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.name)
def test_every_screen_fits_and_every_advertised_key_does_something(stop: Stop) -> None:
    drive(stop)


@pytest.mark.parametrize("stop", LISTS, ids=str)
def test_a_cursor_move_is_cheap_and_a_list_at_rest_is_silent(stop: Stop) -> None:
    weigh(stop)
