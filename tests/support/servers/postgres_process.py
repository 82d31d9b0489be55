"""A real PostgreSQL on loopback with a folder of its own, for servers that keep their data in one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from tests.support.servers.tryton import _free_port

USER, PASSWORD = "odoo", "a-test-password"
FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
TIMEOUT = 120


class NoPostgresError(Exception):
    """This machine has no PostgreSQL server that could be started."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server; `user` may create databases."""

    port: int
    programs: Path
    user: str = USER
    password: str = PASSWORD

    @property
    def version(self) -> str:
        """Of its programs, such as 15."""
        return self.programs.parent.name

    def _run(self, program: str, *arguments: str, text: str | None = None) -> str:
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", self.user]
        done = subprocess.run(
            [str(self.programs / program), *where, *arguments], env=os.environ | {"PGPASSWORD": self.password},
            input=text, capture_output=True, text=True, timeout=TIMEOUT, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{program}: {done.stderr[-600:]}"
        return done.stdout

    def create(self, name: str, template: str = "template0") -> None:
        """A new database, empty or a copy."""
        self._run("createdb", "-T", template, "-E", "UTF8", name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever uses it."""
        self._run("dropdb", "--force", "--if-exists", name)

    def dump(self, name: str, path: Path) -> None:
        """Write a database into a file."""
        self._run("pg_dump", "-Fc", "-Z1", "-f", str(path), name)

    def restore(self, name: str, path: Path) -> None:
        """A new database out of such a file."""
        self.create(name)
        self._run("pg_restore", "-j", "2", "-d", name, str(path))

    def freeze(self, name: str) -> None:
        """Make a database one that is only copied: nobody can use it, and it is not listed."""
        self.execute("postgres", f"ALTER DATABASE {name} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")

    def execute(self, name: str, statement: str) -> str:
        """Run a statement; its rows, one a line, columns parted by |."""
        return self._run("psql", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", name, text=statement).strip()


def programs() -> Path:
    """The newest server's folder of programs; NoPostgresError where there is none."""
    found = [place for place in Path("/usr/lib/postgresql").glob("*/bin") if (place / "pg_ctl").exists()]
    if found:
        return max(found, key=lambda place: int(place.parent.name) if place.parent.name.isdecimal() else 0)
    control = shutil.which("pg_ctl")
    if control is None:
        raise NoPostgresError("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return Path(control).resolve().parent


@contextmanager
def postgres() -> Iterator[PostgresServer]:
    """A server until the end of the block. As root it runs as the user postgres, since it refuses to run as root."""
    server = PostgresServer(_free_port(), programs())
    folder = Path(mkdtemp(prefix="invsync-pg-"))
    as_other = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    word, data = folder / "password", folder / "data"
    word.write_text(server.password)
    control = [*as_other, str(server.programs / "pg_ctl"), "-D", str(data), "-w", "-t", "60"]
    try:
        if as_other:
            shutil.chown(folder, "postgres")
            shutil.chown(word, "postgres")
        start = [str(server.programs / "initdb"), "-D", str(data), "-U", server.user, f"--pwfile={word}", "--no-sync"]
        _run([*as_other, *start, "--auth=scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8"])
        options = f"-p {server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' {FAST}"
        _run([*control, "-l", str(folder / "log"), "-o", options, "start"])
        try:
            yield server
        finally:
            _run([*control, "-m", "immediate", "stop"])
    except LookupError as error:
        raise NoPostgresError("PostgreSQL does not run as root, and there is no user postgres") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str]) -> None:
    # Not through pipes: the server that is started would keep them open.
    done = subprocess.run(
        command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        if command[-1] != "start" else subprocess.DEVNULL, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip
    if done.returncode:
        raise NoPostgresError(f"{command[-1]} failed: {(done.stderr or '')[-400:]}")
