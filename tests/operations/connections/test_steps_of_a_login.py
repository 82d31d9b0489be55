"""A login in a browser from its first question to the stored tokens, and what else is done with a connector outside of runs."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from invsync_tui.connectors import registry
from invsync_tui.connectors.auth.token_store import Token
from invsync_tui.operations.connections import connection_login, connections
from invsync_tui.operations.errors import InvalidError, OperationError
from invsync_tui.operations.roles import Right
from invsync_tui.operations.settings import transaction
from invsync_tui.operations.settings.views import ConnectionSetup
from tests.support.stores.products_store import Shelf

SETUP = ConnectionSetup("odd", "https://shop.test", "me", "env:A", {}, 12.5, "")
RUN = asyncio.run
TOKEN = Token("new", 1_760_000_000, 1_760_900_000, signed_in=True)


class Tokens:
    """A place for tokens that notes what is done with it, and whether that was within a turn."""

    def __init__(self) -> None:
        self.done: list[Any] = []

    @asynccontextmanager
    async def turn(self, seconds: float) -> AsyncIterator[None]:
        self.done.append(f"turn {seconds}")
        yield
        self.done.append("over")

    async def replace(self, token: Token) -> None:
        self.done.append(token)

    async def forget(self) -> None:
        self.done.append("forgotten")


class Browser:
    """An OAuth that answers at once."""

    ways = ("device", "paste")

    def __init__(self, done: list[Any]) -> None:
        self.done = done

    async def device_code(self) -> str:
        self.done.append("asked for a code")
        return "CODE"

    async def entered(self, code: str) -> Token:
        self.done.append(f"entered {code}")
        return TOKEN

    def authorization(self) -> str:
        return "https://login.test"

    async def redeemed(self, authorization: str, pasted: str) -> Token:
        self.done.append(f"redeemed {authorization} {pasted}")
        return TOKEN


@pytest.fixture
def place(acme: Shelf, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, connections.Target, Tokens]:
    """A session, a cart whose connection is logged in to, and where its tokens are kept."""
    monkeypatch.setattr("asyncio.run", RUN)  # commands of the shelf run nothing; these do
    tokens: Any = Tokens()
    monkeypatch.setattr(connection_login, "_oauth", lambda target: Browser(tokens.done))
    return acme.session, connections.Target("cart", acme.cart, "Acme Shop", SETUP, tokens), tokens


KEPT = ["turn 12.5", TOKEN, "over"]


def actions(acme: Shelf) -> list[str]:
    found: Any = acme.audited()
    return [action for action, _, _ in found if action.startswith("cart log")]


def test_a_login_by_code(acme: Shelf, place: Any) -> None:
    session, target, tokens = place
    login = connection_login.by_code(session, target, lambda code: tokens.done.append(f"shown {code}"))
    assert tokens.done == ["turn 12.5", "over", "asked for a code", "shown CODE", "entered CODE", *KEPT]
    assert (login.ends_at, login.renews) == (TOKEN.expires_at, False)
    assert actions(acme) == ["cart login"]


def test_a_login_by_a_pasted_address(acme: Shelf, place: Any) -> None:
    session, target, tokens = place
    assert connection_login.ways(session, target) == ("device", "paste")
    authorization: Any = connection_login.pasting(session, target)
    assert (authorization, tokens.done) == ("https://login.test", ["turn 12.5", "over"])
    connection_login.by_address(session, target, authorization, "https://back.test?code=1")
    assert tokens.done[2:] == ["redeemed https://login.test https://back.test?code=1", *KEPT]
    assert actions(acme) == ["cart login"]


def test_a_login_is_forgotten_and_that_is_audited(acme: Shelf, place: Any) -> None:
    session, target, tokens = place
    connection_login.forget(session, target)
    assert tokens.done == ["turn 12.5", "forgotten", "over"]
    assert actions(acme) == ["cart logout"]


def test_logins_are_for_those_who_may_change_settings(acme: Shelf, place: Any) -> None:
    _, target, tokens = place
    viewer, authorization = acme.viewer(), Browser([]).authorization()
    assert not viewer.may(Right.SETTINGS)
    for order in (
        lambda: connection_login.ways(viewer, target), lambda: connection_login.by_code(viewer, target, print),
        lambda: connection_login.pasting(viewer, target), lambda: connection_login.forget(viewer, target),
        lambda: connection_login.by_address(viewer, target, authorization, "x"),  # type: ignore[arg-type]
    ):  # fmt: skip
        with pytest.raises(OperationError):
            order()
    assert tokens.done == []


# --- previews and secrets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "shown"), [
    (None, [("stock", "What is there.", ("stock 1",)), ("orders", "What was sold.", ("orders 1",))]),
    ("orders", [("orders", "What was sold.", ("orders 1",))]),
])  # fmt: skip
async def test_a_connector_is_closed_after_each_preview(monkeypatch: pytest.MonkeyPatch, name: Any, shown: Any) -> None:
    closed: list[str] = []

    class Connector:
        async def preview(self, name: str) -> list[str]:
            return [f"{name} 1"]

        async def close(self) -> None:
            closed.append("closed")

    declared = (
        SimpleNamespace(name="stock", what="What is there."),
        SimpleNamespace(name="orders", what="What was sold."),
    )
    monkeypatch.setattr(registry, "about", lambda group, system: SimpleNamespace(previews=declared))
    monkeypatch.setattr(connections, "connector_of", lambda target: Connector())
    target = connections.Target("cart", 3, "Shop", SETUP)
    assert await connections.previews(target, name) == [connections.LookupResult(*one) for one in shown]
    assert closed == ["closed"] * len(shown)
    with pytest.raises(InvalidError, match=r"odd has no preview 'x'\. There are: stock, orders\."):
        await connections.previews(target, "x")
    monkeypatch.setattr(registry, "about", lambda group, system: None)
    with pytest.raises(InvalidError, match=r"There are: none\."):
        await connections.previews(target, "x")


def test_a_secret_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNOWN_TO_THE_TEST", "value")
    assert [connections.unreadable(text) for text in ("env:KNOWN_TO_THE_TEST", "")] == ["", ""]
    assert "UNKNOWN_TO_THE_TEST" in connections.unreadable("env:UNKNOWN_TO_THE_TEST")


# --- settings that cannot be saved -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("error", "words"), [
    (sqlite3.IntegrityError("UNIQUE"), "Cannot add it: there is one of this name already. Choose another name."),
    (sqlite3.OperationalError("database or disk is full"), "store.db"),
])  # fmt: skip
def test_why_settings_were_not_saved(acme: Shelf, error: sqlite3.Error, words: str) -> None:
    with pytest.raises(OperationError, match=words) as raised, transaction.saving(acme.session, "add it"):
        raise error
    assert isinstance(raised.value.__cause__, Exception)
    with pytest.raises(KeyError), transaction.saving(acme.session, "add it"):
        raise KeyError("x")
