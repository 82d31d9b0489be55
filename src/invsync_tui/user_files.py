"""Files that a user keeps: where they are, and how they are written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from invsync_tui.config import ConfigError, folder

PRIVATE = 0o600


def state_file(environ: Mapping[str, str], name: str) -> Path | None:
    """A file in the state folder of this user; None where the user has none."""
    try:
        return folder(environ, "XDG_STATE_HOME", ".local/state") / name
    except ConfigError:
        return None


def write_whole(path: Path, text: str, mode: int = PRIVATE) -> None:
    """Written aside and renamed: a kill leaves the former file or the new one. The folder is made; OSError if it cannot."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
