"""What the sandbox WMS says of its levels, changed on its way in: whole pages and single records alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from invsync_tui.connectors.sources import sandbox


def change_levels(patch: pytest.MonkeyPatch, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Every record of a level is read as `change` makes it."""
    page, single = sandbox._levels, sandbox._level
    patch.setattr(sandbox, "_levels", lambda records: page(list(map(change, records))))
    patch.setattr(sandbox, "_level", lambda record: single(change(record)))
