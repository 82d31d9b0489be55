"""Which shop a cart connection leads to, so that two carts of ours that reach one shop count its orders once.

A connector class says by `SHOP_OPTIONS` which of its options choose the shop behind an address, and by `VIEW_OPTIONS`
which of them choose the part of its orders that a login is shown. One that says nothing is taken to choose the shop by
all of its options.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from invsync_tui.connectors import registry
from invsync_tui.connectors.base import Cart, Connection
from invsync_tui.connectors.errors import ConnectorError

PORTS = {"http": 80, "https": 443}


class Shop(NamedTuple):
    """A shop. An order reference means one order within `key`; carts of the same `view` are shown the same orders."""

    key: str
    view: str


def shop_of(connection: Connection) -> Shop:
    """The shop that a connection leads to, from its settings alone."""
    options = {name: value.strip() for name, value in connection.options.items()}
    chosen, seen, suffix = _named_by(connection.system, options)
    key = " ".join((connection.system, address(connection.url, suffix), *_pairs(options, chosen)))
    return Shop(key, " ".join((key, *_pairs(options, seen))))


def _named_by(system: str, options: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    try:
        connector = registry.connector(registry.CARTS, system)
    except ConnectorError:
        connector = None  # its carts cannot be read any more; what is kept of them still has a shop
    chosen = getattr(connector, "SHOP_OPTIONS", tuple(sorted(options)))
    return chosen, getattr(connector, "VIEW_OPTIONS", ()), getattr(connector, "API_PATH", "")


def _pairs(options: Mapping[str, str], names: tuple[str, ...]) -> list[str]:
    return [f"{name}={options[name]}" for name in names if options.get(name)]


def address(url: str, suffix: str = "") -> str:
    """Host, port and path of an address in the one way of writing them; `suffix` is the path of the API behind a shop's.

    The scheme does not matter: no port speaks two of them, and http and https on their own ports are one server.
    """
    parts = urlsplit(url.strip())
    host = (parts.hostname or "").rstrip(".")
    try:
        port = parts.port
    except ValueError:
        port = None
    port_text = "" if port in (None, PORTS.get(parts.scheme.lower())) else f":{port}"
    path = parts.path.rstrip("/")
    if suffix:
        path = path.removesuffix(suffix).rstrip("/")
    return f"{_one_name(host)}{port_text}{path}"


def _one_name(host: str) -> str:
    """This machine has many names, and an IP address several ways of writing it."""
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return host
    return "localhost" if str(number) in ("127.0.0.1", "::1") else str(number)


def location_of(cart: Cart) -> str:
    """The reference of the location that an open cart sets stock at; '' where the cart has no locations or does not say."""
    location_ref = getattr(cart, "location_ref", None)
    return str(location_ref() or "") if location_ref is not None else ""
