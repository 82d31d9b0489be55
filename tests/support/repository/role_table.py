"""The table of roles in `docs/howto/several-operators.md`."""

from __future__ import annotations

from pathlib import Path

from invsync_tui.operations.roles import GRANTS, SERVICE, Right, Role, needed
from tests.support.repository import made_parts
from tests.support.repository.reference_pages import cells, table

PAGE = Path(__file__).parents[3] / "docs" / "howto" / "several-operators.md"


def page() -> str:
    """The page with its table made again."""
    rows = [cells(Role.VIEWER, "look at everything, change nothing")]
    for role in (Role.OPERATOR, Role.ADMIN):
        granted = [GRANTS[right] for right in Right if needed(right) is role]
        rows.append(cells(role, f"that, and: {'; '.join(granted)}"))
    rows.append(cells(SERVICE, "run the service, and besides that what its other role allows (viewer without one)"))
    return made_parts.page(PAGE, "invsync_tui/operations/roles.py", [*table("role", "may"), *rows])
