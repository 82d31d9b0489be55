"""Standard output and standard error while a command runs: whatever is written to them is plain text.

The one way from a command to the outside. A terminal gets no control character, whoever writes; what cannot be written is
one error of its own kind, and not a defect.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from invsync_tui.plain_text import UNENCODABLE, clean_lines, is_utf8, locale_of

CLOSED = "it is closed"


class UnwritableError(Exception):
    """The answer could not be written, and why."""


class PlainStream:
    """Cleans what is written. `control` and `exact` are for what we make ourselves."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Text for a person."""
        self.exact(clean_lines(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def exact(self, text: str) -> None:
        """Text that holds no characters from outside, or is meant for a file."""
        if self._stream is None:
            raise UnwritableError(CLOSED)
        try:
            self._stream.write(text)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise UnwritableError(error.strerror) from error

    def flush(self) -> None:
        if self._stream is not None:
            try:
                self._stream.flush()
            except BrokenPipeError:
                raise
            except OSError as error:
                raise UnwritableError(error.strerror) from error

    def isatty(self) -> bool:
        return self._stream is not None and self._stream.isatty()

    def columns(self) -> int:
        """How wide the terminal is, by its own word; 80 where it does not say."""
        with suppress(OSError, ValueError):
            if self._stream is not None:
                return os.get_terminal_size(self._stream.fileno()).columns or 80
        return 80

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class RemarkStream(PlainStream):
    """Standard error: a remark that nobody can read is no reason to fail."""

    def exact(self, text: str) -> None:
        with suppress(UnwritableError, OSError):
            super().exact(text)

    def flush(self) -> None:
        with suppress(UnwritableError, OSError):
            super().flush()


@contextmanager
def plain_streams() -> Iterator[None]:
    """Both streams, for as long as a command runs."""
    _fill_gaps()
    before = sys.stdout, sys.stderr
    for stream in before:
        _set_encoding(stream)
    sys.stdout, sys.stderr = PlainStream(before[0]), RemarkStream(before[1])
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _fill_gaps() -> None:
    """A descriptor that was closed would be given to the next file that is opened, and that may be the store."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _set_encoding(stream: Any) -> None:
    with suppress(AttributeError, ValueError):  # a stand-in without encoding, or None
        if is_utf8(locale_of(os.environ)):
            stream.reconfigure(errors=UNENCODABLE)
        else:
            stream.reconfigure(encoding="ascii", errors=UNENCODABLE)


def out() -> PlainStream:
    """Standard output; also where a command is called without `plain_streams`, as by a test."""
    return sys.stdout if isinstance(sys.stdout, PlainStream) else PlainStream(sys.stdout)


def err() -> PlainStream:
    """Standard error, as text that never fails to encode."""
    return sys.stderr if isinstance(sys.stderr, PlainStream) else RemarkStream(sys.stderr)


def nobody_reads() -> None:
    """Python's own flush at the end must not complain again."""
    with suppress(OSError, AttributeError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
