"""What a user keeps for the terminal: named filters, bookmarks, chosen columns and alerts, in one file of the state folder.

The file is for this user alone and bounded; what cannot be read in it is left out. The theme is no part of it: that is
configuration.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from invsync_tui.user_files import state_file, write_whole

NAME = "terminal.json"
MOST = 100
"""Filters, bookmarks and screens with chosen columns that are kept, of each."""
LONGEST_NAME, LONGEST_TEXT = 60, 500
"""Characters of a name, and of a filter or another text."""
LARGEST = 1_000_000
"""Bytes of a file that is read."""
SAVED = "@"
"""In front of a saved filter's name where a filter is expected."""
_FILTER_NAME = re.compile(r"[\w.-]{1,60}")

Argument = str | int | None


class UnknownFilterError(Exception):
    """No filter is saved under a name; the text says which there are."""


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A screen: its route with what it is opened with, in one store, and how its list is looked at."""

    name: str
    store: str
    screen: str
    what: tuple[Argument, ...] = ()
    text: str = ""
    """The filter of its list."""
    sort: str = ""
    descending: bool = False


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """Columns of a screen by their titles; none: those that the terminal has room for. `wide`: all of them."""

    titles: tuple[str, ...] = ()
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Alerts:
    """What a held run does to the terminal: a bell when it is new, a mark in the title as long as it is held."""

    bell: bool = False
    title: bool = True


@dataclass(slots=True)
class _Content:
    filters: dict[str, str]
    bookmarks: list[Bookmark]
    columns: dict[str, ColumnChoice]
    alerts: Alerts = Alerts()


class Preferences:
    """Read when they are first needed, and again after another control room wrote them. Without a file they last as long as
    the program."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._content: _Content | None = None
        self._stamp: tuple[int, int, int] | None = None
        """Of the file as it was read or written last."""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Preferences:
        """Those of this user."""
        return cls(state_file(environ, NAME))

    # -- filters ------------------------------------------------------------------------------------------------------

    @property
    def filters(self) -> Mapping[str, str]:
        """Texts of saved filters by name, in the order of the names."""
        return dict(sorted(self._loaded().filters.items(), key=lambda pair: pair[0].casefold()))

    def filter_text(self, text: str) -> str:
        """The text of a saved filter where `text` is `@NAME`, else `text` itself; UnknownFilterError for an unknown name."""
        if not text.startswith(SAVED):
            return text
        name = text.removeprefix(SAVED).strip()
        if name in self.filters:
            return self.filters[name]
        saved = ", ".join(f"{SAVED}{each}" for each in self.filters) or "none; F in a list of listings saves one"
        raise UnknownFilterError(f"No filter is saved as {name!r}. Saved filters: {saved}.")

    def save_filter(self, name: str, text: str) -> bool:
        """Keep a filter under a name, in the place of a former one; whether it outlasts the program."""
        return self._change(lambda content: content.filters.__setitem__(name, text))

    def remove_filter(self, name: str) -> bool:
        """Remove a saved filter from the file."""
        return self._change(lambda content: content.filters.pop(name, None))

    # -- bookmarks ----------------------------------------------------------------------------------------------------

    def bookmarks(self, store: str) -> Sequence[Bookmark]:
        """Those of a store, the oldest first."""
        return [bookmark for bookmark in self._loaded().bookmarks if bookmark.store == store]

    def save_bookmark(self, bookmark: Bookmark) -> bool:
        """Keep a bookmark, in the place of one with its name in the same store."""
        return self._change(lambda content: _replaced(content.bookmarks, bookmark, bookmark))

    def remove_bookmark(self, bookmark: Bookmark) -> bool:
        """Remove a bookmark from the file."""
        return self._change(lambda content: _replaced(content.bookmarks, bookmark, None))

    # -- columns ------------------------------------------------------------------------------------------------------

    def columns(self, screen: str) -> ColumnChoice:
        """The columns that were chosen for a screen."""
        return self._loaded().columns.get(screen, ColumnChoice())

    def choose_columns(self, screen: str, choice: ColumnChoice) -> bool:
        """Keep the columns of a screen."""

        def put(content: _Content) -> None:
            content.columns.pop(screen, None)
            if choice != ColumnChoice():
                content.columns[screen] = choice

        return self._change(put)

    # -- alerts -------------------------------------------------------------------------------------------------------

    @property
    def alerts(self) -> Alerts:
        """What a held run does to the terminal."""
        return self._loaded().alerts

    def choose_alerts(self, alerts: Alerts) -> bool:
        """Keep what a held run does; whether it outlasts the program."""
        return self._change(lambda content: setattr(content, "alerts", alerts))

    # -- the file -----------------------------------------------------------------------------------------------------

    def _loaded(self) -> _Content:
        stamp = self._stamp_now()
        if self._content is None or (stamp is not None and stamp != self._stamp):
            self._stamp = stamp
            self._content = self._read() or self._content or _Content({}, [], {})
        return self._content

    def _stamp_now(self) -> tuple[int, int, int] | None:
        """What changes when the file is written; None where there is none."""
        try:
            there = self._file.stat() if self._file is not None else None
        except OSError:
            return None
        return there and (there.st_ino, there.st_size, there.st_mtime_ns)

    def _read(self) -> _Content | None:
        """What is in the file; None where there is none."""
        if self._file is None:
            return None
        with suppress(OSError, ValueError, RecursionError), self._file.open("rb") as file:
            return _understood(json.loads(file.read(LARGEST)))
        return None

    def _change(self, change: Callable[[_Content], object]) -> bool:
        """Another control room may have written in the meantime: its content is what is changed."""
        self._content = content = self._read() or self._loaded()
        change(content)
        content.filters = dict(list(content.filters.items())[-MOST:])
        content.bookmarks = content.bookmarks[-MOST:]
        content.columns = dict(list(content.columns.items())[-MOST:])
        return self._write(content)

    def _write(self, content: _Content) -> bool:
        """Whether it could be kept."""
        if self._file is None:
            return False
        try:
            write_whole(self._file, json.dumps(asdict(content), indent=1))
        except OSError:
            return False
        self._stamp = self._stamp_now()
        return True


def filter_name(text: str) -> str:
    """The name for a filter as it was typed, without the `@` in front; '' where it cannot be one."""
    name = text.strip().removeprefix(SAVED)
    return name if _FILTER_NAME.fullmatch(name) else ""


def _replaced(bookmarks: list[Bookmark], old: Bookmark, new: Bookmark | None) -> None:
    others = [each for each in bookmarks if (each.store, each.name) != (old.store, old.name)]
    bookmarks[:] = [*others, *([new] if new is not None else [])]


def _understood(document: Any) -> _Content:
    """What of a document means something."""
    filters = {
        name: text
        for name, text in _table(document, "filters").items()
        if _FILTER_NAME.fullmatch(name) and _is_text(text)
    }
    bookmarks = _field(document, "bookmarks")
    known = [_bookmark(each) for each in bookmarks] if isinstance(bookmarks, list) else []
    columns = {name: _columns(choice) for name, choice in _table(document, "columns").items() if _is_text(name)}
    return _Content(
        filters, [each for each in known if each is not None][-MOST:], columns, _alerts(_field(document, "alerts"))
    )


def _alerts(entry: Any) -> Alerts:
    return Alerts(_field(entry, "bell") is True, _field(entry, "title") is not False)


def _field(document: Any, name: str) -> Any:
    return document.get(name) if isinstance(document, dict) else None


def _table(document: Any, name: str) -> dict[str, Any]:
    table = _field(document, name)
    return dict(list(table.items())[-MOST:]) if isinstance(table, dict) else {}


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT and value.isprintable()


def _bookmark(entry: Any) -> Bookmark | None:
    texts = [_field(entry, key) for key in ("name", "store", "screen", "text", "sort")]
    what = _field(entry, "what")
    if not all(map(_is_text, texts)) or not texts[0] or not isinstance(what, list):
        return None
    if not all(each is None or type(each) is int or _is_text(each) for each in what):
        return None
    name, store, screen, text, sort = texts
    return Bookmark(name, store, screen, tuple(what), text, sort, _field(entry, "descending") is True)


def _columns(choice: Any) -> ColumnChoice:
    titles = _field(choice, "titles")
    known = tuple(title for title in titles if _is_text(title)) if isinstance(titles, list) else ()
    return ColumnChoice(known[:MOST], _field(choice, "wide") is True)
