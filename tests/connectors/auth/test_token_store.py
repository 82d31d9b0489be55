"""Tokens are kept for one login at one address, replaced as a whole, and renewed by one process at a time."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.connectors.auth.kept_token import KeptToken
from invsync_tui.connectors.auth.token_store import Token, TokenStore, subject_of
from invsync_tui.connectors.errors import AuthError, NotConfiguredError, UnavailableError
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.store.file import file_modes
from invsync_tui.sync.connections import with_tokens
from tests.support.processes.skips import AS_ROOT

SUBJECT = subject_of("shop", "https://shop.example", "client", "env:X")
NOW = 1_800_000_000


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: float(NOW))


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return TokenStore(tmp_path / "tokens" / "cart-1.json", SUBJECT)


def token(access: str = "access-token-1", lasts: int = 3600, **more: object) -> Token:
    return replace(Token(access, NOW, NOW + lasts), **more)  # type: ignore[arg-type]


async def test_what_is_stored_is_read_again_and_hidden_everywhere(store: TokenStore) -> None:
    assert store.read() is None
    kept = token(refresh="refresh-token-1", refresh_expires_at=NOW + 10**6, signed_in=True)
    await store.replace(kept)
    assert TokenStore(store.path, SUBJECT).read() == kept
    assert redacted("it said access-token-1 and refresh-token-1") == "it said [redacted] and [redacted]"
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
    assert sorted(path.name for path in store.path.parent.iterdir()) == ["cart-1.json"]
    await store.forget()
    await store.forget()
    assert store.read() is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 2}', '{"version": 1, "subject": 5}'])
async def test_a_file_that_says_something_else_is_as_none(store: TokenStore, content: str) -> None:
    await store.replace(token())
    store.path.write_text(content)
    assert store.read() is None


async def test_another_login_or_address_gets_none_of_it(store: TokenStore) -> None:
    await store.replace(token())
    parts = ["shop", "https://shop.example", "client", "env:X"]
    for number in range(4):
        other = [*parts[:number], "another", *parts[number + 1 :]]
        assert TokenStore(store.path, subject_of(*other)).read() is None


def test_a_token_is_used_until_shortly_before_its_end_and_not_before_it_was_given() -> None:
    assert token().usable(NOW, 300) and token().usable(NOW + 3299, 300) and not token().usable(NOW + 3300, 300)
    assert not token().usable(NOW - 3600, 300)  # the clock was set back: nobody knows how old it is
    assert Token("lasting", NOW).usable(NOW + 10**9, 300)
    assert not token(renewing=True).usable(NOW, 0) and not token(access="").usable(NOW, 0)


@pytest.mark.parametrize(("store_mode", "mode"), [(0o600, 0o600), (0o660, 0o660), (0o644, 0o640)])
async def test_who_may_use_the_store_may_use_the_tokens(
    tmp_path: Path, store_mode: int, mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from invsync_tui.connectors.base import Connection

    database = tmp_path / "invsync.db"
    database.touch()
    database.chmod(store_mode)
    kept = with_tokens(Connection("Shop", "shopify", "https://shop.example"), database, "cart-3").tokens
    assert kept is not None and kept.path == file_modes.real(tmp_path) / "invsync.db.tokens" / "cart-3.json"
    async with kept.turn(1):
        await kept.replace(token())
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in kept.path.parent.iterdir()}
    assert modes == {"cart-3.json": mode, "cart-3.lock": mode}
    assert stat.S_IMODE(kept.path.parent.stat().st_mode) & 0o007 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason=AS_ROOT)
async def test_what_root_makes_belongs_to_the_owner_of_the_store(tmp_path: Path) -> None:
    from invsync_tui.connectors.base import Connection

    database = tmp_path / "invsync.db"
    database.touch(mode=0o600)
    os.chown(database, 12345, 23456)
    kept = with_tokens(Connection("Shop", "shopify", "https://shop.example"), database, "cart-3").tokens
    assert kept is not None
    async with kept.turn(1):
        await kept.replace(token())
    made = [kept.path.parent, *kept.path.parent.iterdir()]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in made} == {(12345, 23456)} and len(made) == 3


async def test_only_one_renews_and_the_others_take_what_it_got(store: TokenStore) -> None:
    asked: list[Token | None] = []

    async def renew(present: Token | None) -> Token:
        asked.append(present)
        await asyncio.sleep(0.05)
        return token(f"access-token-{len(asked)}")

    keepers = [KeptToken(store, renew, 5.0) for _ in range(5)]
    assert set(await asyncio.gather(*(keeper.get() for keeper in keepers))) == {"access-token-1"}
    assert asked == [None]


async def test_a_holder_that_does_not_end_is_told_after_the_deadline(store: TokenStore) -> None:
    async with store.turn(1):
        with pytest.raises(UnavailableError, match="Another process"):
            async with store.turn(0.1):
                raise AssertionError("held twice")
    async with store.turn(0.1):
        pass


async def test_a_token_of_an_earlier_run_is_used_until_it_runs_out(
    store: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Token | None] = []

    async def renew(present: Token | None) -> Token:
        asked.append(present)
        return Token(f"access-token-{len(asked)}", clock.seconds(), clock.seconds() + 86400)

    assert await KeptToken(store, renew, 5.0).get() == "access-token-1"
    monkeypatch.setattr(clock, "now", lambda: float(NOW + 86000))
    assert await KeptToken(store, renew, 5.0).get() == "access-token-1"
    monkeypatch.setattr(clock, "now", lambda: float(NOW + 86200))
    assert await KeptToken(store, renew, 5.0).get() == "access-token-2"
    assert len(asked) == 2


async def test_a_refused_token_of_an_earlier_run_is_given_up_once(store: TokenStore) -> None:
    await store.replace(token("withdrawn-token"))

    async def renew(present: Token | None) -> Token:
        assert present is None
        return token("access-token-2")

    keeper = KeptToken(store, renew, 5.0)
    assert await keeper.get() == "withdrawn-token"
    assert await keeper.refused() and await keeper.get() == "access-token-2"
    assert not await keeper.refused()  # what was just given is not asked for again


async def test_what_renews_is_kept_where_the_access_token_is_given_up(store: TokenStore) -> None:
    await store.replace(token("withdrawn-token", refresh="refresh-token-1", signed_in=True))

    async def renew(present: Token | None) -> Token:
        assert present is not None and (present.access, present.refresh) == ("", "refresh-token-1")
        return token("access-token-2", refresh="refresh-token-2", signed_in=True)

    keeper = KeptToken(store, renew, 5.0)
    await keeper.get()
    assert await keeper.refused() and await keeper.get() == "access-token-2"


async def test_a_read_only_session_uses_what_is_there_and_renews_no_login(store: TokenStore) -> None:
    async def renew(present: Token | None) -> Token:
        return token("for-this-session-alone")

    await store.replace(token("access-token-1", signed_in=True))
    looking = TokenStore(store.path, SUBJECT, read_only=True)
    assert await KeptToken(looking, renew, 5.0).get() == "access-token-1"
    await store.replace(token("access-token-1", lasts=0, signed_in=True, refresh="refresh-token-1"))
    before = store.path.read_bytes()
    with pytest.raises(NotConfiguredError, match="read-only"):
        await KeptToken(looking, renew, 5.0).get()
    assert store.path.read_bytes() == before
    await store.forget()
    assert await KeptToken(looking, renew, 5.0).get() == "for-this-session-alone" and not store.path.exists()


async def test_tokens_that_cannot_be_stored_are_not_asked_for(store: TokenStore) -> None:
    """A refresh token that is replaced with each use would be lost."""
    if os.geteuid() == 0:
        store.path.parent.write_text("a file where the folder should be")
    else:
        store.path.parent.mkdir(mode=0o500)

    async def renew(present: Token | None) -> Token:
        raise AssertionError("asked")

    with pytest.raises(NotConfiguredError, match="cannot be"):
        await KeptToken(store, renew, 5.0).get()


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from invsync_tui.connectors.auth.token_store import Token, TokenStore
from tests.support.processes.skips import AS_ROOT
store = TokenStore(Path(sys.argv[1]), sys.argv[2])
async def renew():
    async with store.turn(5):
        token = store.read()
        await store.begin(token)
        if sys.argv[3] == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        made = os.replace
        def die(*names, **more):
            os.kill(os.getpid(), signal.SIGKILL)
        Path.replace = die
        await store.replace(Token("access-token-2", token.obtained_at, token.expires_at, "refresh-token-2"))
asyncio.run(renew())
"""


@pytest.mark.parametrize("when", ["before", "between"])
async def test_a_kill_leaves_the_old_tokens_a_mark_and_no_lock(store: TokenStore, when: str) -> None:
    kept = token(refresh="refresh-token-1", signed_in=True, lasts=0)
    await store.replace(kept)
    command = [sys.executable, "-c", KILLED, str(store.path), SUBJECT, when]
    ended = await asyncio.to_thread(subprocess.run, command, check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    assert store.read() == replace(kept, renewing=True)

    async def refuse(present: Token | None) -> Token:
        raise AuthError("The refresh token is not known.", advice="Log in again.")

    with pytest.raises(AuthError, match="A process ended while it renewed the login"):
        await KeptToken(store, refuse, 5.0).get()

    async def renew(present: Token | None) -> Token:
        assert present is not None and present.refresh == "refresh-token-1"
        return token("access-token-3", refresh="refresh-token-3", signed_in=True)

    assert await KeptToken(store, renew, 5.0).get() == "access-token-3"
    assert store.read() == token("access-token-3", refresh="refresh-token-3", signed_in=True)


async def test_what_was_given_is_stored_even_when_the_run_is_canceled_meanwhile(store: TokenStore) -> None:
    async def renew(present: Token | None) -> Token:
        asyncio.get_running_loop().call_soon(task.cancel)
        return token("access-token-2")

    task = asyncio.ensure_future(KeptToken(store, renew, 5.0).get())
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store.read() == token("access-token-2")
