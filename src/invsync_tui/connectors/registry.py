"""Finds connectors by name through entry points, so that others can add theirs without touching this package."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from invsync_tui.connectors.base import Cart, Connection, Source
from invsync_tui.connectors.errors import NotConfiguredError

SOURCES = "invsync.sources"
CARTS = "invsync.carts"


@cache
def _found(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def systems(group: str) -> list[str]:
    """Names of the systems that can be connected, sorted."""
    return sorted(_found(group))


def connector(group: str, system: str) -> type:
    """The connector's class; NotConfiguredError if none of that name is installed."""
    point = _found(group).get(system)
    if point is None:
        raise NotConfiguredError(
            f"No connector is called {system!r}.",
            advice=f"Choose one of: {', '.join(systems(group)) or 'none installed'}.",
        )
    loaded: type = point.load()
    return loaded


def source(connection: Connection) -> Source:
    """The source connector for `connection.system`, not yet opened."""
    made: Source = connector(SOURCES, connection.system)(connection)
    return made


def cart(connection: Connection) -> Cart:
    """The cart connector for `connection.system`, not yet opened."""
    made: Cart = connector(CARTS, connection.system)(connection)
    return made
