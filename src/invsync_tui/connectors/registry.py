"""Finds connectors by name through entry points, so that others can add theirs without touching this package."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from invsync_tui.connectors.base import Cart, Connection, Option, Source
from invsync_tui.connectors.checked_results import Checked
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.connectors.http_log import gate
from invsync_tui.plain_text import did_you_mean

SOURCES = "invsync.sources"
CARTS = "invsync.carts"
CA_FILE = "ca_file"
COMMON = (Option(CA_FILE, "file with the certificates of a private authority, in PEM", label="CA file"),)
"""Options of every connection."""


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
    gate.add_names(getattr(loaded, "secret_names", ()))
    return loaded


def options(group: str, system: str) -> tuple[Option, ...] | None:
    """The options that a system's connections may have; None where the connector does not say."""
    own = getattr(connector(group, system), "options", None)
    return None if own is None else (*own, *COMMON)


def wrong_option(group: str, system: str, given: Iterable[str]) -> str:
    """What is wrong with the names of options, with the right ones; '' for nothing."""
    known = options(group, system)
    if known is None:
        return ""
    names = [option.name for option in known]
    for name in given:
        if name not in names:
            return f"{system} has no option {name!r}.{did_you_mean(name, names)} Its options: {listed(known)}."
    return ""


def listed(known: Iterable[Option]) -> str:
    """Options with what they are, in one line."""
    return "; ".join(f"{one.name} ({one.what}{', required' if one.required else ''})" for one in known)


def _made(group: str, connection: Connection) -> Checked:
    made = connector(group, connection.system)
    return Checked(made(connection), connection.name, _refusal(group, connection))


def _refusal(group: str, connection: Connection) -> NotConfiguredError | None:
    """Why nothing is asked of a connection with such options; what it could do can be looked up all the same."""
    if wrong := wrong_option(group, connection.system, connection.options):
        what, _, right = wrong.partition(" Its options: ")
        return NotConfiguredError(
            what, where=connection.name, advice=f"Take it away with --option NAME= and give one of: {right}"
        )
    return None


def source(connection: Connection) -> Source:
    """The source connector for `connection.system`, not yet opened."""
    return cast(Source, _made(SOURCES, connection))


def cart(connection: Connection) -> Cart:
    """The cart connector for `connection.system`, not yet opened."""
    return cast(Cart, _made(CARTS, connection))
