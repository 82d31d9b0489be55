"""A TOML file that describes what a connector reads: found, read within limits, and refused by line with what is allowed.

The file is the operator's own and holds no secret. Wrong files are NotConfiguredErrors that name the file and the line.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from invsync_tui.connectors.about import listed
from invsync_tui.connectors.addresses import expanded
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.plain_text import did_you_mean

SIZE_MOST = 256 * 1024
"""Bytes of a file."""
READ_WITHIN = 15.0
"""Seconds: a folder on another machine may not answer."""
_LINE = re.compile(r"at line (\d+)")


@dataclass(frozen=True, slots=True)
class Description:
    """A file that was read. `path` is what messages call it."""

    path: str
    text: str
    tables: Mapping[str, Any]

    def wrong(self, what: str, *at: str) -> NotConfiguredError:
        """The error for the value at a path of keys, with its line: `wrong("it is 0.", "levels", "limit")`."""
        return NotConfiguredError(
            f"{self.path}, line {self.line_of(at)}: {'.'.join(at) or 'the file'}: {what}",
            advice=f"Correct {self.path}.",
        )

    def line_of(self, at: Iterable[str]) -> int:
        """The line where a path of keys is written, as far as it is: that of its table, else the first one."""
        best, table = 1, ""
        keys = tuple(at)
        for number, line in enumerate(self.text.splitlines(), 1):
            if head := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
                table = head[1].replace(" ", "").replace('"', "")
                prefix = ".".join(keys[: table.count(".") + 1])
                if table == prefix:
                    best = number
                continue
            if name := re.match(r"\s*\"?([\w.-]+?)\"?\s*=", line):
                written = f"{table}.{name[1]}" if table else name[1]
                whole = ".".join(keys)
                if written == whole:
                    return number
                if whole.startswith(f"{written}."):
                    best = number
        return best

    def table(self, *at: str, required: bool = True) -> Mapping[str, Any]:
        """The table at a path of keys; {} where it is not there and need not be."""
        table: Any = self.tables
        for depth, key in enumerate(at, 1):
            if key not in table:
                if required:
                    raise self.wrong(f"the table [{'.'.join(at)}] is missing.", *at)
                return {}
            table = table[key]
            if not isinstance(table, dict):
                raise self.wrong(f"it must be a table, [{'.'.join(at[:depth])}].", *at[:depth])
        return table  # type: ignore[no-any-return]

    def allow(self, names: Collection[str], *at: str) -> None:
        """Refuse keys of a table that nobody reads: a misspelled one would silently do nothing."""
        for key in self.table(*at, required=False):
            if key not in names:
                hint = did_you_mean(key, list(names))
                raise self.wrong(f"it is not known.{hint} Allowed here: {', '.join(sorted(names))}.", *at, key)

    def text_at(self, *at: str, default: str | None = None) -> str:
        """A text that is not blank; `default` where nothing is given, and without one it is required."""
        value = self.table(*at[:-1], required=False).get(at[-1], default)
        if value is None:
            raise self.wrong("it is required.", *at)
        if not isinstance(value, str) or (not value.strip() and value != default):
            raise self.wrong("it must be a text, in quotes.", *at)
        return value

    def number_at(self, *at: str, default: int, least: int, most: int) -> int:
        """A whole number between two others."""
        value = self.table(*at[:-1], required=False).get(at[-1], default)
        if type(value) is not int or not least <= value <= most:
            raise self.wrong(f"it must be a whole number from {least} to {most}.", *at)
        return value

    def choice_at(self, *at: str, choices: Collection[str], default: str) -> str:
        """One of some words."""
        value = self.text_at(*at, default=default)
        if value not in choices:
            raise self.wrong(f"{value!r} is not known; choose {listed(choices)}.", *at)
        return value


async def read(option: str, path: str) -> Description:
    """The file that an option names; NotConfiguredError where it cannot be read or is not TOML."""
    if not path.strip():
        raise NotConfiguredError(
            f"The option {option} is missing.", advice=f"Name the file: --option {option}=/path/to/file.toml"
        )
    if not path.strip().startswith(("/", "~")):
        raise NotConfiguredError(
            f"The option {option} is {path!r}, and processes that sync run in other folders.",
            advice=f"Give the whole path, from / on: --option {option}=/path/to/file.toml",
        )
    try:
        async with asyncio.timeout(READ_WITHIN):
            text = await asyncio.to_thread(_read, path.strip())
    except (OSError, TimeoutError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else ""
        why = why or ("it is not UTF-8" if isinstance(error, UnicodeDecodeError) else "it does not answer")
        raise NotConfiguredError(
            f"The file {path} cannot be read: {why}.", advice=f"Create it, or correct the option {option}."
        ) from error
    return parse(path.strip(), text)


def parse(path: str, text: str) -> Description:
    """A description from its text; NotConfiguredError with the line where it is not TOML."""
    try:
        return Description(path, text, tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = _LINE.search(str(error))
        where = f"line {line[1]}" if line else "its end"
        raise NotConfiguredError(
            f"{path}, {where}: it is not TOML: {error}.", advice=f"Correct {path}; see https://toml.io."
        ) from error


def _read(path: str) -> str:
    handle = os.open(expanded(path), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(0, "it is not a file")
        content = os.read(handle, SIZE_MOST + 1)
    finally:
        os.close(handle)
    if len(content) > SIZE_MOST:
        raise OSError(0, f"it has more than {SIZE_MOST} bytes")
    return content.decode("utf-8")
