"""A new merchant or cart as a form: its system's own fields, what is missing, what is tested, what is saved."""

from __future__ import annotations

import pytest

from invsync_tui.operations.connections import connections
from invsync_tui.operations.errors import InvalidError, NotFoundError
from invsync_tui.operations.settings import additions, carts, forms, merchants
from tests.support.stores.products_store import Shelf

NEW = "new-merchant:sandbox"
URL = {"name": "New", "url": "http://127.0.0.1:9"}


def cart(acme: Shelf) -> str:
    return f"new-cart:{acme.merchant}:sandbox"


def test_every_system_is_offered_with_what_it_is() -> None:
    sources = {choice.value: choice for choice in additions.systems("merchant")}
    assert {"csv", "odoo", "sandbox", "sql", "tryton"} & set(sources)
    assert all(choice.label and choice.note for choice in sources.values())
    sold = {choice.value for choice in additions.systems("cart")}
    assert {"shopify", "woocommerce", "sandbox"} <= sold
    assert [choice.label.lower() for choice in sources.values()] == sorted(c.label.lower() for c in sources.values())


@pytest.mark.parametrize("kind", ["merchant", "cart"])
def test_every_system_has_a_form_with_its_options_and_secrets(acme: Shelf, kind: str) -> None:
    for choice in additions.systems(kind):
        subject = f"new-merchant:{choice.value}" if kind == "merchant" else f"new-cart:{acme.merchant}:{choice.value}"
        form = forms.form(acme.session, subject)
        assert form.fields[0].name == "name" and form.fields[0].section == "Connection"
        assert form.fields[1].name == "url" and "such as" in form.fields[1].help
        options = [field for field in form.fields if field.name.startswith("option-")]
        assert all(field.label and field.help for field in options)


def test_what_is_needed_and_not_given_is_told_in_the_order_of_the_form(acme: Shelf) -> None:
    problems = forms.incomplete(acme.session, cart(acme), {})
    assert [problem.field for problem in problems] == ["name", "url", "option-shop"]
    assert problems[0].text == "it is needed."
    complete = {**URL, "option-shop": "main"}
    assert forms.incomplete(acme.session, cart(acme), complete) == ()
    wrong = forms.incomplete(acme.session, cart(acme), complete | {"url": "ftp://x", "minimum": "many"})
    assert [problem.field for problem in wrong] == ["url", "minimum"]


def test_required_secrets_are_told(acme: Shelf) -> None:
    for kind, group in (("merchant", additions.registry.SOURCES), ("cart", additions.registry.CARTS)):
        for choice in additions.systems(kind):
            subject = (
                f"new-merchant:{choice.value}" if kind == "merchant" else f"new-cart:{acme.merchant}:{choice.value}"
            )
            parts = additions.registry.secret_parts(group, choice.value)
            wanted = {"secret" if part is parts[0] else f"secret-{part.name}" for part in parts if part.required}
            told = {problem.field for problem in forms.incomplete(acme.session, subject, {})}
            assert {name for name in told if name.startswith("secret")} == wanted, subject


def test_a_name_that_is_taken_is_told(acme: Shelf) -> None:
    (problem,) = forms.check(acme.session, NEW, {"name": "Acme"})
    assert problem.field == "name" and "taken" in problem.text
    existing = carts.details(acme.session, acme.cart).name
    assert forms.check(acme.session, cart(acme), {"name": existing})


def test_a_merchant_is_added_with_what_the_form_shows(acme: Shelf) -> None:
    added = forms.add(acme.session, NEW, URL | {"secret": "env:ACME", "option-customer": "C1", "stale-after": "2h"})
    setup = merchants.details(acme.session, int(added.subject.partition(":")[2]))
    assert (setup.name, setup.sync_on, setup.every) == ("New", True, 3600)
    assert setup.source is not None
    assert (setup.source.url, setup.source.secret, setup.source.options) == (URL["url"], "env:ACME", {"customer": "C1"})
    assert setup.values["stale-after"] == 7200


def test_a_cart_is_added_with_what_the_form_shows(acme: Shelf) -> None:
    east = next(c.value for f in forms.form(acme.session, cart(acme)).fields if f.name == "warehouses" for c in f.choices
                if "EAST" in c.label + c.value)  # fmt: skip
    given = URL | {"option-shop": "main", "minimum": "3", "warehouses": east, "every": "15m", "upload": "off"}
    added = forms.add(acme.session, cart(acme), given)
    setup = carts.details(acme.session, int(added.subject.partition(":")[2]))
    assert (setup.name, setup.upload_on, setup.every, setup.warehouses) == ("New", False, 900, ("EAST",))
    assert setup.connection.options == {"shop": "main"} and setup.values["minimum"] == 3


def test_a_cart_that_is_added_as_it_is_uploads(acme: Shelf) -> None:
    added = forms.add(acme.session, cart(acme), URL | {"option-shop": "main"})
    setup = carts.details(acme.session, int(added.subject.partition(":")[2]))
    assert setup.upload_on and setup.warehouses == () and setup.every is None


def test_nothing_is_added_that_is_not_complete(acme: Shelf) -> None:
    with pytest.raises(InvalidError, match="url: it is needed"):
        forms.add(acme.session, NEW, {"name": "New"})
    assert acme.bench.store.one("SELECT count(*) FROM merchant WHERE name = 'New'")[0] == 0


@pytest.mark.parametrize("subject", ["new-merchant:nonsense", "new-cart:1:nonsense", "new-cart:x:sandbox", "new:1"])
def test_an_unknown_system_is_told(acme: Shelf, subject: str) -> None:
    with pytest.raises(NotFoundError):
        forms.form(acme.session, subject)


async def test_what_was_typed_is_tested_before_it_is_saved(acme: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_NAME", raising=False)
    target = connections.new_target(acme.session, NEW, URL | {"secret": "env:NO_SUCH_NAME"})
    assert (target.kind, target.name, target.setup.url) == ("wms", "New", URL["url"])
    steps = [step async for step in connections.test(target)]
    assert [(step.name, step.ok) for step in steps] == [("secrets", False)]
    assert "NO_SUCH_NAME is empty or not set" in steps[0].detail
    monkeypatch.setenv("NO_SUCH_NAME", "a value")
    steps = [step async for step in connections.test(target)]
    assert (steps[0].name, steps[0].ok) == ("secrets", True)
    assert not steps[-1].ok and len(steps) > 1
    assert acme.bench.store.one("SELECT count(*) FROM merchant WHERE name = 'New'")[0] == 0


def test_a_further_location_has_the_rules_and_the_connection_of_its_cart(acme: Shelf) -> None:
    offered = additions.offered(acme.session, "cart", acme.merchant)
    assert not [choice for choice in offered if choice.value.startswith("new-location")]
    carts.change(acme.session, str(acme.cart), {"buffer": "2"}, ["location=MAIN", "shop=main"])
    name = carts.details(acme.session, acme.cart).name
    (place,) = [c for c in additions.offered(acme.session, "cart", acme.merchant) if c.value.startswith("new-location")]
    assert place.label == f"Location of {name}"
    fields = {field.name for field in forms.form(acme.session, place.value).fields}
    assert {"name", "option-location", "buffer", "warehouses"} <= fields
    assert not fields & {"url", "secret", "option-shop", "deadline"}
    assert [p.field for p in forms.incomplete(acme.session, place.value, {})] == ["name", "option-location"]
    added = forms.add(acme.session, place.value, {"name": "East", "option-location": "EAST", "minimum": "4"})
    setup = carts.details(acme.session, int(added.subject.partition(":")[2]))
    assert (setup.of_cart, setup.values["buffer"], setup.values["minimum"]) == (acme.cart, 2, 4)
    assert setup.connection.options == {"shop": "main", "location": "EAST"}
    target = connections.new_target(acme.session, place.value, {"name": "East", "option-location": "WEST"})
    assert (target.id, target.setup.options["location"]) == (acme.cart, "WEST")
