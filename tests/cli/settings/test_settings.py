"""Merchants and carts: what is saved, what is refused, what is audited."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest

from tests.support.processes.shell import NOWHERE, Shell, check


def rows(shell: Shell, sql: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(shell.store) as connection:
        return connection.execute(sql).fetchall()


def test_the_list_speaks_the_guides_words(acme: Shell) -> None:
    text = acme.ok("merchants").out + acme.ok("carts").out
    for label in (
        "Synchronization With WMS - Inventory  on",
        "Last Inventory Run                    N/A",
        "Status",
        "Inventory Upload Service       off",
        "Sync Inventory With Warehouse  Combine All Locations",
        "Push Inventory Using Alias     SKU",
        "Minimum Inventory Level        0",
    ):
        assert label in text


def test_documents_hold_their_schema(acme: Shell) -> None:
    merchant = acme.json("merchants")["merchants"][0]
    cart = acme.json("carts", "--merchant", "Acme")["carts"][0]
    assert (merchant["name"], merchant["every"], merchant["last_run_at"]) == ("Acme", 3600, None)
    assert (cart["name"], cart["combine_all"], cart["max"], cart["last_run"]) == ("Acme Shop", True, None, None)


def test_every_setting_of_a_cart_is_saved(acme: Shell) -> None:
    given = ["--upload", "on", "--alias", "upc", "--warehouse", "Default", "--minimum", "3", "--buffer", "2"]
    given += ["--share", "80", "--max", "500", "--every", "15m", "--stale-after", "2h", "--secret", "command:pass shop"]
    cart = acme.json("carts", "set", "Acme Shop", *given)["cart"]
    assert cart["upload_on"] and cart["alias"] == "UPC" and cart["warehouses"] == ["Default"]
    numbers = [cart[key] for key in ("minimum", "buffer", "share", "max", "every", "stale_after")]
    assert numbers == [3, 2, 80, 500, 900, 7200]
    assert cart["connection"]["secret"] == "command:pass shop"


def test_a_setting_can_be_taken_back(acme: Shell) -> None:
    acme.ok("carts", "set", "Acme Shop", "--warehouse", "Default", "--max", "5", "--every", "15m")
    cart = acme.json("carts", "set", "1", "--all-warehouses", "--max", "none", "--every", "off")["cart"]
    assert (cart["combine_all"], cart["warehouses"], cart["max"], cart["every"]) == (True, [], None, None)


def test_a_change_of_rules_plans_anew_and_any_other_does_not(acme: Shell) -> None:
    revisions = "SELECT rev, rules_rev FROM cart"
    acme.ok("carts", "set", "Acme Shop", "--login", "someone")
    assert rows(acme, revisions) == [(2, 1)]
    acme.ok("carts", "set", "Acme Shop", "--minimum", "4")
    assert rows(acme, revisions) == [(3, 2)]
    acme.ok("carts", "set", "Acme Shop", "--minimum", "4")
    assert rows(acme, revisions) == [(3, 2)]


def test_changes_are_audited_with_before_and_after(acme: Shell) -> None:
    acme.ok("carts", "set", "Acme Shop", "--minimum", "4")
    acme.ok("merchants", "set", "Acme", "--sync", "off")
    found = rows(acme, "SELECT action, subject, before, after FROM audit ORDER BY id")
    assert [row[:2] for row in found[:2]] == [("merchant add", "merchant:1"), ("cart add", "cart:1")]
    assert found[2] == ("cart set", "cart:1", json.dumps({"cutoff_below": 0}), json.dumps({"cutoff_below": 4}))
    assert json.loads(found[3][3]) == {"inventory_sync": False}


def test_another_address_is_read_completely_next(acme: Shell) -> None:
    rows(acme, "UPDATE source SET mark = 'm', last_full_at = 5")
    rows(acme, "UPDATE cart SET listed_at = 5, watermark = 9")
    acme.ok("merchants", "set", "Acme", "--url", "https://other.example.com")
    acme.ok("carts", "set", "Acme Shop", "--url", "https://other.example.com")
    assert rows(acme, "SELECT mark, last_full_at FROM source") == [("", None)]
    assert rows(acme, "SELECT listed_at, watermark FROM cart") == [(None, 0)]


@pytest.mark.parametrize(
    ("words", "option", "what"),
    [
        (("merchants", "add", "New", "--source", "tryton"), "database", "name of the database"),
        (("carts", "add", "Acme", "New", "--system", "sandbox"), "shop", "name of the shop"),
        (("carts", "set", "Acme Shop", "--option", "shop="), "shop", "name of the shop"),
    ],
)
def test_a_required_option_that_is_not_given_is_named(
    acme: Shell, words: tuple[str, ...], option: str, what: str
) -> None:
    before = rows(acme, "SELECT * FROM cart"), rows(acme, "SELECT * FROM merchant")
    url = () if "set" in words else ("--url", "https://shop.example.com")
    answer = acme.run(*words, *url)
    assert answer.code == 2
    assert f"{option}: it is required: {what}. Give it as --option {option}=VALUE." in answer.error
    assert (rows(acme, "SELECT * FROM cart"), rows(acme, "SELECT * FROM merchant")) == before


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--share", "130", "from 0 to 100"),
        ("--minimum", "-1", "from 0 to"),
        ("--buffer", "2.5", "whole number"),
        ("--max", "many", "whole number"),
        ("--every", "5s", "from 1m to 30d"),
        ("--every", "soon", "such as 90s"),
        ("--upload", "maybe", "on or off"),
        ("--alias", "XYZ", "SKU, UPC, EAN"),
        ("--warehouse", "EAST", "known: Default"),
        ("--url", "ftp://shop", "https or http"),
        ("--url", "https://a:b@shop.example.com", "--login and --secret"),
        ("--option", "nonsense", "KEY=VALUE"),
        ("--option", "api_token=x", "looks like a secret"),
        ("--name", "17", "not a number"),
        ("--name", "a\x1b[2Jb", "control characters"),
    ],
)
def test_a_bad_value_names_field_and_range_and_saves_nothing(acme: Shell, option: str, value: str, told: str) -> None:
    before = rows(acme, "SELECT * FROM cart")
    answer = acme.run("carts", "set", "Acme Shop", f"{option}={value}", "--json")
    assert answer.code == 2
    assert option in answer.error and told in answer.error
    check("error", answer.document)
    assert answer.document["error"]["kind"] == "invalid"
    assert rows(acme, "SELECT * FROM cart") == before


def test_a_literal_signs_in_with_refused_and_never_repeated(acme: Shell) -> None:
    for arguments in (
        ["merchants", "set", "Acme"],
        ["carts", "set", "Acme Shop"],
        ["merchants", "add", "New", "--source", "sandbox", "--url", NOWHERE],
    ):
        answer = acme.run(*arguments, "--secret", "hunter2-literal", "--json")
        assert answer.code == 2
        assert "env:NAME" in answer.error
        assert "hunter2" not in answer.out + answer.err
    assert "hunter2" not in str(rows(acme, "SELECT * FROM audit"))


def test_a_second_merchant_of_the_same_name_is_refused(acme: Shell) -> None:
    answer = acme.run("merchants", "add", "Acme", "--source", "sandbox", "--url", NOWHERE)
    assert answer.code == 1 and "of this name already" in answer.error


def test_an_unknown_system_is_told_with_the_known_ones(acme: Shell) -> None:
    answer = acme.run("merchants", "add", "New", "--source", "magic", "--url", NOWHERE)
    known = answer.error.rpartition("choose one of: ")[2].rstrip(".\n").split(", ")
    assert answer.code == 2 and {"sandbox", "tryton"} <= set(known)


def test_a_name_that_is_nearly_right_is_suggested(acme: Shell) -> None:
    answer = acme.run("carts", "--merchant", "Acmee", "--json")
    assert answer.code == 2 and "Did you mean 'Acme'?" in answer.error
    assert answer.document["error"]["kind"] == "not_found"


def test_two_carts_of_one_name_need_their_merchant_or_number(acme: Shell) -> None:
    acme.ok("merchants", "add", "Other", "--source", "sandbox", "--url", NOWHERE)
    acme.ok("carts", "add", "Other", "Acme Shop", "--system", "sandbox", "--url", NOWHERE, "--option", "shop=main")
    assert "Give a number instead: 1, 2" in acme.run("carts", "set", "Acme Shop", "--buffer", "1").error
    acme.ok("carts", "set", "Acme Shop", "--merchant", "Other", "--buffer", "7")
    acme.ok("carts", "set", "1", "--buffer", "5")
    assert rows(acme, "SELECT buffer FROM cart ORDER BY id") == [(5,), (7,)]


@pytest.mark.parametrize("where", ["flag", "environment"])
def test_read_only_refuses_changes_and_allows_lists(acme: Shell, where: str) -> None:
    flags = ["--read-only"] if where == "flag" else []
    env = {"INVSYNC_READ_ONLY": "1"} if where == "environment" else {}
    for order in (["carts", "set", "1", "--buffer", "5"], ["sync", "Acme"], ["serve", "--until-idle", "0"]):
        answer = acme.run(*order, *flags, env=env)
        assert answer.code == 2 and "read-only" in answer.error
    for question in (["carts"], ["merchants"], ["runs"]):
        assert acme.run(*question, *flags, env=env).code == 0


def test_how_long_orders_need_to_reach_the_wms_is_a_setting_of_the_merchant(acme: Shell) -> None:
    assert acme.json("merchants")["merchants"][0]["orders_within"] == 900
    assert acme.json("merchants", "set", "Acme", "--orders-within", "2h")["merchant"]["orders_within"] == 7200
    assert acme.json("merchants", "set", "Acme", "--orders-within", "0s")["merchant"]["orders_within"] == 0
    assert "Orders reach the WMS within" in acme.ok("merchants").out


@pytest.mark.parametrize(
    ("command", "wrong", "right"),
    [
        (("carts", "add", "Acme", "New", "--system", "sandbox"), "shp=main", "shop ("),
        (("merchants", "add", "New", "--source", "feed"), "skuu=Item", "sku ("),
    ],
)
def test_a_misspelled_option_is_refused_and_the_right_ones_are_listed(
    acme: Shell, command: tuple[str, ...], wrong: str, right: str
) -> None:
    # when
    refused = acme.run(*command, "--url", "http://127.0.0.1:9", "--option", wrong)
    # then
    name = wrong.partition("=")[0]
    assert refused.code == 2 and f"has no option '{name}'. Did you mean" in refused.error
    _, _, listed = refused.error.partition(" Its options: ")
    assert right in listed
    # and nothing was added
    kept = acme.json(command[0])
    assert [one["name"] for one in kept[command[0]]] == [{"carts": "Acme Shop", "merchants": "Acme"}[command[0]]]
