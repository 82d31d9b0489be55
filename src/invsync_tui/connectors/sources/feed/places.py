"""Where a feed's files lie: what every kind of place can do, and how one of several files is chosen."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from invsync_tui.connectors.errors import NotConfiguredError, UnavailableError
from invsync_tui.connectors.sources.feed.settings import FeedSettings

MARKER = ".done"
_WILD = re.compile(r"[*?\[]")
_NUMBER_WIDTH = 14
"""Digits of a number in a file's name, filled up: names compare as their numbers do."""


class FeedFile(NamedTuple):
    """A file at its place. `time` in epoch seconds, None where the place does not say."""

    name: str
    size: int | None
    time: int | None
    archived: bool = False

    def described(self, now: float) -> str:
        """In words, with its age."""
        size = "" if self.size is None else f", {self.size} bytes"
        age = "" if self.time is None else f", written {max(0.0, now - self.time) / 3600:.1f} hours ago"
        return f"{self.name}{size}{age}{' (from the archive)' if self.archived else ''}"


class FeedFolder(Protocol):
    """A folder with files. All methods raise a ConnectorError."""

    shows_growth: bool
    """`files` and `look` say how large a file is, so that one sees it grow."""

    @property
    def clock_offset(self) -> float | None:
        """Seconds by which the place's clock is ahead of ours; None where nothing has said."""
        ...

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def files(self, name: str) -> Sequence[FeedFile]:
        """The files that a name or pattern names, as they are now; the archive's among them."""
        ...

    async def look(self, file: FeedFile) -> FeedFile | None:
        """The same file as it is now; None where it is gone."""
        ...

    async def has(self, name: str) -> bool:
        """Whether there is a file of this name."""
        ...

    async def fetch(self, file: FeedFile, target: Path, most: int) -> FeedFile:
        """Copy a file here, and what is known of it now; NotConfiguredError where it has more than `most` bytes."""
        ...

    async def archive(self, names: Sequence[str]) -> None:
        """Move files to the archive; those that are gone are done."""
        ...


def is_pattern(name: str) -> bool:
    return bool(_WILD.search(name))


def matching(names: Iterable[str], name_or_pattern: str) -> list[str]:
    """Names that a name or pattern names; markers and hidden files are never meant."""
    if not is_pattern(name_or_pattern):
        return [name for name in names if name == name_or_pattern]
    return [
        name
        for name in names
        if fnmatch.fnmatchcase(name, name_or_pattern) and not name.endswith(MARKER) and not name.startswith(".")
    ]


def check_name(name: str, option: str) -> str:
    """A name or pattern of files in the folder of the address; NotConfiguredError for a path."""
    if "/" in name or name in ("", ".", ".."):
        raise NotConfiguredError(
            f"The option {option} is {name!r}." if name else "The address is a folder, and no file is named.",
            advice=f"Give the name or a pattern of a file in the folder: --option {option}=stock_*.csv",
        )
    return name


def by_name(name: str) -> tuple[object, ...]:
    """A key by which numbers in names compare as numbers."""
    parts = re.split(r"([0-9]+)", name)
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts)


def choose(files: Sequence[FeedFile], settings: FeedSettings, name: str) -> list[FeedFile]:
    """The files to read, in order; UnavailableError where there is none."""
    if not files:
        raise UnavailableError(
            f"There is no file {name!r} at the address.", advice="Check the option file and the folder of the address."
        )
    ordered = sorted(files, key=lambda file: by_name(file.name))
    if settings.which == "all":
        return ordered
    if settings.which == "newest_by_time":
        return [max(ordered, key=lambda file: file.time or 0)]
    return [ordered[-1]]


def mark_of(files: Sequence[FeedFile], name: str, which: str) -> str:
    """What a later reading is compared with: digits that grow, '' where nothing is known."""
    if which == "newest" and is_pattern(name) and re.search("[0-9]", files[0].name):
        return "".join(number.zfill(_NUMBER_WIDTH) for number in re.findall("[0-9]+", files[0].name))
    times = [file.time for file in files]
    return str(min(time for time in times if time is not None)) if None not in times else ""
