"""A shell with a home of its own, and one with a merchant and a cart in its store."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import Shell

NOWHERE = "http://127.0.0.1:9"
"""Nothing listens there."""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def acme(shell: Shell) -> Shell:
    shell.ok("init")
    shell.ok(
        "merchants", "add", "Acme", "--source", "sandbox", "--url", NOWHERE, "--secret", "env:ACME", "--sync", "on"
    )
    shell.ok("carts", "add", "Acme", "Acme Shop", "--system", "sandbox", "--url", NOWHERE, "--option", "shop=main")
    return shell
