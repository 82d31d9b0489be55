"""A Tryton and a Vendure of their own for each module: these tests live with them and change everything in them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support.servers.tryton import server as tryton_servers
from tests.support.servers.tryton.install import NotAvailableError, installation
from tests.support.servers.tryton.server import Seeded
from tests.support.servers.vendure import server as vendure_servers
from tests.support.servers.vendure.server import VendureServer


@pytest.fixture(scope="module")
def tryton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """The merchant of `Seeded` on a server of its own."""
    try:
        server = tryton_servers.start(installation(), tmp_path_factory.mktemp("tryton-acceptance"))
    except NotAvailableError as error:
        if os.environ.get("INVSYNC_CI") == "1":
            pytest.fail(f"Tryton is not available: {error}")
        pytest.skip(f"Tryton is not available: {error}")
    try:
        yield tryton_servers.seed(server)
    finally:
        server.stop()


@pytest.fixture(scope="module")
def vendure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VendureServer]:
    """A shop with the locations East and West and no variants."""
    packages = vendure_servers._packages()
    folder = tmp_path_factory.mktemp("vendure-acceptance")
    database = vendure_servers.seeded_database(packages, folder)
    with vendure_servers.running(packages, folder, database) as server:
        server.refresh_locations()
        yield server
