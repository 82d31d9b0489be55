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
    with town(tmp_path, products=40) as made:
        for _ in range(2):
            run = await made.bench.pull(full=True)
            assert (run.state, run.error) == ("done", "")
        dump = made.wms.dump()
        stored = made.bench.store.read(LEVELS)
        assert len(stored) == sum(len(levels) for levels in dump["levels"].values())
        assert (await made.bench.push(made.cart_id)).state == "done"
        assert made.shown() == made.stock()
