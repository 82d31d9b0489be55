"""What a run leaves behind for `why` and for support: the source's records, the requests, and what is new since."""

from __future__ import annotations

import json
from pathlib import Path

from invsync_tui.operations.merchants.overview import overview
from invsync_tui.rules.outcomes import REASONS, Reason
from invsync_tui.store.catalog import levels as catalog_levels
from invsync_tui.store.runs import http_log as http_log_rows
from tests.support.runs.sandbox_world import Town, town


def _records(our_town: Town) -> dict[str, dict[str, object]]:
    rows = our_town.bench.store.read(
        "SELECT p.sku, w.ref, r.body FROM our_source_record AS r JOIN product AS p ON p.id = r.product_id "
        "JOIN warehouse AS w ON w.id = r.warehouse_id"
    )
    return {f"{sku}@{ref}": json.loads(body) for sku, ref, body in rows}


async def test_a_level_has_the_record_that_it_came_from(tmp_path: Path) -> None:
    with town(tmp_path, 10) as our_town:
        # given
        await our_town.bench.pull()
        first = _records(our_town)
        levels = our_town.bench.store.one("SELECT count(*) FROM our_level")[0]
        assert len(first) == levels
        # when
        sku = our_town.in_stock()[0]
        our_town.wms.control("level", {"skus": [sku], "warehouse": "EAST", "available": 77})
        await our_town.bench.pull()
        # then
        changed = {place for place, record in _records(our_town).items() if record != first[place]}
        assert any(place.startswith(f"{sku}@") for place in changed)
        assert 77 in [record["available"] for place, record in _records(our_town).items() if place in changed]
        product = our_town.bench.store.one("SELECT id FROM our_product WHERE sku = ?", (sku,))[0]
        with our_town.bench.store.reading() as cx:
            assert all(at > 0 for at, _ in catalog_levels.source_records_of(cx, [product]).values())


async def test_an_unchanged_download_keeps_nothing_new(tmp_path: Path) -> None:
    with town(tmp_path, 10) as our_town:
        await our_town.bench.pull()
        before = our_town.bench.store.read("SELECT * FROM our_source_record ORDER BY 1, 2")
        await our_town.bench.pull(full=True)
        assert our_town.bench.store.read("SELECT * FROM our_source_record ORDER BY 1, 2") == before


async def test_a_push_keeps_its_requests_with_their_batches(pulled: Town) -> None:
    # when
    run = await pulled.bench.push(pulled.cart_id)
    # then
    with pulled.bench.store.reading() as cx:
        heard = http_log_rows.of_run(cx, run.id, 1000)
        batches = [row[0] for row in cx.execute("SELECT id FROM our_push_batch WHERE run_id = ?", (run.id,))]
        of_first = http_log_rows.of_batch(cx, batches[0])
    writes = [exchange for exchange in heard if exchange.batch_id]
    assert {write.batch_id for write in writes} == set(batches)
    assert [exchange.status for exchange in of_first] == [200]
    assert json.loads(of_first[0].request)
    assert json.loads(of_first[0].answer)


async def test_what_is_found_after_a_run_is_news_once(synced: Town) -> None:
    # given
    session = synced.bench.session()
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE finding SET since = since - 7200")
    assert overview(session).pulse.findings == 0
    # when
    row = synced.bench.listings(synced.cart_id)[synced.in_stock()[0]]
    synced.cart.edit(row["ref"], sku="NOBODY-HAS-IT")
    await synced.bench.push(synced.cart_id, full=True)
    # then
    summary = overview(session)
    news = [
        problem.text
        for merchant in summary.merchants
        for problem in merchant.problems
        if "New after run" in problem.text
    ]
    assert summary.pulse.findings >= 1
    assert len(news) == 1
    assert any(REASONS[Reason.NOT_IN_WMS].text in text and "1 listing:" in text for text in news)
    # and when
    synced.cart.edit(row["ref"], sku=row["sku"])
    await synced.bench.push(synced.cart_id, full=True)
    # then
    assert overview(session).pulse.findings == 0
