"""A shell with a home of its own, and one with a merchant and a cart in its store."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.processes.shell import NOWHERE, Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="session")
def acme_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once by the real commands: three processes for every test would take longer than the tests."""
    shell = Shell(tmp_path_factory.mktemp("acme"))
    shell.ok("init")
    shell.ok(
        "merchants", "add", "Acme", "--source", "sandbox", "--url", NOWHERE, "--secret", "env:ACME", "--sync", "on"
    )
    shell.ok("carts", "add", "Acme", "Acme Shop", "--system", "sandbox", "--url", NOWHERE, "--option", "shop=main")
    return shell.home


@pytest.fixture
def acme(acme_home: Path, tmp_path: Path) -> Shell:
    shutil.copytree(acme_home, tmp_path, dirs_exist_ok=True)
    return Shell(tmp_path)
