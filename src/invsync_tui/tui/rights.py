"""Whether the operator at this control room may give an order, and if not, why: for keys that hide and fields that lock.

Kept by operations in any case; here only so that nobody is offered what would be refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from invsync_tui.operations.roles import Right, Role, has, needed
from invsync_tui.tui.verbs import READ_ONLY

if TYPE_CHECKING:
    from invsync_tui.tui.gateway import Gateway

__all__ = ["Right", "refusal"]


def refusal(gateway: Gateway, right: Right) -> str:
    """Why an order of this kind would be refused; '' where it would not, and while the role is not known yet."""
    if gateway.read_only:
        return READ_ONLY
    if not gateway.role or has(Role(gateway.role), right):
        return ""
    return (
        f"This takes the role {needed(right).value}, and yours is {gateway.role}. "
        "Roles are given under [roles] in the configuration."
    )
