"""Where a feed's files lie: what every kind of place can do."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.connectors.sources.feed.settings import is_pattern

MARKER = ".done"


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
