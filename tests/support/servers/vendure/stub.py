"""A Vendure cart on a GraphQL stub."""

from __future__ import annotations

import pytest

from invsync_tui.connectors.base import Connection
from tests.support.servers.graphql_stub import Answer


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDURE_SECRET", "secret")


def connection_to(url: str, **options: str) -> Connection:
    return Connection(
        "shop", "vendure", url, login="superadmin", secret="env:VENDURE_SECRET", options=options, deadline=20
    )


LOGGED_IN = Answer({"data": {"login": {"__typename": "CurrentUser"}}}, headers={"vendure-auth-token": "fresh"})
