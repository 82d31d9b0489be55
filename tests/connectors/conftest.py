"""Servers that several files of tests share: a fixture that each file imports is started for each."""

from tests.support.servers.medusa import medusa_server
from tests.support.servers.postgres import postgres_server

__all__ = ["medusa_server", "postgres_server"]
