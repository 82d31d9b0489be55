"""Databases of a PostgreSQL for servers that keep their data in one: made once, dumped, restored and copied."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers.postgres import OWNER, PASSWORD, PostgresServer

TIMEOUT = 120


@dataclass(frozen=True, slots=True)
class Databases:
    """Those of one server. `user` may do all of this."""

    server: PostgresServer
    user: str = OWNER
    password: str = PASSWORD

    @property
    def port(self) -> int:
        """The server's port on loopback."""
        return self.server.port

    @property
    def version(self) -> str:
        """Of the server's programs, such as 15: a dump is read by the same."""
        return self.server.programs.parent.name

    def _run(self, program: str, *arguments: str, text: str | None = None) -> str:
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", self.user]
        done = subprocess.run(
            [str(self.server.programs / program), *where, *arguments], env=os.environ | {"PGPASSWORD": self.password},
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
        """A new database out of such a file, that is only copied: nobody can use it, and it is not listed."""
        self.create(name)
        self._run("pg_restore", "--no-owner", "-j", "2", "-d", name, str(path))
        self.execute("postgres", f"ALTER DATABASE {name} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")

    def execute(self, name: str, statement: str) -> str:
        """Run a statement; its rows, one a line, columns parted by |."""
        return self._run("psql", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", name, text=statement).strip()
