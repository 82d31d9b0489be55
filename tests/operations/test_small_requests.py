"""What operations answer and write on a store alone: whose rows, which errors, what a broken write leaves."""

from __future__ import annotations

import errno
import sqlite3
from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import CheckStep
from invsync_tui.operations import names, storage
from invsync_tui.operations.connections import connections
from invsync_tui.operations.connections.connections import Step, Target
from invsync_tui.operations.errors import NotFoundError, OperationError, RefusedError
from invsync_tui.operations.listings import drift, links
from invsync_tui.operations.lists import export
from invsync_tui.operations.merchants import overview
from invsync_tui.operations.plans import plans as plan_operations
from invsync_tui.operations.plans.rows import totals
from invsync_tui.operations.runs import history, runs
from invsync_tui.operations.runs.follow import Follower
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings.fields import CART, MERCHANT
from invsync_tui.operations.settings.transaction import saving
from invsync_tui.operations.settings.views import ConnectionSetup
from invsync_tui.rules.safety import Risk
from invsync_tui.store.listings.plans import UNKNOWN, Changes
from tests.support.stores.products_store import Shelf, Thing

NONE = 987_654


def test_the_drift_check_is_asked_of_a_cart_that_is_there(acme: Shelf) -> None:
    with pytest.raises(NotFoundError, match=f"no cart {NONE}"):
        drift.verify(acme.session, NONE)
    (number,) = drift.verify(acme.session, acme.cart).runs
    run = acme.bench.run(number)
    assert (run.kind, run.key, run.merchant_id) == ("radar", acme.cart, acme.merchant)


def test_a_listing_is_not_linked_to_a_product_of_another_merchant(acme: Shelf) -> None:
    acme.list(["A"])
    theirs = acme.bench.one("SELECT min(id) FROM product WHERE merchant_id <> ?", acme.merchant)
    with pytest.raises(NotFoundError, match="has no product"):
        links.link(acme.session, acme.cart, "L-A", int(theirs))
    assert acme.bench.one("SELECT count(*) FROM link WHERE cart_id = ?", acme.cart) == 0


def test_products_with_the_same_sku_are_named_by_number(acme: Shelf) -> None:
    one, two = acme.put([Thing("1", "A"), Thing("2", "A")])
    acme.list(["X"])
    with pytest.raises(OperationError, match=f"numbers {one}, {two}\\."):
        links.link(acme.session, acme.cart, "L-X", "A")


def test_listings_with_the_same_code_are_named_by_their_remote_ids(acme: Shelf) -> None:
    acme.put([Thing("1", "A")])
    acme.list(["X", "Y"])
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE listing SET sku = 'X', key = (SELECT key FROM listing WHERE cart_id = ?1 AND ref = 'L-X') "
                   "WHERE cart_id = ?1", (acme.cart,))  # fmt: skip
    with pytest.raises(OperationError, match="cart listing ID: L-X, L-Y"):
        links.link(acme.session, acme.cart, "X", "A")


def test_a_full_disk_ends_an_export_with_words_and_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[Sequence[export.Cell]]:
        yield ["x"]
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OperationError, match="could not be written: No space left on device"):
        export.write(tmp_path / "half.csv", ["a"], broken(), "csv")
    assert not (tmp_path / "half.csv").exists()


def test_the_totals_of_a_plan_count_each_change_from_what_is_shown_to_what_will_be() -> None:
    before, after = [10, 0, 5, 100, UNKNOWN, 100], [0, 10, 6, 50, 3, 2000]
    changes = Changes(array("q", range(6)), array("q", before), array("q", after))
    found = totals(changes, 10)
    assert (found.to_zero, found.up, found.down, found.unknown) == (1, 3, 2, 1)
    assert found.risks == {Risk.TO_ZERO: 1, Risk.INCREASE: 2, Risk.SMALL: 1, Risk.DECREASE: 1, Risk.LARGE_CHANGE: 1}


def test_a_cart_is_looked_for_among_those_of_the_merchant_that_is_named(acme: Shelf) -> None:
    found = plan_operations.cart_of(acme.session, "Acme Shop", "Acme")
    assert found == names.Named(acme.cart, "Acme Shop", acme.merchant)
    with pytest.raises(NotFoundError, match="no cart 'Acme Shop'"):
        plan_operations.cart_of(acme.session, "Acme Shop", "First Neighbor")


def test_the_skus_of_a_run_that_is_not_there_are_not_an_empty_list(acme: Shelf) -> None:
    with pytest.raises(NotFoundError, match=f"no run {NONE}"):
        history.skus(acme.session, NONE, "UNCHANGED")


def held(acme: Shelf) -> int:
    number = acme.bench.request("push", acme.cart)
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE run SET state = 'held' WHERE id = ?", (number,))
    return number


@pytest.mark.parametrize(("reason", "told"), [("wrong tenant", "wrong tenant"), ("", "no reason given")])
def test_who_discarded_a_run_and_why_stands_among_its_events(acme: Shelf, reason: str, told: str) -> None:
    number = held(acme)
    runs.discard(acme.session, number, reason)
    event = acme.bench.events(number)[-1]
    assert event.startswith("tester ") and told in event


@pytest.mark.parametrize(("groups", "told"), [((), ""), (("zero", "jump"), "zero, jump")])
def test_who_released_a_run_what_of_it_and_why_stands_among_its_events(
    acme: Shelf, groups: tuple[str, ...], told: str
) -> None:
    number = held(acme)
    runs.release(acme.session, number, "counted again", groups)
    event = acme.bench.events(number)[-1]
    assert event.startswith("tester ") and told in event and "counted again" in event
    assert acme.bench.run(number).state == "requested"


def test_who_cancelled_a_run_stands_among_its_events(acme: Shelf) -> None:
    number = acme.bench.request("push", acme.cart)
    runs.cancel(acme.session, number)
    assert acme.bench.events(number)[-1].startswith("tester ")


@pytest.mark.parametrize("decide", [runs.release, runs.discard])
def test_a_secret_in_the_reason_of_a_decision_does_not_stand_among_the_events(
    acme: Shelf, decide: Callable[[Session, int, str], str]
) -> None:
    number = held(acme)
    decide(acme.session, number, "the cart has a new password=Kx7Qm2Vd9Rt now")
    event = acme.bench.events(number)[-1]
    assert "the cart has a new" in event and "Kx7Qm2Vd9Rt" not in event


def test_an_inventory_download_is_released_as_a_whole_only(acme: Shelf) -> None:
    number = acme.bench.request("pull", acme.merchant)
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE run SET state = 'held' WHERE id = ?", (number,))
    with pytest.raises(OperationError):
        runs.release(acme.session, number, "counted again", ["zero"])
    assert acme.bench.run(number).state == "held"
    runs.release(acme.session, number, "counted again")
    assert acme.bench.run(number).state == "requested"


@pytest.mark.parametrize("state", ["requested", "running", "done", "failed", "cancelled"])
def test_only_a_held_run_is_released_or_discarded(acme: Shelf, state: str) -> None:
    number = acme.bench.request("push", acme.cart)
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE run SET state = ? WHERE id = ?", (state, number))
    with pytest.raises(OperationError):
        runs.release(acme.session, number, "counted again")
    with pytest.raises(OperationError):
        runs.discard(acme.session, number, "counted again")
    assert acme.bench.run(number).state == state


def test_a_change_of_settings_keeps_other_writers_out_from_its_first_reading_on(acme: Shelf) -> None:
    with (
        saving(acme.session, "change a setting"),
        closing(sqlite3.connect(acme.bench.store.path, timeout=0)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


def test_a_backup_is_put_back_by_an_admin_only(acme: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "roles.toml"
    monkeypatch.setenv("INVSYNC_CONFIG", str(config))
    monkeypatch.setattr("invsync_tui.operations.session.system_user", lambda _: "ann")
    path, copy = acme.bench.store.path, tmp_path / "copy.db"
    storage.backup(acme.session, copy)
    acme.bench.store.close()
    before = path.read_bytes()
    for text in ('[roles]\noperator = ["ann"]\n', "[roles]\n"):
        config.write_text(text)
        with pytest.raises(RefusedError):
            storage.restore(path, copy, read_only=False, say=lambda _: None)
    with pytest.raises(RefusedError):
        storage.restore(path, copy, read_only=True, say=lambda _: None)
    assert path.read_bytes() == before


def test_a_follower_goes_on_until_the_last_of_its_runs_has_ended(acme: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = acme.bench.request("pull", acme.merchant), acme.bench.request("push", acme.cart)
    monkeypatch.setattr(Follower, "_worker", lambda _: iter(()))

    def end(number: int) -> None:
        with acme.bench.store.transaction() as tx:
            tx.execute("UPDATE run SET state = 'done', ended_at = ? WHERE id = ?", (clock.seconds(), number))

    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        end({1: first, 3: second}.get(len(slept), first))
        follower._looked = -1e9  # it looks again at once
        assert len(slept) < 10

    follower = Follower(acme.session, [first, second], sleep=sleep)
    ended = [event.run.id for event in follower.events() if event.change == "ended"]
    assert ended == [first, second]


def test_a_switch_that_is_off_is_told_first_and_then_how_to_turn_it_on(acme: Shelf) -> None:
    acme.bench.set_merchant(inventory_sync=False)
    (line,) = [merchant for merchant in overview.overview(acme.session).merchants if merchant.id == acme.merchant]
    (problem,) = [problem for problem in line.problems if "invsync merchants set Acme --sync on" in problem.advice]
    assert "Synchronization With WMS - Inventory" in problem.text


def test_the_label_of_a_period_is_not_its_help() -> None:
    for table in (MERCHANT, CART):
        (every,) = [one for one in table if one.name == "every"]
        assert every.label.endswith(" every")
        assert "off" in every.help and "off" in every.option_help
        assert (every.column, every.table, every.optional) == ("every", "schedule", True)


@pytest.mark.parametrize(
    ("proxy", "told"), [("", []), ("http://user:hunter22@proxy.test:3128", ["Reached through the proxy "])]
)
async def test_a_test_of_a_connection_says_through_which_proxy_it_goes(
    proxy: str, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    if proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)

    class Silent:
        async def check(self):  # type: ignore[no-untyped-def]
            for one in ():
                yield one

        async def close(self) -> None:
            """Nothing is open."""

    monkeypatch.setattr(connections, "connector_of", lambda _: Silent())
    setup = ConnectionSetup("sandbox", "https://cart.test", "", "", {}, 5, "")
    steps: list[Step] = [step async for step in connections.test(Target("cart", 1, "Shop", setup))]
    assert len(steps) == len(told)
    for step, start in zip(steps, told, strict=True):
        assert step.detail.startswith(start)
        assert "proxy.test:3128" in step.detail
        assert "hunter22" not in step.detail


@pytest.mark.parametrize(
    ("oks", "most", "names"),
    [
        ((True, True), 40, ["one", "two", "batch size"]),
        ((True, True), None, ["one", "two"]),
        ((True, False), 40, ["one", "two"]),
        ((False, True), 40, ["one", "two"]),
    ],
)
async def test_what_a_request_may_hold_is_told_where_nothing_failed(
    oks: tuple[bool, bool], most: int | None, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Steps:
        async def check(self):  # type: ignore[no-untyped-def]
            for name, ok in zip(("one", "two"), oks, strict=True):
                yield CheckStep(name, ok, "said", "" if ok else "do this")

        async def close(self) -> None:
            """Nothing is open."""

    monkeypatch.setattr(connections, "connector_of", lambda _: Steps())
    setup = ConnectionSetup("sandbox", "http://127.0.0.1:9", "", "", {}, 5, "")
    target = Target("cart", 1, "Shop", setup, batch_most=most)
    steps: list[Step] = [step async for step in connections.test(target)]
    assert [step.name for step in steps] == names
    assert most is None or "batch size" not in names or steps[-1].detail.startswith("Takes 40 listings in one request")
