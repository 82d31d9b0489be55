"""Finds connectors by name through entry points, so that others can add theirs without touching this package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from invsync_tui.connectors.about import KIT, SECRET, About, Option, SecretPart
from invsync_tui.connectors.base import Cart, Connection, Source
from invsync_tui.connectors.checked_results import Checked
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.connectors.network.http_log import gate
from invsync_tui.connectors.secrets import missing, reference_of
from invsync_tui.plain_text import did_you_mean

SOURCES = "invsync.sources"
CARTS = "invsync.carts"
CA_FILE = "ca_file"
COMMON = (Option(CA_FILE, "file with the certificates of a private authority, in PEM", label="CA file"),)
"""Options of every connection."""


@cache
def _entry_points(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def systems(group: str) -> list[str]:
    """Names of the systems that can be connected, sorted."""
    return sorted(_entry_points(group))


def connector(group: str, system: str) -> type:
    """The connector's class; NotConfiguredError if none of that name is installed."""
    point = _entry_points(group).get(system)
    if point is None:
        raise NotConfiguredError(
            f"No connector is called {system!r}.",
            advice=f"Choose one of: {', '.join(systems(group)) or 'none installed'}.",
        )
    loaded: type = point.load()
    _refuse_other_kit(system, getattr(loaded, "about", None))
    gate.add_names(getattr(loaded, "secret_names", ()))
    return loaded


def _refuse_other_kit(system: str, details: About | None) -> None:
    if details is None or details.kit == KIT:
        return
    older = details.kit < KIT
    raise NotConfiguredError(
        f"The connector {system!r} was written for kit {details.kit}; this invsync has kit {KIT}.",
        advice=f"Install a newer {'connector' if older else 'invsync'}, or ask the connector's author for one.",
    )


def about(group: str, system: str) -> About | None:
    """What a connector says of itself; None where it says nothing."""
    return getattr(connector(group, system), "about", None)


def wrong_address(group: str, system: str, text: str) -> str:
    """What is wrong with an address for a system; '' for nothing. One that is not installed is taken to be on the web."""
    try:
        details = about(group, system)
    except NotConfiguredError:
        details = None
    return (details or About(system)).wrong_address(text)


def options(group: str, system: str) -> tuple[Option, ...] | None:
    """The options that a system's connections may have; None where the connector does not say."""
    details = about(group, system)
    return None if details is None else (*details.options, *COMMON)


def secret_parts(group: str, system: str) -> tuple[SecretPart, ...]:
    """The secrets that a system's connections may have, the connection's `secret` first; never empty: a connector that
    declares none is given one all the same, as every connection has the field."""
    try:
        details = about(group, system)
    except NotConfiguredError:
        details = None
    declared = details.secret_parts if details else ()
    return declared or (SecretPart(SECRET, "Secret", "the secret of the login", required=False),)


def wrong_option(group: str, system: str, option_values: Mapping[str, str]) -> str:
    """What is wrong with the names or values of options that are given, with what is right; '' for nothing."""
    known = options(group, system)
    if known is None:
        return ""
    by_name = {option.name: option for option in known}
    for name, text in option_values.items():
        if name not in by_name:
            return f"{system} has no option {name!r}.{did_you_mean(name, list(by_name))} Its options: {listed(known)}."
        if text and (wrong := by_name[name].wrong(text)):
            return f"{name}: {wrong}"
    return ""


def missing_option(group: str, system: str, option_values: Mapping[str, str]) -> Option | None:
    """The first option that a system's connections cannot do without and that is not among these; None if all are."""
    required = (option for option in options(group, system) or () if option.required)
    return next((option for option in required if not option_values.get(option.name, "").strip()), None)


def listed(known: Iterable[Option]) -> str:
    """Options with what they are, in one line."""
    return "; ".join(f"{option.name} ({_described(option)})" for option in known)


def _described(option: Option) -> str:
    return option.what + (f": {option.allowed}" if option.allowed else "") + (", required" if option.required else "")


def _checked_for(group: str, connection: Connection) -> Checked:
    made = connector(group, connection.system)
    return Checked(made(connection), connection.name, _refusal(group, connection))


def _refusal(group: str, connection: Connection) -> NotConfiguredError | None:
    """Why nothing is asked of a connection with such options; what it could do can be looked up all the same."""
    if wrong := wrong_option(group, connection.system, connection.options):
        what, _, right = wrong.partition(" Its options: ")
        change = (
            f"Take it away with --option NAME= and give one of: {right}"
            if right
            else "Give another: --option NAME=VALUE"
        )
        return NotConfiguredError(what, where=connection.name, advice=change)
    if (option := missing_option(group, connection.system, connection.options)) is not None:
        return NotConfiguredError(
            f"{option.name}: {option.wrong('')}", where=connection.name, advice=f"Give it: --option {option.name}=VALUE"
        )
    parts = secret_parts(group, connection.system)
    absent = [part for part in parts if part.required and not reference_of(connection, parts, part.name)]
    return missing(connection.name, absent[0]) if absent else None


def source(connection: Connection) -> Source:
    """The source connector for `connection.system`, not yet opened."""
    return cast(Source, _checked_for(SOURCES, connection))


def cart(connection: Connection) -> Cart:
    """The cart connector for `connection.system`, not yet opened."""
    return cast(Cart, _checked_for(CARTS, connection))
