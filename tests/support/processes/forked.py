"""Programs in processes that are forked from one with the modules loaded, see `fork_server`."""

from __future__ import annotations

import atexit
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

PROGRAMS = {
    "invsync_tui": ("invsync_tui.__main__", "main"),
    "tests.support.fakes.demo_app": ("tests.support.fakes.demo_app", "main"),
}
"""What can be forked: the name after `python -m`, and the module and function that run it."""
STARTED = "INVSYNC_TEST_STARTED"
"""The variable with the folder in which the workers of a run mark what was started; tests/conftest.py makes it."""
MOST = 65536
"""Bytes of a request."""
AT_START = ("PYTHON", "LC_", "LANG", "TEXTUAL_", "INVSYNC_DEBUG", "NO_COLOR", "COLORTERM")
"""How variables begin that an interpreter or a library reads at its start."""


def forkable(command: Sequence[str], more: Mapping[str, str] | None) -> bool:
    """Whether a forked process is the same as a started one.

    It is not for the first of each kind in a run of the suite, which shows that the program starts by itself, nor with
    variables that are read before the program runs.
    """
    if tuple(command[:2]) != (sys.executable, "-m") or command[2] not in PROGRAMS:
        return False
    return not any(name.startswith(AT_START) for name in more or {}) and not _first(command[2:])


def _first(words: Sequence[str]) -> bool:
    """Whether this is the first time in this run that a program and its sub-command are asked for."""
    kind = "-".join(word for word in words[:3] if word.replace(".", "").replace("_", "").isalpha())
    folder = os.environ.get(STARTED)
    if folder is None:
        return True
    try:
        (Path(folder) / kind).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


@cache
def _server() -> socket.socket:
    """The process that forks, started once for each worker of a run; it ends with the worker."""
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", "tests.support.processes.fork_server", str(theirs.fileno())]
        server = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, cwd=Path(__file__).parents[3]
        )

    def end() -> None:
        ours.close()
        server.wait(10)

    atexit.register(end)
    return ours


class Forked:
    """A process that was forked. `files` are its terminal alone, or its output and its errors."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], folder: str, files: Sequence[int]
    ) -> None:
        self._status, theirs = os.pipe()
        request = {"command": list(command[2:]), "environment": dict(environment), "folder": folder}
        socket.send_fds(_server(), [json.dumps(request).encode()], [theirs, *files])
        for file in (theirs, *files):
            os.close(file)
        self._text = b""
        while b"\n" not in self._text:
            self._more(60)
        self.pid = int(self._text.split(b"\n")[0])

    def _more(self, timeout: float) -> None:
        if select.select([self._status], [], [], timeout)[0]:
            chunk = os.read(self._status, 100)
            assert chunk, "the process that forks has ended"
            self._text += chunk

    def status(self, timeout: float = 0) -> int | None:
        """As of `os.waitpid`, once the process has ended."""
        until = time.monotonic() + timeout
        while self._text.count(b"\n") < 2:
            self._more(max(0.0, until - time.monotonic()))
            if self._text.count(b"\n") < 2 and time.monotonic() >= until:
                return None
        return int(self._text.split(b"\n")[1])

    def close(self) -> None:
        os.close(self._status)


def run(command: Sequence[str], environment: Mapping[str, str], folder: Path, timeout: float) -> tuple[int, str, str]:
    """Exit code, output and errors of a program. Raises TimeoutError, after ending it."""
    out, out_theirs = os.pipe()
    err, err_theirs = os.pipe()
    process = Forked(command, environment, str(folder), (out_theirs, err_theirs))
    texts = {out: bytearray(), err: bytearray()}
    until = time.monotonic() + timeout
    try:
        with selectors.DefaultSelector() as waiting:
            for file in texts:
                waiting.register(file, selectors.EVENT_READ)
            while waiting.get_map():
                for key, _ in waiting.select(max(0.0, until - time.monotonic())):
                    if chunk := os.read(key.fd, 65536):
                        texts[key.fd] += chunk
                    else:
                        waiting.unregister(key.fd)
                if time.monotonic() >= until:
                    break
        status = process.status(max(0.0, until - time.monotonic()))
        if status is None:
            os.kill(process.pid, signal.SIGKILL)
            raise TimeoutError(f"{command} takes more than {timeout} s")
        return os.waitstatus_to_exitcode(status), _text(texts[out]), _text(texts[err])
    finally:
        for file in texts:
            os.close(file)
        process.close()


def _text(raw: bytearray) -> str:
    """As `subprocess` reads text."""
    return raw.decode().replace("\r\n", "\n").replace("\r", "\n")
