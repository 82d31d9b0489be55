"""A tour of the control room in a real pseudo-terminal: every screen, and every key that its footer and help advertise.

A stop fails on a traceback, on a label that is cut off, on a key that does nothing, and on anything of the hostile data
that reaches the terminal as a command.
"""

from __future__ import annotations

import os
import re
import shutil
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
MARK = re.compile(rb"\x1b\]7777;(\d+)\x07")
"""What `rest` writes."""
HALF_A_MARK = re.compile(rb"\x1b(\](7(7(7(7(;\d*)?)?)?)?)?)?\Z")
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
    return [(hint[1], hint[2]) for hint in HINT.finditer(footer)]


class Tour(Terminal):
    """A terminal whose program says when it has handled every key and nothing more is on its way, see `rest`."""

    forks = True

    def __init__(self, command: Sequence[str], columns: int, rows: int) -> None:
        self._folder = tempfile.mkdtemp(prefix="tour-")
        pipe = Path(self._folder) / "rest"
        os.mkfifo(pipe)
        self._questions = os.open(pipe, os.O_RDWR)
        self._asked = self._answered = self._keys = 0
        self._cut = b""
        super().__init__((*command, "--tell-rest", str(pipe)), columns, rows)

    def press(self, text: str, keys: int) -> None:
        """Send what so many keys send, and wait for what it leads to."""
        self._keys += keys
        self.send(text)
        self.rest()

    def rest(self) -> None:
        """Wait until every key was handled, every question answered and everything drawn that will be."""
        self._asked += 1
        os.write(self._questions, f"{self._asked} {self._keys}\n".encode())
        self.wait_until(lambda: self._answered >= self._asked, "rest", LONGEST)

    def _show(self, chunk: bytes) -> None:
        chunk = self._cut + chunk
        for mark in MARK.finditer(chunk):
            self._answered = int(mark[1])
        chunk = MARK.sub(b"", chunk)
        tail = HALF_A_MARK.search(chunk)
        self._cut = tail[0] if tail else b""
        super()._show(chunk.removesuffix(self._cut))

    def close(self) -> None:
        super().close()
        os.close(self._questions)
        shutil.rmtree(self._folder)


def press(terminal: Tour, key: str) -> None:
    """Send a key, or a text, and wait until all that it leads to is there: the next one is meant for that."""
    terminal.press(KEY_BYTES.get(key, key), 1 if key in KEY_BYTES else len(key))


def go(terminal: Tour, stop: Stop) -> None:
    """From the merchants to a stop. A key that begins with `~` is a text that has to be there before the next one."""
    for key in stop.keys:
        if key.startswith("~"):
            terminal.wait_for(key[1:])
        else:
            press(terminal, key)
    terminal.wait_for(stop.shows)
    terminal.rest()


def advertised(terminal: Terminal) -> list[tuple[str, str]]:
    """What the footer offers; a footer that cannot be read whole is an error."""
    footer = terminal.lines()[-1]
    offered = hints(footer)
    read = "  ".join(f"{key} {label}" for key, label in offered)
    # A key that does nothing with this row leaves its place empty.
    assert read == re.sub(" {3,}", "  ", footer.strip()), f"the footer is cut or cannot be read: {footer!r}"
    return offered


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
    if terminal.bytes_out == sent:  # a timer's turn may come yet
        until = time.monotonic() + patience
        while terminal.bytes_out == sent and time.monotonic() < until:
            terminal.pump(0.05)
        terminal.rest()
    return terminal.bytes_out != sent


def doable(terminal: Tour, stop: Stop) -> Iterator[str]:
    """Every advertised key that has to do something, those that leave excepted."""
    for key, _ in advertised(terminal):
        if key not in LEAVES and key not in stop.idle:
            yield key
