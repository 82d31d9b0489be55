"""A catalog with more products than a download remembers is written as a small one is."""

from __future__ import annotations

from pathlib import Path

import pytest

from invsync_tui.sync.catalog import catalog_writer
from tests.support.runs.sandbox_world import town

LEVELS = """
SELECT p.sku, l.warehouse_id, l.on_hand, l.available FROM our_level l JOIN our_product p ON p.id = l.product_id
ORDER BY p.sku, l.warehouse_id
"""


@pytest.mark.parametrize("remembered", [0, 7, 39, 1000])
async def test_what_is_stored_does_not_depend_on_how_many_are_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    monkeypatch.setattr(catalog_writer, "IDS_REMEMBERED", remembered)
    with town(tmp_path, products=40) as our_town:
        for _ in range(2):
            run = await our_town.bench.pull(full=True)
            assert (run.state, run.error) == ("done", "")
        dump = our_town.wms.dump()
        stored = our_town.bench.store.read(LEVELS)
        assert len(stored) == sum(len(levels) for levels in dump["levels"].values())
        assert (await our_town.bench.push(our_town.cart_id)).state == "done"
        assert our_town.shown() == our_town.stock()
