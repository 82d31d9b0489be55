"""What lists send while a sync runs: the demo's first download and pushes, seen from the screens that an operator leaves open."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.terminal.pty import Terminal

PROGRAM = (sys.executable, "-m", "invsync_tui", "demo", "--products", "40000", "--keep")
SIZES = ((80, 24), (120, 40))
SECONDS = 2.0
MOST_BYTES = 2048
"""For each second, DESIGN's budget of a live screen."""
RUNNING = "running"


def weighed(terminal: Terminal, name: str) -> list[float]:
    """Bytes a second of the screen that is open, in both sizes."""
    rates = []
    for size in SIZES:
        terminal.resize(*size)
        terminal.settle(0.5, 3)
        rates.append(terminal.pump(SECONDS) / SECONDS)
        print(f"{name}, {size[0]}x{size[1]}: {rates[-1]:.0f} B/s while a sync runs")
    return rates


@pytest.mark.slow
def test_lists_that_are_left_open_while_a_sync_runs_are_cheap(tmp_path: Path) -> None:
    with Terminal([*PROGRAM, str(tmp_path / "kept")], *SIZES[0], {"HOME": str(tmp_path)}) as terminal:
        # given: the demo opens at its first run
        terminal.wait_for("download]", 60)
        terminal.send("escape")
        terminal.wait_for("Demo Paused")
        # when
        rates = weighed(terminal, "Merchants")
        assert RUNNING in "\n".join(terminal.lines()[2:]), "the sync is over before it was weighed"
        terminal.send("r")
        terminal.wait_for("Asked")
        of_runs = weighed(terminal, "Runs")
        assert RUNNING in "\n".join(terminal.lines()[2:])
        assert min(of_runs), "a run that moves is seen to move"
        terminal.send("escape")
        terminal.wait_for("Demo Paused")
        terminal.send("c")
        terminal.wait_for("3 carts")
        terminal.send("enter")
        terminal.wait_for("Product Sync")
        terminal.wait_for("DEMO-", 60)  # the cart's listings come with its push
        # then
        assert max(*rates, *of_runs, *weighed(terminal, "Product Sync")) < MOST_BYTES
