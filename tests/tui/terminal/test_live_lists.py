"""What lists send while a sync runs: the demo's first download and pushes, seen from the screens that an operator leaves open."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.terminal.pty import Terminal

PROGRAM = (sys.executable, "-m", "invsync_tui", "demo", "--products", "20000", "--keep")
SECONDS = 6.0
MOST_BYTES = 2048
"""For each second, DESIGN's budget of a live screen."""
RUNNING = "running"


def weighed(terminal: Terminal, name: str) -> float:
    """Bytes a second of the screen that is open."""
    rate = terminal.pump(SECONDS) / SECONDS
    print(f"{name}, {terminal.screen.columns}x{terminal.screen.lines}: {rate:.0f} B/s while a sync runs")
    return rate


@pytest.mark.slow
@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=str)
def test_lists_that_are_left_open_while_a_sync_runs_are_cheap(size: tuple[int, int], tmp_path: Path) -> None:
    with Terminal([*PROGRAM, str(tmp_path / "kept")], *size, {"HOME": str(tmp_path)}) as terminal:
        # given: the demo opens at its first run
        terminal.wait_for("download]", 60)
        terminal.send("escape")
        terminal.wait_for("Demo Paused")
        terminal.settle(0.5, 3)
        # when
        rates = [weighed(terminal, "Merchants")]
        assert RUNNING in "\n".join(terminal.lines()[2:]), "the sync is over before it was weighed"
        terminal.send("r")
        terminal.wait_for("Asked")
        terminal.settle(0.5, 3)
        rates.append(weighed(terminal, "Runs"))
        assert RUNNING in "\n".join(terminal.lines()[2:])
        assert rates[-1], "a run that moves is seen to move"
        terminal.send("escape")
        terminal.wait_for("Demo Paused")
        terminal.send("c")
        terminal.wait_for("3 carts")
        terminal.send("enter")
        terminal.wait_for("Product Sync")
        terminal.wait_for("DEMO-", 60)  # the cart's listings come with its push
        terminal.settle(0.5, 3)
        rates.append(weighed(terminal, "Product Sync"))
        # then
        assert max(rates) < MOST_BYTES
