"""The audit as a list: filters, pages, and entries in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from invsync_tui.operations.audit import audit
from invsync_tui.operations.audit.audit import AuditFilter
from invsync_tui.operations.catalog import sku, warehouses
from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.plans import freeze
from invsync_tui.operations.settings import carts
from invsync_tui.store import audit as entries
from tests.support.stores.products_store import Shelf, Thing, shelf

WHEN = 1_790_000_000


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Shelf]:
    our_shelf = shelf(tmp_path)
    our_shelf.put([Thing("a", "A"), Thing("b", "B")])
    our_shelf.list(["A", "B"], shown=3)
    yield our_shelf
    our_shelf.bench.store.close()


def _newest(our_shelf: Shelf, **wanted: str | int) -> audit.AuditLine:
    return audit.entries(our_shelf.session, AuditFilter(**wanted)).after(None, 1)[0]  # type: ignore[arg-type]


def _written(our_shelf: Shelf, n: int) -> None:
    run = our_shelf.bench.request("pull", our_shelf.merchant)
    with our_shelf.bench.store.transaction() as tx:
        for number in range(n):
            who, subject = ("ada", "bo")[number % 2], f"run:{run}"
            entries.record(tx, WHEN + number, who, ("cancel", "thaw")[number % 3 == 0], subject, reason=str(number))


def test_changed_settings_have_their_labels_and_the_values_of_the_form(acme: Shelf) -> None:
    carts.change(acme.session, "Acme Shop", {"minimum": "4", "upload": "off", "every": "15m"}, reason="why")
    line = _newest(acme)
    changed = {change.what: (change.before, change.after) for change in line.changes}
    assert changed["Minimum Inventory Level"] == ("0", "4")
    assert changed["Inventory Upload Service"] == ("on", "off")
    assert changed["Schedule"][1] == "15m"
    assert (line.action, line.about, line.reason) == ("cart settings", "cart Acme Shop", "why")


def test_warehouses_are_named_by_their_codes(acme: Shelf) -> None:
    carts.change(acme.session, "Acme Shop", {}, warehouses=["EAST"])
    (change,) = _newest(acme).changes
    assert (change.what, change.after) == ("Sync Inventory With Warehouse", "EAST")


def test_listings_are_named_by_their_sku(acme: Shelf) -> None:
    with acme.bench.store.reading() as cx:
        ids = [row[0] for row in cx.execute("SELECT id FROM listing WHERE cart_id = ?", (acme.cart,))]
    sku.set_override(acme.session, ids, 5, "a test")
    line = _newest(acme, action="override")
    assert {(change.what, change.before, change.after) for change in line.changes} == {
        ("A", "none", "5"), ("B", "none", "5"),
    }  # fmt: skip


def test_a_removed_cart_has_its_number_alone_and_is_found_by_it(acme: Shelf) -> None:
    with acme.bench.store.transaction() as tx:
        entries.record(tx, WHEN, "ada", "cart remove", "cart:999", before='{"merchant": "Acme"}')
    assert _newest(acme, subject="cart:999").about == "cart 999, removed"


def test_a_merchant_and_a_cart_have_the_entries_of_their_own(acme: Shelf) -> None:
    freeze.freeze(acme.session, "cart", acme.cart, "a test")
    warehouses.set_enabled(acme.session, acme.merchant, "EAST", enabled=False, reason="flood")
    of_merchant = {line.action for line in audit.entries(acme.session, AuditFilter(merchant="Acme")).after(None, 99)}
    of_cart = {line.action for line in audit.entries(acme.session, AuditFilter(cart="Acme Shop")).after(None, 99)}
    assert {"freeze", "warehouse disable"} <= of_merchant
    assert "freeze" in of_cart and "warehouse disable" not in of_cart
    others = audit.entries(acme.session, AuditFilter(merchant="First Neighbor")).after(None, 99)
    assert not {line.reason for line in others} & {"a test", "flood"}


def test_filters_by_who_action_and_time(acme: Shelf) -> None:
    _written(acme, 12)
    wanted = AuditFilter(who="ada", action="unfreeze", since=WHEN + 2, until=WHEN + 6)
    found = audit.entries(acme.session, wanted).after(None, 99)
    assert [line.reason for line in found] == ["6"], (
        "numbers 0, 3, 6 and 9 are unfreeze; 0 and 6 are ada's; both ends count"
    )
    assert {line.action for line in found} == {"unfreeze"}, "stored as thaw"


def test_pages_by_key_are_the_whole_list(acme: Shelf) -> None:
    _written(acme, 23)
    rows = audit.entries(acme.session, AuditFilter(since=WHEN, until=WHEN + 99))
    whole = [line.id for line in rows.after(None, 100)]
    assert len(whole) == 23 and whole == sorted(whole, reverse=True)
    paged, key = [], None
    while page := rows.after(key, 5):
        paged += [line.id for line in page]
        key = rows.key(page[-1])
    assert paged == whole


@pytest.mark.parametrize(
    "wanted", [AuditFilter(action="nonsense"), AuditFilter(subject="nonsense"), AuditFilter(cart="X")]
)
def test_what_cannot_match_is_an_error(acme: Shelf, wanted: AuditFilter) -> None:
    with pytest.raises(OperationError):
        audit.entries(acme.session, wanted)


@pytest.mark.parametrize("text", ["{", "[1, 2]", '"x"', "null", '{"listings": []}', '{"unknown_column": {"a": [1]}}'])
def test_an_entry_of_any_shape_is_shown(acme: Shelf, text: str) -> None:
    """Former versions wrote other shapes."""
    with acme.bench.store.transaction() as tx:
        entries.record(tx, WHEN, "ada", "odd", "store", before=text, after=text)
    assert _newest(acme, action="odd").subject == "store"


def test_values_of_former_versions_are_shown_as_they_are(acme: Shelf) -> None:
    with acme.bench.store.transaction() as tx:
        before = json.dumps({"stale_after": "soon", "gone_setting": 1})
        entries.record(
            tx, WHEN, "ada", "cart set", "cart:1", before=before, after='{"stale_after": 60, "gone_setting": 2}'
        )
    changed = {change.what: (change.before, change.after) for change in _newest(acme, subject="cart:1").changes}
    assert changed == {"Max age of stock data": ("soon", "1m"), "Gone setting": ("1", "2")}
