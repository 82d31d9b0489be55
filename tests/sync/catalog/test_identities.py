"""Whose data a connection leads to: what is remembered of it, what it takes to be another one, and what is not asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from invsync_tui.connectors.base import Connection, Identified, WarehouseRow
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.connectors.sources.feed import FeedSource
from invsync_tui.connectors.sources.feed.finding import identity_of
from invsync_tui.connectors.sources.feed.settings import parse_settings
from invsync_tui.connectors.sources.sandbox import SandboxSource
from invsync_tui.operations.runs import runs
from tests.support.runs.plain_skus import plain
from tests.support.runs.sandbox_world import Town


@dataclass
class Who:
    """What a connector says it is, changed by a test."""

    says: Mapping[str, str] = field(default_factory=dict)


@pytest.fixture
def source(synced: Town, monkeypatch: pytest.MonkeyPatch) -> Who:
    with synced.bench.store.transaction() as tx:
        tx.execute("UPDATE source SET identity = '' WHERE merchant_id = ?", (synced.bench.merchant,))
    who = Who()

    async def identity(_: object) -> Mapping[str, str]:
        return who.says

    monkeypatch.setattr(SandboxSource, "identity", identity)
    return who


@pytest.fixture
def cart(monkeypatch: pytest.MonkeyPatch) -> Who:
    who = Who()

    async def identity(_: object) -> Mapping[str, str]:
        return who.says

    monkeypatch.setattr(SandboxCart, "identity", identity, raising=False)
    return who


def _warehouses(monkeypatch: pytest.MonkeyPatch, refs: Sequence[str]) -> None:
    async def warehouses(_: object) -> Sequence[WarehouseRow]:
        return [WarehouseRow(ref, ref, ref) for ref in refs]

    monkeypatch.setattr(SandboxSource, "warehouses", warehouses)


def _warnings(town: Town, run: int) -> list[str]:
    return [text for text in town.bench.events(run) if "could not be read" in text]


# --- what is asked of another company ------------------------------------------------------------------------------------


async def test_a_company_with_other_warehouses_is_not_asked_for_our_orders(
    synced: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: a pending order, and a WMS of another company that has one of the same name
    with synced.bench.store.transaction() as tx:
        tx.execute('UPDATE source SET options = \'{"orders": "on"}\' WHERE merchant_id = ?', (synced.bench.merchant,))
        tx.execute(
            "INSERT INTO pending_order (cart_id, ref, product_id, location, quantity, taken_at, shop, name, reported_at, "
            "seen_at, until) SELECT ?, 'O-1', min(id), '', 1, 1, 'shop', 'O-1', 1, 1, 9e9 FROM product",
            (synced.cart_id,),
        )
    questions: list[Sequence[str]] = []

    async def known_orders(_: object, names: Sequence[str]) -> Sequence[str]:
        questions.append(names)
        return list(names)

    monkeypatch.setattr(SandboxSource, "known_orders", known_orders)
    _warehouses(monkeypatch, ["foreign-1", "foreign-2"])
    # when
    run = await synced.bench.pull()
    # then
    assert (run.state, "SOURCE_CHANGED" in run.trips) == ("held", True)
    assert questions == []
    assert synced.bench.one("SELECT known_at FROM our_pending_order WHERE ref = 'O-1'") is None


# --- names that are not told each time -----------------------------------------------------------------------------------


async def test_a_name_that_was_not_told_once_is_remembered(synced: Town, source: Who) -> None:
    source.says = {"account": "ours", "id": "1"}
    assert (await synced.bench.pull()).state == "done"
    # when: a permission is removed
    source.says = {"account": "ours"}
    run = await synced.bench.pull()
    # then: the download goes on, and says so
    assert run.state == "done"
    assert len(_warnings(synced, run.id)) == 1
    assert "id" in _warnings(synced, run.id)[0]
    # when: it is back, and it is another one
    source.says = {"account": "ours", "id": "2"}
    run = await synced.bench.pull()
    # then
    assert (run.state, "id 2, 1 before" in run.trips) == ("held", True)


async def test_a_source_that_tells_nothing_more_is_read_with_a_warning_and_not_forgotten(
    synced: Town, source: Who
) -> None:
    source.says = {"id": "1"}
    await synced.bench.pull()
    source.says = {}
    run = await synced.bench.pull()
    assert (run.state, len(_warnings(synced, run.id))) == ("done", 1)
    source.says = {"id": "2"}
    assert (await synced.bench.pull()).state == "held"


async def test_what_another_company_does_not_tell_is_not_remembered_of_the_one_before(
    synced: Town, source: Who
) -> None:
    source.says = {"account": "sandbox", "id": "1"}
    await synced.bench.pull()
    source.says = {"account": "another"}
    run = await synced.bench.pull()
    assert run.state == "held"
    synced.bench.release(run.id)
    await synced.bench.work()
    # then
    run = await synced.bench.pull()
    assert (run.state, _warnings(synced, run.id)) == ("done", [])


async def test_a_cart_that_tells_less_is_written_with_a_warning_and_remembered(synced: Town, cart: Who) -> None:
    cart.says = {"shop": "ours", "id": "1"}
    assert (await synced.bench.push(synced.cart_id)).state == "done"
    cart.says = {"shop": "ours"}
    run = await synced.bench.push(synced.cart_id)
    assert (run.state, len(_warnings(synced, run.id))) == ("done", 1)
    cart.says = {"shop": "ours", "id": "2"}
    run = await synced.bench.push(synced.cart_id, release=False)
    assert (run.state, "CART_CHANGED" in run.trips) == ("held", True)


async def test_a_cart_of_which_nothing_can_be_told_any_more_is_not_written_before_an_operator_accepts_it(
    synced: Town, cart: Who
) -> None:
    # given
    cart.says = {"shop": "ours"}
    assert (await synced.bench.push(synced.cart_id)).state == "done"
    sku = plain(synced)[0]
    synced.wms.set_level(sku, "EAST", 4321)
    await synced.bench.pull()
    written = len(synced.writes())
    # when
    cart.says = {}
    run = await synced.bench.push(synced.cart_id, release=False)
    # then
    assert (run.state, "CART_CHANGED" in run.trips) == ("held", True)
    assert "shop ours" in run.trips
    assert len(synced.writes()) == written
    # when: it is accepted, that is so until the cart tells who it is
    synced.bench.release(run.id)
    await synced.bench.work()
    assert synced.shown()[sku] == synced.stock()[sku]
    run = await synced.bench.push(synced.cart_id, release=False)
    assert (run.state, len(_warnings(synced, run.id))) == ("done", 1)
    # then: who it was is not forgotten
    cart.says = {"shop": "another"}
    run = await synced.bench.push(synced.cart_id, release=False)
    assert (run.state, "shop another, ours before" in run.trips) == ("held", True)
    runs.discard(synced.bench.session(), run.id, "it was the wrong address")
    # when: it is ours after all, and tells nothing once more
    cart.says = {"shop": "ours"}
    run = await synced.bench.push(synced.cart_id, release=False)
    assert run.state == "done"
    cart.says = {}
    assert (await synced.bench.push(synced.cart_id, release=False)).state == "held"


# --- warehouses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refs", "state"),
    [
        (["wh-1", "foreign-2", "foreign-3"], "held"),  # one id is shared by chance
        (["foreign-1"], "held"),
        (["wh-1"], "done"),  # two closed, and none came
        (["wh-1", "wh-2", "new-4"], "done"),  # one closed, and one opened
        (["wh-1", "wh-2", "wh-3", "new-4", "new-5", "new-6"], "done"),
    ],
)
async def test_most_warehouses_gone_and_others_there_is_another_company(
    synced: Town, monkeypatch: pytest.MonkeyPatch, refs: list[str], state: str
) -> None:
    before = synced.bench.store.read("SELECT * FROM our_level ORDER BY 1, 2")

    _warehouses(monkeypatch, refs)
    run = await synced.bench.pull()
    assert (run.state == "held") == (state == "held")  # the sandbox has no levels of those that opened
    if state == "held":
        assert "SOURCE_CHANGED" in run.trips
        assert synced.bench.store.read("SELECT * FROM our_level ORDER BY 1, 2") == before


async def test_other_warehouses_behind_an_empty_answer_are_another_company(
    synced: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are gone after the empty answer, and are what it is known by all the same."""
    _warehouses(monkeypatch, [])
    await synced.bench.pull()
    _warehouses(monkeypatch, ["foreign-1"])
    assert (await synced.bench.pull()).state == "held"


# --- feeds ---------------------------------------------------------------------------------------------------------------


def _identity(url: str, login: str = "", **options: str) -> Mapping[str, str]:
    connection = Connection("Demo", "feed", url, login=login, options=options)
    return identity_of(connection, parse_settings(options))


def test_a_feed_is_known_by_its_place_and_its_files() -> None:
    ours = _identity("sftp://host/acme", "acme", file="stock_*.csv")
    assert ours == {"files": "host/acme/stock_*.csv", "login": "acme"}
    assert ours == _identity("sftp://host:2222/acme/", "acme", file="stock_*.csv", quotes="none")
    assert ours != _identity("sftp://host/zeta", "acme", file="stock_*.csv")
    assert ours != _identity("sftp://host/acme", "zeta", file="stock_*.csv")
    assert ours != _identity("sftp://host/acme", "acme", file="zeta_*.csv")
    assert ours != _identity("sftp://other/acme", "acme", file="stock_*.csv")
    assert _identity("/data/acme.csv") == _identity("file:///data/acme.csv") == {"files": "/data/acme.csv"}


async def test_an_open_feed_tells_it(tmp_path: Path) -> None:
    (tmp_path / "acme.csv").write_text("sku,available\nA,1\n")
    feed = FeedSource(Connection("Demo", "feed", str(tmp_path / "acme.csv"), options={"complete": "any"}, deadline=10))
    await feed.open()
    try:
        assert isinstance(feed, Identified)
        assert await feed.identity() == {"files": str(tmp_path / "acme.csv")}
    finally:
        await feed.close()


async def test_another_shop_is_not_taken_for_what_our_cart_shows_by_a_verification(synced: Town, cart: Who) -> None:
    # given
    cart.says = {"shop": "ours"}
    assert (await synced.bench.push(synced.cart_id)).state == "done"
    before = synced.bench.store.read("SELECT ref, observed FROM our_listing ORDER BY 1")
    # when
    cart.says = {"shop": "another"}
    number = synced.bench.request("radar", synced.cart_id)
    await synced.bench.work()
    # then
    run = synced.bench.run(number)
    assert (run.state, "CART_CHANGED" in run.trips) == ("held", True)
    assert synced.bench.store.read("SELECT ref, observed FROM our_listing ORDER BY 1") == before
    # when: an operator accepts it
    synced.bench.release(number)
    await synced.bench.work()
    # then
    assert synced.bench.run(number).state == "done"
