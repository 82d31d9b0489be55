"""Where the store and the configuration are, and what the configuration says. Standard library only.

A flag has precedence over the environment, the environment over the file, the file over the default.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"", "0", "false", "no", "off"})

KEYS: Mapping[str, type] = {
    "store": str,
    "read_only": bool,
    "ascii": bool,
    "mouse": bool,
    "theme": str,
    "keys": dict,
    "roles": dict,
    "retention": dict,
}
"""What the file may say."""
_KINDS = {
    str: 'a text in quotes, such as "/srv/invsync/store.db"',
    bool: "true or false",
    dict: "a table of its own",
}
THEMES = ("dark", "light", "high-contrast", "color-blind", "16")
"""Looks of the control room; 16 is the terminal's own colors."""
ROLES = ("viewer", "operator", "admin", "service")
"""Keys of the table [roles]; each a list of system users."""


RETENTION: Mapping[str, int] = MappingProxyType(
    {
        "runs": 90,
        "batches": 30,
        "exchanges": 14,
        "generations": 30,
        "history": 30,
        "renames": 180,
        "gone": 180,
        "audit": 730,
    }
)
"""Keys of the table [retention]: days after which such records go, with their defaults; 0 keeps them for ever."""


class ConfigError(Exception):
    """The configuration cannot be used: where, what, and what next."""


class Config(NamedTuple):
    """What was configured; None where nothing was said."""

    store: Path
    read_only: bool = False
    ascii_only: bool = False
    mouse: bool | None = None
    theme: str | None = None
    keys: Mapping[str, str] = MappingProxyType({})
    """Other keys by the id of what they do, as `invsync keys` lists them."""
    roles: Mapping[str, Sequence[str]] | None = None
    """System users by role; None without a table [roles]."""
    retention: Mapping[str, int] = RETENTION
    """Days that records are kept, by kind; 0 for ever."""


class Flags(NamedTuple):
    """What the command line said; None where it said nothing."""

    store: str | None = None
    config: str | None = None
    read_only: bool | None = None
    ascii_only: bool | None = None
    mouse: bool | None = None


def load(flags: Flags, environ: Mapping[str, str]) -> Config:
    """The configuration from all its places; ConfigError names the place that is wrong."""
    file = _file(flags.config, environ)
    return Config(
        store=_store(flags, environ, file),
        read_only=_first(flags.read_only, _switch(environ, "INVSYNC_READ_ONLY"), file.get("read_only")) or False,
        ascii_only=_first(flags.ascii_only, file.get("ascii")) or False,
        mouse=_first(flags.mouse, file.get("mouse")),
        theme=_theme(environ, file),
        keys=_flat(file.get("keys", {})),
        roles=file.get("roles"),
        retention={**RETENTION, **file.get("retention", {})},
    )


def _first(*values: bool | None) -> bool | None:
    return next((value for value in values if value is not None), None)


def _switch(environ: Mapping[str, str], name: str) -> bool | None:
    if name not in environ:
        return None
    word = environ[name].strip().lower()
    if word not in YES | NO:
        raise ConfigError(f"{name}: {environ[name]!r} is neither yes nor no. Set it to 1 or 0.")
    return word in YES


def _theme(environ: Mapping[str, str], settings: Mapping[str, Any]) -> str | None:
    named: str | None = environ.get("INVSYNC_THEME") or settings.get("theme")
    if named is not None and named not in THEMES:
        where = "INVSYNC_THEME" if environ.get("INVSYNC_THEME") else "theme in the configuration"
        raise ConfigError(f"{where}: {named!r} is not known. Choose one of: {', '.join(THEMES)}.")
    return named


def _store(flags: Flags, environ: Mapping[str, str], settings: Mapping[str, Any]) -> Path:
    named = flags.store or environ.get("INVSYNC_STORE") or settings.get("store")
    return expanded(named) if named else folder(environ, "XDG_DATA_HOME", ".local/share") / "store.db"


def folder(environ: Mapping[str, str], variable: str, default: str) -> Path:
    """The program's folder below an XDG base; a relative base is to be ignored, says the specification."""
    base = Path(environ.get(variable, ""))
    return (base if base.is_absolute() else expanded("~") / default) / "invsync"


def expanded(path: str) -> Path:
    """The path with `~` as the home folder; ConfigError where there is none, as for a user of a container."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise ConfigError(
            f"{path}: this user has no home folder. Set HOME to a folder, or give the store with --store "
            "or INVSYNC_STORE and the configuration with --config."
        ) from None


def _config_file(name: str | None, environ: Mapping[str, str]) -> Path | None:
    if name:
        return expanded(name)
    try:
        return folder(environ, "XDG_CONFIG_HOME", ".config") / "config.toml"
    except ConfigError:
        return None


def file_in_use(named: str | None, environ: Mapping[str, str]) -> Path | None:
    """The configuration file that is read; None where there is none."""
    path = _config_file(named or environ.get("INVSYNC_CONFIG"), environ)
    return path if path is not None and path.exists() else None


def file_to_write(named: str | None, environ: Mapping[str, str]) -> Path | None:
    """The configuration file that is read, or would be if there were one; None for a user without a home folder."""
    return _config_file(named or environ.get("INVSYNC_CONFIG"), environ)


def stamp(environ: Mapping[str, str]) -> tuple[str, int, int, int, int] | None:
    """What changes when the configuration file of this process is another one or is written; None where there is none."""
    path = _config_file(environ.get("INVSYNC_CONFIG"), environ)
    try:
        there = path.stat() if path is not None else None
    except OSError:
        return None
    return there and (str(path), there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns)


def _file(named: str | None, environ: Mapping[str, str]) -> Mapping[str, Any]:
    """The configuration file; one that was asked for by name must exist."""
    name = named or environ.get("INVSYNC_CONFIG")
    path = _config_file(name, environ)
    if path is None:
        return {}
    try:
        with path.open(encoding="utf-8-sig") as file:  # some editors put a mark in front
            _check_writers(path, os.fstat(file.fileno()))
            text = file.read()
    except (FileNotFoundError, NotADirectoryError):
        if name:
            raise ConfigError(f"{path}: there is no such file. Check --config and INVSYNC_CONFIG.") from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        home = " If that is not this user's home folder, set HOME." if not name and isinstance(error, OSError) else ""
        raise ConfigError(f"{path}: it cannot be read: {why}. Check the file and its mode.{home}") from error
    return _checked(path, text)


def _check_writers(path: Path, result: os.stat_result) -> None:
    """Refuse a file that others can write: it names the store, the roles, and commands that give secrets."""
    quoted = shlex.quote(str(path))
    if result.st_uid not in (0, os.geteuid()):
        raise ConfigError(
            f"{path}: it belongs to another user (uid {result.st_uid}), who could change it. "
            f"Give it to root or to the user who runs this: chown root {quoted}"
        )
    if result.st_mode & stat.S_IWOTH or (result.st_mode & stat.S_IWGRP and not _own_group(result.st_gid)):
        raise ConfigError(f"{path}: others can write it. Take that from them: chmod go-w {quoted}")
    folder = path.absolute().parent
    there = folder.stat()
    if there.st_mode & stat.S_IWOTH and not there.st_mode & stat.S_ISVTX:
        raise ConfigError(
            f"{path}: others can replace it, since they can write its folder. "
            f"Take that from them: chmod o-w {shlex.quote(str(folder))}"
        )


def _own_group(gid: int) -> bool:
    """Whether a group has no other members than this user and root: many systems give each user one of that kind."""
    import grp
    import pwd

    if gid == 0:
        return True
    try:
        own, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(gid)
    except KeyError:
        return False
    return own.pw_gid == gid and group.gr_name == own.pw_name and set(group.gr_mem) <= {own.pw_name}


def _checked(path: Path, text: str) -> Mapping[str, Any]:
    import tomllib

    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        where = line.group(1) if line else str(text.count("\n") + 1)
        raise ConfigError(f"{path}:{where}: this is not TOML: {error}. Correct the line.") from error
    for key, value in settings.items():
        _check(f"{path}:{_line(text, key)}", key, value)
    if "store" in settings:
        settings["store"] = os.fspath(path.parent / expanded(settings["store"]))
    return settings


def _check(where: str, key: str, value: object) -> None:
    if key not in KEYS:
        raise ConfigError(f"{where}: unknown key {key!r}. Known keys: {', '.join(KEYS)}.")
    if not isinstance(value, KEYS[key]):
        raise ConfigError(f"{where}: {key} must be {_KINDS[KEYS[key]]}.")
    if key == "keys" and isinstance(value, dict):
        _check_keys(where, value)
    if key == "roles" and isinstance(value, dict):
        _check_roles(where, value)
    if key == "retention" and isinstance(value, dict):
        _check_retention(where, value)


def _check_keys(where: str, table: Mapping[str, object]) -> None:
    """Only the form: which ids there are, the control room knows, and a wrong one keeps nobody from working."""
    for name, keys in _flat(table).items():
        if not isinstance(keys, str):
            raise ConfigError(f'{where}: {name} must be a text with keys, such as "f5,x".')


def _flat(table: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """`sync.start = "f5"` without quotes is a table within a table to TOML; the id is meant."""
    result: dict[str, Any] = {}
    for name, value in table.items():
        result |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return result


def _check_roles(where: str, table: Mapping[str, object]) -> None:
    for role, users in table.items():
        if role not in ROLES:
            raise ConfigError(f"{where}: unknown role {role!r}. Known roles: {', '.join(ROLES)}.")
        if not isinstance(users, list) or not all(isinstance(user, str) for user in users):
            raise ConfigError(f'{where}: {role} must be a list of system users, such as ["ann", "bob"].')


MOST_DAYS = 36500


def _check_retention(where: str, table: Mapping[str, object]) -> None:
    for kind, days in table.items():
        if kind not in RETENTION:
            raise ConfigError(f"{where}: unknown kind of records {kind!r}. Known kinds: {', '.join(RETENTION)}.")
        if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= MOST_DAYS:
            raise ConfigError(f"{where}: {kind} must be a number of days from 1 to {MOST_DAYS}, or 0 to keep all.")
    days_by_kind = {
        kind: float(days) or float("inf") for kind, days in {**RETENTION, **table}.items() if isinstance(days, int)
    }
    longest = max(days_by_kind, key=lambda kind: days_by_kind[kind])
    if days_by_kind["audit"] < days_by_kind[longest]:
        raise ConfigError(
            f"{where}: audit must be kept longest, at least as long as {longest}. Raise audit, or set it to 0."
        )


def _line(text: str, key: str) -> int:
    """The line that sets a top-level key, or opens the table of that name."""
    pattern = re.compile(rf"""^\s*(\[+\s*)?["']?{re.escape(key)}\b""")
    return next((n for n, line in enumerate(text.split("\n"), 1) if pattern.match(line)), 1)
