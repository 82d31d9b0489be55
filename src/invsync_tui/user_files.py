"""Files that a user keeps: where they are, and how they are written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from invsync_tui.config import ConfigError, folder

PRIVATE = 0o600


def state_file(environ: Mapping[str, str], name: str) -> Path | None:
    """A file in the state folder of this user; None where the user has none."""
    try:
        return folder(environ, "XDG_STATE_HOME", ".local/state") / name
    except ConfigError:
        return None


class Owner(NamedTuple):
    """Whose a file is, by number."""

    user: int
    group: int


def make_folder(folder: Path) -> None:
    """Make a folder with those that it is in, for their user alone. OSError if it cannot be made."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(each, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            leave_to(descriptor, owner_of(each.parent))
        finally:
            os.close(descriptor)


def leave_to(descriptor: int, owner: Owner | None) -> None:
    """As root, leave what is open to the user whose home it is in: sudo often keeps HOME, and what it makes there could not be
    read by the user it is for. By descriptor, since in that folder the user can put other files in its place."""
    if owner is not None and os.geteuid() == 0:
        with suppress(OSError):
            os.fchown(descriptor, owner.user, owner.group)


def owner_of(path: Path) -> Owner | None:
    """Whose a file or folder is; None where there is none."""
    try:
        there = path.stat()
    except OSError:
        return None
    return Owner(there.st_uid, there.st_gid)


def write_whole(path: Path, text: str, mode: int = PRIVATE) -> None:
    """Written aside and renamed: a kill leaves the former file or the new one. The folder is made; OSError if it cannot."""
    import tempfile

    make_folder(path.parent)
    owner = owner_of(path) or owner_of(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            leave_to(file.fileno(), owner)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
