"""Signals that end a program: each is caught while the terminal is ours, so that it is given back first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any

CRASHES = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS}
"""Sent by hand they can be waited for. A handler for a real one would be called again for ever, so there is none."""
STOPS_OF_BACKGROUND = (signal.SIGTTIN, signal.SIGTTOU)
"""Stop a program that reads or sets a terminal which is somebody else's; SIGTSTP stops one that is in the foreground."""
HARMLESS = {
    signal.SIGKILL, signal.SIGSTOP, signal.SIGTSTP, *STOPS_OF_BACKGROUND, signal.SIGCONT, signal.SIGCHLD,
    signal.SIGURG, signal.SIGWINCH, signal.SIGPIPE,
}  # fmt: skip
"""Cannot be caught, or end nothing: Python ignores SIGPIPE, and a write says that nobody reads."""


class Endings:
    """Calls `end` with the exit code that a shell gives to a program ended by that signal."""

    def __init__(self, end: Callable[[int], None]) -> None:
        self._end = end
        self._before: dict[int, Any] = {}
        self._waiting = False

    def catch(self) -> None:
        """From here on. In another thread than the main one there is nothing to catch."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in signal.valid_signals() - HARMLESS - CRASHES:
            try:
                self._before[number] = signal.signal(number, self._caught)
            except (OSError, ValueError):
                continue
        self._wait_for_crashes()

    def catch_stops(self, stop: Callable[[int, object], None]) -> None:
        """Call `stop` where the system would stop the program with the terminal as it is. Once it is started: Textual sets
        these signals itself while it takes the terminal."""
        if threading.current_thread() is threading.main_thread():
            for number in STOPS_OF_BACKGROUND:
                signal.signal(number, stop)
                self._before[number] = signal.SIG_DFL

    def let_go(self) -> None:
        """Put back the handlers that the signals had before; only in the main thread."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number, before in self._before.items():
            signal.signal(number, signal.SIG_DFL if before is None else before)
        self._before.clear()

    def _caught(self, number: int, _: object) -> None:
        self._end(128 + number)

    def _wait_for_crashes(self) -> None:
        if not self._waiting:
            self._waiting = True
            signal.pthread_sigmask(signal.SIG_BLOCK, CRASHES)
            threading.Thread(target=self._crashed, name="crash-signals", daemon=True).start()

    def _crashed(self) -> None:
        self._end(128 + signal.sigwait(CRASHES))
