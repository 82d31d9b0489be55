"""How a reference becomes a secret: bounded, off the event loop, and without repeating it."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from invsync_tui.connectors import checks, secrets
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.connectors.network import tls
from invsync_tui.connectors.network.http_log import BLACK, own_short_secrets, redacted
from tests.support.processes.skips import AS_ROOT


def secret_file(folder: Path, content: bytes) -> str:
    path = folder / "secret"
    path.touch(0o600)
    path.write_bytes(content)
    return f"file:{path}"


async def refused(reference: str) -> NotConfiguredError:
    with pytest.raises(NotConfiguredError) as raised:
        await secrets.resolve(reference)
    assert raised.value.advice
    return raised.value


async def test_a_secret_comes_from_a_variable_a_file_or_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "from the env")
    assert await secrets.resolve("env:A_SECRET") == "from the env"
    assert await secrets.resolve(secret_file(tmp_path, "gehéim\r\n".encode())) == "gehéim"
    assert await secrets.resolve("command:printf '%s\\n' from-a-command") == "from-a-command"
    assert await secrets.resolve("") == ""


@pytest.mark.parametrize(
    "content", [b"two\nlines", b"a\0b", b"a\x1b[31mb", b"a\tb", "a\u2028b".encode(), b"\xff\xfe", b"", b"\n"]
)
async def test_a_secret_of_several_lines_or_with_control_characters_is_refused(tmp_path: Path, content: bytes) -> None:
    found = await refused(secret_file(tmp_path, content))
    assert "lines" not in found.what.replace("line breaks", "") and "31mb" not in str(found)


async def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    started = time.monotonic()
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero"), tmp_path / "none"):
        await refused(f"file:{path}")
    assert time.monotonic() - started < 5


async def test_a_file_that_is_open_to_others_or_too_long_is_refused(tmp_path: Path) -> None:
    await refused(secret_file(tmp_path, b"x" * 100_000))
    (tmp_path / "secret").write_bytes(b"hunter22")
    (tmp_path / "secret").chmod(0o640)
    assert "chmod 600" in (await refused(f"file:{tmp_path / 'secret'}")).advice


@pytest.mark.skipif(os.geteuid() != 0, reason=AS_ROOT)
@pytest.mark.parametrize(
    ("mode", "owner", "reader", "read"),
    [
        (0o640, 0, 54321, True),  # a secret of a container that does not run as root, or of LoadCredential=
        (0o440, 0, 54321, True),
        (0o400, 54321, 54321, True),
        (0o640, 54321, 54321, False),  # its own
        (0o640, 0, 0, False),
        (0o640, 12345, 54321, False),  # another user's
        (0o660, 0, 54321, False),
        (0o644, 0, 54321, False),
        (0o641, 0, 54321, False),
    ],
)
async def test_a_file_of_root_may_be_readable_by_the_group_that_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, owner: int, reader: int, read: bool
) -> None:
    reference = secret_file(tmp_path, b"hunter22")
    os.chown(tmp_path / "secret", owner, -1)
    (tmp_path / "secret").chmod(mode)
    monkeypatch.setattr(os, "geteuid", lambda: reader)
    problem, _, _ = checks._file(str(tmp_path / "secret"), {})
    if read:
        assert await secrets.resolve(reference) == "hunter22" and not problem
    else:
        assert "open to others" in (await refused(reference)).what and "open to others" in problem


async def test_a_mark_of_the_encoding_is_no_part_of_a_secret(tmp_path: Path) -> None:
    assert await secrets.resolve(secret_file(tmp_path, b"\xef\xbb\xbfhunter22\r\n")) == "hunter22"


async def test_a_command_that_writes_without_end_is_ended() -> None:
    started = time.monotonic()
    assert "writes more" in (await refused("command:yes")).what
    assert time.monotonic() - started < 5


async def test_a_failing_commands_arguments_and_output_are_not_repeated() -> None:
    found = await refused("command:sh -c 'echo hunter22; echo hunter22 >&2; exit 3' --key hunter22")
    assert "hunter22" not in str(found) and "exit code 3" in found.what


@pytest.mark.parametrize("line", ["", "'unbalanced", "no-such-program-here --key hunter22", "/dev/null"])
async def test_a_command_that_cannot_be_started_is_a_setting_to_correct(line: str) -> None:
    assert "hunter22" not in str(await refused(f"command:{line}"))


async def test_a_slow_command_holds_up_nobody_and_ends_at_its_deadline(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # given
    monkeypatch.setattr(secrets, "COMMAND_TIMEOUT", 0.5)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    beside = asyncio.create_task(others())
    # when
    found = await refused(f"command:sh -c 'sleep 60 & echo $$ > {tmp_path}/pid; wait'")
    beside.cancel()
    # then
    assert "took more than" in found.what
    assert turns > 5
    await _gone(int((tmp_path / "pid").read_text()))


async def test_a_cancelled_command_and_its_children_are_gone(tmp_path: Path) -> None:
    task = asyncio.create_task(secrets.resolve(f"command:sh -c 'sleep 60 & echo $! > {tmp_path}/pid; wait'"))
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():  # noqa: ASYNC110 (another process)
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _gone(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize("stays", ["sleep 30", "setsid sleep 30", "sleep 0.2; sleep 30"])
@pytest.mark.parametrize("later", ["", "sleep 0.3;"])
async def test_who_stays_behind_and_holds_the_output_open_does_not_hold_up_the_run(stays: str, later: str) -> None:
    """Whether the command ends before or while it is waited for."""
    started = time.monotonic()
    assert await secrets.resolve(f"command:sh -c '({stays}) & {later} echo hunter22'") == "hunter22"
    assert time.monotonic() - started < 10


def _stat(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text()


async def _gone(pid: int) -> None:
    """Until the process has ended; one that only waits to be collected has."""
    for _ in range(500):
        try:
            if _stat(pid).rpartition(")")[2].split()[0] == "Z":
                return
        except OSError:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"process {pid} is still there")


async def test_a_secret_file_below_a_home_folder_that_is_not_known_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await refused("file:~nobody-of-this-name/secret")
    assert "home folder of ~nobody-of-this-name" in found.what and "whole path" in found.advice
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    assert "home folder of ~" in (await refused("file:~/secret")).what
    # the same of a private authority's certificates
    for named in ("~/ca.pem", "~nobody-of-this-name/ca.pem"):
        with pytest.raises(NotConfiguredError, match="home folder"):
            await tls.context(Connection("shop", "sandbox", "https://127.0.0.1", options={"ca_file": named}))


async def _resolve(reference: str) -> None:
    await secrets.resolve(reference)


async def test_a_short_secret_is_hidden_in_its_own_run_wherever_in_it_it_was_resolved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("A_SECRET", "z9k4qw")
    with own_short_secrets():
        await asyncio.create_task(_resolve("env:A_SECRET"))
        assert redacted("the key z9k4qw") == f"the key {BLACK}"
    # in other texts it is a word as any other
    assert redacted("the key z9k4qw") == "the key z9k4qw"


def test_what_was_learned_in_a_thread_of_its_own_is_hidden_from_the_caller_however_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("A_SECRET", "z9k4qw")
    secrets.learn(["env:NOT_THERE", "env:A_SECRET"])
    assert redacted("the key z9k4qw") == f"the key {BLACK}"
