"""`identity`, `links`, `link` and `unlink` in processes of their own, held against their schemas."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import pytest

from tests.support.processes.shell import Shell
from tests.support.stores.products_store import Thing, shelf

CART = "Acme Shop"


@pytest.fixture
def mixed(tmp_path: Path) -> Shell:
    our_shelf = shelf(tmp_path)
    our_shelf.put([Thing(str(n), f"Item{n:02}", f"Demo item {n}") for n in range(9)])
    our_shelf.list([*(f"ITEM{n:02}" for n in range(6)), "Item-06", "stranger"])
    our_shelf.bench.store.close()
    return Shell(tmp_path)


def test_pages_counts_and_csv(mixed: Shell) -> None:
    whole = mixed.json("identity", CART)
    assert [one["kind"] for one in whole["unmatched"]] == ["DASH", *["CASE"] * 6, "NONE"]
    first = mixed.json("identity", CART, "--kind", "case", "--limit", "4")
    second = mixed.json("identity", CART, "--kind", "case", "--after", first["next"])
    assert [one["product_sku"] for one in first["unmatched"] + second["unmatched"]] == [f"Item{n:02}" for n in range(6)]
    assert first["count"] == {"n": 6, "exact": True} and second["next"] is None
    counts = mixed.json("identity", CART, "--counts")
    assert (counts["counts"]["CASE"], counts["counts"]["NONE"], counts["exact"]) == (6, 1, True)
    rows = list(csv.reader(StringIO(mixed.ok("identity", CART, "--csv").out)))
    assert len(rows) == 9 and {len(row) for row in rows} == {10}
    assert "differs by upper and lower case" in mixed.ok("identity", CART).out
    assert mixed.json("identity", CART, "--renamed")["renamed"] == []


def test_all_of_a_kind_are_accepted_and_taken_back(mixed: Shell) -> None:
    before = mixed.json("identity", CART)
    assert mixed.json("identity", CART, "--accept", "CASE")["accepted"] == 6
    links = mixed.json("links", CART)
    assert [link["product_sku"] for link in links["links"]] == [f"Item{n:02}" for n in range(6)]
    assert "takes effect with the next push" in mixed.ok("links", CART).out
    assert mixed.json("unlink", CART, "--kind", "CASE")["message"].startswith("6 listings unlinked")
    assert mixed.json("identity", CART) == before


def test_one_by_hand(mixed: Shell) -> None:
    told = mixed.json("link", CART, "stranger", "Item08")["message"]
    assert told == "Listing L-stranger is linked to Item08; the next push uses it."
    assert mixed.json("links", CART, "--kind", "MANUAL")["count"] == {"n": 1, "exact": True}
    mixed.json("unlink", CART, "L-stranger")
    assert "no link to remove" in mixed.run("unlink", CART, "L-stranger").error


def test_refusals_say_what_to_do(mixed: Shell) -> None:
    assert "CHECK_DIGIT" in mixed.run("identity", CART, "--kind", "spice").error
    assert "no kind of suggestion that can be accepted" in mixed.run("identity", CART, "--accept", "NONE").error
    assert mixed.run("unlink", CART).code == 2
    assert "read-only" in mixed.run("--read-only", "link", CART, "stranger", "Item08").error
