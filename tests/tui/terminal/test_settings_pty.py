"""A form in a real pseudo-terminal: what a key costs, at rest nothing, and any size at any moment."""

from __future__ import annotations

import statistics

from tests.support.terminal.demo_process import started
from tests.support.terminal.pty import Terminal

MOVE_BUDGET, LETTER_BUDGET = 400, 400


def opened(terminal: Terminal) -> None:
    terminal.wait_for("1 run is held")
    terminal.send(":")
    terminal.wait_for("a merchant or cart, run 42")
    terminal.send("setup 7", "enter")
    terminal.wait_for("Inventory Upload Service")
    terminal.settle(0.6)


def cost(terminal: Terminal, key: str) -> int:
    before = terminal.bytes_out
    terminal.send(key)
    terminal.wait_until(lambda: terminal.bytes_out > before, f"an answer to {key}")
    terminal.settle(0.25)
    return terminal.bytes_out - before


def test_a_form_costs_little_and_nothing_at_rest() -> None:
    with started() as terminal:
        opened(terminal)
        assert statistics.median(cost(terminal, key) for key in ("down", "down", "down", "up", "down")) < MOVE_BUDGET
        terminal.send("enter")
        terminal.settle(0.4)
        assert statistics.median(cost(terminal, letter) for letter in "12345") < LETTER_BUDGET
        terminal.settle(1.0)
        assert terminal.pump(2.0) == 0
        terminal.send("escape")
        terminal.settle(0.3)
        terminal.send("q")
        assert terminal.wait_exit() == 0


def test_a_form_follows_any_size_while_it_is_edited() -> None:
    with started() as terminal:
        opened(terminal)
        terminal.send("down", "down", "down", "enter", "x")
        terminal.wait_for("not allowed")
        for size in ((120, 40), (40, 12), (20, 6), (1, 1), (80, 24)):
            terminal.resize(*size)
            terminal.settle(0.3, 3)
        terminal.wait_for("0x")
        terminal.send("escape")
        terminal.wait_gone("not allowed")
        assert b"Traceback" not in terminal.raw


def test_words_in_one_burst_are_words_and_not_orders() -> None:
    with started() as terminal:
        terminal.wait_for("1 run is held")
        terminal.send(":setup 7\r")
        terminal.wait_for("Inventory Upload Service")
        terminal.send("\x1b")
        terminal.wait_for("1 run is held")
        terminal.send("/sac")
        terminal.wait_for("/ sac")
        assert b"Traceback" not in terminal.raw


def test_without_colors_a_form_says_everything() -> None:
    with started("--ascii", environ={"NO_COLOR": "1", "COLORTERM": ""}) as terminal:
        opened(terminal)
        terminal.send(" ")
        terminal.wait_for("was on")
        terminal.send("s")
        terminal.wait_for("on > off")
        terminal.settle(0.4)
        assert b"38;2;" not in terminal.raw and b"38;5;" not in terminal.raw
        assert all(line.isascii() for line in terminal.lines())
