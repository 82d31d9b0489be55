"""What a new connection is told that lacks a secret which its connector cannot do without."""

from __future__ import annotations

import json

import pytest

from invsync_tui.connectors import registry
from invsync_tui.connectors.about import SecretPart
from invsync_tui.operations.errors import InvalidError
from invsync_tui.operations.settings import carts, merchants

PARTS = (
    SecretPart("key", "Key", "the key"),
    SecretPart("pin", "PIN", "the pin"),
    SecretPart("more", "More", "more", required=False),
)
GIVEN = {"source": "sandbox", "system": "sandbox", "url": "http://127.0.0.1:8000", "name": "Acme"}
KEY, PIN = {"secret": "env:KEY"}, {"secret-pin": "env:PIN"}


@pytest.fixture(autouse=True)
def _parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "secret_parts", lambda group, system: PARTS)


@pytest.mark.parametrize(
    ("given", "words"), [({}, "--secret key=REF"), (KEY, "--secret pin=REF"), (PIN, "--secret key=REF")]
)
def test_a_new_connection_without_a_required_secret_is_refused(given: dict[str, str], words: str) -> None:
    merchant, cart = ({name: GIVEN[name] for name in (kind, "url", "name")} | given for kind in ("source", "system"))
    with pytest.raises(InvalidError, match=words):
        merchants._new_connection(merchant, ())
    with pytest.raises(InvalidError, match=words):
        carts._new(cart, ("shop=main",))


def test_what_is_not_required_may_be_left_out() -> None:
    merchant = {name: GIVEN[name] for name in ("source", "url", "name")} | KEY | PIN
    new = merchants._new_connection(merchant, ())
    assert (new["secret"], json.loads(new["secrets"])) == ("env:KEY", {"pin": "env:PIN"})
