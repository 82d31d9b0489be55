"""`python -m tests.benchmarks.ssh [--products N | --store FILE] [--rtt MS]`: the control room over a real SSH connection.

An OpenSSH server on loopback with keys of its own, a proxy that delays every byte, and the real program on a generated
store in the session's terminal. Per key: until the first byte came back, until the screen was quiet, and how many bytes.
Compare numbers of one table only: they depend on the machine and on what else it does.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from invsync_tui.operations.demo.demo import Scale, generate
from tests.support.servers.sshd import Line, NoSshError, slow, sshd
from tests.support.terminal.pty import Terminal

QUIET = 0.5
"""Seconds without a byte after which a screen is settled."""
SIZES = ((80, 24), (120, 40))


@dataclass(frozen=True, slots=True)
class Step:
    """Something an operator does: a key, what then must be on the screen, and how often it is done."""

    what: str
    key: str
    shows: str = ""
    times: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """What a key cost: seconds to the first byte and to the last one, and bytes."""

    first: float
    settled: float
    size: int


STEPS = (
    Step("open Locations & Products", "w", "Locations & Products"),
    Step("open the levels of a warehouse", "enter", "On hand"),
    Step("scroll a row down", "down", times=10),
    Step("scroll a page down", "pagedown", times=5),
    Step("to the last row", "end"),
    Step("back to the warehouses", "escape", "Last full download"),
    Step("back to the merchants", "escape", "Last Inventory Run"),
    Step("open the search", "/", "Search"),
    Step("search, each further letter", "D"),
    Step("search, each further letter", "E"),
    Step("search, each further letter", "M"),
    Step("search, each further letter", "O"),
    Step("search, each further letter", "-"),
    Step("search, each further letter", "0"),
    Step("open a SKU", "enter", "Last synced"),
    Step("back to the search", "escape"),
    Step("back to the merchants", "escape", "Last Inventory Run"),
    Step("open Edit Setup", "E", "Synchronization With WMS"),
    Step("a field down", "down", times=5),
    Step("back to the merchants", "escape", "Last Inventory Run"),
    Step("open the runs", "r", "Runs"),
    Step("back to the merchants", "escape", "Last Inventory Run"),
    Step("open help", "?", "Keys"),
    Step("back to the merchants", "escape", "Last Inventory Run"),
)


def pressed(terminal: Terminal, step: Step) -> Answer:
    """Press the key and read until the screen is quiet."""
    before, began = terminal.bytes_out, time.perf_counter()
    terminal.send(step.key)
    terminal.wait_until(lambda: terminal.bytes_out > before, f"an answer to {step.what}")
    first = time.perf_counter() - began
    last = began + first
    while True:
        seen = terminal.bytes_out
        terminal.pump(0.02)
        if terminal.bytes_out > seen:
            last = time.perf_counter()
        elif time.perf_counter() - last > QUIET and (not step.shows or _shown(terminal, step.shows)):
            return Answer(first, last - began, terminal.bytes_out - before)
        if time.perf_counter() - began > 30:
            raise AssertionError(f"{step.what}: no {step.shows!r} on\n" + "\n".join(terminal.lines()))


def _shown(terminal: Terminal, text: str) -> bool:
    return any(text in row for row in terminal.lines())


def walked(line: Line, store: Path, size: tuple[int, int], *options: str) -> Iterator[tuple[str, Answer]]:
    """The whole way through the control room, at the other end of the line."""
    program = [sys.executable, "-m", "invsync_tui", "--store", str(store), "--read-only"]
    began = time.perf_counter()
    with Terminal(line.command(program, *options), *size) as terminal:
        terminal.wait_for("carts", 60)
        started = time.perf_counter() - began
        terminal.settle(QUIET)
        yield "connect and show the merchants", Answer(started, started, terminal.bytes_out)
        for step in STEPS:
            for _ in range(step.times):
                yield step.what, pressed(terminal, step)
        terminal.settle(QUIET)
        idle = terminal.pump(5.0)
        yield "idle for 5 s", Answer(0, 0, idle)
        terminal.send("q")
        terminal.wait_exit()


def table(title: str, answers: Iterator[tuple[str, Answer]]) -> None:
    """Medians by what was done, in the order in which it was done first."""
    found: dict[str, list[Answer]] = {}
    for what, answer in answers:
        found.setdefault(what, []).append(answer)
    print(f"\n{title}\n{'':<34}{'first byte':>12}{'settled':>11}{'bytes':>9}", flush=True)
    for what, several in found.items():
        first, settled = _median([a.first for a in several]), _median([a.settled for a in several])
        size = statistics.median(a.size for a in several)
        print(f"{what:<34}{first * 1000:>9.0f} ms{settled * 1000:>8.0f} ms{size:>9.0f}", flush=True)


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=50_000, help="size of the generated store")
    parser.add_argument("--store", type=Path, help="another store instead")
    parser.add_argument("--rtt", type=float, default=150.0, help="added round trip in ms")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="invsync-ssh-")))
        store = options.store or folder / "store.db"
        if options.store is None:
            generate(store, Scale(options.products, 5, 3, 7, int(time.time())), lambda step: None)
        try:
            line = stack.enter_context(sshd(folder))
        except NoSshError as missing:
            print(missing, file=sys.stderr)
            return 1
        distant = stack.enter_context(slow(line, options.rtt / 2000))
        table("loopback, 80x24", walked(line, store, (80, 24)))
        for size in SIZES:
            table(f"{options.rtt:.0f} ms added, {size[0]}x{size[1]}", walked(distant, store, size))
    return 0


if __name__ == "__main__":
    sys.exit(main())
