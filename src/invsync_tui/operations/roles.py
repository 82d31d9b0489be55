"""Who may do what. Roles are given to system users in the configuration and kept here, below every front end.

Without `[roles]` everybody who may write the store is an admin. With it, who is not listed is a viewer. Roles guide
colleagues who share an account's store; whoever may write the file or choose another configuration is stopped by file
permissions only.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path


class Role(StrEnum):
    """From the least rights to the most."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class Right(StrEnum):
    """What can be ordered."""

    SYNC = "sync"
    """Start and cancel syncs."""
    DECIDE = "decide"
    """Release and discard held runs."""
    LISTING = "listing"
    """Exclude, lock or fix the quantity of single listings."""
    SERVE = "serve"
    """Execute what was asked for."""
    SETTINGS = "settings"
    """Add and change merchants and carts."""


_NEEDED = {
    Right.SYNC: Role.OPERATOR,
    Right.DECIDE: Role.OPERATOR,
    Right.LISTING: Role.OPERATOR,
    Right.SERVE: Role.OPERATOR,
    Right.SETTINGS: Role.ADMIN,
}
_RANK = tuple(Role)


def needed(right: Right) -> Role:
    """The least role that has a right."""
    return _NEEDED[right]


def has(role: Role, right: Right) -> bool:
    """Whether a role has a right."""
    return _RANK.index(role) >= _RANK.index(_NEEDED[right])


def role_of(user: str, listed: Mapping[str, Sequence[str]] | None) -> Role:
    """The role of a system user; the highest one where it is listed for several."""
    if listed is None:
        return Role.ADMIN
    found = [role for role in _RANK if user in listed.get(role.value, ())]
    return found[-1] if found else Role.VIEWER


def system_user(store: Path) -> str:
    """Whose roles count: the user of this process, not what the environment claims.

    Behind sudo the caller's name is believed where the process runs as root or as the store's owner: only sudo leads
    there, or it owns the store anyway.
    """
    own = os.getuid()
    caller = os.environ.get("SUDO_USER")
    if caller and own in (0, _owner(store)):
        return caller
    try:
        return pwd.getpwuid(own).pw_name
    except KeyError:
        return str(own)


def _owner(store: Path) -> int | None:
    try:
        return store.stat().st_uid
    except OSError:
        return None
