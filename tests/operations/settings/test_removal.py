"""Removing a merchant or a cart: what is said beforehand, what is refused, what is left."""

from __future__ import annotations

import json
from typing import Any

import pytest

from invsync_tui.operations import names
from invsync_tui.operations.errors import InvalidError, NotFoundError, OperationError, RefusedError
from invsync_tui.operations.roles import Role
from invsync_tui.operations.settings import carts, merchants, removal
from invsync_tui.store import removal as stored_removal
from invsync_tui.store.retention import Limits
from invsync_tui.store.runs import runs
from invsync_tui.sync import connections
from invsync_tui.sync.maintenance import Upkeep
from invsync_tui.sync.runs import leases
from tests.support.stores.products_store import Shelf, Thing


def subject(acme: Shelf) -> str:
    return f"cart:{acme.cart}"


def filled(acme: Shelf) -> None:
    """Two products, three listings, an order and a run."""
    acme.put([Thing("a", "A"), Thing("b", "B")])
    acme.list(["A", "B", "C"], shown=3)
    with acme.bench.store.transaction() as tx:
        product = tx.execute("SELECT id FROM product WHERE merchant_id = ?", (acme.merchant,)).fetchone()[0]
        tx.execute(
            "INSERT INTO pending_order (cart_id, ref, product_id, location, quantity, taken_at) VALUES (?, 'O', ?, '', 2, 1)",
            (acme.cart, product),
        )
    ended(acme, acme.bench.request("push", acme.cart))


def ended(acme: Shelf, run_id: int, state: str = "done") -> None:
    with acme.bench.store.transaction() as tx:
        runs.finish(tx, run_id, state, "", 5)


def clear(acme: Shelf) -> None:
    while removal.clear(acme.session, 0.2) is not None:
        pass


def ours(acme: Shelf, table: str) -> int:
    return int(acme.bench.store.one(f"SELECT count(*) FROM our_{table}")[0])


def audit(acme: Shelf, action: str) -> list[dict[str, Any]]:
    rows = acme.bench.store.read(
        "SELECT subject, before, after, who, reason FROM our_audit WHERE action = ?", (action,)
    )
    return [
        {"subject": row[0], "before": json.loads(row[1]), "after": json.loads(row[2]), "who": row[3], "reason": row[4]}
        for row in rows
    ]


def test_it_is_said_beforehand_what_goes_with_a_cart(acme: Shelf) -> None:
    filled(acme)
    going = removal.contents(acme.session, subject(acme))
    assert (going.kind, going.merchant, going.under_way, going.locations) == ("cart", "Acme", (), ())
    assert going.goes[0] == "3 listings, with exclusions, locks and overrides"
    assert "1 run" in going.goes
    assert going.goes[-1].startswith("1 pending order: other carts may sell")
    assert "keeps the quantities" in going.stays and "audit is kept" in going.stays


def test_it_is_said_beforehand_what_goes_with_a_merchant(acme: Shelf) -> None:
    filled(acme)
    going = removal.contents(acme.session, f"merchant:{acme.merchant}")
    name = carts.details(acme.session, acme.cart).name
    assert going.goes[:2] == (f"1 cart: {name}", "2 products, 2 warehouses")
    assert "3 listings, with exclusions, locks and overrides" in going.goes
    assert going.carts == (name,)


def test_a_cart_is_gone_at_once_and_its_rows_soon(acme: Shelf) -> None:
    filled(acme)
    name = carts.details(acme.session, acme.cart).name
    done = removal.remove(acme.session, subject(acme), name, reason="moved")
    assert done.message == f"Cart {name!r} is removed."
    with pytest.raises(NotFoundError):
        names.cart(acme.session, name)
    assert ours(acme, "listing") == 3
    clear(acme)
    for table in ("listing", "cart", "run", "pending_order", "cart_warehouse"):
        assert ours(acme, table) == 0, table
    kept = "SELECT 1 FROM census WHERE subject = 'listings' AND owner = ?"
    assert acme.bench.store.one(kept, (acme.cart,)) is None
    assert ours(acme, "product") == 2  # the merchant's


def test_the_audit_says_who_removed_what_and_why(acme: Shelf) -> None:
    filled(acme)
    setup = carts.details(acme.session, acme.cart)
    removal.remove(acme.session, subject(acme), setup.name, reason="moved")
    (entry,) = audit(acme, "cart remove")
    assert (entry["subject"], entry["who"], entry["reason"]) == (subject(acme), acme.session.operator, "moved")
    assert (entry["before"]["name"], entry["before"]["url"]) == (setup.name, setup.connection.url)
    assert entry["after"]["listings"] == 3


def test_a_merchant_goes_with_its_carts(acme: Shelf) -> None:
    filled(acme)
    removal.remove(acme.session, f"merchant:{acme.merchant}", "Acme")
    assert [entry["subject"] for entry in audit(acme, "merchant remove")] == [f"merchant:{acme.merchant}"]
    assert [entry["subject"] for entry in audit(acme, "cart remove")] == [subject(acme)]
    clear(acme)
    for table in (
        "merchant",
        "source",
        "warehouse",
        "product",
        "level",
        "cart",
        "listing",
        "run",
        "alias_type",
        "schedule",
    ):
        assert ours(acme, table) == 0, table


def test_another_name_removes_nothing(acme: Shelf) -> None:
    before = acme.bench.store.read("SELECT * FROM cart")
    for typed in ("", "acme", str(acme.cart)):
        with pytest.raises(InvalidError, match="is not the name"):
            removal.remove(acme.session, subject(acme), typed)
    assert acme.bench.store.read("SELECT * FROM cart") == before


@pytest.mark.parametrize("state", ["requested", "running", "cancelling"])
@pytest.mark.parametrize("whole", [False, True])
def test_nothing_is_removed_while_a_run_is_under_way(acme: Shelf, state: str, whole: bool) -> None:
    run_id = acme.bench.request("push", acme.cart)
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE run SET state = ? WHERE id = ?", (state, run_id))
    what = f"merchant:{acme.merchant}" if whole else subject(acme)
    going = removal.contents(acme.session, what)
    assert going.under_way == (run_id,)
    with pytest.raises(OperationError, match=f"run {run_id} is requested or under way.*invsync cancel {run_id}"):
        removal.remove(acme.session, what, going.name)
    assert ours(acme, "cart") == 1 and ours(acme, "merchant") == 1
    assert not audit(acme, "cart remove")


def test_a_download_of_its_merchant_does_not_keep_a_cart(acme: Shelf) -> None:
    acme.bench.request("pull", acme.merchant)
    name = carts.details(acme.session, acme.cart).name
    removal.remove(acme.session, subject(acme), name)
    assert ours(acme, "cart") == 0


def test_a_run_that_is_held_goes_too_and_that_is_said(acme: Shelf) -> None:
    run_id = acme.bench.request("push", acme.cart)
    with acme.bench.store.transaction() as tx:
        runs.hold(tx, run_id, [], 1)
    going = removal.contents(acme.session, subject(acme))
    assert going.held == (run_id,)
    assert "1 run, 1 of them held for review" in going.goes
    removal.remove(acme.session, subject(acme), going.name)
    clear(acme)
    assert ours(acme, "run") == 0


def test_nothing_is_removed_while_a_worker_holds_its_key(acme: Shelf) -> None:
    lease = leases.acquire(acme.bench.store, f"push:{acme.cart}", "somebody")
    assert lease is not None
    name = carts.details(acme.session, acme.cart).name
    with pytest.raises(OperationError, match="a worker is executing a run for it"):
        removal.remove(acme.session, subject(acme), name)
    lease.release()
    removal.remove(acme.session, subject(acme), name)


def test_the_keys_are_free_again_where_it_was_refused(acme: Shelf) -> None:
    acme.bench.request("push", acme.cart)
    with pytest.raises(OperationError):
        removal.remove(acme.session, subject(acme), carts.details(acme.session, acme.cart).name)
    lease = leases.acquire(acme.bench.store, f"push:{acme.cart}", "worker")
    assert lease is not None
    lease.release()


def with_a_location(acme: Shelf) -> int:
    made = carts.add(
        acme.session, "Acme", "Second place", {"system": "sandbox", "url": "http://127.0.0.1:9"}, ["shop=main"]
    )
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE cart SET of_cart = ? WHERE id = ?", (acme.cart, made.id))
    return made.id


def test_a_cart_with_locations_goes_only_when_that_is_said(acme: Shelf) -> None:
    with_a_location(acme)
    going = removal.contents(acme.session, subject(acme))
    assert going.locations == ("Second place",)
    assert "1 further location: Second place" in going.goes
    with pytest.raises(OperationError, match=r"Second place.*--with-locations"):
        removal.remove(acme.session, subject(acme), going.name)
    assert ours(acme, "cart") == 2
    removal.remove(acme.session, subject(acme), going.name, with_locations=True)
    assert ours(acme, "cart") == 0
    assert len(audit(acme, "cart remove")) == 2


def test_a_location_goes_alone_and_not_while_its_cart_is_pushed(acme: Shelf) -> None:
    place = with_a_location(acme)
    run_id = acme.bench.request("push", acme.cart)
    with pytest.raises(OperationError, match="under way"):
        removal.remove(acme.session, f"cart:{place}", "Second place")
    ended(acme, run_id)
    removal.remove(acme.session, f"cart:{place}", "Second place")
    assert acme.bench.store.read("SELECT id FROM our_cart") == [(acme.cart,)]


def test_the_tokens_of_its_login_are_deleted(acme: Shelf) -> None:
    folder = acme.session.path.with_name(acme.session.path.name + ".tokens")
    folder.mkdir()
    mine = folder / f"{connections.cart_key(acme.cart)}.json"
    other = folder / "cart-99.json"
    for path in (mine, other):
        path.write_text("{}")
    removal.remove(acme.session, subject(acme), carts.details(acme.session, acme.cart).name)
    assert not mine.exists() and other.exists()


def test_a_worker_deletes_what_a_killed_process_left(acme: Shelf) -> None:
    filled(acme)
    removal.remove(acme.session, subject(acme), carts.details(acme.session, acme.cart).name)
    upkeep = Upkeep(acme.bench.store, Limits())
    steps = 0
    while upkeep.clearing.step() is not None:
        steps += 1
    assert steps and ours(acme, "listing") == 0


def test_a_name_can_be_given_again_at_once_and_means_the_new_one(acme: Shelf) -> None:
    filled(acme)
    setup = carts.details(acme.session, acme.cart)
    removal.remove(acme.session, subject(acme), setup.name)
    again = carts.add(
        acme.session, "Acme", setup.name, {"system": "sandbox", "url": setup.connection.url}, ["shop=main"]
    )
    assert again.id > acme.cart
    clear(acme)
    with acme.bench.store.reading() as cx:
        assert stored_removal.contents_of_carts(cx, [again.id])["listings"] == 0
    assert carts.details(acme.session, again.id).name == setup.name


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_it_takes_an_admin(acme: Shelf, role: Role) -> None:
    acme.session.role = role
    for what in (lambda: removal.remove(acme.session, subject(acme), "x"), lambda: removal.clear(acme.session, 0.1)):
        with pytest.raises(RefusedError):
            what()


def test_an_unknown_number_is_said(acme: Shelf) -> None:
    for wrong in ("cart:4711", "merchant:4711", "shop:1", "cart:x"):
        with pytest.raises(NotFoundError):
            removal.contents(acme.session, wrong)


def test_a_merchant_that_got_a_cart_meanwhile_is_not_removed(acme: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    real = removal._nothing_starts

    def meanwhile(*given: Any) -> Any:
        carts.add(acme.session, "Acme", "Late", {"system": "sandbox", "url": "http://127.0.0.1:9"}, ["shop=main"])
        return real(*given)

    monkeypatch.setattr(removal, "_nothing_starts", meanwhile)
    with pytest.raises(OperationError, match="Somebody changed it meanwhile"):
        removal.remove(acme.session, f"merchant:{acme.merchant}", "Acme")
    assert ours(acme, "merchant") == 1
    assert merchants.details(acme.session, acme.merchant).name == "Acme"
