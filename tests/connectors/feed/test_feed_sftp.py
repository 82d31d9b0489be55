"""A feed on a real OpenSSH server, and passwords on another SSH server, since OpenSSH asks the system for them."""

from __future__ import annotations

import asyncio
import getpass
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import (
    AuthError,
    ConnectorError,
    NotConfiguredError,
    PermissionDeniedError,
    UnavailableError,
)
from invsync_tui.connectors.sources.feed import FeedSource
from invsync_tui.connectors.sources.feed.sftp import SftpPlace
from tests.support.connectors.feed import HEAD, names, stock, write
from tests.support.connectors.feed_files import known
from tests.support.connectors.hanging_sftp import hanging_sftp
from tests.support.processes.skips import AS_OTHERS
from tests.support.servers.sshd import HOST, Line, NoSshError, sshd
from tests.support.stores.merchant_store import Bench

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A server for the present user."""
    folder = tmp_path_factory.mktemp("sshd")
    try:
        with sshd(folder) as started:
            kind, key, *_ = (folder / "host_key.pub").read_text().split()
            (folder / "feed_known_hosts").write_text(f"[{HOST}]:{started.port} {kind} {key}\n")
            yield started
    except NoSshError as missing:
        if os.environ.get("INVSYNC_CI") == "1":
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    incoming = tmp_path / "in"
    incoming.mkdir()
    write(incoming / "stock_1.csv", HEAD + "A-1,1\n", age=7200)
    write(incoming / "stock_2.csv", HEAD + "A-1,2\nA-2,7\n", age=3700)
    return incoming


def connection(line: Line, path: object, **options: str) -> Connection:
    options = {
        "key_file": str(line.folder / "user_key"),
        "known_hosts": str(line.folder / "feed_known_hosts"),
        **options,
    }
    return Connection("Demo", "feed", f"sftp://{HOST}:{line.port}{path}", getpass.getuser(), "", options, 10)


async def refusal(target: Connection) -> ConnectorError:
    feed_source = FeedSource(target)
    with pytest.raises(ConnectorError) as caught:
        await feed_source.open()
    await feed_source.close()
    return caught.value


async def test_the_newest_file_is_read_with_its_time(line: Line, folder: Path) -> None:
    feed_source = FeedSource(connection(line, folder, file="stock_*.csv"))
    await feed_source.open()
    assert await stock(feed_source) == {("", "A-1"): 2, ("", "A-2"): 7}
    row = (await feed_source.levels_page((await feed_source.warehouses())[0], None)).rows[0]
    await feed_source.close()
    assert row.read_at is not None and abs(row.read_at - (time.time() - 3700)) < 5


async def test_a_large_file_a_link_and_a_path_to_a_file(line: Line, folder: Path) -> None:
    big = write(folder / "big.csv", HEAD + "".join(f"A-{n},{n}\n" for n in range(60_000)))
    (folder / "current.csv").symlink_to(big)
    for target in (connection(line, big), connection(line, folder, file="current.csv")):
        feed_source = FeedSource(target)
        await feed_source.open()
        assert (await feed_source.notes())["rows"] == 60_000
        await feed_source.close()


async def test_an_unknown_host_key_is_refused_before_the_login(line: Line, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "known_hosts"
    other.write_text(f"[{HOST}]:{line.port} {(line.folder / 'user_key.pub').read_text()}")
    for file in (str(other), str(tmp_path / "none"), os.devnull):
        error = await refusal(connection(line, folder, file="stock_1.csv", known_hosts=file))
        assert isinstance(error, NotConfiguredError), file
        assert "ssh-keyscan -p" in error.advice


async def test_a_key_that_the_server_does_not_know_is_a_refused_login(line: Line, folder: Path) -> None:
    error = await refusal(connection(line, folder, file="stock_1.csv", key_file=str(line.folder / "host_key")))
    assert isinstance(error, AuthError)


async def test_what_is_wrong_is_told(line: Line, folder: Path) -> None:
    assert isinstance(await refusal(connection(line, folder / "none.csv")), UnavailableError)
    assert isinstance(await refusal(connection(line, f"{folder}x", file="a.csv")), UnavailableError)
    assert "key_file" in (await refusal(connection(line, folder, file="a.csv", key_file="/none"))).advice
    big = write(folder / "big.csv", "x" * 1_200_000)
    assert "more than 1 MB" in (await refusal(connection(line, big, max_size="1"))).what
    gone = connection(line, folder, file="a.csv")
    closed = Connection("Demo", "feed", f"sftp://{HOST}:1/x", "bot", "", gone.options, 2)
    assert isinstance(await refusal(closed), UnavailableError)


@pytest.mark.skipif(os.geteuid() == 0, reason=AS_OTHERS)
async def test_a_file_that_may_not_be_read_is_a_matter_of_permission(line: Line, folder: Path) -> None:
    (folder / "stock_1.csv").chmod(0)
    assert isinstance(await refusal(connection(line, folder / "stock_1.csv")), PermissionDeniedError)


async def test_a_file_that_was_read_goes_to_the_archive_and_is_read_from_there(
    line: Line, folder: Path, tmp_path: Path
) -> None:
    bench = Bench.make(tmp_path)
    bench.add_merchant(connection(line, folder, file="stock_*.csv", archive="done"))
    run = await bench.pull()
    assert (run.state, known(bench)) == ("done", {("Default", "A-1"): 2, ("Default", "A-2"): 7}), run.error
    assert names(folder) == ["done"]
    assert names(folder / "done") == ["stock_1.csv", "stock_2.csv"]
    assert (await bench.pull()).state == "done"
    write(folder / "stock_1.csv", HEAD + "A-1,100\n", age=60)
    run = await bench.pull()
    assert (run.state, known(bench)[("Default", "A-1")]) == ("done", 2), run.error
    assert names(folder) == ["done"]


async def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncssh", None)
    error = await refusal(Connection("Demo", "feed", "sftp://127.0.0.1/out/stock.csv"))
    assert isinstance(error, NotConfiguredError) and 'pip install "invsync-tui[sftp]"' in error.advice


# --- passwords -----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def password_server(root: Path, known_hosts: Path) -> AsyncIterator[tuple[int, list[str]]]:
    """An SSH server that takes a password; its port and the passwords that were tried."""
    import asyncssh

    tried: list[str] = []

    class Server(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            tried.append(password)
            return password == "the-password-of-the-feed"

    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen(
        HOST, 0, server_host_keys=[key], server_factory=Server,
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(root)),
    )  # fmt: skip
    await asyncio.to_thread(known_hosts.write_text, f"[{HOST}]:{server.get_port()} {key.export_public_key().decode()}")
    try:
        yield server.get_port(), tried
    finally:
        server.close()
        await server.wait_closed()


async def test_a_password_is_sent_once_and_a_wrong_one_is_told_without_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = tmp_path / "hosts"
    async with password_server(folder, hosts) as (port, tried):
        options = {"known_hosts": str(hosts), "complete": "any"}
        target = Connection("Demo", "feed", f"sftp://{HOST}:{port}/stock_2.csv", "bot", "env:FEED_SECRET", options, 5)
        monkeypatch.setenv("FEED_SECRET", "a-wrong-password")
        error = await refusal(target)
        assert isinstance(error, AuthError) and "wrong-password" not in str(error)
        assert tried == ["a-wrong-password"]
        monkeypatch.setenv("FEED_SECRET", "the-password-of-the-feed")
        feed_source = FeedSource(target)
        await feed_source.open()
        assert await stock(feed_source) == {("", "A-1"): 2, ("", "A-2"): 7}
        await feed_source.close()


async def test_the_passphrase_of_a_key_is_a_secret_of_its_own_beside_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncssh

    key = tmp_path / "key"
    key.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key(passphrase="opens-the-key"))
    monkeypatch.setenv("FEED_SECRET", "the-password-of-the-feed")
    monkeypatch.setenv("FEED_PHRASE", "opens-the-key")
    options = {"key_file": str(key)}
    both = Connection("Demo", "feed", "sftp://feed.example/", "bot", "env:FEED_SECRET", options, 5)
    keys, password = await SftpPlace(replace(both, secrets={"passphrase": "env:FEED_PHRASE"}), "/", "")._credentials(
        asyncssh
    )
    assert len(keys) == 1 and password == "the-password-of-the-feed"
    # As before: without a passphrase of its own the secret is the passphrase, and is sent to nobody.
    keys, password = await SftpPlace(replace(both, secret="env:FEED_PHRASE"), "/", "")._credentials(asyncssh)
    assert len(keys) == 1 and password is None
    with pytest.raises(NotConfiguredError, match="passphrase"):
        await SftpPlace(both, "/", "")._credentials(asyncssh)


@pytest.mark.parametrize("where", ["folder", "file"])
async def test_a_server_that_hangs_is_given_up_at_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv("FEED_SECRET", "the-password-of-the-feed")
    async with hanging_sftp(tmp_path, where) as (port, hangs):
        options = {"known_hosts": str(tmp_path / "known_hosts"), "complete": "any"}
        target = Connection("Demo", "feed", f"sftp://{HOST}:{port}/stock.csv", "bot", "env:FEED_SECRET", options, 2)
        async with asyncio.timeout(15):
            error = await refusal(target)
        assert hangs.is_set() and isinstance(error, UnavailableError)
