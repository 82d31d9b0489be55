"""A held run is named in the terminal's title, and a new one can ring its bell; the terminal gets its own title back."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

import pytest

from invsync_tui.tui.drawing.driver import GIVE_TITLE_BACK, KEEP_TITLE
from tests.support.terminal.demo_process import Demo
from tests.support.terminal.pty import Terminal

DEMO = (sys.executable, "-m", "tests.support.fakes.demo_app", "--holds")
BACK, KEEP = GIVE_TITLE_BACK.encode(), KEEP_TITLE.encode()
OSC = re.compile(rb"\x1b\].*?(\a|\x1b\\)", re.DOTALL)


def opened(state: Path, term: str = "xterm-256color") -> Terminal:
    terminal = Demo(DEMO, environ={"XDG_STATE_HOME": str(state), "TERM": term})
    terminal.wait_for("1 held")
    terminal.settle(0.3, 5)
    return terminal


def bells(terminal: Terminal) -> int:
    """Bells that are none of the ends of a title."""
    return OSC.sub(b"", bytes(terminal.raw)).count(b"\a")


def next_hold(terminal: Terminal, seen: str) -> None:
    terminal.send("F")
    terminal.wait_for(seen)
    terminal.settle(0.3, 5)


def test_the_title_names_what_is_held_as_long_as_it_is_and_no_bell_rings(tmp_path: Path) -> None:
    with opened(tmp_path) as terminal:
        assert terminal.screen.title == "invsync: 1 run held"
        next_hold(terminal, "2 held")
        assert terminal.screen.title == "invsync: 2 runs held"
        assert terminal.raw.count(KEEP) == 1
        assert BACK not in terminal.raw
        next_hold(terminal, "0 held")
        assert terminal.raw.count(BACK) == 1
        assert terminal.screen.title == ""
        assert bells(terminal) == 0
        assert terminal.pump(1.0) == 0


@pytest.mark.parametrize("end", ["q", "SIGTERM", "SIGHUP"])
def test_the_title_is_given_back_at_the_end(tmp_path: Path, end: str) -> None:
    with opened(tmp_path) as terminal:
        assert BACK not in terminal.raw
        if end == "q":
            terminal.send("q")
        else:
            terminal.signal(getattr(signal, end))
        terminal.wait_exit()
        assert terminal.raw.count(BACK) == 1
        assert terminal.raw.rfind(KEEP) < terminal.raw.rfind(BACK)
        assert terminal.left_clean()


def test_the_shell_has_its_title_while_the_program_is_stopped(tmp_path: Path) -> None:
    with opened(tmp_path) as terminal:
        terminal.send("\x1a")
        assert terminal.stopped()
        assert terminal.raw.count(BACK) == 1
        terminal.signal(signal.SIGCONT)
        terminal.wait_until(lambda: terminal.screen.title == "invsync: 1 run held", "the title")
        assert terminal.raw.count(KEEP) == 2


def test_a_bell_that_was_asked_for_rings_for_a_new_hold_only_and_is_remembered(tmp_path: Path) -> None:
    with opened(tmp_path) as terminal:
        terminal.send(":")
        terminal.wait_for("help, quit")
        terminal.send("alerts bell", "enter")
        terminal.wait_for("rings the terminal's bell")
        assert terminal.screen.title == ""
        assert bells(terminal) == 0
        next_hold(terminal, "2 held")
        assert bells(terminal) == 1
        next_hold(terminal, "0 held")
        assert bells(terminal) == 1
        assert terminal.screen.title == ""
    with opened(tmp_path) as terminal:
        assert KEEP not in terminal.raw
        next_hold(terminal, "2 held")
        assert bells(terminal) == 1


@pytest.mark.parametrize("term", ["linux", "vt220", "screen-256color"])
def test_a_terminal_that_is_not_known_to_give_its_title_back_keeps_it(tmp_path: Path, term: str) -> None:
    with opened(tmp_path, term) as terminal:
        next_hold(terminal, "2 held")
        assert b"\x1b]2;" not in terminal.raw
        assert KEEP not in terminal.raw
