"""`connections example`: what it makes is read by typing the commands that it prints, in a home of its own."""

from __future__ import annotations

import json
import re
import shlex
import stat
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.operations.connections import connector_example
from tests.support.connectors.rest_example import example as of_the_manual
from tests.support.processes.shell import Shell, check


@contextmanager
def _started(command: str) -> Iterator[str]:
    """The server of an example, at a free port; its address."""
    words = shlex.split(command)
    words[words.index("--port") + 1] = "0"
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()


def _type(shell: Shell, commands: Sequence[str], url: str = "") -> list[str]:
    """What each command printed."""
    printed = []
    for line in commands:
        words = shlex.split(re.sub(r"http://127\.0\.0\.1:\d+", url, line) if url else line)
        assert words.pop(0) == "invsync"
        printed.append(shell.ok(*words).out)
    return printed


def _examples(shell: Shell, system: str) -> list[dict[str, Any]]:
    document = shell.json("connections", "example", system, "--into", str(shell.home))
    return list(document["examples"])


def _levels(shell: Shell, merchant: str) -> dict[tuple[str, str], int]:
    return {
        (row["sku"], level["code"]): level["available"]
        for row in shell.json("levels", merchant, "--limit", "1000")["levels"]
        for level in row["warehouses"]
        if level["available"] is not None and level["code"] != "Default"
    }


EXPECTED = {(row.sku, row.warehouse): row.available for row in connector_example.stock()}


@pytest.mark.parametrize("system", ["feed", "sql"])
def test_a_file_and_a_database_are_read_by_the_printed_commands(shell: Shell, system: str) -> None:
    shell.ok("init")
    (made,) = _examples(shell, system)
    printed = _type(shell, made["commands"])
    assert "FAIL" not in printed[1]
    assert len(EXPECTED) > 60
    assert _levels(shell, f"Example {system}") == EXPECTED


def test_a_described_system_is_read_by_the_printed_commands(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVSYNC_SANDBOX_TOKEN", "the password of another sandbox")
    shell.ok("init")
    (made,) = _examples(shell, "rest")
    with _started(made["server"]) as url:
        _type(shell, made["commands"], url)
    assert _levels(shell, "Example rest") == EXPECTED


def test_the_sandbox_is_read_and_its_shop_is_planned(shell: Shell) -> None:
    shell.ok("init")
    wms, cart = _examples(shell, "sandbox")
    with _started(wms["server"]) as url, _started(cart["server"]) as shop:
        _type(shell, wms["commands"], url)
        _type(shell, cart["commands"][:2], shop)
        held = shell.run(*shlex.split(cart["commands"][2])[1:])
    assert held.code == 3, held  # a first push waits for a review
    (run,) = shell.json("runs", "--state", "held")["runs"]
    assert run["counts"]["held"] > 30 and run["counts"]["total"] == 40


def test_the_password_is_for_this_user_alone(shell: Shell) -> None:
    wms, _ = _examples(shell, "sandbox")
    (name,) = wms["files"]
    assert stat.S_IMODE((Path(wms["folder"]) / name).stat().st_mode) == 0o600


def test_what_is_there_is_not_written_over(shell: Shell) -> None:
    _examples(shell, "feed")
    again = shell.run("connections", "example", "feed", "--into", str(shell.home))
    assert again.code == 1 and "is there already" in again.error
    (shell.home / "file").touch()
    refused = shell.run("connections", "example", "feed", "--into", str(shell.home / "file"))
    assert refused.code == 1 and "--into" in refused.error


def test_a_system_of_ones_own_gets_its_commands(shell: Shell) -> None:
    answer = shell.ok("connections", "example", "shopify", "--into", str(shell.home))
    assert "It needs a system of your own" in answer.out
    assert "invsync carts add MERCHANT CART --system shopify" in answer.out
    assert not list(shell.home.glob("invsync-example-*"))
    check("connections", shell.run("connections", "example", "shopify", "--json").document)
    assert "Did you mean feed?" in shell.run("connections", "example", "fed").error


def test_the_description_is_that_of_the_manual() -> None:
    text = (files("invsync_tui.connectors.sources.rest") / "example.toml").read_text("utf-8")
    assert text == of_the_manual()
