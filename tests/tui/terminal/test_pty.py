"""The control room in a real pseudo-terminal: what is on the screen, and what crosses the wire."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.terminal.demo_process import started
from tests.support.terminal.pty import Terminal

SIZES = [(80, 24), (120, 40)]
LIVE_BUDGET, SECONDS = 2048, 6
PROGRAM = (sys.executable, "-m", "invsync_tui")
LATER = (
    "invsync_tui.connectors", "invsync_tui.operations.lists.list_views", "invsync_tui.operations.merchants.overview",
    "invsync_tui.operations.views", "invsync_tui.rules", "invsync_tui.store", "invsync_tui.sync", "invsync_tui.tui.actions",
)  # fmt: skip
"""What is loaded beside the first frame, not before it: dataclasses of rows take half a millisecond each."""


@pytest.mark.parametrize("size", SIZES)
def test_merchants_and_a_run_fit_the_screen(size: tuple[int, int]) -> None:
    with started(size=size) as terminal:
        terminal.wait_for("1 run is held")
        assert "Demo Läden" in "\n".join(terminal.lines())
        assert "service running" in terminal.lines()[0]
        terminal.wait_until(lambda: terminal.lines()[-1].endswith("q Quit"), "the whole footer")
        terminal.send("enter")
        terminal.wait_for("1,800 updated")
        assert "running" in terminal.lines()[2]
        terminal.wait_until(lambda: terminal.lines()[-1].endswith("q Quit"), "the whole footer")
        terminal.send("escape")
        terminal.wait_for("Demo Läden")
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert b"Traceback" not in terminal.raw


def test_a_resize_is_followed() -> None:
    with started("--open", "21") as terminal:
        terminal.wait_for("Mass zero")
        for size in ((120, 40), (50, 15), (20, 6), (80, 24)):
            terminal.resize(*size)
            terminal.settle(0.4, 3)
        terminal.wait_for("Mass zero: 380 of 412 listings (92 %)")
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert b"Traceback" not in terminal.raw


def test_an_idle_screen_sends_nothing() -> None:
    with started() as terminal:
        terminal.wait_for("1 run is held")
        terminal.settle(1.0)
        assert terminal.pump(3.0) == 0


def test_a_live_run_stays_under_its_budget() -> None:
    with started("--live", "--open", "11") as terminal:
        terminal.wait_for("Batch")
        terminal.settle(0.3, 2)
        assert 0 < terminal.pump(SECONDS) < LIVE_BUDGET * SECONDS


def test_over_ssh_a_live_run_costs_half() -> None:
    with started("--live", "--open", "11", environ={"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}) as terminal:
        terminal.wait_for("Batch")
        terminal.settle(0.3, 2)
        assert 0 < terminal.pump(SECONDS) < LIVE_BUDGET * SECONDS / 2
        assert b"\x1b[?1003h" not in terminal.raw


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "linux"}, {"TERM": "screen"}, {"TERM": "xterm"}])
def test_plain_terminals_get_at_most_their_16_colors(environ: dict[str, str]) -> None:
    with started("--open", "21", environ={"COLORTERM": "", **environ}) as terminal:
        terminal.wait_for("Mass zero")
        terminal.send("r")
        terminal.wait_for("Release this held run?")
        terminal.settle(0.4, 3)
        assert b"38;2;" not in terminal.raw
        assert b"38;5;" not in terminal.raw


def test_the_ascii_option_draws_with_ascii_alone() -> None:
    with started("--ascii", "--open", "21") as terminal:
        terminal.wait_for("Mass zero")
        terminal.send("r")
        terminal.wait_for("Release this held run?")
        terminal.settle(0.4, 3)
        assert [line for line in terminal.lines() if not line.isascii()] == []


def test_a_dropped_connection_ends_it_quietly_and_restores_the_terminal() -> None:
    with started() as terminal:
        terminal.wait_for("Demo Läden")
        terminal.hang_up()
        assert terminal.wait_exit() == 129
        assert b"\x1b[?1049l" in terminal.raw
        assert b"Traceback" not in terminal.raw


def test_the_first_frame_comes_before_the_heavy_libraries() -> None:
    """Importing and building the control room loads no database, no HTTP and no migrations."""
    script = (
        "import sys; from pathlib import Path; from invsync_tui.tui import app, store_connection; import os; "
        "app.control_room(store_connection.StoreConnection(Path('x.db')), app.terminal_of(os.environ)); "
        "print([m for m in ('sqlmodel','sqlalchemy','pydantic','httpx','alembic','sqlite3') if m in sys.modules])"
    )
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert process.stdout.strip() == "[]"


def test_nothing_that_only_rows_need_is_loaded_before_the_first_frame(tmp_path: Path) -> None:
    """What Python says that it imports, up to the headings of the first screen."""
    store = str(tmp_path / "store.db")
    subprocess.run([*PROGRAM, "--store", store, "init"], check=True, capture_output=True, timeout=60)
    with Terminal([*PROGRAM, "--store", store], environ={"PYTHONPROFILEIMPORTTIME": "1"}) as terminal:
        terminal.wait_until(lambda: b"Inventory Run" in terminal.raw, "the headings of the first screen")
        before = terminal.raw.partition(b"Inventory Run")[0].decode(errors="replace")
    loaded = set(re.findall(r"\| +(invsync_tui\.[\w.]+)", before))
    assert "invsync_tui.tui.screens.merchants.merchants" in loaded
    assert sorted(name for name in loaded if name.startswith(LATER)) == []


def test_a_terminal_that_is_gone_leaves_no_process_behind() -> None:
    with started("--live", "--open", "11") as terminal:
        terminal.wait_for("Batch")
        terminal.tear_away()
        assert terminal.ended(within=10.0)
