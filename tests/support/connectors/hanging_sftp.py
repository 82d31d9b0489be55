"""SSH servers that answer up to some point and then say nothing more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh

HOST = "127.0.0.1"


@asynccontextmanager
async def hanging_sftp(folder: Path, where: str) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """(port, set once somebody is kept waiting) of a server with a file stock.csv, whose key is in known_hosts of `folder`.

    `where` it hangs: greeting, login, folder (while it is listed) or file (while it is read).
    """
    hangs, over = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        hangs.set()
        await over.wait()

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hang()
        writer.close()

    if where == "greeting":
        server: Any = await asyncio.start_server(greet, HOST, 0)
        port = server.sockets[0].getsockname()[1]
        (folder / "known_hosts").write_text("")
    else:
        server = await _ssh_server(folder, where, hang)
        port = server.get_port()
    try:
        yield port, hangs
    finally:
        over.set()
        server.close()
        await server.wait_closed()


async def _ssh_server(folder: Path, where: str, hang: Any) -> Any:
    root = folder / "served"
    root.mkdir()
    (root / "stock.csv").write_text("SKU,Available\nA-1,1\n")

    class Server(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return True

        async def validate_password(self, username: str, password: str) -> bool:
            if where == "login":
                await hang()
            return True

    class Files(asyncssh.SFTPServer):
        async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
            if where == "folder":
                await hang()
            async for name in super().scandir(path):
                yield name

        async def read(self, file_obj: object, offset: int, size: int) -> bytes:  # type: ignore[override]
            if where == "file":
                await hang()
            return super().read(file_obj, offset, size)  # type: ignore[return-value]

    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen(
        HOST, 0, server_host_keys=[key], server_factory=Server,
        sftp_factory=lambda channel: Files(channel, chroot=str(root)),
    )  # fmt: skip
    known = f"[{HOST}]:{server.get_port()} {key.export_public_key().decode()}"
    (folder / "known_hosts").write_text(known)
    return server
