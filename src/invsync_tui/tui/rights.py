"""Whether the operator at this terminal may change something, and what is said where not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invsync_tui.operations.roles import Right, Role, has, needed

if TYPE_CHECKING:
    from invsync_tui.tui.store_connection import StoreConnection

READ_ONLY = "Read-only: this control room was started to look only. Start it without --read-only to make changes."


def refusal(connection: StoreConnection, right: Right) -> str:
    """Why a change of this kind would be refused; '' where it would not, and while the role is not known yet."""
    if connection.read_only:
        return READ_ONLY
    if not connection.role or has(Role(connection.role), right):
        return ""
    return (
        f"This takes the role {needed(right).value}, and yours is {connection.role}. "
        "Roles are given under [roles] in the configuration."
    )
