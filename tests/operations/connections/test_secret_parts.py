"""Secrets by parts: declared by a connector, each kept, shown and told of as a reference, and missed by its name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from invsync_tui.connectors import registry, secrets
from invsync_tui.connectors.about import About, SecretPart
from invsync_tui.connectors.base import CheckStep, Connection
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.connectors.checks import CartFacts, reviews
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.operations.connections import connections, connector_pages
from invsync_tui.operations.errors import InvalidError
from invsync_tui.operations.lists.list_views import FieldKind
from invsync_tui.operations.runs import support_bundle
from invsync_tui.operations.settings import carts, forms, secret_parts
from invsync_tui.rules.merchant_checks import Verdict
from tests.support.connectors.made_connector import install
from tests.support.stores.products_store import Shelf

PARTS = (
    SecretPart("consumer", "Consumer key", "the key of the integration"),
    SecretPart("token", "Token", "the token of the role"),
    SecretPart("pin", "Pin", "of accounts that have one", required=False),
)


class ThreeParts(SandboxCart):
    """A cart that logs in with two secrets or three."""

    about = About("Three", secrets=PARTS)

    async def check(self) -> AsyncIterator[CheckStep]:
        yield CheckStep("login", ok=True, detail="in")


@pytest.fixture
def cart(acme: Shelf, monkeypatch: pytest.MonkeyPatch) -> int:
    """A cart whose connector declares three secrets, with the references of two."""
    install(monkeypatch, registry.CARTS, "three", ThreeParts)
    monkeypatch.setenv("A_KEY", "first-secret-value")
    monkeypatch.setenv("A_TOKEN", "second-secret-value")
    given = {
        "system": "three",
        "url": "https://three.example",
        **secret_parts.given(["env:A_KEY", "token=env:A_TOKEN"]),
    }
    return carts.add(acme.session, str(acme.merchant), "Three", given).id


def test_the_first_part_is_the_secret_and_the_others_are_named(acme: Shelf, cart: int) -> None:
    setup = carts.details(acme.session, cart).connection
    assert (setup.secret, setup.secrets) == ("env:A_KEY", {"token": "env:A_TOKEN"})
    changed = carts.change(acme.session, str(cart), secret_parts.given(["consumer=file:/k", "pin=env:PIN"]))
    assert (changed.connection.secret, changed.connection.secrets) == (
        "file:/k",
        {"token": "env:A_TOKEN", "pin": "env:PIN"},
    )
    taken = carts.change(acme.session, str(cart), secret_parts.given(["token="]))
    assert taken.connection.secrets == {"pin": "env:PIN"}


@pytest.mark.parametrize(
    "texts", [["hunter22=env:X"], ["token=hunter22"], ["hunter22"], ["env:A", "consumer=env:B"], ["token=env:A"] * 2]
)
def test_what_is_no_reference_is_refused_and_never_repeated(acme: Shelf, cart: int, texts: list[str]) -> None:
    with pytest.raises(InvalidError) as refused:
        carts.change(acme.session, str(cart), secret_parts.given(texts))
    assert "hunter22" not in str(refused.value)


def test_the_form_has_a_field_for_each_part_and_saves_it(acme: Shelf, cart: int) -> None:
    subject = f"cart:{cart}"
    form = forms.form(acme.session, subject)
    shown = {field.name: (field.label, field.kind, field.value) for field in form.fields if "secret" in field.name}
    assert shown == {
        "secret": ("Consumer key reference", FieldKind.SECRET_REF, "env:A_KEY"),
        "secret-token": ("Token reference", FieldKind.SECRET_REF, "env:A_TOKEN"),
        "secret-pin": ("Pin reference", FieldKind.SECRET_REF, ""),
    }
    same = {field.name: field.value for field in form.fields}
    assert forms.diff(acme.session, subject, same) == ()
    (problem,) = forms.check(acme.session, subject, {"secret-pin": "1234"})
    assert problem.field == "secret-pin" and "1234" not in problem.text
    wanted = {"secret-pin": "env:PIN", "secret-token": "file:/t"}
    assert [(change.before, change.after) for change in forms.diff(acme.session, subject, wanted)] == [
        ("env:A_TOKEN", "file:/t"),
        ("", "env:PIN"),
    ]
    forms.save(acme.session, subject, form.rev, wanted)
    assert carts.details(acme.session, cart).connection.secrets == {"token": "file:/t", "pin": "env:PIN"}


def test_the_audit_has_the_references(acme: Shelf, cart: int) -> None:
    carts.change(acme.session, str(cart), secret_parts.given(["pin=env:PIN"]))
    with acme.session.store.reading() as cx:
        before, after = cx.execute("SELECT before, after FROM audit ORDER BY id DESC LIMIT 1").fetchone()
    assert json.loads(json.loads(before)["secrets"]) == {"token": "env:A_TOKEN"}
    assert json.loads(json.loads(after)["secrets"]) == {"token": "env:A_TOKEN", "pin": "env:PIN"}


def steps_of(acme: Shelf, cart: int) -> list[connections.Step]:
    async def gathered() -> list[connections.Step]:
        return [step async for step in connections.test(connections.cart_target(acme.session, str(cart)))]

    return asyncio.run(gathered())


def test_the_connection_test_names_the_part_that_is_missing(
    acme: Shelf, cart: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [(step.name, step.ok) for step in steps_of(acme, cart)] == [("secrets", True), ("login", True)]
    monkeypatch.delenv("A_TOKEN")
    (step,) = steps_of(acme, cart)
    assert not step.ok and "Token (token)" in step.detail and "A_TOKEN" in step.detail
    carts.change(acme.session, str(cart), secret_parts.given(["token="]))
    (step,) = steps_of(acme, cart)
    assert not step.ok and step.detail.startswith("Token (token) is not given") and "NAME is token" in step.advice


async def test_a_run_without_a_required_part_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, registry.CARTS, "three", ThreeParts)
    cart = registry.cart(Connection("Three", "three", "http://127.0.0.1:9", "", "env:A_KEY"))
    with pytest.raises(NotConfiguredError, match=r"Token \(token\) is not given"):
        await cart.open()


async def test_every_part_that_was_resolved_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", "second-secret-value")
    given = Connection("Three", "three", "", "", "env:A_KEY", secrets={"token": "env:A_TOKEN"})
    assert await secrets.resolve_part(given, PARTS, "token") == "second-secret-value"
    assert await secrets.resolve_part(given, PARTS, "pin") == ""
    assert "second-secret-value" not in redacted("it said second-secret-value")


def test_the_doctor_checks_each_part(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, registry.CARTS, "three", ThreeParts)
    monkeypatch.setenv("A_KEY", "x" * 20)
    given = Connection("Three", "three", "https://three.example", "", "env:A_KEY", secrets={"pin": "env:NO_PIN"})
    facts = CartFacts(given, "Acme", "", listed=False)
    told = {review.id: review for review in reviews(facts) if review.id.startswith("connection.secret")}
    assert {name: review.verdict for name, review in told.items()} == {
        "connection.secret": Verdict.PASS,
        "connection.secret.token": Verdict.FAIL,
        "connection.secret.pin": Verdict.UNKNOWN,
    }
    assert told["connection.secret.token"].fix.endswith("--secret token=file:PATH")
    complete = replace(facts, connection=replace(given, secrets={"token": "env:A_KEY"}))
    assert {review.id: review.verdict for review in reviews(complete)}["connection.secret.token"] is Verdict.PASS


def test_the_page_names_the_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, registry.CARTS, "three", ThreeParts)
    (page,) = connector_pages.pages("three")
    text = connector_pages.markdown(page)
    assert "--secret file:PATH --secret token=file:PATH" in text and "secret pin: of accounts that have one" in text
    assert [part["name"] for part in page.document["secrets"]] == ["consumer", "token", "pin"]


def test_the_bundle_has_kinds_of_references_only(acme: Shelf, cart: int) -> None:
    carts.change(acme.session, str(cart), secret_parts.given(["token=file:/a/telling/path"]))
    text = support_bundle._settings_file(acme.session, acme.merchant)
    assert "telling" not in text and "A_KEY" not in text and "file:" in text
    assert "token" in text
