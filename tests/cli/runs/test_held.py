"""What a held run would send, and its release by group, as commands."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes.shell import Shell, check
from tests.support.runs.sandbox_world import town


@pytest.fixture
def held_run(tmp_path: Path) -> Iterator[tuple[Shell, int]]:
    """A first push that is held, of a shop that shows 7 of two SKUs that are sold out."""
    with town(tmp_path) as our_town:
        for sku in our_town.sold_out()[:2]:
            our_town.cart.edit(sku, quantity=7)
        asyncio.run(_hold(our_town))
        run_id = our_town.bench.one("SELECT id FROM our_run WHERE state = 'held'")
        shell = Shell(tmp_path)
        yield shell, run_id


async def _hold(made) -> None:  # type: ignore[no-untyped-def]
    await made.bench.pull()
    await made.bench.push(made.cart_id, release=False)


def test_a_held_run_is_listed_by_group(held_run: tuple[Shell, int]) -> None:
    shell, run = held_run
    # when
    whole = shell.json("held", str(run), "--limit", "1000")
    # then
    assert whole["count"] == {"n": sum(whole["groups"].values()), "exact": True}
    assert whole["groups"]["to_zero"] == 2 and "first push" in whole["reasons"][0]
    first_push = {"code": "FIRST_PUSH", "text": whole["reasons"][0]}
    assert whole["rules"] == [first_push]
    assert shell.json("runs", str(run))["run"]["hold"]["rules"] == [first_push]
    assert f"{first_push['text']} (FIRST_PUSH)" in shell.ok("runs", str(run)).out
    zero = shell.json("held", str(run), "--group", "zero")["held"]
    assert [(line["in_cart"], line["target"], line["group"]) for line in zero] == [(7, 0, "to_zero")] * 2
    # and by what is shown of it
    fewer = shell.json("held", str(run), "--filter", "change<0 -group:to_zero")
    lower = [one for one in whole["held"] if one["in_cart"] is not None and one["change"] < 0]
    assert fewer["filter"] == "change<0 -group:to_zero"
    assert [one["id"] for one in fewer["held"]] == [one["id"] for one in lower if one["group"] != "to_zero"]
    assert [one["sku"] for one in shell.json("held", str(run), "--filter", zero[0]["sku"])["held"]] == [zero[0]["sku"]]
    wrong = shell.run("held", str(run), "--filter", "outcome:failed")
    assert wrong.code == 2 and "Known: in-cart, target, change, diff, group" in wrong.err
    # and by pages
    first = shell.json("held", str(run), "--limit", "3")
    rest = shell.json("held", str(run), "--limit", "1000", "--after", first["next"])
    assert first["held"] + rest["held"] == whole["held"]
    assert len(shell.ok("held", str(run), "--csv", "--limit", "1000").out.splitlines()) == len(whole["held"]) + 1
    assert "TARGET" in shell.ok("held", str(run)).out


def test_a_release_names_groups_that_exist(held_run: tuple[Shell, int]) -> None:
    shell, run = held_run
    # when
    failed = shell.run("release", str(run), "--group", "some", "--reason", "seen", "--json")
    # then
    assert failed.code != 0
    assert "'to_zero', 'large_changes', 'other'" in failed.err


def test_limits_are_settings_of_a_cart(held_run: tuple[Shell, int]) -> None:
    shell, _ = held_run
    # when
    shell.ok(
        "carts",
        "set",
        "Demo Cart",
        "--jump-factor",
        "4",
        "--jump-count",
        "9",
        "--jump-percent",
        "3",
        "--heal",
        "oversell",
    )
    # then
    cart = shell.json("carts", "set", "Demo Cart", "--zero-count", "8")["cart"]
    check("carts", shell.json("carts"))
    assert cart["safety_rules"] == {
        "zero_count": 8, "zero_percent": 10, "shrink_percent": 20, "large_change_factor": 4, "large_change_count": 9,
        "large_change_percent": 3,
    }  # fmt: skip
    assert cart["correct_drift"] == "oversell"
    assert shell.run("carts", "set", "Demo Cart", "--heal", "sometimes").code == 2
    fields = shell.json("settings", "show", "cart:Demo Cart")["settings"]["fields"]
    assert {"large-change-factor", "large-change-count", "large-change-percent", "correct-drift"} <= {
        field["name"] for field in fields
    }
