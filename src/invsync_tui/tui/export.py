"""Writing what a list shows to a file, page by page, with progress, until it is done or the operator stops it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from invsync_tui.config import ConfigError, expanded
from invsync_tui.operations.lists.rows import Rows
from invsync_tui.plain_text import counted
from invsync_tui.tui.text.styled import Tone
from invsync_tui.tui.widgets.columns import Field, Value

L = TypeVar("L")
PAGE = 1000
"""Lines that are read at once."""
REPORT_EVERY = 1.0
"""Seconds between two words about the progress."""
FORMS = ("csv", "json")


class UnknownFormError(Exception):
    """The path does not end in a form that can be written."""


class StoppedError(Exception):
    """The operator does not want the file any more."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an export is, or how it ended, in words."""

    text: str
    tone: Tone
    ended: bool


class Export(Generic[L]):
    """One file. `run` is called on a store thread, as is `tell` with the progress; `cancel` from anywhere."""

    def __init__(self, typed: str, fields: Sequence[Field[L]], tell: Callable[[Progress], object]) -> None:
        try:
            self.path = expanded(typed)
        except ConfigError as error:
            raise UnknownFormError(str(error)) from error
        self.form = self.path.suffix.lower().removeprefix(".")
        if self.form not in FORMS:
            raise UnknownFormError(f"Nothing written: the path must end in .csv or .json, not {self.path.suffix!r}.")
        self._fields = [field for field in fields if field.title]
        self._tell = tell
        self._stopped = threading.Event()
        self._written = 0
        self._began = self._reported_at = time.monotonic()

    def cancel(self) -> None:
        self._stopped.set()

    def run(self, read: Callable[[], Rows[L]]) -> Progress:
        """Read the list and write the file; how it ended."""
        from invsync_tui.operations.lists import export

        columns = [field.title for field in self._fields]
        try:
            export.write(self.path, columns, self._lines(read()), self.form)
        except StoppedError:
            return Progress(f"Stopped; nothing is left of {self.path}.", Tone.WARN, ended=True)
        except Exception as error:
            from invsync_tui.tui.store_thread import in_words

            return Progress(in_words(error), Tone.BAD, ended=True)
        return Progress(f"{counted(self._written, 'row')} written to {self.path}", Tone.GOOD, ended=True)

    def _lines(self, rows: Rows[L]) -> Iterator[list[Value]]:
        key = None
        while page := rows.after(key, PAGE):
            for line in page:
                yield [field.value(line) for field in self._fields]
            key = rows.key(page[-1])
            self._written += len(page)
            self._report()

    def _report(self) -> None:
        if self._stopped.is_set():
            raise StoppedError
        now = time.monotonic()
        if now - self._reported_at >= REPORT_EVERY:
            self._reported_at = now
            rate = self._written / (now - self._began)
            text = f"{counted(self._written, 'row')} written, {rate:.0f}/s. Esc stops."
            self._tell(Progress(text, Tone.FAINT, ended=False))


def proposal(trail: Sequence[str]) -> str:
    """A file name from where one is."""
    words = "-".join(re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") for name in trail[1:])
    return f"~/invsync-{words or 'merchants'}.csv"
