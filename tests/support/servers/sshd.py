"""A real OpenSSH server on loopback with keys of its own, and a proxy that makes its line as slow as a distant one.

Nothing of the machine's own SSH is read or changed: host key, user key, configuration and known hosts lie in one folder.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import shlex
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

HOST = "127.0.0.1"
ALIAS = "invsync-test-host"
READY_WITHIN = 10.0
CHUNK = 65536
SERVER_PLACES = ("/usr/sbin/sshd", "/usr/local/sbin/sshd", "/opt/homebrew/sbin/sshd")
PRIVILEGE_FOLDER = Path("/run/sshd")
"""OpenSSH does not start as root without it."""

CONFIG = """\
ListenAddress {host}
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PrintMotd no
LogLevel ERROR
Subsystem sftp internal-sftp
"""


class NoSshError(Exception):
    """This machine has no SSH server or client; the text says which package has it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A way to a running server."""

    folder: Path
    port: int

    def command(self, remote: Sequence[str], *options: str) -> list[str]:
        """The client's command line that runs something over there in a terminal of its own."""
        files = {
            "IdentityFile": self.folder / "user_key",
            "UserKnownHostsFile": self.folder / "known_hosts",
        }
        words = {"IdentitiesOnly": "yes", "HostKeyAlias": ALIAS, "StrictHostKeyChecking": "yes", "LogLevel": "ERROR"}
        given = [part for name, value in {**files, **words}.items() for part in ("-o", f"{name}={value}")]
        return ["ssh", "-F", "none", "-tt", "-p", str(self.port), *given, *options, f"{getpass.getuser()}@{HOST}",
                shlex.join(remote)]  # fmt: skip


def programs() -> str:
    """Where the server is; NoSshError where something is missing."""
    server = shutil.which("sshd") or next((place for place in SERVER_PLACES if os.access(place, os.X_OK)), None)
    if server is None:
        raise NoSshError("no SSH server here; the package openssh-server has it")
    for name in ("ssh", "ssh-keygen"):
        if shutil.which(name) is None:
            raise NoSshError(f"no {name} here; the package openssh-client has it")
    return server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def sshd(folder: Path) -> Iterator[Line]:
    """A server for the present user only, until the end of the block."""
    server = programs()
    line = Line(folder, free_port())
    _write_keys(folder)
    (folder / "sshd_config").write_text(CONFIG.format(host=HOST, port=line.port, folder=folder))
    if os.geteuid() == 0:
        PRIVILEGE_FOLDER.mkdir(mode=0o755, exist_ok=True)
    with (folder / "sshd.log").open("wb") as log:
        process = subprocess.Popen(
            [server, "-D", "-e", "-f", str(folder / "sshd_config")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        _wait_for(line, process)
        yield line
    finally:
        process.terminate()
        process.wait(10)


def _write_keys(folder: Path) -> None:
    for name in ("host_key", "user_key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)], check=True
        )
    kind, key, *_ = (folder / "host_key.pub").read_text().split()
    (folder / "known_hosts").write_text(f"{ALIAS} {kind} {key}\n")


def _wait_for(line: Line, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection((HOST, line.port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"sshd did not come up: {(line.folder / 'sshd.log').read_text()}")


# --- a slow line -------------------------------------------------------------------------------------------------------


@contextmanager
def slow(line: Line, one_way: float) -> Iterator[Line]:
    """The same server through a proxy that holds every byte back for so many seconds in each direction."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="slow-line", daemon=True)
    thread.start()
    proxy = _Proxy(line.port, one_way)
    port = asyncio.run_coroutine_threadsafe(proxy.open(), loop).result(10)
    try:
        yield replace(line, port=port)
    finally:
        asyncio.run_coroutine_threadsafe(proxy.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class _Proxy:
    """Delays, but neither reorders nor shapes: what was sent together arrives together."""

    def __init__(self, target: int, one_way: float) -> None:
        self._target = target
        self._one_way = one_way
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def open(self) -> int:
        self._server = await asyncio.start_server(self._joined, HOST, 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(HOST, self._target)
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.ensure_future(self._carry(source, sink))
            self._open.add(task)
            task.add_done_callback(self._open.discard)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                at, chunk = await due.get()
                await asyncio.sleep(max(at - loop.time(), 0))
                if not chunk:
                    return
                sink.write(chunk)
                await sink.drain()

        delivery = asyncio.ensure_future(deliver())
        try:
            with suppress(OSError):
                while chunk := await source.read(CHUNK):
                    due.put_nowait((loop.time() + self._one_way, chunk))
            due.put_nowait((loop.time() + self._one_way, b""))
            with suppress(OSError):
                await delivery
        finally:
            delivery.cancel()
            sink.close()
