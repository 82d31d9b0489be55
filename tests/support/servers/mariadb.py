"""A real MariaDB on loopback, started by a user other than root where tests run as root.

Its data is in a folder of its own, on a free port; it is stopped and its data deleted at the end.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest

PASSWORD = "secret-of-the-tests"
OWNER = "owner"
STARTS_WITHIN = 60.0
"""Seconds."""
FAST = ("--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-buffer-pool-size=32M",
        "--innodb-log-file-size=8M", "--performance-schema=0", "--skip-log-bin")  # fmt: skip


class NoMariadbError(Exception):
    """This machine has no MariaDB server."""


@dataclass(frozen=True, slots=True)
class MariadbServer:
    """A running server whose superuser is OWNER with PASSWORD."""

    port: int

    def url(self, database: str) -> str:
        """The address of a database for a connection of ours."""
        return f"mariadb://127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str, database: str = "mysql") -> list[tuple[object, ...]]:
        """Run statements as the superuser, in UTC; the rows of the last one."""
        import pymysql

        rows: list[tuple[object, ...]] = []
        with (
            pymysql.connect(
                host="127.0.0.1", port=self.port, user=OWNER, password=PASSWORD, database=database, autocommit=True,
                charset="utf8mb4", init_command="SET time_zone = '+00:00'", ssl_disabled=True,
            ) as connection,
            connection.cursor() as cursor,
        ):  # fmt: skip
            for statement in statements:
                cursor.execute(statement)
                rows = list(cursor.fetchall())
        return rows


def programs() -> tuple[str, str]:
    """The program that makes a data folder, and the server; NoMariadbError where they are not there."""
    places = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/opt/homebrew/bin"))
    installer, server = (shutil.which(name, path=places) for name in ("mariadb-install-db", "mariadbd"))
    if installer is None or server is None:
        raise NoMariadbError("no MariaDB server here; the package mariadb-server has it")
    return installer, server


def _user() -> Sequence[str]:
    """What a command begins with so that it does not run as root."""
    if os.geteuid() != 0:
        return ()
    try:
        pwd.getpwnam("mysql")
    except KeyError:
        raise NoMariadbError("MariaDB is not run as root here, and there is no user mysql") from None
    return ("runuser", "-u", "mysql", "--")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mariadb() -> Iterator[MariadbServer]:
    """A server until the end of the block."""
    (installer, program), prefix = programs(), _user()
    # Not in pytest's folder, which the other user may not enter; short, since a socket's path has a limit.
    folder = Path(mkdtemp(prefix="invsync-my-"))
    data, words = folder / "data", folder / "first.sql"
    words.write_text(
        f"CREATE USER {OWNER}@'%' IDENTIFIED BY '{PASSWORD}';\nGRANT ALL PRIVILEGES ON *.* TO {OWNER}@'%' WITH GRANT OPTION;\n"
    )
    words.chmod(0o644)
    if prefix:
        shutil.chown(folder, "mysql")
    port = _free_port()
    server: subprocess.Popen[bytes] | None = None
    try:
        installed = subprocess.run(
            [*prefix, installer, "--no-defaults", f"--datadir={data}", "--skip-test-db",
             "--auth-root-authentication-method=normal"],
            check=False, capture_output=True, text=True, timeout=120, cwd="/",
        )  # fmt: skip
        assert installed.returncode == 0, f"{installed.stdout[-600:]} {installed.stderr[-600:]}"
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [*prefix, program, "--no-defaults", f"--datadir={data}", f"--socket={folder}/socket", f"--port={port}",
                 "--bind-address=127.0.0.1", "--skip-name-resolve", f"--init-file={words}", f"--pid-file={folder}/pid", *FAST],
                stdout=log, stderr=subprocess.STDOUT, cwd="/",
            )  # fmt: skip
        running = MariadbServer(port)
        _wait(server, running, folder / "log")
        _end_with_us(int((folder / "pid").read_text()), folder)
        yield running
    finally:
        if server is not None:
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server: subprocess.Popen[bytes], running: MariadbServer, log: Path) -> None:
    """Until it answers; with the end of its log where it does not."""
    import pymysql

    until = time.monotonic() + STARTS_WITHIN
    while True:
        with suppress(pymysql.Error):
            running.execute("SELECT 1")
            return
        ended = server.poll() is not None
        assert not ended and time.monotonic() < until, log.read_text(errors="replace")[-1500:]
        time.sleep(0.1)


def _end_with_us(server: int, folder: Path) -> None:
    """Have the server ended, and its data deleted, when this process is killed and cannot do it itself."""
    watch = (
        f'while kill -0 {os.getpid()} && kill -0 {server}; do sleep 2; done; kill -KILL {server} && rm -rf "{folder}"'
    )
    # In the background of a shell of its own, so that nobody has to wait for it.
    subprocess.run(["sh", "-c", f"({watch}) </dev/null >/dev/null 2>&1 &"], check=True, start_new_session=True, cwd="/")


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariadbServer]:
    """One for all tests of a process."""
    try:
        programs()
        _user()
    except NoMariadbError as error:
        if os.environ.get("INVSYNC_CI") == "1":
            pytest.fail(f"MariaDB is not available: {error}")
        pytest.skip(f"MariaDB is not available: {error}")
    with mariadb() as server:
        yield server
