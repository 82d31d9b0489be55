"""Installs Medusa once, and makes the database of a shop once: both stay in the cache, outside the repository.

Installing takes two minutes, migrating, the administrator and the seed take one more; later runs restore a dump.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.servers.medusa import seed as medusa_seed
from tests.support.servers.node_packages import NoPackagesError, Packages, cache_folder, digest, install, locked
from tests.support.servers.postgres import OWNER, PASSWORD, PostgresServer

VERSION = "2.21.2"
NAME = f"medusa-{VERSION}"
DEPENDENCIES = {f"@medusajs/{name}": VERSION for name in ("medusa", "framework", "cli")}
LOGIN, LOGIN_PASSWORD = "bot@example.com", "a-test-password"
TEMPLATE = "medusa_template"
BOOT_TIMEOUT = 180.0
"""Seconds until it answers; about 10 on an idle machine."""
CONFIG = """
const { defineConfig } = require("@medusajs/framework/utils")
module.exports = defineConfig({
  admin: { disable: true },
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { ssl: false },
    http: { storeCors: "*", adminCors: "*", authCors: "*", jwtSecret: "test", cookieSecret: "test" },
  },
})
"""


class MedusaError(Exception):
    """The server did not start, or refused what a test asked of it directly."""


@dataclass(frozen=True, slots=True)
class Shop:
    """Where Medusa is installed, and the cluster that has its databases."""

    packages: Packages
    postgres: PostgresServer

    def environment(self, database: str) -> Mapping[str, str]:
        """What its programs are started with."""
        url = f"postgres://{OWNER}:{PASSWORD}@127.0.0.1:{self.postgres.port}/{database}"
        return {
            **self.packages.environment,
            "DATABASE_URL": url,
            "NODE_ENV": "production",
            "MEDUSA_DISABLE_TELEMETRY": "1",
        }

    def project(self, folder: Path) -> Path:
        """A folder that its programs are started in."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "medusa-config.js").write_text(CONFIG)
        (folder / "package.json").write_text(
            json.dumps({"name": "shop", "private": True, "dependencies": DEPENDENCIES})
        )
        with suppress(FileExistsError):
            (folder / "node_modules").symlink_to(self.packages.folder / "node_modules")
        return folder

    def command(self, *words: str) -> list[str]:
        """A command of its command line."""
        return ["node", str(self.packages.folder / "node_modules/@medusajs/cli/cli.js"), *words]


def _run(shop: Shop, folder: Path, database: str, *words: str) -> None:
    done = subprocess.run(
        shop.command(*words), cwd=shop.project(folder), env=shop.environment(database), capture_output=True, text=True,
        timeout=600, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise MedusaError(f"{words[0]}: {done.stdout[-1500:]} {done.stderr[-1500:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and whatever it started, at once: an orderly end takes ten seconds, and nobody needs its database."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=10)


@contextmanager
def running(shop: Shop, folder: Path, database: str) -> Iterator[str]:
    """A server on a database; its address."""
    port, log = _free_port(), folder / "medusa.log"
    project = shop.project(folder)
    with log.open("wb") as out:
        process = subprocess.Popen(
            shop.command("start", "-H", "127.0.0.1", "-p", str(port)), cwd=project, env=shop.environment(database),
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        _await(url, process, log)
        yield url
    finally:
        stop(process)


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + BOOT_TIMEOUT
    while True:
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            if answer.status == 200:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise MedusaError(f"Medusa does not answer: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


def _dump_program(postgres: PostgresServer, name: str, *words: str) -> None:
    environment = {**os.environ, "PGPASSWORD": PASSWORD}
    command = [str(postgres.programs / name), "-h", "127.0.0.1", "-p", str(postgres.port), "-U", OWNER, *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise MedusaError(f"{name}: {done.stderr[-1000:]}")


def template(shop: Shop, folder: Path) -> medusa_seed.Seed:
    """A seeded database TEMPLATE in the cluster, from the cache, where it is made again when the seed changes."""
    dump = (
        cache_folder()
        / f"{NAME}-seed-{digest(Path(medusa_seed.__file__).read_text(), CONFIG, json.dumps(DEPENDENCIES))}.sql"
    )
    facts = dump.with_suffix(".json")
    with locked(dump.stem):
        if not facts.exists():
            shop.postgres.execute("CREATE DATABASE medusa_new")
            _run(shop, folder / "new", "medusa_new", "db:migrate")
            _run(shop, folder / "new", "medusa_new", "user", "-e", LOGIN, "-p", LOGIN_PASSWORD)
            with running(shop, folder / "new", "medusa_new") as url:
                seed = medusa_seed.sow(url, LOGIN, LOGIN_PASSWORD)
            _dump_program(
                shop.postgres, "pg_dump", "-d", "medusa_new", "-f", str(dump.with_suffix(".part")), "--no-owner"
            )
            shop.postgres.execute("DROP DATABASE medusa_new WITH (FORCE)")
            shutil.move(dump.with_suffix(".part"), dump)
            facts.write_text(json.dumps(seed.as_json()))
    if not shop.postgres.execute(f"SELECT 1 FROM pg_database WHERE datname = '{TEMPLATE}'"):
        shop.postgres.execute(f"CREATE DATABASE {TEMPLATE}")
        _dump_program(shop.postgres, "psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", TEMPLATE, "-f", str(dump))
    return medusa_seed.Seed(**json.loads(facts.read_text()))


def installed(postgres: PostgresServer) -> Shop:
    """Medusa from the cache; the test is skipped where it cannot be installed, and fails in CI."""
    try:
        return Shop(install(NAME, DEPENDENCIES), postgres)
    except NoPackagesError as error:
        reason = f"Medusa cannot be installed: {error}"
        if os.environ.get("INVSYNC_CI") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
