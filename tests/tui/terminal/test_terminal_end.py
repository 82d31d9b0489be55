"""However the program ends or is stopped, the terminal is given back as it was; and a terminal that is gone ends it."""

from __future__ import annotations

import os
import signal
import stat
import sys
from pathlib import Path

import pytest

from invsync_tui import __version__
from tests.support.terminal.pty import Terminal

DEMO = (sys.executable, "-m", "tests.support.fakes.demo_app")
STUCK = b"\x1b]2;stuck\x07"
MOUSE = {"SSH_CONNECTION": ""}
ENDING = (
    "SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGABRT", "SIGVTALRM", "SIGPROF", "SIGIO",
    "SIGPWR", "SIGXCPU", "SIGXFSZ", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGSYS", "SIGTRAP", "SIGSTKFLT", "SIGRTMIN",
)  # fmt: skip


class Ended(Terminal):
    """Its program has ways to end that do not depend on how it was started."""

    forks = True


def opened(*options: str, environ: dict[str, str] | None = None) -> tuple[Terminal, list[object]]:
    terminal = Ended([*DEMO, *options], environ={**MOUSE, **(environ or {})})
    before = terminal.first_modes
    terminal.wait_for("run 11" if "--open" in options else "1 run is held")
    terminal.settle(0.2, 3)
    return terminal, before


@pytest.mark.parametrize("name", ENDING)
def test_a_signal_that_ends_the_program_leaves_the_terminal_as_it_was(name: str) -> None:
    # given a running control room with the mouse on
    terminal, before = opened()
    with terminal:
        assert terminal.modes() != before
        # when it gets a signal
        number = getattr(signal, name)
        terminal.signal(number)
        # then it ends in order, says how, and leaves no mode behind
        assert terminal.wait_exit() == 128 + number
        assert terminal.modes() == before
        assert terminal.left_clean()
        assert b"Traceback" not in terminal.raw


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_even_a_program_whose_loop_is_stuck(number: signal.Signals) -> None:
    terminal, before = opened("--stuck")
    with terminal:
        # given a loop that says that it comes back no more
        terminal.send("F")
        terminal.wait_until(lambda: STUCK in terminal.raw, "the loop to be stuck")
        # when
        terminal.signal(number)
        # then
        assert terminal.wait_exit() == 128 + number
        assert terminal.modes() == before
        assert terminal.left_clean()


@pytest.mark.parametrize("writable", [True, False])
def test_a_defect_is_one_sentence_and_a_private_file_with_the_rest(tmp_path: Path, writable: bool) -> None:
    # given a screen about a run
    state = tmp_path / "state"
    if not writable:
        state.write_text("a file where the folder should be")
    terminal, before = opened("--broken", "--open", "11", environ={"XDG_STATE_HOME": str(state)})
    with terminal:
        at = len(terminal.raw)
        # when a defect ends the control room
        terminal.send("F")
        assert terminal.wait_exit() == 1
        # then the terminal is as it was, and one sentence says what to report
        assert terminal.modes() == before
        assert terminal.left_clean()
        said = bytes(terminal.raw[at:])
        said = said[said.index(b"invsync: ") :]
        (line,) = said.decode().strip().splitlines()
        assert (
            f"defect of invsync {__version__} ended" in line and "RunScreen, run 11" in line and "hunter2" not in line
        )
        kept = list(state.glob("invsync/defect-*.txt")) if writable else []
        if not writable:
            assert "could not be written" in line and "RuntimeError at demo_app.py:" in line
            return
        # and the details are in a file that nobody else reads
        (path,) = kept
        assert str(path) in line and stat.S_IMODE(path.stat().st_mode) == 0o600
        text = path.read_text()
        assert "RunScreen, run 11" in text and "Traceback" in text and "demo_app.py" in text
        assert "hunter2" not in text and "\x1b" not in text


def test_leaving_by_its_key_leaves_the_terminal_as_it_was() -> None:
    terminal, before = opened()
    with terminal:
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert terminal.modes() == before
        assert terminal.left_clean()


@pytest.mark.parametrize("options", [(), ("--live", "--open", "11")])
def test_a_terminal_that_goes_without_a_signal_ends_the_program(options: tuple[str, ...]) -> None:
    # given a program that is told nothing about hangups
    command = f"trap '' HUP; exec {' '.join([*DEMO, *options])}"
    with Terminal(["sh", "-c", command]) as terminal:
        terminal.wait_for("running")
        # when its terminal is closed
        terminal.tear_away()
        # then it ends, rather than reading nothing for ever
        assert terminal.ended(within=10.0)


def test_ctrl_z_stops_it_with_a_clean_terminal_and_going_on_draws_everything() -> None:
    terminal, before = opened()
    with terminal:
        shown = terminal.lines_without_ages()
        # when it is stopped
        terminal.send("\x1a")
        assert terminal.stopped()
        terminal.settle(0.2, 2)
        # then the shell finds its terminal as it left it
        assert terminal.modes() == before
        assert terminal.left_clean()
        # and when it goes on, after somebody wrote all over it, everything is there again
        terminal.screen.reset()
        terminal.signal(signal.SIGCONT)
        terminal.wait_until(lambda: terminal.lines_without_ages() == shown, "the same screen")
        assert terminal.modes() != before
        terminal.send("j")
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert terminal.modes() == before


@pytest.mark.parametrize("name", ["SIGTSTP", "SIGTTIN", "SIGTTOU"])
def test_a_signal_that_stops_it_finds_the_terminal_given_back(name: str) -> None:
    terminal, before = opened()
    with terminal:
        shown = terminal.lines_without_ages()
        for _ in range(2):
            # when somebody stops it by a signal that can be caught, also a second time
            terminal.signal(getattr(signal, name))
            assert terminal.stopped()
            terminal.settle(0.2, 2)
            # then the shell finds its terminal as it left it
            assert terminal.modes() == before
            assert terminal.left_clean()
            # and when it goes on, it has the terminal again
            terminal.screen.reset()
            terminal.signal(signal.SIGCONT)
            terminal.wait_until(lambda: terminal.lines_without_ages() == shown, "the same screen")
            assert terminal.modes() != before
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert terminal.modes() == before


def test_stopped_by_force_it_draws_everything_when_it_goes_on() -> None:
    terminal, before = opened()
    with terminal:
        shown = terminal.lines_without_ages()
        terminal.signal(signal.SIGSTOP)
        assert terminal.stopped()
        terminal.screen.reset()
        terminal.signal(signal.SIGCONT)
        terminal.wait_until(lambda: terminal.lines_without_ages() == shown, "the same screen")
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert terminal.modes() == before


def test_a_shell_stops_it_and_brings_it_back() -> None:
    with Terminal(["bash", "--norc", "--noprofile", "-i"], environ={"PS1": "prompt> ", **MOUSE}) as terminal:
        terminal.wait_for("prompt>")
        terminal.send(" ".join(DEMO) + "\r")
        terminal.wait_for("1 run is held")
        terminal.settle(0.3, 3)
        shown = terminal.lines_without_ages()
        terminal.send("\x1a")
        terminal.wait_for("Stopped")
        terminal.send("fg\r")
        terminal.wait_until(lambda: terminal.lines_without_ages() == shown, "the same screen")
        terminal.send("q")
        terminal.wait_for("prompt>")
        terminal.send("stty -a | grep -o ' echo '; exit\r")
        terminal.wait_for(" echo")


def test_the_terminals_own_size_counts_and_not_what_a_shell_exported() -> None:
    environ = {"COLUMNS": "132", "LINES": "50"}
    with Terminal(DEMO, 80, 24, environ) as terminal:
        terminal.wait_for("1 run is held")
        terminal.wait_until(lambda: terminal.lines()[-1].endswith("q Quit"), "the whole footer in the last row")
        assert b"\x1b[25;" not in terminal.raw


def test_bytes_that_are_no_utf8_are_no_reason_to_end() -> None:
    terminal, _ = opened()
    with terminal:
        os.write(terminal._fd, b"\xe4\xff\xc3")
        terminal.settle(0.2, 2)
        terminal.send("q")
        assert terminal.wait_exit() == 0


@pytest.mark.parametrize("locale", ["C", "de_DE.ISO-8859-1", "en_US", "ja_JP.eucJP"])
def test_a_terminal_of_another_locale_gets_ascii_alone(locale: str) -> None:
    with Terminal(DEMO, environ={"LC_ALL": locale, "PYTHONIOENCODING": ""}) as terminal:
        terminal.wait_for("Demo L?den")
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert bytes(terminal.raw).isascii()
