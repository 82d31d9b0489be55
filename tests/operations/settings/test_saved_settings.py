"""What saving settings writes beside them: schedules, what is read anew, and who changed what from what to what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.operations import names
from invsync_tui.operations.catalog import sku as sku_operations
from invsync_tui.operations.errors import InvalidError, NotFoundError, OperationError, StaleError
from invsync_tui.operations.listings import drift, links
from invsync_tui.operations.runs import request as run_request
from invsync_tui.operations.settings import carts, merchants
from tests.support.stores.products_store import Shelf, Thing

NONE = 987_654


def schedule(acme: Shelf, kind: str, key: int) -> list[tuple[int, int, int]]:
    """(every, jitter, seconds until it is due)."""
    rows = acme.bench.store.read("SELECT every, jitter, next_at FROM schedule WHERE kind = ? AND key = ?", (kind, key))
    return [(every, jitter, at - clock.seconds()) for every, jitter, at in rows]


def last_audit(acme: Shelf) -> tuple[str, str, dict[str, Any], dict[str, Any], str]:
    sql = "SELECT action, subject, before, after, reason FROM audit WHERE who <> 'neighbor' ORDER BY id DESC LIMIT 1"
    action, subject, before, after, reason = acme.bench.store.read(sql)[0]
    return action, subject, json.loads(before or "{}"), json.loads(after or "{}"), reason


# --- carts ------------------------------------------------------------------------------------------------------------------


def test_a_new_cart_has_what_was_given_and_is_pushed_when_its_period_has_passed(acme: Shelf) -> None:
    given = {"system": "sandbox", "url": "https://cart.test/", "every": "10m", "buffer": "3", "alias": "upc"}
    made = carts.add(acme.session, "Acme", "Second Shop", given, ["shop=two"], ["EAST"])
    assert (made.merchant_id, made.name, made.every) == (acme.merchant, "Second Shop", 600)
    assert made.connection.url == "https://cart.test"
    assert dict(made.connection.options) == {"shop": "two"}
    ((every, jitter, due),) = schedule(acme, "push", made.id)
    assert (every, jitter) == (600, 60)
    assert 590 <= due <= 600
    sql = "SELECT warehouse_id FROM cart_warehouse WHERE cart_id = ?"
    assert acme.bench.store.read(sql, (made.id,)) == [(acme.east,)]
    kind = acme.bench.one("SELECT push_kind FROM cart WHERE id = ?", made.id)
    assert acme.bench.one("SELECT name FROM alias_type WHERE id = ?", kind) == "UPC"
    action, subject, before, after, _ = last_audit(acme)
    assert (action, subject, before) == ("cart add", f"cart:{made.id}", {})
    assert (after["merchant"], after["name"], after["buffer"], after["warehouses"]) == (
        "Acme",
        "Second Shop",
        3,
        [acme.east],
    )


@pytest.mark.parametrize("key", ["system", "url"])
def test_a_cart_needs_a_system_and_an_address(acme: Shelf, key: str) -> None:
    given = {"system": "sandbox", "url": "https://cart.test"}
    del given[key]
    with pytest.raises(InvalidError) as refused:
        carts.add(acme.session, "Acme", "Second Shop", given)
    assert refused.value.field == f"--{key}"


def test_two_carts_of_a_merchant_have_two_names(acme: Shelf) -> None:
    given = {"system": "sandbox", "url": "https://cart.test"}
    with pytest.raises(OperationError):
        carts.add(acme.session, "Acme", "Acme Shop", given)
    assert acme.bench.one("SELECT count(*) FROM cart WHERE merchant_id = ?", acme.merchant) == 1


def test_a_change_is_noted_with_what_was_there_before(acme: Shelf) -> None:
    rev = acme.bench.one("SELECT rev FROM cart WHERE id = ?", acme.cart)
    carts.change(acme.session, "Acme Shop", {"buffer": "2"}, reason="slow picks")
    assert last_audit(acme) == ("cart set", f"cart:{acme.cart}", {"buffer": 0}, {"buffer": 2}, "slow picks")
    assert acme.bench.one("SELECT rev FROM cart WHERE id = ?", acme.cart) == rev + 1
    entries = len(acme.audited())
    carts.change(acme.session, "Acme Shop", {"buffer": "2"})
    assert len(acme.audited()) == entries
    assert acme.bench.one("SELECT rev FROM cart WHERE id = ?", acme.cart) == rev + 1


def test_who_looked_at_older_settings_saves_nothing(acme: Shelf) -> None:
    rev = acme.bench.one("SELECT rev FROM cart WHERE id = ?", acme.cart)
    carts.change(acme.session, "Acme Shop", {"buffer": "2"}, rev=rev)
    with pytest.raises(StaleError):
        carts.change(acme.session, "Acme Shop", {"buffer": "9"}, rev=rev)
    assert acme.bench.one("SELECT buffer FROM cart WHERE id = ?", acme.cart) == 2


@pytest.mark.parametrize(
    ("given", "options", "anew"),
    [({"buffer": "2"}, [], False), ({"url": "https://other.test"}, [], True), ({}, ["shop=other"], True),
     ({"deadline": "7s"}, [], False)],
)  # fmt: skip
def test_a_cart_that_may_be_another_one_is_read_from_the_beginning(
    acme: Shelf, given: dict[str, str], options: list[str], anew: bool
) -> None:
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE cart SET listed_at = 5, observed_at = 5 WHERE id = ?", (acme.cart,))
    carts.change(acme.session, "Acme Shop", given, options)
    sql = "SELECT listed_at IS NULL FROM cart WHERE id = ?"
    assert acme.bench.one(sql, acme.cart) == anew


def test_a_cart_that_is_switched_on_is_read_from_the_beginning_and_one_that_is_switched_off_is_not(acme: Shelf) -> None:
    for text, anew in (("off", False), ("on", True)):
        with acme.bench.store.transaction() as tx:
            tx.execute("UPDATE cart SET listed_at = 5, observed_at = 5 WHERE id = ?", (acme.cart,))
        carts.change(acme.session, "Acme Shop", {"upload": text})
        assert acme.bench.one("SELECT listed_at IS NULL FROM cart WHERE id = ?", acme.cart) == anew


def test_a_period_that_is_saved_again_does_not_put_its_next_run_off(acme: Shelf) -> None:
    carts.change(acme.session, "Acme Shop", {"every": "1h"})
    ((every, jitter, _),) = schedule(acme, "push", acme.cart)
    assert (every, jitter) == (3600, 60)
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE schedule SET next_at = 777 WHERE kind = 'push' AND key = ?", (acme.cart,))
    carts.change(acme.session, "Acme Shop", {"every": "1h", "buffer": "2"})
    assert acme.bench.one("SELECT next_at FROM schedule WHERE kind = 'push' AND key = ?", acme.cart) == 777
    carts.change(acme.session, "Acme Shop", {"every": "2m"})
    ((every, jitter, due),) = schedule(acme, "push", acme.cart)
    assert (every, jitter) == (120, 12)
    assert 110 <= due <= 120
    assert last_audit(acme)[2:4] == ({"every": 3600}, {"every": 120})
    carts.change(acme.session, "Acme Shop", {"every": "off"})
    assert schedule(acme, "push", acme.cart) == []


def test_a_warehouse_is_named_by_its_code_or_by_its_reference(acme: Shelf) -> None:
    sql = "SELECT warehouse_id FROM cart_warehouse WHERE cart_id = ?"
    carts.change(acme.session, "Acme Shop", {}, warehouses=["EAST"])
    assert acme.bench.store.read(sql, (acme.cart,)) == [(acme.east,)]
    carts.change(acme.session, "Acme Shop", {}, warehouses=["Default"])
    assert acme.bench.store.read(sql, (acme.cart,)) == [(acme.default,)]
    carts.change(acme.session, "Acme Shop", {}, warehouses=["e"])
    assert acme.bench.store.read(sql, (acme.cart,)) == [(acme.east,)]
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE warehouse SET code = 'EAST' WHERE id = ?", (acme.default,))
    for wrong in ("EAST", "WEST", ""):
        with pytest.raises(InvalidError):
            carts.change(acme.session, "Acme Shop", {}, warehouses=[wrong])
    carts.change(acme.session, "Acme Shop", {}, warehouses=[])
    assert acme.bench.store.read(sql, (acme.cart,)) == []
    assert acme.bench.one("SELECT combine_all FROM cart WHERE id = ?", acme.cart) == 1


# --- merchants --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "every"), [({}, 3600), ({"every": "15m"}, 900), ({"every": "off"}, None)])
def test_a_new_merchant_is_downloaded_at_once_and_then_every_hour_unless_told_otherwise(
    acme: Shelf, given: dict[str, str], every: int | None
) -> None:
    made = merchants.add(acme.session, "Bolt", {"source": "sandbox", "url": "https://wms.test", **given})
    found = schedule(acme, "pull", made.id)
    assert [one for one, _, _ in found] == ([] if every is None else [every])
    assert all(-10 <= due <= 0 for _, _, due in found)
    sql = "SELECT inventory_sync, stale_after FROM merchant WHERE id = ?"
    assert acme.bench.store.read(sql, (made.id,)) == [(0, 86400)]
    action, subject, before, after, _ = last_audit(acme)
    assert (action, subject, before, after["name"]) == ("merchant add", f"merchant:{made.id}", {}, "Bolt")


@pytest.mark.parametrize("key", ["source", "url"])
def test_a_merchant_needs_a_source_and_an_address(acme: Shelf, key: str) -> None:
    given = {"source": "sandbox", "url": "https://wms.test"}
    del given[key]
    with pytest.raises(InvalidError) as refused:
        merchants.add(acme.session, "Bolt", given)
    assert refused.value.field == f"--{key}"


@pytest.mark.parametrize(
    ("given", "kept"), [({"url": "https://other.test"}, ""), ({"deadline": "7s"}, "m-1"), ({"name": "Bolt"}, "m-1")]
)
def test_a_source_that_may_be_another_one_is_downloaded_completely(
    acme: Shelf, given: dict[str, str], kept: str
) -> None:
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE source SET mark = 'm-1' WHERE merchant_id = ?", (acme.merchant,))
    merchants.change(acme.session, "Acme", given)
    assert (acme.bench.one("SELECT mark FROM source WHERE merchant_id = ?", acme.merchant) or "") == kept


def test_a_merchant_that_is_switched_on_has_its_carts_read_from_the_beginning(acme: Shelf) -> None:
    for text, anew in (("off", False), ("on", True)):
        with acme.bench.store.transaction() as tx:
            tx.execute("UPDATE cart SET listed_at = 5, observed_at = 5 WHERE id = ?", (acme.cart,))
        merchants.change(acme.session, "Acme", {"sync": text}, reason="season")
        assert acme.bench.one("SELECT listed_at IS NULL FROM cart WHERE id = ?", acme.cart) == anew
        assert last_audit(acme)[4] == "season"


def test_a_period_of_downloads_is_changed_with_its_entry(acme: Shelf) -> None:
    merchants.change(acme.session, "Acme", {"every": "30m"})
    ((every, jitter, due),) = schedule(acme, "pull", acme.merchant)
    assert (every, jitter) == (1800, 60)
    assert 1790 <= due <= 1800
    assert last_audit(acme)[:4] == ("merchant set", f"merchant:{acme.merchant}", {"every": None}, {"every": 1800})
    with pytest.raises(StaleError):
        merchants.change(acme.session, "Acme", {"every": "off"}, rev=0)
    merchants.change(acme.session, "Acme", {"every": "off"})
    assert schedule(acme, "pull", acme.merchant) == []


def test_more_than_five_carts_are_counted_and_five_are_named() -> None:
    names_of = [f"C{n}" for n in range(1, 8)]
    assert merchants.listed(names_of[:5]) == "C1, C2, C3, C4, C5"
    assert merchants.listed(names_of[:6]).startswith("C1, C2, C3, C4, C5 ")
    assert "1" in merchants.listed(names_of[:6])[len("C1, C2, C3, C4, C5") :]
    assert "2" in merchants.listed(names_of)[len("C1, C2, C3, C4, C5") :]


# --- names ------------------------------------------------------------------------------------------------------------------


def test_a_name_goes_before_a_number_and_a_cart_is_looked_for_in_its_merchant(acme: Shelf) -> None:
    assert (
        names.merchant(acme.session, "Acme").id == names.merchant(acme.session, str(acme.merchant)).id == acme.merchant
    )
    assert names.cart(acme.session, str(acme.cart)) == names.Named(acme.cart, "Acme Shop", acme.merchant)
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE cart SET name = ? WHERE id = ?", (str(acme.cart + 1), acme.cart))
    assert names.cart(acme.session, str(acme.cart + 1)).id == acme.cart
    with pytest.raises(NotFoundError, match="Acme"):
        names.merchant(acme.session, "Acmee")


# --- what is asked for ------------------------------------------------------------------------------------------------------


def test_a_sync_asks_for_a_download_and_behind_it_a_push_of_each_cart(acme: Shelf) -> None:
    asked = run_request.request(acme.session, acme.merchant)
    pull, push = (acme.bench.run(number) for number in asked.runs)
    assert (pull.kind, pull.key, push.kind, push.key) == ("pull", acme.merchant, "push", acme.cart)
    assert acme.bench.one("SELECT after_run FROM run WHERE id = ?", push.id) == pull.id
    assert (pull.requested_by, pull.trigger) == ("tester", "manual")
    assert acme.audited()[-1][:2] == ("sync", f"merchant:{acme.merchant}")
    again = run_request.request(acme.session, acme.merchant, full=True)
    assert set(again.runs) == set(asked.runs)
    assert acme.bench.one("SELECT min(full) FROM run WHERE id IN (?, ?)", *asked.runs) == 1


def test_a_sync_of_a_cart_of_another_merchant_asks_for_nothing(acme: Shelf) -> None:
    runs_before = acme.bench.one("SELECT count(*) FROM run")
    theirs = acme.bench.one("SELECT min(id) FROM cart WHERE merchant_id <> ?", acme.merchant)
    for merchant, cart in ((NONE, None), (acme.merchant, theirs), (acme.merchant, NONE)):
        with pytest.raises(NotFoundError):
            run_request.request(acme.session, merchant, cart)
    assert acme.bench.one("SELECT count(*) FROM run") == runs_before


def test_healing_is_asked_for_by_sku_or_by_class_and_marks_those_listings(acme: Shelf) -> None:
    acme.put([Thing("1", "A"), Thing("2", "B")])
    a, b = acme.list(["A", "B"], shown=3)
    for skus, wanted in (([], None), (["A"], "changed")):
        with pytest.raises(OperationError):
            drift.correct(acme.session, acme.cart, skus, wanted, "a test")
    with pytest.raises(NotFoundError):
        drift.correct(acme.session, acme.cart, ["A", "NONE"], None, "a test")
    assert acme.bench.one("SELECT count(*) FROM listing WHERE heal <> 0 AND cart_id = ?", acme.cart) == 0
    drift.correct(acme.session, acme.cart, ["a"], None, "a test")
    assert acme.bench.one("SELECT heal FROM listing WHERE id = ?", a) == 1
    assert acme.bench.one("SELECT heal FROM listing WHERE id = ?", b) == 0
    action, subject, _, after, reason = last_audit(acme)
    assert (action, subject, reason) == ("heal", f"cart:{acme.cart}", "a test")
    assert (after["n"], after["skus"]) == (1, ["A"])


def test_the_drift_check_is_scheduled_and_switched_off(acme: Shelf) -> None:
    drift.verify_every(acme.session, acme.cart, "1h")
    ((every, _, due),) = schedule(acme, "radar", acme.cart)
    assert every == 3600
    assert 3590 <= due <= 3600
    assert last_audit(acme)[1:4] == (f"cart:{acme.cart}", {"every": None}, {"every": 3600})
    drift.verify_every(acme.session, acme.cart, "off")
    assert schedule(acme, "radar", acme.cart) == []
    assert last_audit(acme)[2:4] == ({"every": 3600}, {"every": None})


def test_a_wish_is_noted_for_the_listings_that_it_changed(acme: Shelf) -> None:
    acme.put([Thing("1", "A"), Thing("2", "B")])
    a, b = acme.list(["A", "B"], shown=3)
    sku_operations.set_override(acme.session, [a], 5, "damaged")
    sku_operations.set_override(acme.session, [a, b], 5, "damaged")
    action, subject, before, after, reason = last_audit(acme)
    assert (action, subject, after, reason) == ("override", f"cart:{acme.cart}", {"override": 5}, "damaged")
    assert before == {"listings": [{"id": b, "sku": "B", "override": None}], "total": 1}
    entries = len(acme.audited())
    sku_operations.set_override(acme.session, [a, b], 5, "damaged")
    assert len(acme.audited()) == entries
    with pytest.raises(OperationError):
        sku_operations.set_override(acme.session, [a], -1, "damaged")
    with pytest.raises(NotFoundError):
        sku_operations.set_excluded(acme.session, [NONE], True, "damaged")


def test_links_that_are_taken_back_are_noted_and_what_is_not_linked_is_told(acme: Shelf) -> None:
    product, _ = acme.put([Thing("1", "A"), Thing("2", "B")])
    acme.list(["X"])
    with pytest.raises(NotFoundError):
        links.remove(acme.session, acme.cart, ["L-X"])
    links.link(acme.session, acme.cart, "X", "A")
    action, subject, before, after, _ = last_audit(acme)
    assert (action, subject, before) == ("link", f"cart:{acme.cart}", {})
    assert [(one["ref"], one["product"]) for one in after["links"]] == [("L-X", product)]
    links.link(acme.session, acme.cart, "L-X", "B")
    assert last_audit(acme)[2]["links"][0]["product"] == product
    links.remove(acme.session, acme.cart, ["X"])
    action, _, before, after, _ = last_audit(acme)
    assert (action, before["total"], after) == ("unlink", 1, {})
    assert acme.bench.one("SELECT count(*) FROM link WHERE cart_id = ?", acme.cart) == 0


def test_settings_that_nobody_knows_are_refused_and_nothing_is_saved(acme: Shelf) -> None:
    before = acme.bench.store.read("SELECT rev FROM cart UNION ALL SELECT rev FROM merchant", ())
    name = acme.bench.one("SELECT name FROM cart WHERE id = ?", acme.cart)
    with pytest.raises(InvalidError, match=r"bufer: there is no such setting\. Did you mean buffer\?"):
        carts.change(acme.session, name, {"minimum": "4", "bufer": "1"})
    with pytest.raises(InvalidError, match="heal: there is no such setting"):
        carts.change(acme.session, name, {"heal": "always"})
    with pytest.raises(InvalidError, match="minimum: there is no such setting"):
        merchants.change(acme.session, "Acme", {"minimum": "4"})
    assert acme.bench.store.read("SELECT rev FROM cart UNION ALL SELECT rev FROM merchant", ()) == before
