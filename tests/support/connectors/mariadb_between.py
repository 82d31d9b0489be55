"""What the suite of the kit puts between the source `sql` and a MariaDB: a proxy that speaks its protocol as far as it needs.

Packets: https://mariadb.com/docs/server/reference/clientserver-protocol/protocol-differences-x/0-packet, codes of errors:
https://mariadb.com/docs/server/reference/error-codes/mariadb-error-code-reference.
"""

from __future__ import annotations

import asyncio

from invsync_tui.kit.proxy import CONTROL_TEXT, Fault
from tests.support.connectors.sql_between import HTML, Answers, ServerBetween

_ERRORS: dict[Fault, tuple[int, str]] = {
    Fault.UNAVAILABLE: (1053, "Server shutdown in progress"),
    Fault.LONG_ERROR: (1105, "x" * 70_000),
    Fault.THROTTLED: (1040, "Too many connections"),
    Fault.UNAUTHORIZED: (1045, "Access denied for user 'reader'@'127.0.0.1' (using password: YES)"),
    Fault.FORBIDDEN: (1044, "Access denied for user 'reader'@'%' to database 'wms'"),
    Fault.CONTROLS: (1105, CONTROL_TEXT),
}
_QUERY = 3
"""The first byte of COM_QUERY."""


def _error(number: int, code: int, message: str) -> bytes:
    """An ERR_Packet with its number in the conversation."""
    content = b"\xff" + code.to_bytes(2, "little") + b"#HY000" + message.encode(errors="replace")
    return len(content).to_bytes(3, "little") + bytes([number]) + content


class MariadbBetween(ServerBetween):
    """The protocol of MariaDB: the server speaks first."""

    scheme = "mariadb"

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.fault in (Fault.HTML, Fault.THROTTLED) and (fault := self.met()) is not None:
            self.requests.append(("startup", ""))
            writer.write(HTML if fault is Fault.HTML else _error(0, *_ERRORS[fault]))
            await writer.drain()
            return
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self._port)
        answers = Answers(from_server, writer)
        pump = asyncio.ensure_future(answers.passed_on())
        try:
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
        """The packets of a client, until one meets a fault that ends the session."""
        startup = True
        while True:
            packet = await _packet(reader)
            begins = startup or (packet[3] == 0 and packet[4] == _QUERY)
            if begins and not await self._passes(packet, writer, answers, "startup" if startup else "query"):
                return
            startup = False
            to_server.write(packet)
            await to_server.drain()

    async def _passes(self, packet: bytes, writer: asyncio.StreamWriter, answers: Answers, kind: str) -> bool:
        """Whether a packet continues to the server; else the fault that it met has been answered."""
        self.requests.append((kind, ""))
        if self.fault is Fault.THROTTLED and self.times != 0:
            return False  # a server that has too many clients says so when one connects
        fault = self.met()
        if fault is None:
            return True
        if fault in (Fault.CUT_HEADERS, Fault.CUT_BODY):
            answers.cut = fault
            return True
        if fault is Fault.ECHO:
            writer.write(_error(packet[3] + 1, 1105, packet.decode(errors="replace").replace("\0", " ")))
        elif fault is Fault.HTML:
            writer.write(HTML)
        elif fault in _ERRORS:
            writer.write(_error(packet[3] + 1, *_ERRORS[fault]))
        await writer.drain()
        return False


async def _packet(reader: asyncio.StreamReader) -> bytes:
    """A packet: 3 bytes of length, its number, its content."""
    head = await reader.readexactly(4)
    return head + await reader.readexactly(int.from_bytes(head[:3], "little"))
