"""Downloads that are cut off, and what they must not have changed."""

from __future__ import annotations

import pytest

from invsync_tui.connectors.base import SourceCapabilities
from invsync_tui.connectors.sources import sandbox
from tests.support.runs.sandbox_world import Town
from tests.support.servers.sandbox import WmsHandle

PAGE = 12


def small_pages(patch: pytest.MonkeyPatch) -> None:
    """Pages of twelve records instead of a thousand."""
    capabilities = SourceCapabilities(delta=True, reports_reading_time=True, page_size=PAGE)
    patch.setattr(sandbox, "SourceCapabilities", lambda **_: capabilities)


def requests_of(wms: WmsHandle, since: int) -> list[str]:
    return [entry["path"] for entry in wms.requests()[since:]]


def cut_violations(town: Town, before: list[tuple[int, ...]]) -> list[str]:
    """Levels that are missing, or show what the WMS never said."""
    after = town.bench.store.read("SELECT warehouse_id, product_id, available FROM our_level ORDER BY 1, 2")
    missing = town.bench.one("SELECT count(*) FROM our_level WHERE missing_since IS NOT NULL")
    gone = town.bench.one("SELECT count(*) FROM our_product WHERE missing_since IS NOT NULL")
    violations = [f"{missing} levels are marked as missing"] if missing else []
    violations += [f"{gone} products are marked as missing"] if gone else []
    return violations + [f"{old} became {new}" for old, new in zip(before, after, strict=True) if old != new]


async def levels_before(town: Town) -> tuple[list[tuple[int, ...]], int]:
    """The levels after a complete pull, and how many requests such a pull makes."""
    assert (await town.bench.pull()).state == "done"
    since = len(town.wms.requests())
    assert (await town.bench.pull(full=True)).state == "done"
    return town.bench.store.read("SELECT warehouse_id, product_id, available FROM our_level ORDER BY 1, 2"), len(
        requests_of(town.wms, since)
    )
