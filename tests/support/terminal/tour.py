"""A tour of the control room in a real pseudo-terminal: every screen, and every key that its footer and help advertise.

A stop fails on a traceback, on a label that is cut off, on a key that does nothing, and on anything of the hostile data
that reaches the terminal as a command.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.terminal.pty import Terminal

FORBIDDEN = (b"\x1b[2J\x1b[31m", b"\x1b[31mcleared", b"\xe2\x80\x8d")
"""What the hostile names would send if they were not cleaned: commands, and a joiner that changes widths."""
KEY_BYTES = {
    "Enter": "\r", "Esc": "\x1b", "Space": " ", "Tab": "\t", "Down": "\x1b[B", "Up": "\x1b[A", "Left": "\x1b[D",
    "Right": "\x1b[C", "PgDn": "\x1b[6~", "PgUp": "\x1b[5~", "Home": "\x1b[H", "End": "\x1b[F", "Shift+Tab": "\x1b[Z",
}  # fmt: skip
HINT = re.compile(r"(\S+) ([A-Z][A-Za-z]*(?:/[A-Z]+|-[a-z]+)?(?: [a-z]+| Setup| run)*)(?:  |$)")
"""A key and its label, as the footer shows them."""
LEAVES = frozenset({"q"})
"""Keys that end the program, tried last."""
QUIET = 0.15
PATIENCE = 10.0
LONGEST = 30.0
"""Seconds in which a key has to show an effect, and to be handled at all."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A screen: the keys that lead there from the merchants, and what it must show."""

    name: str
    keys: tuple[str, ...]
    shows: str
    idle: frozenset[str] = frozenset()
    """Advertised keys that rightly change nothing here, such as copying: they answer in the notice, tested elsewhere."""


def hints(footer: str) -> list[tuple[str, str]]:
    """Keys and labels of a footer."""
    return [(found[1], found[2]) for found in HINT.finditer(footer)]


class Tour(Terminal):
    """A terminal whose program writes down how many keys it has handled."""

    forks = True

    def __init__(self, command: Sequence[str], columns: int, rows: int) -> None:
        number, self._counter = tempfile.mkstemp(prefix="keys-")
        os.close(number)
        super().__init__((*command, "--count-keys", self._counter), columns, rows)

    def handled(self) -> int:
        """Keys so far."""
        return int(Path(self._counter).read_text("ascii") or 0)

    def close(self) -> None:
        super().close()
        Path(self._counter).unlink(missing_ok=True)


def press(terminal: Tour, key: str) -> None:
    """Send a key, or a text, and wait until the program has handled it: the next one is meant for what it led to."""
    expected = terminal.handled() + (1 if key in KEY_BYTES else len(key))
    terminal.send(KEY_BYTES.get(key, key))
    until = time.monotonic() + LONGEST
    while terminal.handled() < expected:
        assert time.monotonic() < until, f"{key} was not handled:\n" + "\n".join(terminal.lines())
        terminal.pump(0.02)


def go(terminal: Tour, stop: Stop) -> None:
    """From the merchants to a stop. A key that begins with `~` is a text that has to be there before the next one."""
    for key in stop.keys:
        if key.startswith("~"):
            terminal.wait_for(key[1:])
            continue
        press(terminal, key)
        terminal.settle(2 * QUIET, 5)
    terminal.wait_for(stop.shows)
    terminal.settle(QUIET, 5)


def advertised(terminal: Terminal) -> list[tuple[str, str]]:
    """What the footer offers; a footer that cannot be read whole is an error."""
    footer = terminal.lines()[-1]
    found = hints(footer)
    told = "  ".join(f"{key} {label}" for key, label in found)
    # A key that does nothing with this row leaves its place empty.
    assert told == re.sub(" {3,}", "  ", footer.strip()), f"the footer is cut or cannot be read: {footer!r}"
    return found


def check(terminal: Terminal) -> None:
    """Nothing on the screen or on the wire that must not be there."""
    raw = bytes(terminal.raw)
    assert b"Traceback" not in raw, "\n".join(terminal.lines())
    for bad in FORBIDDEN:
        assert bad not in raw, f"{bad!r} reached the terminal"
    for line in terminal.lines():
        assert not any(ord(char) < 32 for char in line), repr(line)


def pressed(terminal: Tour, key: str, patience: float = PATIENCE) -> bool:
    """Whether a key did anything that can be seen, within some seconds."""
    sent = terminal.bytes_out
    press(terminal, key)
    until = time.monotonic() + patience
    while terminal.bytes_out == sent and time.monotonic() < until:
        terminal.pump(QUIET)
    terminal.settle(QUIET, 5)
    return terminal.bytes_out != sent


def doable(terminal: Tour, stop: Stop) -> Iterator[str]:
    """Every advertised key that has to do something, those that leave excepted."""
    for key, _ in advertised(terminal):
        if key not in LEAVES and key not in stop.idle:
            yield key
