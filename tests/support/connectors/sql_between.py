"""What the suite of the kit puts between the source `sql` and its database: a proxy that speaks the protocol of PostgreSQL
as far as it needs, and other programs that lock and spoil a SQLite file.

Messages and codes of PostgreSQL: https://www.postgresql.org/docs/current/protocol-message-formats.html and
https://www.postgresql.org/docs/current/errcodes-appendix.html.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors.sources.sql.databases import Sqlite
from invsync_tui.kit.proxy import CONTROL_TEXT, OF_HTTP, Fault

HTML = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/html\r\n\r\n<html><body>Maintenance</body></html>"
MOMENT = 0.1
"""Seconds that a file is locked for a moment, from when the connector has begun to read it."""


@dataclass
class DatabaseBetween:
    """What both have: the fault that is set, and how many more times it happens (None: always)."""

    url: str = ""
    nobody: str = ""
    fault: Fault | None = None
    times: int | None = None
    requests: list[tuple[str, str]] = field(default_factory=list)
    elsewhere: list[bytes] = field(default_factory=list)

    def clear(self) -> None:
        self.fault, self.times = None, None
        self.requests.clear()

    def let(self, fault: Fault, *, times: int | None = None, wanted: Callable[[str, str], bool] | None = None) -> None:
        assert wanted is None
        self.clear()
        self.fault, self.times = fault, times

    def met(self) -> Fault | None:
        """The fault that the next request meets."""
        if self.fault is None or self.times == 0:
            return None
        if self.times is not None:
            self.times -= 1
        return self.fault


# --- PostgreSQL ------------------------------------------------------------------------------------------------------

_ENCRYPTION, _CANCEL = (80877103, 80877104), 80877102
"""Codes of SSLRequest and GSSENCRequest, and of CancelRequest."""
_QUERIES = b"QP"
"""Types of the messages that begin a statement."""
_ERRORS: dict[Fault, tuple[str, str]] = {
    Fault.UNAVAILABLE: ("57P01", "terminating connection due to administrator command"),
    Fault.LONG_ERROR: ("XX000", "x" * 70_000),
    Fault.THROTTLED: ("53300", "sorry, too many clients already"),
    Fault.UNAUTHORIZED: ("28P01", 'password authentication failed for user "reader"'),
    Fault.FORBIDDEN: ("42501", 'permission denied for database "wms"'),
    Fault.CONTROLS: ("XX000", CONTROL_TEXT),
}


def _error(code: str, message: str) -> bytes:
    """An ErrorResponse that ends the session."""
    fields = b"".join(
        letter + text.encode(errors="replace") + b"\0"
        for letter, text in ((b"S", "FATAL"), (b"V", "FATAL"), (b"C", code), (b"M", message))
    )
    return b"E" + (len(fields) + 5).to_bytes(4, "big") + fields + b"\0"


class ServerBetween(DatabaseBetween):
    """A proxy before a server on this machine."""

    faults = frozenset(Fault) - {Fault.REDIRECT, Fault.LOST} - OF_HTTP
    scheme = ""

    def __init__(self, port: int) -> None:
        super().__init__(nobody=f"{self.scheme}://127.0.0.1:9")
        self._port = port
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"{self.scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open.values():
            writer.close()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = writer
        task.add_done_callback(self._open.pop)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._session(reader, writer)
        writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError


class PostgresBetween(ServerBetween):
    """The same with the protocol of PostgreSQL."""

    scheme = "postgresql"

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """From the first byte of a client to its last."""
        while True:
            message = await _sized(reader)
            code = int.from_bytes(message[4:8], "big")
            if code not in _ENCRYPTION:
                break
            writer.write(HTML if self.fault is Fault.HTML and self.met() else b"N")
            await writer.drain()
        to_server, from_server = await asyncio.open_connection("127.0.0.1", self._port)
        to_server, from_server = from_server, to_server
        answers = Answers(from_server, writer)
        pump = asyncio.ensure_future(answers.passed_on())
        try:
            if code == _CANCEL or await self._passes(message, reader, writer, answers):
                to_server.write(message)
                await self._requests(reader, writer, to_server, answers)
        finally:
            pump.cancel()
            to_server.close()

    async def _requests(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        to_server: asyncio.StreamWriter,
        answers: Answers,
    ) -> None:
        """The messages of a client behind its first one, until one meets a fault that ends the session."""
        while True:
            kind = await reader.readexactly(1)
            message = kind + await _sized(reader)
            if kind in _QUERIES and not await self._passes(message, reader, writer, answers):
                return
            to_server.write(message)
            await to_server.drain()

    async def _passes(
        self, message: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: Answers
    ) -> bool:
        """Whether a message goes on to the server; else the fault that it met has been answered."""
        startup = message[:1] == b"\0"
        self.requests.append(("startup" if startup else "query", ""))
        if self.fault is Fault.THROTTLED and self.times != 0 and not startup:
            return False  # a server that has too many clients says so when one logs in
        fault = self.met()
        if fault is None:
            return True
        if fault in (Fault.CUT_HEADERS, Fault.CUT_BODY):
            answers.cut = fault
            return True
        if fault is Fault.ECHO:
            message += await _password(reader, writer) if startup else b""
            writer.write(_error("XX000", message.decode(errors="replace").replace("\0", " ")))
        elif fault is Fault.HTML:
            writer.write(HTML)
        elif fault in _ERRORS:
            writer.write(_error(*_ERRORS[fault]))
        await writer.drain()
        return False


async def _sized(reader: asyncio.StreamReader) -> bytes:
    """A message that begins with its own length in 4 bytes."""
    length = await reader.readexactly(4)
    return length + await reader.readexactly(int.from_bytes(length, "big") - 4)


async def _password(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """What a client sends that is asked for its password in the clear (AuthenticationCleartextPassword)."""
    writer.write(b"R" + (8).to_bytes(4, "big") + (3).to_bytes(4, "big"))
    await writer.drain()
    await reader.readexactly(1)
    return await _sized(reader)


@dataclass
class Answers:
    """What a server sends to a client. With `cut` only a part of the next piece, and nothing more."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    cut: Fault | None = None

    async def passed_on(self) -> None:
        while piece := await self.reader.read(65536):
            if self.cut is not None:
                self.writer.write(piece[:3] if self.cut is Fault.CUT_HEADERS else piece[: -max(1, len(piece) // 4)])
                break
            self.writer.write(piece)
            await self.writer.drain()
        self.writer.close()


# --- SQLite ----------------------------------------------------------------------------------------------------------


def _copied(whole: bytes) -> bytes:
    """A newer file, by its change counter (https://www.sqlite.org/fileformat2.html), that is copied over this one halfway."""
    counter = (int.from_bytes(whole[24:28], "big") + 1000).to_bytes(4, "big")
    return (whole[:24] + counter + whole[28:92] + counter + whole[96:])[: -len(whole) // 4]


_LOCKS = frozenset({Fault.UNAVAILABLE, Fault.CLOSED, Fault.THROTTLED})
"""Faults that are a lock of another program here."""


class SqliteBetween(DatabaseBetween):
    """Other programs that use the file of a database. `table` is what they spoil for an error text of their choice."""

    faults = _LOCKS | {Fault.HTML, Fault.CUT_HEADERS, Fault.CUT_BODY, Fault.LONG_ERROR, Fault.CONTROLS}

    def __init__(self, path: Path, table: str) -> None:
        super().__init__(f"sqlite://{path}", f"sqlite://{path.parent}/unmounted/{path.name}")
        self._path, self._table = path, table
        self._lock: sqlite3.Connection | None = None
        self._whole: bytes | None = None
        self._patch = pytest.MonkeyPatch()
        self._timers: list[threading.Timer] = []

    async def start(self) -> None:
        select = Sqlite.select

        def counted(database: Sqlite, name: str, statement: str, values: Any = ()) -> Any:
            self._begins(name)
            return select(database, name, statement, values)

        self._patch.setattr(Sqlite, "select", counted)

    async def stop(self) -> None:
        self.clear()
        self._patch.undo()

    def clear(self) -> None:
        super().clear()
        for timer in self._timers:
            timer.join()
        self._timers.clear()
        self._mend()

    def let(self, fault: Fault, *, times: int | None = None, wanted: Callable[[str, str], bool] | None = None) -> None:
        assert times is None or fault in _LOCKS
        super().let(fault, times=times, wanted=wanted)
        self._spoil(fault)

    def _begins(self, name: str) -> None:
        """A statement is about to be run: a lock for a moment ends while it waits."""
        self.requests.append(("select", name))
        if self.times and self.met() is not None:
            self._timers.append(threading.Timer(MOMENT, self._mend))
            self._timers[-1].start()

    def _spoil(self, fault: Fault) -> None:
        if fault in _LOCKS:
            self._lock = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            self._lock.execute("BEGIN EXCLUSIVE")
            return
        self._whole = whole = self._path.read_bytes()
        if fault in (Fault.LONG_ERROR, Fault.CONTROLS):
            column = "x" * 70_000 if fault is Fault.LONG_ERROR else CONTROL_TEXT
            other = sqlite3.connect(self._path)
            other.execute(f"ALTER TABLE {self._table} RENAME TO gone")
            other.execute(f"CREATE VIEW {self._table} AS SELECT gone.`{column}` FROM gone")
            other.commit()
            other.close()
            return
        parts = {Fault.HTML: HTML * 100, Fault.CUT_HEADERS: whole[:20], Fault.CUT_BODY: _copied(whole)}
        self._write(parts[fault])

    def _mend(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()
        whole, self._whole = self._whole, None
        if whole is not None:
            self._write(whole)

    def _write(self, content: bytes) -> None:
        """Into the file that others have open."""
        with self._path.open("r+b") as file:
            file.truncate(0)
            file.write(content)
