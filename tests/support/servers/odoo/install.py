"""A real Odoo 19 in an environment of its own, and a dump of a database with Inventory and Manufacturing, in a cache.

Odoo comes from Debian's package, of which only the files are taken: it is extracted, not installed. Odoo is LGPL software:
it runs as a separate process and is never imported here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers.node_packages import cache_folder, digest, locked
from tests.support.servers.postgres_copies import Databases

PACKAGE = "odoo-19"
MIRROR = "http://deb.debian.org/debian"
SUITE = "sid"
"""The only one that has it."""
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
INSIDE = "./usr/lib/python3/dist-packages/odoo"
LEFT_OUT = ("*/static/description*", "*/i18n/*")
"""Three quarters of the package, which a server without a web client does not need."""
MODULES = "mrp"
"""Brings Inventory with it."""
PINS = (
    "aiohappyeyeballs==2.7.1", "aiohttp==3.14.5", "aiosignal==1.4.0", "asn1crypto==1.5.1", "attrs==26.1.0", "babel==2.19.0",
    "beautifulsoup4==4.15.0", "cbor2==6.3.0", "certifi==2026.10.19.post1", "cffi==2.1.1", "chardet==7.7.0",
    "charset-normalizer==3.5.3", "cryptography==50.0.2", "decorator==5.3.1", "docutils==0.23",
    "et_xmlfile==2.0.0", "freezegun==1.5.5", "frozenlist==1.8.0", "geoip2==5.3.0", "gevent==26.9.0", "greenlet==3.5.6",
    "idna==3.20", "isodate==0.7.2", "Jinja2==3.1.6", "libsass==0.23.0", "lxml==6.1.3", "lxml_html_clean==0.4.6",
    "MarkupSafe==3.0.4", "maxminddb==3.2.0", "multidict==7.2.1", "num2words==0.5.14", "openpyxl==3.1.5", "passlib==1.7.4",
    "pillow==13.0.0", "platformdirs==4.14.8", "polib==1.2.0", "propcache==0.5.4", "psutil==7.2.2",
    "psycopg2-binary==2.9.13", "pycparser==3.12", "pyOpenSSL==26.4.0", "pypdf==7.1.1", "PyPDF2==3.0.1",
    "python-dateutil==4.0.0", "python-stdnum==2.2", "pytz==2026.6", "pyusb==1.3.1", "qrcode==8.2", "reportlab==5.1.0",
    "requests==2.34.2", "requests-file==3.0.1", "requests-toolbelt==1.0.0", "rjsmin==1.3.0", "six==1.17.0",
    "soupsieve==4.1.3", "typing_extensions==4.16.0", "tzdata==2026.6", "urllib3==2.8.0", "vobject==0.9.9",
    "Werkzeug==3.1.9", "xlrd==2.0.2", "xlsxwriter==3.3.1", "yarl==1.25.1", "zeep==4.3.3", "zope.event==6.2",
    "zope.interface==8.7",
)  # fmt: skip
DOWNLOAD_TIMEOUT = 300
INSTALL_TIMEOUT = 400
INITIALISE_TIMEOUT = 300


class NotAvailableError(Exception):
    """Odoo could not be had here; the text says why."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Where the programs and the dump of the database are."""

    python: Path
    path: Path
    """The folder to import `odoo` from."""
    dump: Path


def environment(path: Path) -> dict[str, str]:
    """Our environment, with Odoo's packages instead of ours."""
    inherited = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}}
    return inherited | {"PYTHONPATH": str(path)}


def command(installed: Installation, databases: Databases, data: Path) -> list[str]:
    """Odoo with a database server; more arguments follow. It listens on loopback alone."""
    database = ["--db_host", "127.0.0.1", "--db_port", str(databases.port), "--db_user", databases.user]
    python = [str(installed.python), "-m", "odoo", "-c", os.devnull, f"--data-dir={data}"]
    return [*python, "--http-interface=127.0.0.1", *database, "--db_password", databases.password]


def run(
    argv: Sequence[str | Path], timeout: float, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> None:
    """Run a command to its end; NotAvailableError with the end of what it said where it fails."""
    try:
        subprocess.run(
            [str(part) for part in argv], env=env, cwd=cwd, timeout=timeout, check=True, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        raise NotAvailableError(f"{argv[0]} failed: {error.stdout[-600:]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotAvailableError(str(error)) from error


def _download(folder: Path) -> Path:
    """The package from the mirror, with apt's lists in the folder: those of the system stay as they are."""
    apt = folder / "apt"
    for name in ("state/lists/partial", "cache/archives/partial"):
        (apt / name).mkdir(parents=True)
    (apt / "sources.list").write_text(f"deb [signed-by={KEYS}] {MIRROR} {SUITE} main\n")
    settings = {
        "Dir::State": apt / "state", "Dir::State::status": os.devnull, "Dir::Cache": apt / "cache",
        "Dir::Etc::SourceList": apt / "sources.list", "Dir::Etc::SourceParts": os.devnull,
        "Acquire::Check-Valid-Until": "false", "Acquire::Languages": "none", "APT::Sandbox::User": "root",
    }  # fmt: skip
    (apt / "apt.conf").write_text("".join(f'{name} "{value}";\n' for name, value in settings.items()))
    env = os.environ | {"APT_CONFIG": str(apt / "apt.conf")}
    run(["apt-get", "update", "-qq"], DOWNLOAD_TIMEOUT, env)
    run(["apt-get", "download", "-qq", PACKAGE], DOWNLOAD_TIMEOUT, env, apt)
    (package,) = apt.glob(f"{PACKAGE}_*.deb")
    return package


def _extract(package: Path, folder: Path) -> Path:
    root = folder / "root"
    root.mkdir()
    tar = ["tar", "-x", "-C", str(root), INSIDE, *(f"--exclude={pattern}" for pattern in LEFT_OUT)]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as contents:
        done = subprocess.run(tar, stdin=contents.stdout, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise NotAvailableError(f"{package.name} cannot be extracted: {done.stderr[-300:]}")
    path = folder / "path"
    path.mkdir()
    (path / "odoo").symlink_to(root / INSIDE)
    return path


def _install(folder: Path) -> None:
    run([sys.executable, "-m", "venv", folder / "env"], INSTALL_TIMEOUT)
    run([folder / "env/bin/python", "-m", "pip", "install", "-q", "--only-binary=:all:", "--no-deps", *PINS],
        INSTALL_TIMEOUT)  # fmt: skip


def _initialise(installed: Installation, databases: Databases, folder: Path) -> None:
    databases.create("initial")
    stop_after = ["-d", "initial", "-i", MODULES, "--without-demo=True", "--stop-after-init"]
    argv = [*command(installed, databases, folder / "data"), *stop_after]
    run(argv, INITIALISE_TIMEOUT, environment(installed.path))
    databases.dump("initial", installed.dump)
    databases.drop("initial")


def installation(databases: Databases) -> Installation:
    """The cached installation, made first if need be (one to two minutes). NotAvailableError if it cannot be."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = cache_folder() / f"{PACKAGE}-{digest(python, MODULES, databases.version, *PINS)}"
    installed = Installation(folder / "env/bin/python", folder / "path", folder / "odoo.dump")
    with locked(folder.name):
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)  # what an interrupted run left
            folder.mkdir()
            try:
                _extract(_download(folder), folder)
            except OSError as error:
                raise NotAvailableError(str(error)) from error
            shutil.rmtree(folder / "apt")
            _install(folder)
            _initialise(installed, databases, folder)
            (folder / "ready").touch()
    return installed
