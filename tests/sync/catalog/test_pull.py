"""Pull: unchanged costs nothing, a delta is enough, and what is cut or empty decides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.runs.sandbox_world import SHOP, Town, town


def _levels(our_town: Town) -> list[tuple[object, ...]]:
    return our_town.bench.store.read("SELECT * FROM our_level ORDER BY warehouse_id, product_id")


async def test_an_unchanged_complete_pull_writes_no_level_and_takes_no_sequence_number(pulled: Town) -> None:
    # given
    before, seq = _levels(pulled), pulled.bench.one("SELECT value FROM counter WHERE name = 'seq'")
    # when
    run = await pulled.bench.pull(full=True)
    # then
    assert run.state == "done"
    assert pulled.bench.counts(run)["set"] == 0
    assert _levels(pulled) == before
    assert pulled.bench.one("SELECT value FROM counter WHERE name = 'seq'") == seq


async def test_a_delta_reads_only_what_changed(pulled: Town) -> None:
    # given
    sku = pulled.in_stock()[0]
    pulled.wms.set_level(sku, "EAST", 777)
    before = len(pulled.reads("/api/levels"))
    # when
    run = await pulled.bench.pull()
    # then
    assert run.state == "done"
    assert len(pulled.reads("/api/levels")) == before
    assert pulled.bench.counts(run)["set"] == 1
    assert (await pulled.bench.push(pulled.cart_id)).state == "done"
    assert pulled.shown()[sku] == pulled.stock()[sku]


async def test_a_second_delta_continues_where_the_first_ended(pulled: Town) -> None:
    # given
    first, second = pulled.in_stock()[:2]
    pulled.wms.set_level(first, "EAST", 777)
    await pulled.bench.pull()
    pulled.wms.set_level(second, "EAST", 778)
    # when
    run = await pulled.bench.pull()
    # then
    assert run.state == "done"
    assert pulled.bench.counts(run)["set"] == 1


async def test_a_new_product_in_a_delta_makes_it_a_complete_read(pulled: Town) -> None:
    # given: the store has forgotten a product that the WMS has and changes
    sku = pulled.in_stock()[0]
    with pulled.bench.store.transaction() as tx:
        number = tx.execute("SELECT id FROM our_product WHERE sku = ?", (sku,)).fetchone()[0]
        for table, column in (("product", "id"), ("product_code", "product_id"), ("level", "product_id")):
            tx.execute(f"DELETE FROM {table} WHERE {column} = ?", (number,))
    pulled.wms.set_level(sku, "EAST", 555)
    # when
    run = await pulled.bench.pull()
    # then
    assert run.state == "done"
    assert "The WMS has new products: reading everything." in pulled.bench.events(run.id)
    await pulled.bench.push(pulled.cart_id)
    assert pulled.shown() == pulled.stock()


async def test_a_vanished_warehouse_keeps_its_levels_and_holds_the_push(
    synced: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: the WMS no longer lists EAST, and something else changed
    before = synced.bench.one("SELECT count(*) FROM our_level WHERE missing_since IS NULL")
    sku = synced.in_stock()[0]
    synced.wms.set_level(sku, "WEST", 4321)
    _hide_warehouse(monkeypatch, "EAST")
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE run SET started_at = started_at - 10")
    # when
    pull = await synced.bench.pull(full=True)
    push = await synced.bench.push(synced.cart_id, release=False)
    # then
    assert pull.state == "done"
    assert "The WMS no longer reports the warehouse EAST; its levels are kept." in synced.bench.events(pull.id)
    assert synced.bench.one("SELECT count(*) FROM our_level WHERE missing_since IS NULL") == before
    assert push.state == "held"
    assert "EAST" in push.trips
    assert synced.shown()[sku] != 4321


async def test_a_warehouse_that_is_back_is_read_completely(synced: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    sku = synced.in_stock()[0]
    with monkeypatch.context() as patch:
        _hide_warehouse(patch, "EAST")
        await synced.bench.pull(full=True)
        synced.wms.set_level(sku, "EAST", 600)
        await synced.bench.pull()
    # when
    await synced.bench.pull()
    # then
    assert synced.bench.one("SELECT count(*) FROM our_warehouse WHERE vanished_at IS NOT NULL") == 0
    assert (await synced.bench.push(synced.cart_id)).state == "done"
    assert synced.shown()[sku] == synced.stock()[sku]


async def test_a_new_warehouse_is_read_completely(
    pulled: Town, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # given: a store that pulled while the WMS hid EAST
    other = type(pulled.bench).make(_folder(tmp_path))
    other.add_merchant(pulled.wms.connection())
    with monkeypatch.context() as patch:
        _hide_warehouse(patch, "EAST")
        await other.pull()
    # when: EAST appears, and nothing changes in it
    await other.pull()
    # then
    assert (
        other.one("SELECT count(*) FROM our_level v JOIN warehouse w ON w.id = v.warehouse_id AND w.code = 'EAST'") > 0
    )


async def test_an_emptied_warehouse_keeps_its_levels_and_holds_the_push(synced: Town) -> None:
    # given: every level of WEST disappears at once, and something else changed
    sku = synced.in_stock()[0]
    refs = list(synced.wms.dump()["levels"]["wh-2"])
    synced.wms.control("level", {"refs": refs, "warehouse": "WEST", "available": None})
    synced.wms.set_level(sku, "EAST", 4321)
    with synced.bench.by_hand() as tx:
        tx.execute("UPDATE run SET started_at = started_at - 10")
    # when
    pull = await synced.bench.pull(full=True)
    push = await synced.bench.push(synced.cart_id, release=False)
    # then
    assert pull.state == "done"
    assert synced.bench.one("SELECT count(*) FROM our_level WHERE missing_since IS NOT NULL") == 0
    assert push.state == "held"
    assert "WEST" in push.trips


async def test_an_empty_catalog_is_no_catalog(synced: Town) -> None:
    # given
    synced.wms.control("remove", {"first": 40})
    # when
    run = await synced.bench.pull(full=True)
    # then
    assert run.state == "failed"
    assert "empty catalog" in run.error
    assert synced.bench.one("SELECT count(*) FROM our_product WHERE missing_since IS NOT NULL") == 0


async def test_a_product_that_left_the_wms_is_marked_and_never_zeroed(synced: Town) -> None:
    # given
    sku = synced.in_stock()[0]
    shown = synced.shown()[sku]
    synced.wms.control("remove", {"skus": [sku]})
    # when
    await synced.bench.pull(full=True)
    push = await synced.bench.push(synced.cart_id)
    # then
    assert push.state == "done"
    assert synced.bench.reasons(push) == {"NOT_IN_WMS": 1}
    assert synced.shown()[sku] == shown


def _newest_stamp(our_town: Town) -> int:
    """The highest number of the write sequence on any row."""
    tables = [name for (name,) in our_town.bench.store.read("SELECT name FROM sqlite_master WHERE type = 'table'")]
    stamped = [
        name
        for name in tables
        if any(column[1] == "seq" for column in our_town.bench.store.read(f"PRAGMA table_info({name})"))
    ]
    assert "level" in stamped
    return max(our_town.bench.one(f"SELECT coalesce(max(seq), 0) FROM {name}") for name in stamped)


@pytest.mark.parametrize("what", ["product", "level", "back"])
async def test_what_a_complete_read_marks_has_a_number_that_no_later_change_gets(synced: Town, what: str) -> None:
    # given: something leaves the WMS, or is there again
    sku, other = synced.in_stock()[:2]
    before = synced.bench.one("SELECT value FROM counter WHERE name = 'seq'")
    if what == "product":
        synced.wms.control("remove", {"skus": [sku]})
    elif what == "level":
        synced.wms.set_level(sku, "EAST", None)
    else:
        with synced.bench.by_hand() as tx:
            tx.execute(
                f"UPDATE product SET missing_since = 5 WHERE sku = ? AND merchant_id = {synced.bench.merchant}", (sku,)
            )
    # when
    await synced.bench.pull(full=True)
    # then
    assert (what == "product") is bool(
        synced.bench.one("SELECT count(*) FROM our_product WHERE missing_since IS NOT NULL")
    )
    marked = synced.bench.one("SELECT value FROM counter WHERE name = 'seq'")
    assert marked > before
    assert _newest_stamp(synced) == marked
    # and a later change has a later number
    synced.wms.set_level(other, "EAST", 4321)
    await synced.bench.pull()
    assert _newest_stamp(synced) == synced.bench.one("SELECT value FROM counter WHERE name = 'seq'") > marked


@pytest.mark.parametrize("path", ["/api/products", "/api/levels"])
async def test_a_record_that_cannot_be_read_is_not_missing(synced: Town, path: str) -> None:
    # given
    before = synced.shown()
    synced.wms.faults({"kind": "bad_row", "path": path})
    # when
    pull = await synced.bench.pull(full=True)
    push = await synced.bench.push(synced.cart_id)
    # then
    assert pull.state == "done"
    assert synced.bench.counts(pull)["failed"] > 0
    assert synced.bench.reasons(pull)["BAD_ROW"] == synced.bench.counts(pull)["failed"]
    assert synced.bench.one("SELECT count(*) FROM our_level WHERE missing_since IS NOT NULL") == 0
    assert synced.bench.one("SELECT count(*) FROM our_product WHERE missing_since IS NOT NULL") == 0
    assert push.state == "done"
    assert synced.shown() == before


async def test_a_listing_that_cannot_be_read_is_not_gone(synced: Town) -> None:
    # given
    synced.cart.faults({"kind": "bad_row", "path": "/listings"})
    # when
    run = await synced.bench.push(synced.cart_id, full=True)
    # then
    assert run.state == "done"
    assert synced.bench.one("SELECT count(*) FROM our_listing WHERE gone_at IS NOT NULL") == 0


async def test_the_first_pull_cut_between_two_warehouses_pushes_nothing(tmp_path: Path) -> None:
    # given: half of every product's stock is known
    with town(tmp_path) as our_town:
        our_town.wms.faults({"kind": "drop", "path": "/api/levels", "after": 2})
        assert (await our_town.bench.pull()).state == "failed"
        assert our_town.bench.one("SELECT count(*) FROM our_level") > 0
        # when
        run = await our_town.bench.push(our_town.cart_id)
        # then
        assert our_town.bench.reasons(run) == {"NOT_IN_WMS": 40}
        assert our_town.writes() == []
        # and when
        our_town.wms.faults()
        await our_town.bench.pull()
        # then: the first push of this cart is still to be looked at
        held = await our_town.bench.push(our_town.cart_id, release=False)
        assert held.state == "held"
        our_town.bench.release(held.id)
        await our_town.bench.work()
        assert our_town.shown(SHOP) == our_town.stock()


async def test_a_kit_on_the_page_before_its_components_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: pages of five, and a catalog whose kit comes first
    from invsync_tui.connectors.base import ComponentRow, ProductRow
    from invsync_tui.connectors.sources.sandbox import SandboxSource

    read = SandboxSource.products_page

    async def with_kit(self: SandboxSource, cursor: str | None):  # type: ignore[no-untyped-def]
        page = await read(self, cursor)
        if cursor is not None:
            return page
        kit = ProductRow("KIT", "KIT-1", "Kit", (), (ComponentRow("P0000040", 2),))
        others = [row for row in page.rows if row.ref != "P0000040"]
        last = [row for row in page.rows if row.ref == "P0000040"]
        if not last:
            return page
        rows = [kit, *others]
        monkeypatch.setattr(self, "_late", last, raising=False)
        return type(page)(rows, "late", None)

    async def pages(self: SandboxSource, cursor: str | None):  # type: ignore[no-untyped-def]
        if cursor == "late":
            from invsync_tui.connectors.base import Page

            return Page(self._late, None)  # type: ignore[attr-defined]
        return await with_kit(self, cursor)

    monkeypatch.setattr(SandboxSource, "products_page", pages)
    with town(tmp_path) as our_town:
        # when
        await our_town.bench.pull()
        # then
        part = our_town.bench.one("SELECT component_id FROM our_kit_component")
        assert our_town.bench.one("SELECT ref FROM our_product WHERE id = ?", part) == "P0000040"
        assert our_town.bench.one("SELECT count(*) FROM our_product WHERE missing_since IS NOT NULL") == 0


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "other"
    folder.mkdir()
    return folder


def _hide_warehouse(patch: pytest.MonkeyPatch, code: str) -> None:
    from invsync_tui.connectors.sources.sandbox import SandboxSource

    read = SandboxSource.warehouses

    async def without(self: SandboxSource):  # type: ignore[no-untyped-def]
        return [row for row in await read(self) if row.code != code]

    patch.setattr(SandboxSource, "warehouses", without)
