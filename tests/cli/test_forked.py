"""A forked program is the same to whoever runs it as one that is started."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import forked
from tests.support.processes.shell import INVSYNC, Shell


def both(shell: Shell, *arguments: str) -> tuple[tuple[int, str, str], tuple[int, str, str]]:
    """Exit code, output and errors: forked, and started."""
    command, environment = [*INVSYNC, *arguments], shell.environment()
    done = subprocess.run(command, env=environment, cwd=shell.home, capture_output=True, text=True, check=False)
    return forked.run(command, environment, shell.home, 90), (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    "words",
    ["", "carts", "carts --json", "carts show", "--help", "carts set Nobody", "merchants", "carts --store no/such.db"],
)
def test_it_prints_and_ends_as_one_that_was_started(acme: Shell, words: str) -> None:
    result, expected = both(acme, *words.split())
    assert result == expected


def test_it_uses_the_folder_and_the_environment_it_is_given(acme: Shell, tmp_path: Path) -> None:
    environment = {k: v for k, v in acme.environment().items() if k != "INVSYNC_STORE"}
    code, out, _ = forked.run([*INVSYNC, "carts", "--store", "store.db"], environment, tmp_path, 90)
    assert (code, "Acme Shop" in out) == (0, True)
    assert os.environ.get("TZ") != environment["TZ"]


def test_one_that_takes_too_long_is_ended(acme: Shell) -> None:
    with pytest.raises(TimeoutError, match="more than"):
        forked.run([*INVSYNC, "serve"], acme.environment(), acme.home, 2)


def test_the_end_by_a_signal_is_seen(acme: Shell) -> None:
    files = os.open(os.devnull, os.O_WRONLY), os.open(os.devnull, os.O_WRONLY)
    process = forked.Forked([*INVSYNC, "serve"], acme.environment(), str(acme.home), files)
    assert process.status() is None
    os.kill(process.pid, signal.SIGKILL)
    status = process.status(30)
    process.close()
    assert status is not None and os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def test_the_first_of_each_kind_is_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(forked.STARTED, str(tmp_path))
    for words, expected in (
        ("carts set 1 --minimum 2", False), ("carts set 2", True), ("carts add", False), ("carts", False),
        ("carts --json", True),
    ):  # fmt: skip
        assert forked.forkable([*INVSYNC, *words.split()], None) is expected, words
    assert not forked.forkable([*INVSYNC, "carts"], {"LC_ALL": "C"})
    assert not forked.forkable([INVSYNC[0], "-c", "pass"], None)
