"""`connections verify`: the checks against the server that ships with a connector, and against the operator's own system."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.processes.shell import Shell, check
from tests.support.processes.shell_sync import set_up
from tests.support.servers.sandbox import CartHandle, WmsHandle, sandbox_cart, sandbox_wms


@pytest.fixture
def servers() -> Iterator[tuple[WmsHandle, CartHandle]]:
    with sandbox_wms(6) as wms, sandbox_cart(6) as cart:
        yield wms, cart


def by_number(document: Any) -> dict[int, str]:
    return {check["number"]: check["ended"] for check in document["checks"]}


def test_the_own_system_is_only_read(shell: Shell, servers: tuple[WmsHandle, CartHandle]) -> None:
    wms, cart = servers
    set_up(shell, wms, cart)
    before, writes = cart.quantities(), len(cart.log())
    source = shell.run("connections", "verify", "sandbox", "--against", "Acme", "--json")
    check("connections", source.document)
    assert source.code == 0 and source.document["against"]["kind"] == "wms"
    assert by_number(source.document) == dict.fromkeys((31, 1, 8, 9, 40, 27), "passed")
    for called in ("Shop", cart.url):
        told = shell.run("connections", "verify", "sandbox", "--against", called)
        assert told.code == 0, told
        assert "cart  1  passed   pages of two sizes give the same records: 6 records" in told.out
        assert "7 checks" in told.out or "6 checks" in told.out
    assert (cart.quantities(), len(cart.log())) == (before, writes)
    assert "connector check" not in shell.ok("audit").out


def test_one_listing_is_written_to_on_request_and_put_back(shell: Shell, servers: tuple[WmsHandle, CartHandle]) -> None:
    wms, cart = servers
    set_up(shell, wms, cart)
    shell.run("sync", "Acme", "--wait")  # held for review, as a first push is
    sku = sorted(cart.quantities())[0]
    cart.edit(sku, quantity=8)
    before = cart.quantities()
    told = shell.run(
        "connections", "verify", "sandbox", "--against", "Shop", "--sku", sku, "--reason", "new connector", "--json"
    )
    assert told.code == 0, told
    check("connections", told.document)
    assert told.document["written"] == {"sku": sku, "before": 8, "sent": 7, "remaining": 8}
    assert by_number(told.document)[13] == by_number(told.document)[20] == "passed"
    assert cart.quantities() == before
    assert [row["quantity"] for row in cart.log()][-2:] == [7, 8]
    audit = shell.ok("audit").out
    assert "connector check in the shop" in audit and "new connector" in audit


def test_a_connector_that_is_wrong_fails(shell: Shell, servers: tuple[WmsHandle, CartHandle]) -> None:
    wms, cart = servers
    set_up(shell, wms, cart)
    cart.faults({"kind": "status", "status": 403, "path": "/listings"})
    told = shell.run("connections", "verify", "sandbox", "--against", "Shop", "--sku", "X", "--reason", "try")
    assert told.code == 1 and "31  failed" in told.out and "Nothing was written" in told.out


def test_what_is_missing_or_unknown_is_said(acme: Shell) -> None:
    assert "--reason TEXT" in acme.run("connections", "verify", "sandbox", "--sku", "A", "--reason", "x").error
    assert "--reason TEXT" in acme.run("connections", "verify", "sandbox", "--against", "Acme Shop", "--sku", "A").error
    unknown = acme.run("connections", "verify", "sandbox", "--against", "Nobody")
    assert "No merchant or cart of sandbox is called 'Nobody'" in unknown.error and "'Acme Shop'" in unknown.error
    assert "--against NAME" in acme.run("connections", "verify", "tryton").error
