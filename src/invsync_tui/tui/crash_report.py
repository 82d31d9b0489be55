"""What is kept and said of a defect that ended the control room: one sentence on the terminal, the details in a file."""

from __future__ import annotations

import os
import shlex
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

from invsync_tui import __version__
from invsync_tui.config import ConfigError, folder
from invsync_tui.plain_text import clean
from invsync_tui.user_files import leave_to, make_folder, owner_of

KEPT = 10
"""Files that are kept; older ones are removed."""


def sentence(error: BaseException, place: str, environ: Mapping[str, str]) -> str:
    """What happened, where, and what to do next, in one line. Writes the details to a file of mode 0600 first."""
    text = f"invsync: a defect of invsync {__version__} ended the control room{place}. Syncs continue. "
    try:
        path = _write_report(_details(error, place), environ)
    except (OSError, ConfigError) as unwritable:
        why = getattr(unwritable, "strerror", None) or str(unwritable)
        return clean(f"{text}Report this line; the details could not be written ({why}): {_innermost(error)}")
    return clean(f"{text}Report it with this file: {shlex.quote(str(path))}")


def _details(error: BaseException, place: str) -> str:
    """The traceback. It may quote what came from outside, so it passes the gate of the logs; variables are not in it."""
    from invsync_tui.operations.service.log import safe

    traceback_text = "".join(traceback.format_exception(error))
    head = f"invsync {__version__}{place}, Python {sys.version.split()[0]}"
    return "\n".join([head, *map(safe, traceback_text.splitlines())]) + "\n"


def _innermost(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}."


def _write_report(text: str, environ: Mapping[str, str]) -> Path:
    place = folder(environ, "XDG_STATE_HOME", ".local/state")
    make_folder(place)
    path = place / f"defect-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}.txt"
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
        leave_to(file.fileno(), owner_of(place))
    for old in sorted(place.glob("defect-*.txt"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path
