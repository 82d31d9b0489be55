"""`python -m tests.benchmarks.terminal [--rounds N]`: first paint, bytes and key latency of the control room in a real pty.

Compare numbers of one table only: they depend on the machine and on what else it does.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence

from tests.benchmarks.table import Figure, show
from tests.support.terminal.pty import Terminal

BARE = (sys.executable, "-m", "tests.benchmarks.bare_app")
DEMO = (sys.executable, "-m", "tests.support.fakes.demo_app")
REAL = (sys.executable, "-m", "invsync_tui")
REMOTE = {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}
ROUNDS = 7
MEASURED_SECONDS = 8.0


def first_paint(command: Sequence[str], text: str) -> float:
    """Seconds from the start of the program until the text is on the screen."""
    began = time.perf_counter()
    with Terminal(command) as terminal:
        terminal.wait_for(text)
        return time.perf_counter() - began


def paints(rounds: int) -> Iterator[Figure]:
    """Both programs in turn, so that a busy moment hits both; the medians and their ratio."""
    bare, room = [], []
    with tempfile.TemporaryDirectory() as folder:
        real = [*REAL, "--store", f"{folder}/store.db"]
        subprocess.run([*real, "init"], check=True, capture_output=True)
        for _ in range(rounds):
            bare.append(first_paint(BARE, "bare and ready"))
            room.append(first_paint(real, "Last Inventory Run"))
    yield Figure("first paint, bare Textual app", statistics.median(bare) * 1000, "ms", None)
    yield Figure("first paint, control room", statistics.median(room) * 1000, "ms", None)
    yield Figure("first paint, ratio of medians", statistics.median(room) / statistics.median(bare), "x", 1.3)
    yield Figure("first paint, ratio of minima", min(room) / min(bare), "x", 1.3)


def live(what: str, size: tuple[int, int], environ: Mapping[str, str], budget: float | None) -> Figure:
    """Bytes per second of a run that makes progress four times a second."""
    with Terminal([*DEMO, "--live", "--open", "11"], *size, environ) as terminal:
        terminal.wait_for("Batch")
        terminal.settle(0.3, 4)
        return Figure(f"live run, {what}", terminal.pump(MEASURED_SECONDS) / MEASURED_SECONDS, "B/s", budget)


def at_rest() -> Iterator[Figure]:
    """Idle bytes, and what a key costs and how long its answer takes."""
    with Terminal(DEMO) as terminal:
        terminal.wait_for("1 run is held")
        terminal.settle(1.0)
        yield Figure("start, all bytes", terminal.bytes_out, "B", None)
        yield Figure("idle, merchants", terminal.pump(MEASURED_SECONDS) / MEASURED_SECONDS, "B/s", 0)
        terminal.send("down", "down")
        terminal.settle(0.5)
        costs, delays = zip(*(_key(terminal, key) for key in ("down", "down", "up", "up") * 5), strict=True)
        yield Figure("cursor move with the strip below, median", statistics.median(costs), "B", None)
        yield Figure("key to first byte, median", statistics.median(delays) * 1000, "ms", 25)
        yield Figure("key to first byte, worst of 20", max(delays) * 1000, "ms", None)


def _key(terminal: Terminal, key: str) -> tuple[int, float]:
    before, began = terminal.bytes_out, time.perf_counter()
    terminal.send(key)
    terminal.wait_until(lambda: terminal.bytes_out > before, "an answer")
    delay = time.perf_counter() - began
    terminal.pump(0.3)
    return terminal.bytes_out - before, delay


def figures(rounds: int = ROUNDS) -> Iterator[Figure]:
    yield from paints(rounds)
    yield from at_rest()
    yield live("80x24", (80, 24), {}, 2048)
    yield live("80x24 over SSH", (80, 24), REMOTE, 2048)
    yield live("80x24, 16 colors", (80, 24), {"TERM": "xterm"}, 2048)
    yield live("120x40", (120, 40), {}, None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    return 0 if show(figures(parser.parse_args().rounds)) else 1


if __name__ == "__main__":
    sys.exit(main())
