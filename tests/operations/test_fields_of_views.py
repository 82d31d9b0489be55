"""Records for front ends are made of rows field by field: with another value in each column, each arrives where it belongs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from invsync_tui.operations.catalog import stock
from invsync_tui.operations.errors import NotFoundError
from invsync_tui.operations.lists.list_views import AliasTypeLine, Choice, WarehouseLine
from invsync_tui.operations.runs import changes, runs
from invsync_tui.operations.runs import views as run_views
from invsync_tui.operations.service import workers
from invsync_tui.operations.settings import choices
from invsync_tui.operations.settings import views as settings_views
from invsync_tui.operations.views import Decision, PhaseState, PhaseView, RunKind, RunRow, RunState, Stall, WorkerView
from invsync_tui.rules.outcomes import Counts
from invsync_tui.rules.worker_health import Process, WorkerState
from invsync_tui.store.listings.push_batches import Item
from invsync_tui.store.paging.sent_rows import SentRow
from invsync_tui.store.paging.stock import WarehouseRow
from invsync_tui.store.runs.records import RunRow as StoredRun
from invsync_tui.store.runs.workers import WorkerRow
from invsync_tui.sync import uptime
from tests.support.stores.products_store import Shelf

NOW = 1_760_100_000

CONNECTION = {
    "system": "sandbox", "url": "https://two.test", "login": "me", "secret": "env:A", "options": '{"location": "Hall"}',
    "deadline_ms": 30_000, "last_error": "refused", "secrets": "{}",
}  # fmt: skip

SETUP = settings_views.ConnectionSetup(
    system="sandbox", url="https://two.test", login="me", secret="env:A", options={"location": "Hall"}, deadline=30.0,
    last_error="refused", secrets={},
)  # fmt: skip

# --- settings --------------------------------------------------------------------------------------------------------

MERCHANT = {
    "sync": "inventory_sync", "every": "every", "full-every": "full_every", "orders-within": "orders_within",
    "stale-after": "stale_after", "url": "url", "login": "login", "secret": "secret", "deadline": "deadline_ms",
    "options": "options", "name": "name",
}  # fmt: skip
CART = {
    "upload": "upload_enabled", "every": "every", "minimum": "cutoff_below", "buffer": "buffer", "share": "share_percent",
    "max": "max_quantity", "end-at": "end_at_or_below", "units-per-listing": "units_per_listing",
    "inactive-products": "inactive_products", "stale-after": "stale_after", "zero-count": "zero_count",
    "zero-percent": "zero_percent", "shrink-percent": "shrink_percent", "large-change-factor": "jump_factor",
    "large-change-count": "jump_count", "large-change-percent": "jump_percent", "correct-drift": "heal", "url": "url",
    "login": "login", "secret": "secret", "deadline": "deadline_ms", "options": "options", "name": "name",
}  # fmt: skip


def row_of(columns: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """A row in which each column has a value of its own."""
    return {column: f"what {column} says" for column in columns.values()} | CONNECTION | more


def merchant_row(**changed: Any) -> dict[str, Any]:
    return row_of(MERCHANT, id=4, name="Acme", every=900, next_at=NOW, inventory_sync=1) | changed


def test_a_merchant_is_what_its_columns_say() -> None:
    row = merchant_row()
    made = settings_views._merchant(row, True)
    assert (made.id, made.name, made.every, made.next_run_at) == (4, "Acme", 900, NOW)
    assert dict(made.values) == {name: row[column] for name, column in MERCHANT.items()}
    assert made.source == SETUP


@pytest.mark.parametrize(
    ("keeps", "sync", "due"), [(True, 1, NOW), (False, 1, None), (True, 0, None), (False, 0, None)]
)
def test_a_time_is_given_where_a_service_keeps_the_schedule_of_what_is_on(keeps: bool, sync: int, due: Any) -> None:
    made = settings_views._merchant(merchant_row(inventory_sync=sync), keeps)
    assert (made.next_run_at, made.sync_on) == (due, bool(sync))
    cart = settings_views._cart(cart_row(upload_enabled=sync), (), NO_PUSHES, keeps, False)
    assert (cart.next_run_at, cart.upload_on) == (due, bool(sync))


def test_a_merchant_without_a_connection_has_none() -> None:
    nothing = dict.fromkeys(CONNECTION)
    assert settings_views._merchant(merchant_row(**nothing), True).source is None


def test_merchants_with_their_settings(acme: Shelf) -> None:
    acme.bench.set_merchant(stale_after=7200)
    found = {merchant.id: merchant for merchant in settings_views.merchants(acme.session)}
    assert (found[acme.merchant].name, found[acme.merchant].values["stale-after"]) == ("Acme", 7200)
    assert len(found) > 1
    assert [merchant.name for merchant in found.values()] == sorted(merchant.name for merchant in found.values())


NO_PUSHES = settings_views._Pushes(None, None, None)


def cart_row(**changed: Any) -> dict[str, Any]:
    given = {
        "id": 6, "merchant_id": 4, "merchant": "Acme", "name": "Shop", "every": 900, "next_at": NOW, "upload_enabled": 1,
        "combine_all": 0, "inventory_sync": 1, "alias": "EAN", "push_kind": 3, "of_cart": 5,
    }  # fmt: skip
    return row_of(CART, **given) | changed


@pytest.mark.parametrize(("changed", "warehouses", "alias"), [
    ({}, ("A", "B"), "EAN"), ({"combine_all": 1}, (), "EAN"), ({"alias": None}, ("A", "B"), "type 3"),
    ({"alias": None, "push_kind": 0}, ("A", "B"), "SKU"), ({"alias": "", "push_kind": 7}, ("A", "B"), "type 7"),
])  # fmt: skip
def test_a_cart_is_what_its_columns_say(changed: dict[str, Any], warehouses: tuple[str, ...], alias: str) -> None:
    row, newest = cart_row(**changed), run_views.view(stored())
    made = settings_views._cart(row, ("A", "B"), NO_PUSHES._replace(newest=newest), True, True)
    assert (made.id, made.merchant_id, made.merchant, made.name) == (6, 4, "Acme", "Shop")
    assert (made.every, made.next_run_at, made.last_run, made.of_cart, made.several) == (900, NOW, newest, 5, True)
    assert (made.warehouses, made.alias) == (warehouses, alias)
    assert made.connection == SETUP
    expected = {name: row[column] for name, column in CART.items()} | {"warehouses": warehouses, "alias": alias}
    assert dict(made.values) == expected
    assert made.location == "Hall"
    assert settings_views._cart(row, (), NO_PUSHES, True, False).location == ""


def test_carts_with_their_warehouses_their_newest_push_and_their_locations(acme: Shelf) -> None:
    other, further = acme.another_cart("Outlet"), acme.another_cart("Shop at the harbor")
    acme.bench.set_cart(other, [acme.east], combine_all=False)
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE cart SET of_cart = ? WHERE id = ?", (acme.cart, further))
        tx.execute("UPDATE warehouse SET code = 'HARBOR' WHERE id = ?", (acme.east,))
    first, last = acme.bench.request("push", other), acme.bench.request("pull", acme.merchant)
    found = {cart.id: cart for cart in settings_views.carts(acme.session, acme.merchant)}
    assert list(found) == [acme.cart, other, further]
    assert {number: cart.warehouses for number, cart in found.items()} == {
        acme.cart: (),
        other: ("HARBOR",),
        further: (),
    }
    assert {number: cart.several for number, cart in found.items()} == {acme.cart: True, other: False, further: True}
    assert {number: cart.last_run and cart.last_run.id for number, cart in found.items()} == {
        acme.cart: None, other: first, further: None,
    }  # fmt: skip
    assert last != first
    everybody = [cart.id for cart in settings_views.carts(acme.session)]
    assert set(found) < set(everybody) and len(everybody) == len(set(everybody))


# --- choices ---------------------------------------------------------------------------------------------------------


def place(number: int, code: str, name: str = "") -> WarehouseLine:
    return WarehouseLine(
        id=number, merchant_id=1, code=code, name=name or code, enabled=True, products=number, last_full_at=9,
        confirmed_at=9, vanished_at=None, stale=False, carts=(),
    )  # fmt: skip


def test_warehouses_are_chosen_by_code_or_by_number_where_the_code_names_none() -> None:
    setting, offered = choices.warehouses(
        [place(2, "A"), place(3, "B"), place(4, "B"), place(5, "C,D"), place(6, ""), place(7, "Z", "Zoo")]
    )
    assert offered == (
        Choice("A", "A", "2 products"), Choice("#3", "B", "3 products"), Choice("#4", "B", "4 products"),
        Choice("#5", "C,D", "5 products"), Choice("#6", "", "6 products"), Choice("Z", "Z", "Zoo, 7 products"),
    )  # fmt: skip
    assert setting.value.read("warehouses", " Z , #3,,A,Z") == [2, 3, 7]
    assert setting.value.read("warehouses", "") == []
    assert setting.value.show([2, "3", 99]) == "A,#3,number 99"


@pytest.mark.parametrize(("places", "words"), [
    ([place(2, "A"), place(3, "C")], "no warehouse 'B' has been loaded; known: A, C."),
    ([], "no warehouse 'B' has been loaded; known: none yet."),
])  # fmt: skip
def test_an_unknown_warehouse_is_told_with_those_that_there_are(places: list[WarehouseLine], words: str) -> None:
    setting, _ = choices.warehouses(places)
    with pytest.raises(Exception, match=words):
        setting.value.read("warehouses", "A,B" if places else "B")


def alias_type(kind: int, name: str, products: int, missing: int, collisions: int) -> AliasTypeLine:
    return AliasTypeLine(kind, name, products, missing, collisions, ())


def test_alias_types_are_offered_with_what_they_are_worth() -> None:
    setting, offered = choices.alias(
        [
            alias_type(0, "SKU", 5, 0, 0), alias_type(3, "EAN", 1, 1, 1), alias_type(4, "UPC", 0, 2, 0),
            alias_type(8, "MPN", 4, 0, 2),
        ]
    )  # fmt: skip
    assert offered == (
        Choice("SKU", "SKU", "5 products"), Choice("EAN", "EAN", "1 product, 1 lacks it, 1 code collides"),
        Choice("UPC", "UPC", "0 products, 2 lack it"), Choice("MPN", "MPN", "4 products, 2 codes collide"),
    )  # fmt: skip
    assert [setting.value.read("alias", text) for text in ("ean", "MPN", "ASIN")] == [3, 8, choices.NEW]
    assert [setting.value.show(kind) for kind in (3, "4", 9)] == ["EAN", "UPC", "type 9"]
    with pytest.raises(Exception, match="alias"):
        setting.value.read("alias", "nothing of the kind")


def test_warehouses_of_a_cart_are_named_by_code_or_by_reference_where_two_share_it(
    acme: Shelf,
) -> None:
    with acme.bench.store.transaction() as tx:
        for ref in ("x1", "x2"):
            tx.execute(
                "INSERT INTO warehouse (merchant_id, ref, code, name) VALUES (?, ?, 'X', '')", (acme.merchant, ref)
            )
        twins = [
            row[0]
            for row in tx.execute("SELECT id FROM warehouse WHERE merchant_id = ? AND code = 'X'", (acme.merchant,))
        ]
    assert choices.references(acme.session, acme.merchant, [acme.east, *twins]) == ["EAST", "x1", "x2"]
    assert choices.references(acme.session, acme.merchant, twins[1:]) == ["x2"]
    assert choices.references(acme.session, acme.merchant, []) == []


# --- runs ------------------------------------------------------------------------------------------------------------


def stored(**changed: Any) -> StoredRun:
    """A run under way with another value in each column."""
    given: dict[str, Any] = {
        "id": 7, "kind": "push", "key": 6, "merchant_id": 4, "state": "running", "trigger": "schedule",
        "requested_by": "ann", "requested_at": 101, "after_run": 1, "full": 0, "again": 0, "cancel_requested": 0,
        "epoch": 2, "started_at": 102, "ended_at": 109, "heartbeat_at": 105, "phase": "send", "done": 11, "total": 12,
        "phases": "[]", "counts": '{"set": 3, "held": 2}', "reasons": "{}", "rate": "", "trips": "[]", "released": "",
        "plan_seq": 13, "error": "broken", "rev": 14, "groups": "", "plan_id": 15, "then_push": 0, "after_again": 0,
        "again_for": "", "not_before": 16, "merchant": "Acme", "cart": "Shop", "of_cart": None,
    }  # fmt: skip
    return StoredRun(**(given | changed))


def test_a_run_is_what_its_columns_say() -> None:
    stall = Stall("gone", 5, "It is gone.", "Start one.")
    assert run_views.view(stored(), stall) == RunRow(
        id=7, kind=RunKind.PUSH, merchant_id=4, merchant="Acme", cart_id=6, cart="Shop", state=RunState.RUNNING,
        trigger="schedule", requested_by="ann", requested_at=101, started_at=102, ended_at=109, phase="send", done=11,
        total=12, counts=Counts(set=3, held=2), error="broken", stall=stall, decision=None,
    )  # fmt: skip
    download = run_views.view(stored(kind="pull", key=4, cart=None))
    assert (download.kind, download.cart_id, download.cart, download.stall) == (RunKind.PULL, None, None, None)
    assert run_views.view(stored(kind="radar")).cart_id == 6


TRIPPED = '[{"text": "too many"}]'


@pytest.mark.parametrize(("changed", "decision"), [
    ({"state": "cancelled", "trips": TRIPPED}, Decision.DISCARDED),
    ({"state": "cancelled", "trips": TRIPPED, "started_at": 0}, Decision.DISCARDED),
    ({"state": "cancelled", "trips": TRIPPED, "started_at": None}, None),
    ({"state": "cancelled"}, None),
    ({"state": "held", "trips": TRIPPED}, None),
    ({"state": "done", "groups": '["zero"]'}, Decision.PARTLY_RELEASED),
    ({"state": "done", "groups": '["zero"]', "counts": '{"set": 3}'}, None),
    ({"state": "done"}, None),
    ({"state": "failed", "groups": '["zero"]'}, None),
])  # fmt: skip
def test_what_was_decided_on_a_run(changed: dict[str, Any], decision: Decision | None) -> None:
    assert run_views.view(stored(**changed)).decision is decision


def test_a_run_is_found_by_its_number(acme: Shelf) -> None:
    number = acme.bench.request("push", acme.cart)
    acme.bench.request("pull", acme.merchant)
    found = run_views.find(acme.session, number)
    assert (found.id, found.kind, found.key, found.merchant, found.cart) == (
        number,
        "push",
        acme.cart,
        "Acme",
        "Acme Shop",
    )
    with pytest.raises(NotFoundError, match=r"There is no run 9999\. List them with: invsync runs\."):
        run_views.find(acme.session, 9999)


def phase(state: PhaseState, done: int, total: int | None, took: float | None) -> PhaseView:
    return PhaseView("send", state, done, total, 1.0, None, took)


@pytest.mark.parametrize(("found", "rate", "left"), [
    (phase(PhaseState.RUNNING, 30, 90, 2.0), 15.0, 4), (phase(PhaseState.RUNNING, 30, 90, 1.0), 30.0, 2),
    (phase(PhaseState.RUNNING, 30, 90, 0.99), None, None), (phase(PhaseState.RUNNING, 30, None, 2.0), 15.0, None),
    (phase(PhaseState.RUNNING, 0, 90, 2.0), None, None), (phase(PhaseState.RUNNING, 30, 90, None), None, None),
    (phase(PhaseState.RUNNING, 95, 90, 2.0), 47.5, 0), (phase(PhaseState.DONE, 30, 90, 2.0), None, None),
])  # fmt: skip
def test_how_fast_a_phase_goes_and_how_long_it_takes(found: PhaseView, rate: float | None, left: int | None) -> None:
    before = phase(PhaseState.DONE, 1000, 1000, 1.0)
    assert runs._rate([before, found]) == rate
    assert runs._eta([before, found], rate) == left


# --- rows that were sent ---------------------------------------------------------------------------------------------


def item(**changed: Any) -> Item:
    return Item(21, "L-21", desired=5, target=7, before=9)._replace(**changed)


def sent(of: Item | None = None, **changed: Any) -> SentRow:
    given: dict[str, Any] = {
        "batch": 1, "n": 2, "state": "answered", "item": of or item(), "sku": "SKU-1", "name": "Lamp", "product_id": 31,
        "product_sku": "P-1", "decided_by": 8, "outcome": "failed", "reason": None, "error": "no", "acked": 5,
        "confirmed": False,
    }  # fmt: skip
    return SentRow(**(given | changed))


def test_a_row_that_was_sent_is_what_its_columns_say() -> None:
    assert changes._line(sent(), "failed", 8) == changes.ChangeLine(
        batch=1, n=2, listing_id=21, cart_listing_id="L-21", sku="SKU-1", name="Lamp", product_id=31, product_sku="P-1",
        before=7, set_to=5, change=-2, cart_before=9, cart_set_to=7, result="failed", reason=None, error="no",
    )  # fmt: skip


@pytest.mark.parametrize(("row", "result", "run", "expected"), [
    (sent(sku=None, name=None), "failed", 8, ("L-21", "", "no", 7, -2)),
    (sent(error=None), "failed", 8, ("SKU-1", "Lamp", "", 7, -2)),
    (sent(), "failed", 9, ("SKU-1", "Lamp", "", 7, -2)), (sent(), "set", 8, ("SKU-1", "Lamp", "", 7, -2)),
    (sent(item(before=None)), "failed", 8, ("SKU-1", "Lamp", "no", None, None)),
    (sent(item(before=1)), "failed", 8, ("SKU-1", "Lamp", "no", 0, 5)),
])  # fmt: skip
def test_what_is_told_of_a_row_that_was_sent(row: SentRow, result: str, run: int, expected: tuple[Any, ...]) -> None:
    made = changes._line(row, result, run)
    assert (made.sku, made.name, made.error, made.before, made.change) == expected


@pytest.mark.parametrize(("changed", "result"), [
    ({"state": "intent", "confirmed": True}, "in_doubt"), ({"state": "in_doubt", "confirmed": True}, "in_doubt"),
    ({"state": "submitted", "confirmed": True}, "submitted"), ({}, "failed"), ({"confirmed": True}, "failed"),
    ({"decided_by": 9}, "sent"), ({"decided_by": 9, "confirmed": True}, "set"), ({"outcome": "set"}, "set"),
    ({"outcome": "set", "acked": 6}, "sent"), ({"outcome": "set", "decided_by": 9}, "sent"),
    ({"outcome": "equal"}, "sent"),
])  # fmt: skip
def test_what_became_of_a_row_that_was_sent(changed: dict[str, Any], result: str) -> None:
    assert changes._result(sent(**changed), 8) == result


def test_rows_stand_by_batch_and_place() -> None:
    assert changes._place(changes._line(sent(), "set", 8)) == (1, 2)


# --- warehouses and workers ------------------------------------------------------------------------------------------


def warehouse(**changed: Any) -> WarehouseRow:
    given: dict[str, Any] = {
        "id": 2, "merchant_id": 4, "code": "EAST", "name": "East", "enabled": 1, "products": 3, "last_full_at": NOW - 9,
        "confirmed_at": NOW - 100, "vanished_at": None, "stale_after": 100, "gone_why": "",
    }  # fmt: skip
    return WarehouseRow(**(given | changed))


def test_a_warehouse_is_what_its_columns_say() -> None:
    row = warehouse(vanished_at=NOW - 5, gone_why="denied", enabled=0)
    assert stock._warehouse(row, ("Shop",), NOW) == WarehouseLine(
        id=2, merchant_id=4, code="EAST", name="East", enabled=False, products=3, last_full_at=NOW - 9,
        confirmed_at=NOW - 100, vanished_at=NOW - 5, stale=False, carts=("Shop",), gone_why="denied",
    )  # fmt: skip


@pytest.mark.parametrize(("changed", "stale", "state"), [
    ({}, False, "fresh"), ({"confirmed_at": NOW - 101}, True, "stale"), ({"confirmed_at": None}, True, "stale"),
    ({"confirmed_at": None, "products": 0}, False, "fresh"), ({"confirmed_at": 0, "stale_after": None}, False, "fresh"),
    ({"confirmed_at": 0, "enabled": 0}, False, "disabled"), ({"vanished_at": 5}, False, "vanished"),
    ({"vanished_at": 5, "gone_why": "denied"}, False, "denied"),
    ({"confirmed_at": 0, "gone_why": "denied"}, True, "denied"),
    ({"confirmed_at": 0, "vanished_at": 5}, True, "vanished"),
])  # fmt: skip
def test_the_state_of_a_warehouse(changed: dict[str, Any], stale: bool, state: str) -> None:
    made = stock._warehouse(warehouse(**changed), (), NOW)
    assert (made.stale, made.state) == (stale, state)


@pytest.fixture
def boot(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine: host-1, boot b1, up for 1000 seconds; process 7 runs if it was there that long."""
    monkeypatch.setattr("socket.gethostname", lambda: "host-1")
    monkeypatch.setattr(uptime, "boot_id", lambda: "b1")
    monkeypatch.setattr(uptime, "uptime", lambda: 1000)
    monkeypatch.setattr(uptime, "process", lambda pid, since: Process.RUNNING if pid == 7 else since)


def entered(**changed: Any) -> WorkerRow:
    given: dict[str, Any] = {
        "id": "w1", "kind": "serve", "pid": 7, "host": "host-1", "started_at": NOW - 500, "heartbeat_at": NOW - 400,
        "boot": "b1", "uptime": 980,
    }  # fmt: skip
    return WorkerRow(**(given | changed))


@pytest.mark.usefixtures("boot")
def test_a_worker_is_what_its_columns_say() -> None:
    made = workers._view(entered(), NOW)
    expected = WorkerView(
        id="w1", kind="serve", pid=7, host="host-1", here=True, started_at=NOW - 500, heartbeat_at=NOW - 400,
        state=WorkerState.RESPONDING, silent_for=20, text="", advice="",
    )  # fmt: skip
    assert made == expected
    gone = workers._gone_now(made)
    assert (gone.state, gone.text, gone.advice) == (WorkerState.GONE, "service (process 7) is gone", workers.START)
    assert gone == replace(expected, state=WorkerState.GONE, text=gone.text, advice=gone.advice)


@pytest.mark.usefixtures("boot")
@pytest.mark.parametrize(("changed", "here", "state", "silent"), [
    ({}, True, WorkerState.RESPONDING, 20), ({"uptime": 955}, True, WorkerState.NOT_RESPONDING, 45),
    ({"uptime": 956}, True, WorkerState.RESPONDING, 44), ({"boot": "b0"}, True, WorkerState.GONE, 400),
    ({"boot": ""}, True, WorkerState.NOT_RESPONDING, 400),
    ({"boot": "", "heartbeat_at": NOW + 31}, True, WorkerState.RESPONDING, None),
    ({"boot": "", "heartbeat_at": NOW}, True, WorkerState.RESPONDING, 0),
    ({"host": "host-2", "boot": "b9"}, False, WorkerState.NOT_RESPONDING, 400),
    ({"host": "host-2", "boot": "b9", "heartbeat_at": NOW - 5}, False, WorkerState.RESPONDING, 5),
    ({"host": "host-2", "boot": "b9", "heartbeat_at": NOW + 31}, False, WorkerState.UNKNOWN, None),
    ({"host": "host-2", "boot": "b1"}, False, WorkerState.RESPONDING, 20),
])  # fmt: skip
def test_a_worker_is_judged_by_the_clock_that_both_share(
    changed: dict[str, Any], here: bool, state: WorkerState, silent: int | None
) -> None:
    made = workers._view(entered(**changed), NOW)
    assert (made.here, made.state, made.silent_for) == (here, state, silent)


@pytest.mark.usefixtures("boot")
def test_a_process_of_the_same_boot_is_told_by_when_it_was_there() -> None:
    asked: Any = workers._process(entered(pid=8), True, "b1", True)
    assert asked == 980
    assert workers._process(entered(pid=8), True, "", False) is None
    assert workers._process(entered(pid=8, boot=""), True, "b1", False) is None
    assert workers._process(entered(pid=8, boot="b0"), True, "b1", False) is Process.GONE
    assert workers._process(entered(pid=8), False, "b1", True) is Process.ELSEWHERE


# --- runs whose worker is not well -----------------------------------------------------------------------------------


def health(state: WorkerState, here: bool = False, silent: int | None = 60) -> workers.Health:
    view = WorkerView("w1", "serve", 7, "host-2", here, 1, 1, state, silent, "service is away", "mend it")
    other = WorkerView("w2", "serve", 8, "host-2", here, 1, 1, WorkerState.NOT_RESPONDING, 9, "other", "leave it")
    service: Any = SimpleNamespace(workers=(other, view), works=False, state=None, advice="")
    session: Any = SimpleNamespace(path="store")
    return workers.Health(session, NOW, service, {"push:6": "w1", "push:5": "w2"})


@pytest.mark.parametrize(("silent", "since"), [(60, NOW - 60), (0, NOW), (None, None)])
def test_a_run_stalls_with_the_worker_that_holds_it(silent: int | None, since: int | None) -> None:
    stall = health(WorkerState.NOT_RESPONDING, silent=silent).stall(stored())
    assert stall == Stall("not_responding", since, "Service is away; nothing of this run moves.", "mend it")


def test_runs_that_are_not_under_way_do_not_stall() -> None:
    found = health(WorkerState.NOT_RESPONDING)
    rows = [stored(id=n, state=state) for n, state in enumerate(("requested", "held", "done", "running", "cancelling"))]
    assert list(found.stalls(rows)) == [3, 4]


@pytest.mark.usefixtures("boot")
@pytest.mark.parametrize(("alive", "states"), [
    (True, {"here": "responding", "there": "responding", "former": "gone"}),
    (False, {"here": "gone", "there": "responding", "former": "gone"}),
])  # fmt: skip
def test_whoever_was_here_is_gone_where_nobody_holds_the_lock_of_this_machine(
    acme: Shelf, monkeypatch: pytest.MonkeyPatch, alive: bool, states: dict[str, str]
) -> None:
    listed = [
        entered(id="here"), entered(id="there", host="host-2", boot="b9", heartbeat_at=NOW),
        entered(id="former", pid=9, boot="b0"),
    ]  # fmt: skip
    monkeypatch.setattr("invsync_tui.store.runs.workers.listed", lambda cx: listed)
    monkeypatch.setattr("invsync_tui.store.runs.workers.holders", lambda cx: {"push:6": "here"})
    monkeypatch.setattr(workers, "worker_alive", lambda path: alive)
    monkeypatch.setattr("invsync_tui.clock.seconds", lambda: NOW)
    with acme.bench.store.reading() as cx:
        found = workers.load(acme.session, cx)
        assert {worker.id: worker.state.value for worker in found.service.workers} == states
        assert (found.now, found.holders, found.session) == (NOW, {"push:6": "here"}, acme.session)
        rows = [stored(state=state) for state in ("requested", "done", "held")]
        monkeypatch.setattr(workers, "load", lambda session, cx: SimpleNamespace(stalls=lambda rows: rows))
        assert workers.stalls(acme.session, cx, rows) == {}
        under_way: Any = workers.stalls(acme.session, cx, [*rows, stored(state="cancelling")])
        assert len(under_way) == 4
