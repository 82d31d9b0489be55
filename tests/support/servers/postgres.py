"""A real PostgreSQL on loopback, started by a user other than root, since it refuses to run as root.

Its data is in a folder of its own, on a free port; it is stopped and its data deleted at the end.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest

PLACES = ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/pgsql/bin")
PASSWORD = "secret-of-the-tests"
OWNER = "owner"
FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=40"


class NoPostgresError(Exception):
    """This machine has no PostgreSQL server."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server whose superuser is OWNER with PASSWORD."""

    port: int
    programs: Path

    def url(self, database: str) -> str:
        """The address of a database for a connection of ours."""
        return f"postgresql://127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run statements as the superuser; the rows of the last one."""
        import psycopg

        rows: list[tuple[object, ...]] = []
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=OWNER, password=PASSWORD, dbname=database, autocommit=True
        ) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
                rows = cursor.fetchall() if cursor.description else []
        return rows


def programs() -> Path:
    """The folder of the server's programs; NoPostgresError where there is none."""
    control = shutil.which("pg_ctl")
    if control:
        return Path(control).resolve().parent
    folders = [
        place for pattern in PLACES for place in Path("/").glob(pattern.lstrip("/")) if (place / "pg_ctl").exists()
    ]
    if not folders:
        raise NoPostgresError("no PostgreSQL server here; the package postgresql has it")
    return max(folders, key=lambda folder: [int(part) for part in folder.parent.name.split(".") if part.isdecimal()])


def _user() -> Sequence[str]:
    """What a command begins with so that it does not run as root."""
    if os.geteuid() != 0:
        return ()
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        raise NoPostgresError("PostgreSQL does not run as root, and there is no user postgres") from None
    return ("runuser", "-u", "postgres", "--")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def postgres() -> Iterator[PostgresServer]:
    """A server until the end of the block."""
    place, prefix = programs(), _user()
    # Not in pytest's folder, which the other user may not enter; short, since a socket's path has a limit.
    folder = Path(mkdtemp(prefix="invsync-pg-"))
    data, word = folder / "data", folder / "password"
    word.write_text(PASSWORD)
    word.chmod(0o644)
    if prefix:
        shutil.chown(folder, "postgres")
    port = _free_port()
    options = f"-p {port} -h 127.0.0.1 -k {folder} {FAST}"
    control = [*prefix, str(place / "pg_ctl"), "-D", str(data), "-w", "-t", "60"]
    try:
        _run([*prefix, str(place / "initdb"), "-D", str(data), "-U", OWNER, "-A", "scram-sha-256", "--pwfile", str(word),
              "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync"])  # fmt: skip
        _run([*control, "-l", str(folder / "log"), "-o", options, "start"])
        _end_with_us(int((data / "postmaster.pid").read_text().split()[0]), folder)
        try:
            yield PostgresServer(port, place)
        finally:
            _run([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _end_with_us(server: int, folder: Path) -> None:
    """Have the server ended, and its data deleted, when this process is killed and cannot do it itself."""
    watch = (
        f'while kill -0 {os.getpid()} && kill -0 {server}; do sleep 2; done; kill -QUIT {server} && rm -rf "{folder}"'
    )
    # In the background of a shell of its own, so that nobody has to wait for it.
    subprocess.run(["sh", "-c", f"({watch}) </dev/null >/dev/null 2>&1 &"], check=True, start_new_session=True, cwd="/")


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, cwd="/")
    assert done.returncode == 0, f"{command[-1]}: {done.stdout[-600:]} {done.stderr[-600:]}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One for all tests of a process."""
    try:
        programs()
        _user()
    except NoPostgresError as error:
        if os.environ.get("INVSYNC_CI") == "1":
            pytest.fail(f"PostgreSQL is not available: {error}")
        pytest.skip(f"PostgreSQL is not available: {error}")
    with postgres() as server:
        yield server
