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
    """What an operator can change."""

    SYNC = "sync"
    """Start and cancel syncs."""
    DECIDE = "decide"
    """Release and discard held runs."""
    LISTING = "listing"
    """Exclude, lock or fix the quantity of single listings."""
    SERVE = "serve"
    """Execute what was asked for."""
    SHOP = "shop"
    """Change listings in the shop itself, beside their quantity."""
    SETTINGS = "settings"
    """Add and change merchants and carts."""


_NEEDED = {
    Right.SYNC: Role.OPERATOR,
    Right.DECIDE: Role.OPERATOR,
    Right.LISTING: Role.OPERATOR,
    Right.SERVE: Role.OPERATOR,
    Right.SHOP: Role.ADMIN,
    Right.SETTINGS: Role.ADMIN,
}
GRANTS = {
    Right.SYNC: "start and cancel syncs and drift checks, make plans",
    Right.DECIDE: "release and discard held runs, apply plans that need a reason, undo a push, set a safe level, freeze and "
    "unfreeze, correct drift, switch warehouses off and on",
    Right.LISTING: "exclude, lock, override and link listings",
    Right.SERVE: "run the service",
    Right.SHOP: "change listings in the shop beside their quantity (`invsync connections fix`)",
    Right.SETTINGS: "add, change and remove merchants and carts, log in to their systems, make addresses for webhooks",
}
"""What each right allows, for the manual."""
_RANK = tuple(Role)
SERVICE = "service"
"""Key of [roles] for system users that run the service and nothing else."""


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
    roles = [role for role in _RANK if user in listed.get(role.value, ())]
    return roles[-1] if roles else Role.VIEWER


def may_serve(user: str, listed: Mapping[str, Sequence[str]] | None, store: Path) -> bool:
    """Whether a user may run the service whatever its role: listed under `service`, or root, or the owner of the store.

    A service has a system user of its own, which makes the store and is no operator.
    """
    return user in (listed or {}).get(SERVICE, ()) or os.geteuid() in (0, _owner(store))


def operator_name(store: Path) -> str:
    """Who acts, for the records of a store: the system user of this process, not what its environment claims.

    Beside it, where it is somebody else: who logged in, as the kernel noted it, and who called sudo, where that can be believed.
    """
    own = os.getuid()
    login, caller = _logged_in(), _sudo_caller(store)
    beside = [f"login {user_name(login)}"] if login not in (None, own, caller) else []
    beside += [f"sudo by {user_name(caller)}"] if caller not in (None, own) else []
    return user_name(own) + (f" ({', '.join(beside)})" if beside else "")


def user_name(uid: int | None) -> str:
    """The name of a system user, `uid N` where it has none."""
    if uid is None:
        return ""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


_NOBODY_LOGGED_IN = 2**32 - 1


def _logged_in() -> int | None:
    try:
        uid = int(Path("/proc/self/loginuid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if uid == _NOBODY_LOGGED_IN else uid


def _sudo_caller(store: Path) -> int | None:
    text = os.environ.get("SUDO_UID", "") if _believes_sudo(store) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 11 else None


def system_user(store: Path) -> str:
    """Whose roles count: the user of this process, not what the environment claims; behind sudo, who called it."""
    own = os.getuid()
    caller = os.environ.get("SUDO_USER")
    if caller and _believes_sudo(store):
        return caller
    try:
        return pwd.getpwuid(own).pw_name
    except KeyError:
        return str(own)


def _believes_sudo(store: Path) -> bool:
    """Whether SUDO_USER and SUDO_UID are more than a claim: in a process of root or of the store's owner.

    Only sudo leads there, or it owns the store anyway. Everybody else can set them.
    """
    return os.getuid() in (0, _owner(store))


def _owner(store: Path) -> int | None:
    try:
        return store.stat().st_uid
    except OSError:
        return None
