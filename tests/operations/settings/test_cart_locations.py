"""Adding further locations of a cart, and what they have from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.operations.connections import connections
from invsync_tui.operations.errors import InvalidError
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import carts as settings_carts
from invsync_tui.operations.settings import forms
from invsync_tui.operations.settings.cart_locations import At
from invsync_tui.operations.settings.views import CartSetup
from tests.support.stores.merchant_store import Bench

SHOP = Connection("Shop", "vendure", "https://shop.example", "sync", "env:SHOP", {"location": "East", "channel": "a"})


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench.make(tmp_path)
    made.add_merchant(Connection("Demo", "sandbox", "http://127.0.0.1:9", "", "env:X"))
    made.add_cart(SHOP, name="Shop", buffer=3, share_percent=80)
    return made


@pytest.fixture
def session(bench: Bench) -> Session:
    return bench.session()


def west(session: Session, **given: str) -> CartSetup:
    return settings_carts.add(session, "Demo", "Shop West", given, at=At("Shop", "West"))


def column(bench: Bench, cart: int, name: str) -> Any:
    return bench.one(f"SELECT {name} FROM cart WHERE id = ?", cart)


def test_a_further_location_has_the_carts_connection_and_begins_with_its_rules(bench: Bench, session: Session) -> None:
    added = west(session, buffer="5")
    main = settings_carts.details(session, bench.carts["Shop"])
    assert (added.connection.system, added.connection.url, added.connection.login) == ("vendure", SHOP.url, "sync")
    assert added.connection.options == {"location": "West", "channel": "a"}
    assert (added.location, main.location) == ("West", "East")
    assert added.of_cart == main.id
    assert (added.values["buffer"], added.values["share"]) == (5, 80)
    assert not added.upload_on
    assert main.upload_on


def test_a_change_of_the_connection_is_a_change_for_all_locations_and_is_audited(
    bench: Bench, session: Session
) -> None:
    added = west(session)
    with bench.by_hand() as cx:
        cx.execute("UPDATE cart SET listed_at = 5, observed_at = 5 WHERE id = ?", (added.id,))
    settings_carts.change(session, "Shop", {"url": "https://new.example", "login": "other"}, ["channel=b"])
    assert column(bench, added.id, "url") == "https://new.example"
    assert column(bench, added.id, "login") == "other"
    assert json.loads(column(bench, added.id, "options")) == {"location": "West", "channel": "b"}
    assert column(bench, added.id, "listed_at") is None, "it leads somewhere else: all is read again"
    after = bench.one("SELECT after FROM audit WHERE subject = ? ORDER BY id DESC LIMIT 1", f"cart:{added.id}")
    assert json.loads(after)["url"] == "https://new.example"


def test_a_change_of_a_rule_stays_with_its_location(bench: Bench, session: Session) -> None:
    added = west(session)
    before = column(bench, added.id, "rev")
    settings_carts.change(session, "Shop", {"buffer": "9"})
    assert (column(bench, added.id, "buffer"), column(bench, added.id, "rev")) == (3, before)


@pytest.mark.parametrize(
    "given", [{"url": "https://x.example"}, {"login": "x"}, {"secret": "env:Y"}, {"deadline": "5s"}]
)
def test_the_connection_of_a_further_location_is_changed_at_its_cart(session: Session, given: dict[str, str]) -> None:
    west(session)
    with pytest.raises(InvalidError, match="the connection is that of cart"):
        settings_carts.change(session, "Shop West", given)
    with pytest.raises(InvalidError, match="the connection is that of cart"):
        settings_carts.change(session, "Shop West", {}, ["channel=b"])
    with pytest.raises(InvalidError, match="the connection is that of 'Shop'"):
        settings_carts.add(session, "Demo", "North", given, at=At("Shop", "North"))


def test_no_two_rows_set_one_location(session: Session) -> None:
    added = west(session)
    for location in ("East", "West", " West "):
        with pytest.raises(InvalidError, match="already"):
            settings_carts.add(session, "Demo", "Another", {}, at=At("Shop", location))
    with pytest.raises(InvalidError, match="already"):
        settings_carts.change(session, "Shop West", {}, ["location=East"])
    with pytest.raises(InvalidError, match="already"):
        settings_carts.change(session, "Shop", {}, ["location=West"])
    with pytest.raises(InvalidError, match="several locations"):
        settings_carts.change(session, "Shop", {}, ["location="])
    moved = settings_carts.change(session, "Shop West", {}, ["location=North"])
    assert (moved.id, moved.location) == (added.id, "North")


def test_a_location_of_a_location_and_of_a_cart_that_names_none_are_refused(bench: Bench, session: Session) -> None:
    west(session)
    with pytest.raises(InvalidError, match="itself a location"):
        settings_carts.add(session, "Demo", "North", {}, at=At("Shop West", "North"))
    bench.add_cart(Connection("Plain", "vendure", "https://plain.example", "", "env:P"), name="Plain")
    with pytest.raises(InvalidError, match="does not say which location"):
        settings_carts.add(session, "Demo", "Plain North", {}, at=At("Plain", "North"))


def test_one_cart_with_one_location_looks_as_before(session: Session, bench: Bench) -> None:
    setup = settings_carts.details(session, bench.carts["Shop"])
    assert (setup.location, setup.of_cart) == ("", None)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("url", "https://x.example"), ("login", "x"), ("secret", "env:Y"), ("deadline", "5s"), ("option-channel", "b"),
        ("option-location", "East"), ("option-location", ""),
    ],
)  # fmt: skip
def test_the_form_says_at_once_what_a_further_location_cannot_change(session: Session, field: str, text: str) -> None:
    subject = f"cart:{west(session).id}"
    (problem,) = forms.check(session, subject, {field: text})
    assert problem.field == field
    assert "invsync" not in problem.text
    saved = {name: entry.value for entry in forms.form(session, subject).fields for name in [entry.name]}
    assert forms.check(session, subject, {field: saved[field], "buffer": "4", "option-location": "North"}) == ()


def test_the_form_of_the_first_location_changes_the_connection_of_all(session: Session, bench: Bench) -> None:
    added, main = west(session), f"cart:{bench.carts['Shop']}"
    assert forms.check(session, main, {"option-location": "West"})
    values = {"url": "https://new.example", "option-channel": "b"}
    assert forms.check(session, main, values) == ()
    forms.save(session, main, forms.form(session, main).rev, values)
    connection = settings_carts.details(session, added.id).connection
    assert (connection.url, connection.options) == ("https://new.example", {"location": "West", "channel": "b"})


def test_the_connection_test_knows_the_other_locations_that_are_ours(session: Session) -> None:
    west(session)
    for name, other in (("Shop", "West"), ("Shop West", "East")):
        assert connections.connection_of(connections.cart_target(session, name)).also_at == (other,)
