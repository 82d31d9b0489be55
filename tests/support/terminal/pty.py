"""A real terminal for tests: a pseudo-terminal with an emulator behind it, which counts what crosses the wire."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte

from tests.support.processes.forked import Forked, forkable

SYNC_QUERY, SYNC_ANSWER = b"\x1b[?2026$p", b"\x1b[?2026;2$y"
KEYS = {
    "up": "\x1b[A",
    "down": "\x1b[B",
    "enter": "\r",
    "escape": "\x1b",
    "pagedown": "\x1b[6~",
    "tab": "\t",
    "end": "\x1b[F",
    "home": "\x1b[H",
}


class Terminal:
    """One program at one size. Everything that waits is bounded."""

    forks = False
    """Whether the program may be forked with its modules loaded, where its start is not what is tested."""

    def __init__(
        self, command: Sequence[str], columns: int = 80, rows: int = 24, environ: Mapping[str, str] | None = None
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.bytes_out = 0
        self.status: int | None = None
        self.raw = bytearray()
        env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "", "LINES": "", **(environ or {})}
        self._forked: Forked | None = None
        self._fd, theirs = pty.openpty()
        self._size(columns, rows)
        self.first_modes = self.modes()
        """The line discipline before the program, which on a busy machine may change it before a test can ask."""
        if self.forks and forkable(command, environ):
            self._forked = Forked(command, {k: v for k, v in env.items() if v}, str(Path.cwd()), (theirs,))
            self.pid = self._forked.pid
            return
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._fd)
            os.login_tty(theirs)
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)  # a suite that is left running in the background ignores them
            os.execvpe(command[0], list(command), {k: v for k, v in env.items() if v})
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns: int, rows: int) -> None:
        """What a window manager does; the kernel sends SIGWINCH."""
        self.screen.resize(rows, columns)
        self._size(columns, rows)

    def send(self, *keys: str) -> None:
        """Key names, or text as it is typed."""
        for key in keys:
            os.write(self._fd, KEYS.get(key, key).encode())

    def pump(self, seconds: float) -> int:
        """Read for this long; the number of bytes that came."""
        before, until = self.bytes_out, time.monotonic() + seconds
        while (seconds_left := until - time.monotonic()) > 0:
            if not self._read(seconds_left):
                break
        return self.bytes_out - before

    def wait_for(self, text: str, timeout: float = 20.0) -> list[str]:
        """The screen as soon as it shows the text."""
        return self.wait_until(lambda: text in "\n".join(self.lines()), f"text {text!r}", timeout)

    def wait_gone(self, text: str, timeout: float = 20.0) -> list[str]:
        return self.wait_until(lambda: text not in "\n".join(self.lines()), f"absence of {text!r}", timeout)

    def wait_until(self, holds: Callable[[], bool], what: str, timeout: float = 20.0) -> list[str]:
        until = time.monotonic() + timeout
        while not holds():
            # What was read last, or the end of the program, may be what was waited for.
            if (time.monotonic() > until or not self._read(0.1, patient=True)) and not holds():
                raise AssertionError(f"waited for {what}, but the screen is:\n" + "\n".join(self.lines()))
        return self.lines()

    def came_at(self, text: str, timeout: float = 20.0) -> float:
        """When the bytes came with which the screen shows the text, by `time.perf_counter`.

        Only cells that change are sent, so the text is looked for on the screen; the emulator, which is slow, sees the bytes
        after their time was taken.
        """
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if not select.select([self._fd], [], [], 0.1)[0]:
                continue
            chunk = os.read(self._fd, 65536)
            came = time.perf_counter()
            self._show(chunk)
            if text in "\n".join(self.lines()):
                return came
        raise AssertionError(f"waited for {text!r}; the screen is:\n" + "\n".join(self.lines()))

    def settle(self, quiet: float = 0.6, timeout: float = 10.0) -> None:
        """Read until nothing comes for a while."""
        until = time.monotonic() + timeout
        while time.monotonic() < until and self.pump(quiet):
            pass

    def lines(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display]

    def lines_without_ages(self) -> list[str]:
        """What it shows but for what the passing of a minute changes, to be compared with what it showed before."""
        return [" ".join(re.sub(r"\d+ min ago|just now", "ago", row).split()) for row in self.lines()]

    def wait_exit(self, timeout: float = 10.0) -> int:
        """The exit code."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            self._read(0.05, patient=True)
            if self._reaped():
                while self._read(0.05):
                    pass  # what it wrote last
                return os.waitstatus_to_exitcode(self.status or 0)
        raise AssertionError("the program did not end; the screen is:\n" + "\n".join(self.lines()))

    def modes(self) -> list[object]:
        """The line discipline: echo, line editing, signals of keys."""
        return termios.tcgetattr(self._fd)[:4]

    def left_clean(self) -> bool:
        """Whether every mode that was switched on was switched off later, and the main screen and cursor are back."""
        pairs = ["1049", "1000", "1003", "1006", "1015", "2004", "1004"]
        on_off = [(f"\x1b[?{mode}h".encode(), f"\x1b[?{mode}l".encode()) for mode in pairs]
        on_off += [(b"\x1b[?25l", b"\x1b[?25h"), (b"\x1b[?7l", b"\x1b[?7h")]
        return all(self.raw.rfind(on) <= self.raw.rfind(off) for on, off in on_off)

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def stopped(self, timeout: float = 10.0) -> bool:
        """Whether the program is stopped, as by Ctrl-Z."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            self._read(0.05, patient=True)
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state == "T":
                return True
        return False

    def hang_up(self) -> None:
        """What sshd does when the connection drops."""
        os.kill(self.pid, signal.SIGHUP)

    def tear_away(self) -> None:
        """Close the terminal under the program, as when its window or its network is gone."""
        os.close(self._fd)
        self._fd = -1

    def ended(self, within: float) -> bool:
        """Whether the program ends in time without being read from."""
        until = time.monotonic() + within
        while not self._reaped() and time.monotonic() < until:
            time.sleep(0.05)
        return self._reaped()

    def close(self) -> None:
        if not self._reaped():
            os.kill(self.pid, signal.SIGKILL)
            self.status = self._forked.status(10) if self._forked else os.waitpid(self.pid, 0)[1]
        if self._forked:
            self._forked.close()
            self._forked = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _reaped(self) -> bool:
        if self.status is None and self._forked:
            self.status = self._forked.status()
        elif self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if pid else None
        return self.status is not None

    def _read(self, timeout: float, *, patient: bool = False) -> bool:
        """One chunk; False at the end of the program, and while nothing comes unless patient."""
        ready, _, _ = select.select([self._fd], [], [], timeout)
        if not ready:
            return patient
        try:
            chunk = os.read(self._fd, 65536)
        except OSError:
            return False
        if SYNC_QUERY in chunk:
            os.write(self._fd, SYNC_ANSWER)
        self._show(chunk)
        return bool(chunk)

    def _show(self, chunk: bytes) -> None:
        self.bytes_out += len(chunk)
        self.raw += chunk
        # The emulator knows neither kitty's keyboard protocol nor xterm's key options and would print their tails.
        self._stream.feed(chunk.replace(b"\x1b[>1u", b"").replace(b"\x1b[<u", b""))
