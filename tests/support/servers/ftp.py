"""A real FTP server on loopback, with TLS where wanted, and with a certificate of its own."""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LOGIN, PASSWORD = "bot", "the-password-of-the-feed"
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class FtpServer:
    """Where it listens. `folder` is its root."""

    port: int
    folder: Path
    certificate: Path | None


def certificate(folder: Path) -> Path:
    """A self-signed certificate of the loopback address, with its key in the same file."""
    key, cert = folder / "ftp.pem", folder / "ftp.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(cert), "-days", "2",
         "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=IP:{HOST}"],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    key.write_text(key.read_text() + cert.read_text())
    return cert


@contextmanager
def ftp_server(
    folder: Path, *, secure: bool = False, without: tuple[str, ...] = (), perm: str = "elr"
) -> Iterator[FtpServer]:
    """A server whose root is the folder `root` in `folder`, until the end of the block; `without` are commands it lacks,
    `perm` what the login may do there, in pyftpdlib's letters: without more it only reads."""
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer

    logging.getLogger("pyftpdlib").setLevel(logging.CRITICAL + 1)
    root = folder / "root"
    root.mkdir()
    authorizer = DummyAuthorizer()
    authorizer.add_user(LOGIN, PASSWORD, str(root), perm=perm)
    base = TLS_FTPHandler if secure else FTPHandler
    commands = {name: entry for name, entry in base.proto_cmds.items() if name not in without}
    values = {"authorizer": authorizer, "proto_cmds": commands, "auth_failed_timeout": 0.1, "max_login_attempts": 5}
    pair = certificate(folder) if secure else None
    if secure:
        values |= {"certfile": str(folder / "ftp.pem"), "tls_control_required": True, "tls_data_required": True}
    handler = type("Handler", (base,), values)
    server = FTPServer((HOST, 0), handler, ioloop=IOLoop())
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            server.ioloop.loop(timeout=0.02, blocking=False)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield FtpServer(server.socket.getsockname()[1], root, pair)
    finally:
        stop.set()
        thread.join(5)
        server.close_all()
