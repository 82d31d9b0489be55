"""The terminal that the control room draws on: its real size, its end, and the state in which it is left.

Textual's own driver believes COLUMNS before the terminal, reads for ever from a terminal that is gone, stops writing for
good after one failed write, and leaves the terminal raw when a signal ends the program. Not here: what is drawn.
"""

from __future__ import annotations

import os
import select
import selectors
import signal
import sys
import termios
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from invsync_tui.plain_text import UNENCODABLE
from invsync_tui.tui.signals import Endings

MOST_COLUMNS, MOST_LINES = 1000, 500
"""A terminal that says it is larger is not believed: each cell costs memory."""
TO_THE_CORNER = "\x1b[1;1H"
USUAL = (80, 24)
"""For a terminal that does not know its size."""
PATIENCE = 2.0
"""Seconds for an orderly end, when a signal asks for it or the terminal is gone."""
HANGUP_CODE = 128 + signal.SIGHUP
RESTORE = (
    "\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # mouse
    "\x1b[?2004l\x1b[?1004l\x1b[?2048l\x1b[?2026l"  # paste, focus, sizes, half a frame
    "\x1b[r\x1b[H"  # rows that scroll by themselves; the cursor, where there is no other screen to find it on
    "\x1b[<u\x1b[?7h\x1b[0m\x1b[?1049l\x1b[?25h"  # keys, wrapping, colors, the main screen, the cursor
)
"""Leaves the terminal as programs expect it. What was not on is not hurt by being switched off."""


KEEP_TITLE = "\x1b[22;2t"
GIVE_TITLE_BACK = "\x1b]2;\a\x1b[23;2t"
"""No title, where the terminal kept none, else the one that it kept."""


class Outlet:
    """Where frames go: straight to the terminal, in what it can show. A failed write means that it is gone."""

    def __init__(self, descriptor: int, encoding: str, gone: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._encoding = encoding
        self._gone = gone
        self._broken = False

    def fileno(self) -> int:
        return self._descriptor

    def write(self, text: str) -> None:
        """Blocks while the terminal takes nothing, as a file does."""
        rest = memoryview(text.encode(self._encoding, UNENCODABLE))
        while rest and not self._broken:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [], 1.0)
            except OSError:
                self._broken = True
                self._gone()

    def flush(self) -> None:
        """Nothing is kept back."""


def _as_sent(attributes: list[Any]) -> list[Any]:
    """A terminal's attributes without what the system does to its output, such as a carriage return for each line feed."""
    return [attributes[0], attributes[1] & ~termios.OPOST, *attributes[2:]]


class TerminalDriver(LinuxDriver):
    """Reads keys and writes frames until the program ends or the terminal does."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        encoding = getattr(self._app, "terminal_encoding", "utf-8")
        self._file: Any = Outlet(sys.__stdout__.fileno() if sys.__stdout__ else 1, encoding, self._gone)
        self._size = self._size or self._get_terminal_size()
        self._endings = Endings(self.end_soon)
        self._raw_attrs: list[Any] | None = None
        self._suspended = False
        self._taken = False
        """Whether the terminal is in our modes."""
        self._ending = False
        self._titled = False
        """Whether the title is ours."""

    # -- output -------------------------------------------------------------------------------------------------------

    def write(self, data: str) -> None:
        """As Textual does, without the way of the cursor back to the corner behind each frame where no input has it: it is
        hidden, and the next frame says where it begins."""
        super().write(data.removesuffix(TO_THE_CORNER))

    # -- title --------------------------------------------------------------------------------------------------------

    def mark_title(self, title: str) -> None:
        """Put our title in the place of the terminal's own, which it keeps; '' gives that back."""
        if title:
            self.write(("" if self._titled else KEEP_TITLE) + f"\x1b]2;{title}\a")
        elif self._titled:
            self.write(GIVE_TITLE_BACK)
        self._titled = bool(title)

    def _restoration(self) -> str:
        """What gives the terminal back, once."""
        title = GIVE_TITLE_BACK if self._titled else ""
        self._titled = False
        return title + RESTORE

    # -- size ---------------------------------------------------------------------------------------------------------

    def _get_terminal_size(self) -> tuple[int, int]:
        """What the terminal itself says; COLUMNS and LINES are what some shell once exported."""
        for descriptor in (self._file.fileno(), self.fileno):
            with suppress(OSError):
                columns, lines = os.get_terminal_size(descriptor)
                if columns > 0 and lines > 0:
                    return min(columns, MOST_COLUMNS), min(lines, MOST_LINES)
        return USUAL

    # -- beginning and end --------------------------------------------------------------------------------------------

    def start_application_mode(self) -> None:
        """Take the terminal; from here on every signal that ends the program gives it back first."""
        self._endings.catch()
        self._taken = True
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._endings.catch_stops(self._stopped)
        with suppress(termios.error):
            self._raw_attrs = _as_sent(termios.tcgetattr(self.fileno))
            termios.tcsetattr(self.fileno, termios.TCSANOW, self._raw_attrs)

    def stop_application_mode(self) -> None:
        """Give the terminal back."""
        if not self._taken:
            return
        self._taken = False
        super().disable_input()
        self._cook()
        if self._writer_thread is not None:
            self._writer_thread.write(self._restoration())
        self._endings.let_go()

    def give_back(self) -> None:
        """The same from anywhere and without waiting for anybody; once."""
        if not self._taken:
            return
        self._taken = False
        self._cook()
        with suppress(OSError):
            if select.select([], [self._file.fileno()], [], 0)[1]:
                os.write(self._file.fileno(), self._restoration().encode())

    def _cook(self) -> None:
        if self.attrs_before is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)

    def end_soon(self, code: int) -> None:
        """End in good order, or without it where that takes too long: the store commits or it does not, and no sync runs here."""
        if self._ending:
            return
        self._ending = True
        end = threading.Timer(PATIENCE, self._end_now, (code,))
        end.daemon = True
        end.start()
        with suppress(RuntimeError):  # the loop has ended, and with it the program in a moment
            self._loop.call_soon_threadsafe(self._app.exit, code)

    def _end_now(self, code: int) -> None:
        self.give_back()
        os._exit(code)

    def _gone(self) -> None:
        """The terminal is no more, whether or not somebody sent SIGHUP."""
        self.end_soon(HANGUP_CODE)

    # -- stopping and going on ----------------------------------------------------------------------------------------

    def _sigtstp_application(self, *_: object) -> None:
        if self._auto_restart:
            self._suspended = True
        super()._sigtstp_application()

    def _stopped(self, *_: object) -> None:
        """As by SIGTSTP while the terminal is ours to give back; in the background it is not, and we stop as we are."""
        if self._in_foreground():
            self._sigtstp_application()
        else:
            os.kill(os.getpid(), signal.SIGSTOP)

    def _in_foreground(self) -> bool:
        """Whether the terminal is ours."""
        with suppress(OSError):
            return os.tcgetpgrp(self.fileno) == os.getpgrp()
        return False

    def _sigcont_application(self, *_: object) -> None:
        """Also after SIGSTOP, which nobody can prepare for: the shell has used the terminal meanwhile."""
        if not self._auto_restart:
            return
        if self._suspended:
            self._suspended = False
            self.resume_application_mode()
        elif self._taken:
            self._take_again()

    def _take_again(self) -> None:
        if not self._in_foreground():
            return
        with suppress(OSError, termios.error):
            if self._raw_attrs is not None:
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._raw_attrs)
        self.write("\x1b[?1049h\x1b[r\x1b[?25l\x1b[?7l\x1b[?2004h\x1b[?1004h")
        self._enable_mouse_support()
        self._loop.call_soon_threadsafe(self._app.call_later, getattr(self._app, "draw_anew", self._app.refresh))
        os.kill(os.getpid(), signal.SIGWINCH)

    # -- keys ---------------------------------------------------------------------------------------------------------

    def run_input_thread(self) -> None:
        """Read until told to end; the end of the input is the end of the terminal."""
        parser = XTermParser(self._debug)
        # Bytes of another encoding are no reason to end.
        decode = getincrementaldecoder("utf-8")("replace").decode
        for data in self._read():
            for event in parser.feed(decode(data)) if data else parser.tick():
                self._tell(event)

    def _read(self) -> Iterator[bytes]:
        """What was typed; nothing at least ten times a second."""
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(0.1):
                    try:
                        data = os.read(self.fileno, 4096)
                    except BlockingIOError:
                        continue
                    except OSError:
                        data = b""
                    if not data:
                        self._gone()
                        return
                    yield data
                yield b""

    def _tell(self, event: Message) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self.process_message(event)
