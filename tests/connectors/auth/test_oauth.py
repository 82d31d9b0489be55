"""Logging in without a browser, and renewing, against a login server that takes nothing that the standards do not."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from invsync_tui import clock
from invsync_tui.connectors.about import SignIn
from invsync_tui.connectors.auth import oauth
from invsync_tui.connectors.auth.kept_token import KeptToken
from invsync_tui.connectors.auth.oauth import OAuth
from invsync_tui.connectors.auth.token_store import Token, TokenStore
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import AuthError, ConnectorError, ContractError, NotConfiguredError, UnavailableError
from invsync_tui.connectors.network.http_log import redacted
from tests.support.connectors.oauth_shop import ABOUT
from tests.support.servers.authorization import CLIENT, CLIENT_SECRET, REDIRECT, LoginServer, login_server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoginServer]:
    monkeypatch.setenv("CLIENT_SECRET", CLIENT_SECRET)
    with login_server() as made:

        async def pause(seconds: float) -> None:
            made.now += seconds

        monkeypatch.setattr(oauth, "pause", pause)
        yield made


def connection(server: LoginServer, login: str = CLIENT) -> Connection:
    return Connection("Shop", "bench", f"{server.url}/somewhere", login, "env:CLIENT_SECRET", deadline=5.0)


def logins(server: LoginServer) -> OAuth:
    return OAuth(connection(server), ABOUT)


async def refusal(server: LoginServer, code: oauth.DeviceCode) -> ConnectorError:
    with pytest.raises(ConnectorError) as refused:
        await logins(server).entered(code)
    assert code.secret not in str(refused.value) and CLIENT_SECRET not in str(refused.value)
    return refused.value


# --- a code that is entered elsewhere ------------------------------------------------------------------------------------


async def test_a_code_is_asked_about_until_it_was_entered(server: LoginServer, monkeypatch: pytest.MonkeyPatch) -> None:
    code = await logins(server).device_code()
    assert (code.user_code, code.address, code.interval) == ("WDJB-MJH0", f"{server.url}/activate", 5)
    assert code.whole_address.endswith("user_code=WDJB-MJH0")
    pause = oauth.pause

    async def enter_later(seconds: float) -> None:
        await pause(seconds)
        if server.now >= 20:
            server.enter(code.user_code)

    monkeypatch.setattr(oauth, "pause", enter_later)
    token = await logins(server).entered(code)
    assert server.asked == [5, 10, 15, 20]
    assert (token.access, token.refresh, token.signed_in) == ("access-token-0-0", "refresh-token-0-0", True)
    assert token.expires_at == token.obtained_at + 3600 and token.refresh_expires_at == token.obtained_at + 90 * 86400


async def test_it_is_asked_less_often_when_the_server_asks_for_it(server: LoginServer) -> None:
    code = await logins(server).device_code()
    server.enter(code.user_code)
    server.hurried = 2
    await logins(server).entered(code)
    assert server.asked == [5, 15, 30]


async def test_a_server_that_is_out_for_a_while_is_asked_less_often(server: LoginServer) -> None:
    code = await logins(server).device_code()
    server.enter(code.user_code)
    server.broken = 2
    await logins(server).entered(code)
    assert server.asked == [5 + 10 + 20]


async def test_a_login_that_was_denied_ends_at_once(server: LoginServer) -> None:
    code = await logins(server).device_code()
    server.enter(code.user_code, allow=False)
    error = await refusal(server, code)
    assert isinstance(error, AuthError) and "denied" in error.what and server.asked == [5]


async def test_a_code_that_ran_out_ends_it_whoever_notices_first(server: LoginServer) -> None:
    code = await logins(server).device_code()
    assert "ran out" in (await refusal(server, code)).what and server.asked[-1] == 600
    server.now, server.asked = 0, []
    again = await logins(server).device_code()
    server.devices[again.secret].ends = 12.0  # sooner than it said
    assert "ran out" in (await refusal(server, again)).what and server.asked == [5, 10, 15]


async def test_a_client_that_is_not_known_gets_no_code(server: LoginServer) -> None:
    with pytest.raises(AuthError, match="client id or secret"):
        await OAuth(connection(server, "another"), ABOUT).device_code()
    with pytest.raises(NotConfiguredError, match="no client id"):
        await OAuth(connection(server, " "), ABOUT).device_code()


@pytest.mark.parametrize(
    "answer",
    [
        b"[]", b"<html>", b"{}", b'{"device_code": "d", "user_code": "A\\u001b[31m", "verification_uri": "https://a"}',
        b'{"device_code": "d", "user_code": "A", "verification_uri": "javascript:alert(1)", "expires_in": 5}',
        b'{"device_code": "d", "user_code": "A", "verification_uri": "https://a", "expires_in": -5}',
    ],
)  # fmt: skip
async def test_an_answer_of_another_shape_is_no_code(
    server: LoginServer, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    from tests.support.servers.http_stub import Answer

    monkeypatch.setattr(LoginServer, "_device", lambda self, form: Answer(200, answer))
    with pytest.raises(ContractError):
        await logins(server).device_code()


@pytest.mark.parametrize(("status", "answer"), [(200, b'{"error": "access_denied"}'), (400, b'{"device_code": "d"}')])
async def test_an_error_is_one_by_its_status_or_by_its_text(
    server: LoginServer, monkeypatch: pytest.MonkeyPatch, status: int, answer: bytes
) -> None:
    from tests.support.servers.http_stub import Answer

    monkeypatch.setattr(LoginServer, "_device", lambda self, form: Answer(status, answer))
    with pytest.raises(AuthError):
        await logins(server).device_code()


# --- an address that is pasted -------------------------------------------------------------------------------------------


async def test_the_address_that_the_browser_ends_at_gives_tokens_once(server: LoginServer) -> None:
    authorization = logins(server).authorization()
    pasted = server.browse(authorization.address)
    token = await logins(server).redeemed(authorization, f"  {pasted}\n")
    assert token.access == "access-token-0-0" and token.signed_in
    with pytest.raises(AuthError, match="used before, or is too old") as refused:
        await logins(server).redeemed(authorization, pasted)
    assert "pasted-code" not in str(refused.value)
    assert redacted(pasted).count("[redacted]") >= 1 and "pasted-code" not in redacted(pasted)


async def test_a_denied_login_is_told(server: LoginServer) -> None:
    authorization = logins(server).authorization()
    with pytest.raises(AuthError, match="denied"):
        await logins(server).redeemed(authorization, server.browse(authorization.address, allow=False))


async def test_the_address_of_another_login_is_refused_before_anything_is_sent(server: LoginServer) -> None:
    mine, other = logins(server).authorization(), logins(server).authorization()
    with pytest.raises(AuthError, match="another login"):
        await logins(server).redeemed(mine, server.browse(other.address))
    assert server.families == [] and len(server.codes) == 1


@pytest.mark.parametrize("change", ["none", "empty", "twice", "no state", "both", "long"])
async def test_what_is_no_such_address_is_refused_and_not_repeated(server: LoginServer, change: str) -> None:
    authorization = logins(server).authorization()
    query = dict(parse_qsl(urlsplit(server.browse(authorization.address)).query))
    pasted = {
        "none": "hunter22hunter22",
        "empty": urlencode({**query, "code": ""}),
        "twice": f"{urlencode(query)}&code=hunter22hunter22",
        "no state": urlencode({"code": query["code"]}),
        "both": urlencode({**query, "error": "access_denied"}),
        "long": f"{REDIRECT}?{urlencode(query)}&x={'x' * 20_000}",
    }[change]
    with pytest.raises(AuthError, match="not the address") as refused:
        await logins(server).redeemed(authorization, pasted)
    assert "hunter22" not in str(refused.value) and query["code"] not in str(refused.value)
    assert server.families == []


async def test_without_the_right_verifier_a_code_is_worth_nothing(server: LoginServer) -> None:
    authorization = logins(server).authorization()
    pasted = server.browse(authorization.address)
    with pytest.raises(AuthError):
        await logins(server).redeemed(replace(authorization, verifier="x" * 64), pasted)


# --- renewing ------------------------------------------------------------------------------------------------------------


async def signed_in(server: LoginServer) -> Token:
    authorization = logins(server).authorization()
    return await logins(server).redeemed(authorization, server.browse(authorization.address))


async def test_each_renewal_replaces_what_renews(server: LoginServer) -> None:
    first = await signed_in(server)
    second = await logins(server).renewed(first)
    assert (second.access, second.refresh) == ("access-token-0-1", "refresh-token-0-1")
    with pytest.raises(AuthError, match="run out, or was withdrawn") as refused:
        await logins(server).renewed(first)
    assert "refresh-token" not in str(refused.value)
    with pytest.raises(AuthError):
        await logins(server).renewed(second)  # the one that was used twice took the whole login with it


async def test_a_renewal_is_sent_once_whatever_happens(server: LoginServer) -> None:
    token = await signed_in(server)
    server.lose = 1
    with pytest.raises(UnavailableError):
        await logins(server).renewed(token)
    assert len(server.families[0].refresh) == 2


async def test_without_a_login_or_what_renews_it_somebody_has_to_log_in(server: LoginServer) -> None:
    with pytest.raises(AuthError, match="Nobody has logged in yet"):
        await logins(server).renewed(None)
    with pytest.raises(AuthError, match="has run out"):
        await logins(server).renewed(Token("a", 1, 2, signed_in=True))


async def test_a_renewal_without_another_refresh_token_keeps_the_one_it_has(
    server: LoginServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.servers.http_stub import as_json

    token = await signed_in(server)
    given = as_json({"access_token": "another", "expires_in": 60})
    monkeypatch.setattr(LoginServer, "_of_refresh", lambda self, refresh: given)
    renewed = await logins(server).renewed(token)
    assert (renewed.refresh, renewed.refresh_expires_at) == (token.refresh, token.refresh_expires_at)


async def test_tokens_do_not_travel_in_the_clear() -> None:
    about = replace(ABOUT, sign_in=SignIn("http://login.example/token", device="http://login.example/device"))
    with pytest.raises(NotConfiguredError, match="in the clear"):
        await OAuth(Connection("Shop", "bench", "https://shop.example", CLIENT), about).device_code()


async def test_a_login_server_elsewhere_is_declared_by_the_connector(server: LoginServer) -> None:
    there = SignIn(f"{server.url}/oauth/token", f"{server.url}/oauth/device", scopes=("stock.read", "stock.write"))
    about = replace(ABOUT, sign_in=there)
    code = await OAuth(Connection("Shop", "bench", "https://shop.example", CLIENT), about).device_code()
    assert code.user_code in server.devices[code.secret].user_code


# --- a kill between the answer and the store ---------------------------------------------------------------------------

KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.auth.kept_token import KeptToken
from invsync_tui.connectors.auth.oauth import OAuth
from invsync_tui.connectors.auth.token_store import TokenStore
from tests.support.connectors.oauth_shop import ABOUT
path, url, client = sys.argv[1:]
shop = OAuth(Connection("Shop", "bench", url, client, "env:CLIENT_SECRET"), ABOUT)
async def renew(token):
    await shop.renewed(token)
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(KeptToken(TokenStore(Path(path), "subject"), renew, 5.0).get())
"""


@pytest.mark.parametrize("grace", [False, True])
async def test_a_token_that_was_lost_by_a_kill(server: LoginServer, tmp_path: Path, grace: bool) -> None:
    """With a server that keeps the one before until the next was used, nothing is lost; with one that does not, it is said
    what happened and what to do, and the server is not asked again and again."""
    server.grace = grace
    store = TokenStore(tmp_path / "shop.json", "subject")
    await store.replace(replace(await signed_in(server), expires_at=clock.seconds() - 1))
    command = [sys.executable, "-c", KILLED, str(store.path), server.url, CLIENT]
    root = Path(__file__).parents[3]
    ended = await asyncio.to_thread(subprocess.run, command, cwd=root, check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL and len(server.families[0].refresh) == 2
    kept = KeptToken(store, logins(server).renewed, 5.0)
    if grace:
        assert await kept.get() == "access-token-0-2"
        assert (store.read() or Token("", 0)).refresh == "refresh-token-0-2"
    else:
        with pytest.raises(AuthError, match="A process ended while it renewed the login") as refused:
            await kept.get()
        assert "invsync connections login" in refused.value.advice


RENEWING = """
import asyncio, sys
from pathlib import Path
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.auth.kept_token import KeptToken
from invsync_tui.connectors.auth.oauth import OAuth
from invsync_tui.connectors.auth.token_store import TokenStore
from tests.support.connectors.oauth_shop import ABOUT
path, url, client = sys.argv[1:]
shop = OAuth(Connection("Shop", "bench", url, client, "env:CLIENT_SECRET"), ABOUT)
print(asyncio.run(KeptToken(TokenStore(Path(path), "subject"), shop.renewed, 30.0).get()))
"""


async def test_of_several_processes_one_renews_and_none_loses_the_login(server: LoginServer, tmp_path: Path) -> None:
    """The server takes a refresh token once; a second use would end the login for all of them."""
    store = TokenStore(tmp_path / "shop.json", "subject")
    await store.replace(replace(await signed_in(server), expires_at=clock.seconds() - 1))
    command = [sys.executable, "-c", RENEWING, str(store.path), server.url, CLIENT]
    root, pipe = Path(__file__).parents[3], asyncio.subprocess.PIPE
    started = [await asyncio.create_subprocess_exec(*command, cwd=root, stdout=pipe) for _ in range(4)]
    async with asyncio.timeout(60):
        answers = [(await process.communicate())[0].strip() for process in started]
    assert answers == [b"access-token-0-1"] * 4
    (family,) = server.families
    assert len(family.refresh) == 2 and not family.revoked
