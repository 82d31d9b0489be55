"""The log of a service: one line for each record, as text or JSON, without secrets and without control characters."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from invsync_tui.store.file import file_modes

LOG_BYTES = 5_000_000
"""Size at which a log file is put aside."""
LOG_FILES = 3
"""Files that are kept beside the present one: `.1` is the newest."""
MESSAGE_MOST = 2000
"""Characters of a message; the run itself has the rest."""
READ_MOST = 32 * MESSAGE_MOST
"""Characters of a text that are looked at at all."""
FRAMES = 12
"""Innermost frames of a defect that are logged."""
CHATTY = ("httpx", "httpcore", "asyncio", "alembic")
"""Libraries that write a line for each request; only their warnings are logged."""


class LogFormat(StrEnum):
    """How a record is written."""

    TEXT = "text"
    JSON = "json"


class OneLine(logging.Formatter):
    """A record as one line. Whatever a WMS or a cart said passes the same gate as everything else that is kept of it."""

    def __init__(self, form: LogFormat) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        """One line without a line break in it."""
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        message = safe(record.getMessage())
        where = safe(_frames(record))
        if self._form is LogFormat.TEXT:
            return f"{at} {record.levelname:<7} {message}{' | ' + where if where else ''}"
        document = {"at": at, "level": record.levelname.lower(), "event": getattr(record, "event", "message")}
        event_fields = {name: _safe_value(value) for name, value in getattr(record, "fields", {}).items()}
        return json.dumps({**document, "message": message, **event_fields, **({"where": where} if where else {})})


def _frames(record: logging.LogRecord) -> str:
    """Where a defect came from, the innermost frame last; '' for a record of no exception."""
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    error = record.exc_info[1]
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    trail = " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)
    return f"{type(error).__name__}: {error} at {trail}"


def safe(text: str) -> str:
    """A text as it may stand in a log: no secrets, no line breaks, no control characters, not too long."""
    from invsync_tui.connectors.network.http_log import redacted

    # Cut after the gate: half a secret is none that it knows.
    clean = redacted(text[:READ_MOST])
    cut = clean if len(clean) <= MESSAGE_MOST else clean[:MESSAGE_MOST] + "..."
    return "".join(char if char.isprintable() else " " for char in cut)


def _safe_value(value: object) -> object:
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, dict):
        return {safe(str(name)): _safe_value(field_value) for name, field_value in value.items()}
    return value


class _PrivateFile(RotatingFileHandler):
    """A file that only its owner reads, put aside when it grows too large.

    A file that was moved away or removed is begun anew, also where nobody says so; several processes may share one. Where it
    cannot be put aside, or not be opened again, that costs no more records than it must.
    """

    def __init__(self, path: Path) -> None:
        self._too_large_from = 0
        super().__init__(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES)

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802 - the library's name
        """Whether it is too large with this record; looks first whether the file is still the one behind its name."""
        if self.stream and not _is_behind(self.stream, self.baseFilename):
            self.begin_anew()
        if not super().shouldRollover(record):
            return False
        # In a folder that may not be written: not tried again for each record.
        return self.stream is None or self.stream.tell() >= self._too_large_from

    def doRollover(self) -> None:  # noqa: N802 - the library's name
        """Put the file aside; where that is not possible, the log goes on in it."""
        with suppress(OSError):
            super().doRollover()
        if self.stream is None:
            self.stream = self._open()
        size = self.stream.tell()
        self._too_large_from = size + self.maxBytes if size else 0

    def begin_anew(self) -> None:
        """Go on in a file of the same name; where it cannot be opened now, with the next record that can be written."""
        stream, self.stream = self.stream, None
        if stream:
            with suppress(OSError):
                stream.close()
        self._too_large_from = 0
        with suppress(OSError):
            self.stream = self._open()

    def _open(self) -> TextIOWrapper:
        path = Path(self.baseFilename)
        # Beside a store it belongs to those who share the store.
        descriptor = file_modes.append_beside(path.with_name(path.name.removesuffix(".worker.log")), path)
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")


def _is_behind(stream: TextIOWrapper, name: str) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), os.stat(name))  # noqa: PTH116 - the library keeps a text
    except FileNotFoundError:
        return False
    except OSError:
        return True  # it cannot be seen; the open file is what there is


def start(form: LogFormat, level: int, path: Path | None = None) -> None:
    """Log to a file that is put aside when it grows too large, or to stderr."""
    handler = _PrivateFile(path) if path else logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(form))
    logging.raiseExceptions = False  # a log that cannot be written stops nothing
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def reopen() -> None:
    """Go on in a file of the same name, for tools that move log files away; stderr stays what it is."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _PrivateFile):
            handler.acquire()
            try:
                handler.begin_anew()
            finally:
                handler.release()
