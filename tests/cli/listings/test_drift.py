"""Drift, the check and correction as commands."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from invsync_tui.store.database import open_store
from tests.support.processes.shell import Shell
from tests.support.runs.sandbox_world import Town, town
from tests.support.stores.merchant_store import Bench


class Drifted(NamedTuple):
    """A shop with an oversold, an untracked and a vanished listing, as a check saw it."""

    shell: Shell
    town: Town
    over: str
    untracked: str
    gone: str

    @property
    def cart(self) -> str:
        """The number of the cart, as a command takes it."""
        return str(self.town.cart_id)


@pytest.fixture
def drifted(tmp_path: Path) -> Iterator[Drifted]:
    with town(tmp_path) as our_town:
        over, untracked, gone = our_town.in_stock()[:3]
        asyncio.run(_drift(our_town, over, untracked, gone))
        yield Drifted(Shell(tmp_path), our_town, over, untracked, gone)


async def _drift(our_town: Town, over: str, untracked: str, gone: str) -> None:
    await our_town.bench.pull()
    await our_town.bench.push(our_town.cart_id)
    our_town.cart.edit(over, quantity=our_town.stock()[over] + 5)
    our_town.cart.edit(untracked, tracked=False)
    ref = next(row["ref"] for row in our_town.cart.dump()["main"] if row["sku"] == gone)
    our_town.cart.control("remove", {"shop": "main", "refs": [ref]})
    with our_town.bench.store.transaction() as tx:  # synced a while ago
        tx.execute(
            "UPDATE listing SET synced_at = synced_at - 1000, observed_at = observed_at - 1000 WHERE cart_id = ?",
            (our_town.cart_id,),
        )
    run = our_town.bench.request("radar", our_town.cart_id)
    await our_town.bench.work()
    assert our_town.bench.run(run).state == "done"


def test_drift_is_listed_by_class_with_its_exposure(drifted: Drifted) -> None:
    # when
    whole = drifted.shell.json("drift", "Demo Cart")
    # then
    assert {line["sku"]: (line["drift"], line["exposure"]) for line in whole["drift"]} == {
        drifted.over: ("oversell", 5), drifted.untracked: ("untracked", 0), drifted.gone: ("vanished", 0),
    }  # fmt: skip
    assert (whole["exposure"], whole["count"]) == (5, {"n": 3, "exact": True})
    assert [line["sku"] for line in drifted.shell.json("drift", drifted.cart, "--class", "oversell")["drift"]] == [
        drifted.over
    ]
    # and by what is shown of it
    asked = {
        "exposure>0": [drifted.over],
        "class:vanished": [drifted.gone],
        "-class:vanished diff=5": [drifted.over],
        drifted.gone: [drifted.gone],
    }
    for text, skus in asked.items():
        found = drifted.shell.json("drift", drifted.cart, f"--filter={text}")
        assert ([line["sku"] for line in found["drift"]], found["filter"]) == (skus, text)
    assert drifted.shell.run("drift", drifted.cart, "--filter", "group:zero").code == 2
    # and by pages, as CSV and as text
    first = drifted.shell.json("drift", drifted.cart, "--limit", "1")
    rest = drifted.shell.json("drift", drifted.cart, "--limit", "9", "--after", first["next"])
    assert first["drift"] + rest["drift"] == whole["drift"]
    assert len(drifted.shell.ok("drift", drifted.cart, "--csv").out.splitlines()) == 4
    assert "EXPOSURE" in drifted.shell.ok("drift", drifted.cart).out
    # and the run tells its reasons
    assert "OVERSELL" in drifted.shell.ok("runs", str(drifted.shell.json("runs")["runs"][0]["id"])).out
    assert drifted.shell.json("runs")["runs"][0]["kind"] == "drift_check"


def test_why_names_the_drift(drifted: Drifted) -> None:
    answer = drifted.shell.run("why", drifted.over, "--cart", drifted.cart, "--json")
    assert "listings" in answer.document, answer
    listing = answer.document["listings"][0]
    assert (listing["drift"]["class"], listing["drift"]["exposure"]) == ("oversell", 5)
    assert "oversell" in drifted.shell.run("why", drifted.over, "--cart", drifted.cart).out


def test_what_is_healed_is_written_by_the_next_push(drifted: Drifted) -> None:
    # when
    message = drifted.shell.json("correct", drifted.cart, "--class", "oversell", "--reason", "sold by phone")["message"]
    # then
    assert message.startswith("1 listing is to be corrected")
    assert drifted.shell.json("drift", drifted.cart, "--class", "oversell")["drift"][0]["to_correct"] is True
    # and when it is pushed
    bench = Bench(open_store(drifted.shell.store), merchant=drifted.town.bench.merchant)
    assert asyncio.run(bench.push(drifted.town.cart_id, release=False)).state == "done"
    said = bench.store.read("SELECT reason, after FROM audit WHERE action = 'heal'")
    bench.store.close()
    # then
    assert drifted.town.shown()[drifted.over] == drifted.town.stock()[drifted.over]
    assert drifted.shell.json("drift", drifted.cart, "--class", "oversell")["drift"] == []
    assert len(said) == 1 and said[0][0] == "sold by phone" and drifted.over in said[0][1]


def test_what_cannot_be_healed_is_refused(drifted: Drifted) -> None:
    shell = drifted.shell
    assert "cannot be written" in shell.run("correct", drifted.cart, "--class", "vanished", "--reason", "x").error
    assert "no listing 'NOPE'" in shell.run("correct", drifted.cart, "NOPE", "--reason", "x").error
    assert "one of the two" in shell.run("correct", drifted.cart, "--reason", "x").error
    assert shell.run("correct", drifted.cart, drifted.over, "--reason", " ").code == 2


def test_the_drift_check_is_scheduled_and_asked_for(drifted: Drifted) -> None:
    # when
    assert drifted.shell.json("verify", drifted.cart, "--every", "30m")["runs"] == []
    # then
    store = open_store(drifted.shell.store)
    ours = "SELECT every FROM schedule WHERE kind = 'radar' AND key = ?"
    assert store.read(ours, (drifted.town.cart_id,)) == [(1800,)]
    store.close()
    # and when
    assert "off" not in drifted.shell.json("verify", drifted.cart, "--every", "off")["message"]
    assert len(drifted.shell.json("verify", drifted.cart)["runs"]) == 1
