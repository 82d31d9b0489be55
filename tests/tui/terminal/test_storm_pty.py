"""A real terminal is resized as tmux does it when a pane is zoomed again and again: nothing ends, and all is drawn."""

from __future__ import annotations

import sys
import time

import pytest

from tests.support.terminal.demo_process import Demo

DEMO = (sys.executable, "-m", "tests.support.fakes.demo_app")
SIZES = ((80, 24), (40, 10))
ZOOMS, WITHIN = 8, 0.5


@pytest.mark.parametrize("keys", [(), ("w", "\r"), ("c", "\r"), ("/", "demo-00"), (":", "run 11\r"), ("E",)], ids=repr)
def test_eight_zooms_in_half_a_second_leave_the_screen_of_before(keys: tuple[str, ...]) -> None:
    with Demo(DEMO, *SIZES[0]) as terminal:
        # given a screen
        terminal.wait_for("1 run is held")
        for key in keys:
            terminal.settle(0.2, 3)
            terminal.send(key)
        terminal.settle(0.4, 5)
        before = terminal.lines_without_ages()
        # when its pane is zoomed out and in, faster than it can draw, and read from as it goes
        for number in range(ZOOMS * 2):
            terminal.resize(*SIZES[(number + 1) % 2])
            terminal.pump(0 if number % 3 else WITHIN / ZOOMS / 2)
            time.sleep(WITHIN / ZOOMS / 4)
        # then it shows what it did
        terminal.wait_until(lambda: terminal.lines_without_ages() == before, "the screen of before")
        # and answers
        terminal.send(*(["\x1b"] * len(keys)))
        terminal.wait_for("1 run is held")
        terminal.settle(0.2, 3)
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert terminal.left_clean()
        assert b"Traceback" not in terminal.raw
