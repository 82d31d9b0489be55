"""Paths that a setting names, with `~` for a home folder that this user may not have."""

from __future__ import annotations

from pathlib import Path

from invsync_tui.connectors.errors import NotConfiguredError


def expanded(name: str) -> Path:
    """The path with `~` and `~user` as home folders; NotConfiguredError where there is no such home folder."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        raise NotConfiguredError(
            f"{name}: the home folder of {name.partition('/')[0]} is not known here.",
            advice="Write the whole path, from / on.",
        ) from None
