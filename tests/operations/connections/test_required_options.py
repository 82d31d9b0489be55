"""An option that a connector cannot do without: told at once, by commands and forms alike, with what it is and how to give it."""

from __future__ import annotations

import json

import pytest

from invsync_tui.connectors import registry
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.operations.errors import InvalidError
from invsync_tui.operations.settings import additions, carts, forms, merchants
from tests.support.stores.products_store import Shelf

NOWHERE = "http://127.0.0.1:9"
REQUIRED = [
    (group, system, option)
    for group in (registry.SOURCES, registry.CARTS)
    for system in registry.systems(group)
    for option in registry.options(group, system) or ()
    if option.required
]


def address(group: str, system: str) -> str:
    about = registry.about(group, system)
    assert about is not None
    return about.example


@pytest.mark.parametrize(("group", "system", "option"), REQUIRED, ids=lambda one: getattr(one, "name", str(one)))
def test_it_is_refused_where_it_is_not_given(acme: Shelf, group: str, system: str, option: registry.Option) -> None:
    before = acme.bench.store.read("SELECT count(*) FROM merchant UNION ALL SELECT count(*) FROM cart")
    url = {"url": address(group, system)}
    with pytest.raises(InvalidError) as refused:
        if group == registry.SOURCES:
            merchants.add(acme.session, "New", {"source": system, **url})
        else:
            carts.add(acme.session, "Acme", "New", {"system": system, **url})
    assert refused.value.field == "--option"
    assert f"{option.name}: it is required: {option.what}." in str(refused.value)
    assert f"--option {option.name}=VALUE" in str(refused.value)
    assert acme.bench.store.read("SELECT count(*) FROM merchant UNION ALL SELECT count(*) FROM cart") == before


@pytest.mark.parametrize(("group", "system", "option"), REQUIRED, ids=lambda one: getattr(one, "name", str(one)))
def test_its_form_tells_the_same(acme: Shelf, group: str, system: str, option: registry.Option) -> None:
    kind = "new-merchant" if group == registry.SOURCES else f"new-cart:{acme.merchant}"
    told = {one.field: one.text for one in forms.incomplete(acme.session, f"{kind}:{system}", {})}
    assert told[f"option-{option.name}"] == f"it is required: {option.what}."
    shown = next(
        field for field in forms.form(acme.session, f"{kind}:{system}").fields if field.name == f"option-{option.name}"
    )
    assert "(required)" in shown.help and not shown.optional


@pytest.mark.parametrize("text", ["shop=", "shop= "])
def test_it_cannot_be_taken_away(acme: Shelf, text: str) -> None:
    cart = carts.add(acme.session, "Acme", "New", {"system": "sandbox", "url": NOWHERE}, ["shop=main"])
    with pytest.raises(InvalidError, match=r"shop: it is required: name of the shop\."):
        carts.change(acme.session, str(cart.id), {}, [text])
    (problem,) = forms.check(acme.session, f"cart:{cart.id}", {"option-shop": ""})
    assert problem.text == "it is required: name of the shop."
    assert carts.details(acme.session, cart.id).connection.options == {"shop": "main"}


def test_a_merchant_of_before_is_changed_all_the_same(acme: Shelf) -> None:
    """Only a change of options has to leave all that are required: the others can be changed as ever."""
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE cart SET options = '{}' WHERE id = ?", (acme.cart,))
    assert carts.change(acme.session, str(acme.cart), {"buffer": "2"}).values["buffer"] == 2
    with pytest.raises(InvalidError, match="shop: it is required"):
        carts.change(acme.session, str(acme.cart), {}, [f"location={'x'}"])
    carts.change(acme.session, str(acme.cart), {}, ["shop=main", "location=x"])
    kept = acme.bench.one("SELECT options FROM cart WHERE id = ?", acme.cart)
    assert json.loads(kept) == {"shop": "main", "location": "x"}


async def test_nothing_is_asked_of_a_connection_without_it() -> None:
    cart = registry.cart(Connection("Shop", "sandbox", NOWHERE))
    with pytest.raises(NotConfiguredError, match="shop: it is required: name of the shop") as refused:
        await cart.open()
    assert "--option shop=VALUE" in refused.value.advice


def test_a_further_location_has_those_of_its_cart(acme: Shelf) -> None:
    carts.change(acme.session, str(acme.cart), {}, ["shop=main", "location=East"])
    subject = f"new-location:{acme.cart}"
    assert additions.parsed(acme.session, subject) is not None
    told = [one.field for one in forms.incomplete(acme.session, subject, {})]
    assert told == ["name", "option-location"]
