"""Servers that several files of tests share: a fixture that each file imports is started for each."""

import pytest

from invsync_tui.connectors.sources.feed import finding
from tests.support.servers.mariadb import mariadb_server
from tests.support.servers.medusa.server import medusa_server
from tests.support.servers.postgres import postgres_server

__all__ = ["mariadb_server", "medusa_server", "postgres_server"]


@pytest.fixture(autouse=True)
def _looks_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed's files are looked at twice: nobody waits for that here."""
    monkeypatch.setattr(finding, "SETTLE", 0.01)
