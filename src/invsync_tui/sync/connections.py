"""Makes the connector for a row of settings."""

from __future__ import annotations

import json

from invsync_tui.connectors import registry
from invsync_tui.connectors.base import Cart, Connection, Source
from invsync_tui.store import models


def source_connection(merchant: str, row: models.Source) -> Connection:
    """The connection record of a merchant's WMS."""
    options, secrets = json.loads(row.options), json.loads(row.secrets)
    return Connection(merchant, row.system, row.url, row.login, row.secret, options, row.deadline_ms / 1000, secrets)


def cart_connection(row: models.Cart) -> Connection:
    """The connection record of a cart."""
    options, secrets = json.loads(row.options), json.loads(row.secrets)
    return Connection(row.name, row.system, row.url, row.login, row.secret, options, row.deadline_ms / 1000, secrets)


def connection_of(name: str, system: str, url: str, options: str) -> Connection:
    """As much of a connection as says where it leads."""
    return Connection(name, system, url, options=json.loads(options))


def source(merchant: str, row: models.Source) -> Source:
    """The merchant's WMS, not yet opened."""
    return registry.source(source_connection(merchant, row))


def cart(row: models.Cart) -> Cart:
    """The cart, not yet opened."""
    return registry.cart(cart_connection(row))
