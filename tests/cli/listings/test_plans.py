"""Plans from the command line against the sandbox: shown, applied, undone, a safe level, frozen; documents by schema."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest

from tests.support.processes.shell import Shell, check
from tests.support.processes.shell_sync import serve, set_up
from tests.support.servers.sandbox import CartHandle, WmsHandle, sandbox_cart, sandbox_wms

PRODUCTS = 40


@pytest.fixture
def cart() -> Iterator[CartHandle]:
    with sandbox_cart(PRODUCTS) as handle:
        yield handle


@pytest.fixture
def wms() -> Iterator[WmsHandle]:
    with sandbox_wms(PRODUCTS) as handle:
        yield handle


@pytest.fixture
def held(shell: Shell, wms: WmsHandle, cart: CartHandle) -> Iterator[Shell]:
    """A served store whose first push is held."""
    set_up(shell, wms, cart)
    process = serve(shell)
    try:
        assert shell.run("sync", "Acme", "--wait", "--quiet").code == 3
        yield shell
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _ended(shell: Shell, run: int) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while True:
        found: dict[str, Any] = shell.json("runs", str(run))["run"]
        if found["state"] in ("done", "failed", "canceled", "held"):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def test_a_plan_is_shown_applied_undone_and_made_safe(held: Shell, cart: CartHandle, wms: WmsHandle) -> None:
    # given: the plan of the first push
    shown = held.json("plan", "Shop", "--limit", "5")
    number = shown["plan"]["number"]
    assert shown["plan"]["holds"][0].startswith("first push of this cart")
    assert shown["plan"]["rules"] == [{"code": "FIRST_PUSH", "text": shown["plan"]["holds"][0]}]
    assert shown["count"]["n"] == shown["plan"]["totals"]["to_set"] > 5
    # when: it is paged, exported, filtered and looked at again
    rest = held.json("plan", "Shop", "--limit", "100", "--after", shown["next"])["listings"]
    assert len(shown["listings"]) + len(rest) == shown["count"]["n"]
    assert held.json("plan", "--kept", str(number), "--limit", "100")["listings"][5:] == rest
    rows = list(csv.reader(StringIO(held.ok("plan", "Shop", "--csv", "--sort", "sku").out)))
    assert len(rows) == 1 + shown["count"]["n"]
    assert f"invsync apply {number} --reason TEXT" in held.ok("plan", "--kept", str(number)).out
    # and applied
    refused = held.run("apply", str(number), "--json")
    check("error", refused.document)
    assert refused.code == 1 and "needs an operator's word" in refused.error
    applied = held.json("apply", str(number), "--reason", "looked at it")
    # then
    assert _ended(held, applied["run"])["state"] == "done"
    before = cart.quantities()
    # given: a push that is regretted
    sku = next(line["sku"] for line in rest)
    wms.set_level(sku, "EAST", 444)
    assert held.run("sync", "Acme", "--wait", "--quiet").code == 0
    regretted = next(run["id"] for run in held.json("runs")["runs"] if run["counts"]["updated"] == 1)
    # when
    undone = held.json("undo", str(regretted), "--reason", "a typo")
    answer = held.json("apply", str(undone["plan"]), "--reason", "a typo")
    # then
    assert answer["frozen"]
    assert _ended(held, answer["run"])["counts"]["updated"] == 1
    assert cart.quantities() == before
    frozen = held.json("freeze")["carts"]
    assert [(one["cart"], one["why"]) for one in frozen] == [("Shop", f"plan {undone['plan']} (undo): a typo")]
    # and when
    safe = held.json("safe", "Shop", sku, "--level", "1", "--reason", "recount")
    assert held.json("plan", "--kept", str(safe["plan"]))["plan"]["kind"] == "safe"
    _ended(held, held.json("apply", str(safe["plan"]), "--reason", "recount")["run"])
    # then
    assert cart.quantities() == before | {sku: 1}
    assert held.json("unfreeze", "Shop", "--reason", "counted")["carts"][0]["since"] is None
    assert "not frozen" in held.run("unfreeze", "Shop").error


def test_what_if_is_not_saved_and_wrong_settings_are_told(held: Shell) -> None:
    # when
    tried = held.json("plan", "Shop", "--with", "minimum=100000")
    # then
    assert tried["plan"]["number"] is None
    assert tried["plan"]["totals"]["to_set"] == 0 or {one["target"] for one in tried["listings"]} == {0}
    assert "--minimum 100000" in tried["plan"]["advice"][0]
    assert held.json("carts")["carts"][0]["minimum"] == 0
    assert held.run("plan", "Shop", "--with", "minimum=lots").code == 2
    assert held.run("plan", "Shop", "--with", "nonsense=1").code == 2
    assert held.run("plan").code == 2
    assert held.run("apply", "99").error == "invsync: There is no plan 99 (any more). Make one with: invsync plan CART."


def test_freeze_takes_a_cart_or_a_merchant_and_a_reason(acme: Shell) -> None:
    assert acme.run("freeze", "Acme Shop").code == 2
    assert acme.json("freeze", "Acme", "--reason", "migration")["carts"][0]["why"] == "migration"
    assert "frozen already" in acme.run("freeze", "Acme", "--reason", "again").error
    assert acme.run("--read-only", "unfreeze", "Acme").code == 2
    assert acme.json("unfreeze", "Acme")["carts"][0]["since"] is None
    assert "Nothing is frozen." in acme.ok("freeze").out
    for nearly, meant in (("Acme Shp", "Acme Shop"), ("Acmee", "Acme")):
        assert f"Did you mean {meant!r}?" in acme.run("freeze", nearly, "--reason", "typed").error


def test_apply_follows_its_run(held: Shell, cart: CartHandle) -> None:
    # given
    number = held.json("plan", "Shop")["plan"]["number"]
    # when
    answer = held.run("apply", str(number), "--reason", "looked through it", "--wait", "--json")
    # then: a line per event and a summary, and the cart shows it
    lines = [json.loads(row) for row in answer.out.splitlines()]
    for line in lines:
        check("apply", line)
    assert answer.code == 0 and lines[-1]["event"] == "summary" and lines[-1]["runs"][0]["state"] == "done"
    assert any(cart.quantities().values())


def test_a_held_run_names_its_plan(held: Shell) -> None:
    run = max(one["id"] for one in held.json("runs")["runs"] if one["state"] == "held")
    ways = held.json("runs", str(run))["run"]["hold"]["ways"]
    assert ways[-1] == "invsync plan Shop" and any(f"invsync release {run}" in way for way in ways)
    assert "invsync plan Shop" in held.run("runs", str(run)).out


def test_what_is_frozen_is_told_everywhere(held: Shell) -> None:
    # given
    assert held.run("freeze", "Acme", "--reason", "stocktaking").code == 0
    # then: as a merchant's freeze, without alarm
    status = held.run("status", "--json").document
    check("status", status)
    row = status["merchants"][0]
    assert [(one["subject"], one["name"], one["why"]) for one in row["frozen"]] == [("merchant", "Acme", "stocktaking")]
    told = next(one for one in row["problems"] if "frozen" in one["text"])
    assert told["advice"].endswith("invsync unfreeze Acme") and not told["urgent"]
    assert "invsync unfreeze Acme" in held.run("status").out
    fix = next(one["fix"] for one in held.run("doctor", "--json").document["checks"] if one["id"] == "cart.freeze")
    assert fix == "invsync unfreeze Acme"
    assert "invsync unfreeze Acme" in held.json("plan", "Shop")["plan"]["advice"][0]
    # and when
    assert held.run("freeze", "Shop", "--reason", "this one too").code == 0
    # then
    fix = next(one["fix"] for one in held.run("doctor", "--json").document["checks"] if one["id"] == "cart.freeze")
    assert fix == "invsync unfreeze Acme, then: invsync unfreeze Shop"
