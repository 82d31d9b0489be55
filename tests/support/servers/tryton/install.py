"""A pinned Tryton in an environment of its own, and an empty database, made once and kept in a cache.

Tryton is GPL software: it runs as a separate process and is never imported here.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

VERSION = "8.2.1"
PINS = (
    "trytond==8.2.1",
    "trytond_stock==8.2.1",
    "trytond_production==8.2.0",
    "trytond_product==8.2.0",
    "trytond_company==8.2.0",
    "trytond_party==8.2.0",
    "trytond_country==8.2.0",
    "trytond_currency==8.2.0",
    "werkzeug==3.1.9",
    "lxml==6.1.3",
    "python-sql==1.8.1",
    "pwdlib==0.3.1",
    "genshi==0.7.12",
    "relatorio==1.0.0",
    "polib==1.2.0",
    "python-dateutil==4.0.0",
    "python-stdnum==2.2",
    "simpleeval==1.0.8",
    "defusedxml==0.7.1",
    "puremagic==1.30; python_version < '3.12'",
    "puremagic==2.2.0; python_version >= '3.12'",
)
ADMIN_PASSWORD = "correct-horse-9"
INSTALL_TIMEOUT = 300
INITIALISE_TIMEOUT = 180


class NotAvailableError(Exception):
    """Tryton could not be installed here; the text says why."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Where the programs and the empty database are."""

    trytond: Path
    empty_database: Path


def write_config(folder: Path, port: int, databases: Path) -> Path:
    """The server's settings. Two wrong passwords lock a login, so that a test need not wait for five."""
    path = folder / "trytond.conf"
    database = f"[database]\nuri = sqlite://\npath = {databases}\n"
    path.write_text(f"{database}[web]\nlisten = 127.0.0.1:{port}\n[session]\nmax_attempt = 2\n")
    return path


def environment() -> dict[str, str]:
    """Our environment without what would lead the other Python to our packages."""
    return {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}}


def _cache() -> Path:
    root = Path(os.environ.get("INVSYNC_TEST_CACHE") or "~/.cache/invsync-tests").expanduser()
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256("\n".join((python, ADMIN_PASSWORD, *PINS)).encode()).hexdigest()[:12]
    return root / f"tryton-{VERSION}-{digest}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Only one test process installs at a time; the others wait for it."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(command: list[str | Path], timeout: float, **env: str) -> None:
    try:
        subprocess.run(
            [str(part) for part in command],
            env=environment() | env,
            timeout=timeout,
            check=True,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except subprocess.CalledProcessError as error:
        raise NotAvailableError(f"{command[0]} failed: {error.stdout[-600:]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotAvailableError(str(error)) from error


def _install(folder: Path) -> None:
    _run([sys.executable, "-m", "venv", folder / "env"], INSTALL_TIMEOUT)
    _run([folder / "env/bin/python", "-m", "pip", "install", "-q", *PINS], INSTALL_TIMEOUT)


def _initialise(folder: Path) -> None:
    databases = folder / "db"
    databases.mkdir()
    (databases / "empty.sqlite").touch()
    password = folder / "password"
    password.write_text(ADMIN_PASSWORD + "\n")
    config = write_config(folder, 0, databases)
    admin: list[str | Path] = [folder / "env/bin/trytond-admin", "-c", config, "-d", "empty"]
    modules = ["-u", "stock", "production", "--activate-dependencies", "--email", "admin@example.com"]
    _run([*admin, *modules], INITIALISE_TIMEOUT, TRYTONPASSFILE=str(password))


def installation() -> Installation:
    """The cached installation, made first if need be (about 20 to 60 seconds). NotAvailableError if it cannot be."""
    folder = _cache()
    folder.parent.mkdir(parents=True, exist_ok=True)
    ready = folder / "ready"
    with _locked(folder.with_name(folder.name + ".lock")):
        if not ready.exists():
            shutil.rmtree(folder, ignore_errors=True)  # what an interrupted run left
            folder.mkdir()
            _install(folder)
            _initialise(folder)
            ready.touch()
    return Installation(folder / "env/bin/trytond", folder / "db/empty.sqlite")
