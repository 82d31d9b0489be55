"""Commands of long lists on a generated store: documents against their schemas, pages by token, CSV, orders."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.cli import main
from invsync_tui.preferences import Preferences
from tests.support.processes.shell import Shell, check

CART = "Demo Shop 2"
LISTS = (
    ("merchants", ["merchants"], "merchants"),
    ("warehouses", ["warehouses", "1"], "warehouses"),
    ("levels", ["levels", "1", "--warehouse", "EAST"], "levels"),
    ("summary", ["levels", "1"], "levels"),
    ("sorted", ["levels", "1", "--warehouse", "EAST", "--sort=-available"], "levels"),
    ("search", ["search", "tent"], "hits"),
    ("carts", ["carts"], "carts"),
    ("listings", ["listings", CART], "listings"),
    ("never", ["listings", CART, "--only", "never"], "listings"),
    ("types", ["aliases", "1"], "types"),
    ("collisions", ["aliases", "1", "--type", "upc", "--collisions"], "collisions"),
    ("missing", ["aliases", "1", "--type", "ASIN", "--missing"], "missing"),
    ("runs", ["runs"], "runs"),
    ("runs sorted", ["runs", "--sort=-took"], "runs"),
    ("skus sorted", ["runs", "402", "--outcome", "skipped", "--sort=-sku"], "listings"),
    ("skus", ["runs", "402", "--reason", "UNCHANGED"], "listings"),
    ("outcome", ["runs", "402", "--outcome", "skipped"], "listings"),
    ("synced", ["listings", CART, "--since", "2000-01-01"], "listings"),
    ("loaded", ["levels", "1", "--warehouse", "EAST", "--since", "2000-01-01"], "levels"),
)


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    shell = Shell(tmp_path_factory.mktemp("generated"))
    document = shell.json("dev", "generate", str(shell.store), "--products", "600", "--at", "1795000000")
    assert document["products"] == 600
    yield shell


@pytest.mark.parametrize(("arguments", "name"), [row[1:] for row in LISTS], ids=[row[0] for row in LISTS])
def test_pages_by_token_are_the_whole_list(big: Shell, arguments: list[str], name: str) -> None:
    whole = big.json(*arguments, "--limit", "1000")
    assert whole["next"] is None and whole[name]
    size = max(1, (len(whole[name]) + 2) // 3)
    found: list[Any] = []
    more: list[str] = []
    for _ in range(4):
        page = big.json(*arguments, "--limit", str(size), *more)
        found += page[name]
        if page["next"] is None:
            break
        more = ["--after", page["next"]]
    assert found == whole[name]


@pytest.mark.parametrize(("arguments", "name"), [row[1:] for row in LISTS], ids=[row[0] for row in LISTS])
def test_csv_has_a_line_per_row(big: Shell, arguments: list[str], name: str) -> None:
    rows = list(csv.reader(StringIO(big.ok(*arguments, "--csv", "--limit", "7").out)))
    assert len(rows) == 1 + len(big.json(*arguments, "--limit", "7")[name])
    assert {len(row) for row in rows} == {len(rows[0])}


@pytest.mark.parametrize("arguments", [row[1] for row in LISTS], ids=[row[0] for row in LISTS])
def test_text_is_for_readers(big: Shell, arguments: list[str]) -> None:
    assert big.ok(*arguments, "--limit", "2").out.strip()


def test_what_was_synced_or_loaded_in_a_period_is_what_the_whole_list_has_of_it(big: Shell) -> None:
    for arguments, name, column in (
        (["listings", CART], "listings", "synced_at"), (["listings", CART, "--only", "mismatch"], "listings", "synced_at"),
        (["listings", "--only", "all"], "listings", "synced_at"), (["levels", "1", "--warehouse", "EAST"], "levels", "loaded_at"),
    ):  # fmt: skip
        whole = [row for row in big.json(*arguments, "--limit", "9999")[name] if row[column] is not None]
        times = sorted({row[column] for row in whole})
        for since, until in (
            (times[len(times) // 3], times[-1]),
            (times[0], times[len(times) // 2]),
            (times[-1], times[0]),
        ):
            page = big.json(*arguments, "--since", since, "--until", until, "--limit", "9999")
            wanted = sorted(row["sku"] for row in whole if since <= row[column] <= until)
            assert sorted(row["sku"] for row in page[name]) == wanted and page["count"]["n"] == min(len(wanted), 1000)
    newest = big.json("listings", CART, "--since", "2000-01-01")["listings"]
    assert [row["synced_at"] for row in newest] == sorted((row["synced_at"] for row in newest), reverse=True)
    assert big.run("levels", "1", "--since", "-1d").code == 2, "each warehouse has a time of its own"


def test_what_is_frozen_and_a_history_go_on_by_their_tokens(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.ok("dev", "generate", str(shell.store), "--products", "600", "--at", "1795000000")
    for cart in ("Demo Shop 1", CART):
        shell.ok("freeze", cart, "--reason", "stocktaking")
    whole = shell.json("freeze")
    first = shell.json("freeze", "--limit", "1")
    rest = shell.json("freeze", "--after", first["next"])
    assert first["carts"] + rest["carts"] == whole["carts"] and len(whole["carts"]) == 2 and rest["next"] is None
    rows = list(csv.DictReader(StringIO(shell.ok("freeze", "--csv").out)))
    assert [row["cart"] for row in rows] == [one["cart"] for one in whole["carts"]]
    assert (
        shell.json("freeze", "--until", "-1d")["carts"] == []
        and len(shell.json("freeze", "--since", "-1d")["carts"]) == 2
    )
    assert shell.run("freeze", CART, "--reason", "x", "--csv").code == 2
    # and of a SKU
    sku = shell.json("listings", "Demo Shop 1", "--limit", "1")["listings"][0]["product_sku"]
    shell.ok("sku", sku, "--lock", "--reason", "one")
    shell.ok("sku", sku, "--unlock", "--reason", "two")
    every = [event for one in shell.json("history", sku)["listings"] for event in one["events"]]
    events, more = [], []
    for _ in range(len(every)):
        page = shell.json("history", sku, "--limit", "1", *more)
        events += [event for one in page["listings"] for event in one["events"]]
        more = ["--after", page["next"] or ""]
    assert events == every and len(every) >= 2 and page["next"] is None
    lines = shell.ok("history", sku, "--csv").out.splitlines()
    assert shell.ok("history", sku, "--csv", "--limit", "2").out.splitlines() == lines[:3]


def test_a_generated_store_is_the_same_for_the_same_arguments_and_sound(tmp_path: Path) -> None:
    import sqlite3

    first, other = Shell(tmp_path / "first"), Shell(tmp_path / "other")
    for shell in (first, other):
        shell.home.mkdir()
        shell.ok("dev", "generate", str(shell.store), "--products", "600", "--at", "1795000000")
    tables = ("product", "product_code", "level", "listing", "census", "collision", "unlisted", "run")
    with sqlite3.connect(first.store) as one, sqlite3.connect(other.store) as two:
        for table in tables:
            assert one.execute(f"SELECT * FROM {table}").fetchall() == two.execute(f"SELECT * FROM {table}").fetchall()
        assert one.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        for index in ("product_fts", "product_name_fts"):
            one.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)")
    assert other.run("dev", "generate", str(other.store)).code != 0, "an existing file is left alone"


def test_a_wrong_token_is_told(big: Shell) -> None:
    for arguments in (["levels", "1"], ["warehouses", "1"], ["runs"]):
        answer = big.run(*arguments, "--after", "nonsense", "--json")
        assert answer.code == 2 and "--after" in answer.error


def test_nothing_found_is_told_by_the_exit_code(big: Shell) -> None:
    answer = big.run("search", "qqqqqq", "--json")
    check("search", answer.document)
    assert answer.code == 1 and answer.document["verdict"].startswith("none")
    blank = big.run("sku", " ", "--json")
    assert blank.code == 2 and "no SKU is given" in blank.document["error"]["message"]


def test_one_sku_is_shown_and_ordered_for(big: Shell) -> None:
    text = big.json("listings", "Demo Shop 1", "--limit", "1")["listings"][0]["product_sku"]
    before = big.json("sku", text)
    assert before["sku"]["levels"] and before["message"] == ""
    after = big.json("sku", text, "--exclude", "--cart", "Demo Shop 1", "--reason", "why")
    assert "1 of 1" in after["message"]
    assert [one["excluded"] for one in after["sku"]["listings"] if one["cart"] == "Demo Shop 1"] == [True]
    assert big.run("sku", text, "--lock").code == 2, "an order needs a reason"
    assert big.run("--read-only", "sku", text, "--lock", "--reason", "why").code == 2
    assert "Demo Shop 1" in big.ok("sku", text).out


def test_settings_are_shown_compared_and_saved_and_a_conflict_is_told(big: Shell) -> None:
    subject = "cart:Demo Shop 3"
    rev = big.json("settings", "show", subject)["settings"]["rev"]
    document = big.json("settings", "diff", subject, "minimum=9", "--preview")
    assert document["changes"][0]["after"] == "9" and document["preview"]["counted"] > 500
    wrong = big.run("settings", "diff", subject, "minimum=-1", "--json")
    check("settings", wrong.document)
    assert wrong.code == 2 and wrong.document["problems"]
    saved = big.json("settings", "set", subject, "minimum=9", "--rev", str(rev), "--reason", "why")
    assert saved["saved"]["rev"] == rev + 1
    late = big.run("settings", "set", subject, "minimum=2", "--rev", str(rev), "--json")
    check("settings", late.document)
    assert late.code == 1 and late.document["conflict"]["both"] == ["minimum"]


def test_a_run_is_compared_with_the_one_before(big: Shell) -> None:
    document = big.json("runs", "402", "--diff")["diff"]
    assert document["before"] is not None and document["outcomes"]["total"]["now"] > 0
    assert big.ok("runs", "402", "--diff").out


def test_listings_are_filtered_by_conditions_and_a_wrong_one_is_a_usage_error(big: Shell) -> None:
    document = big.json("listings", CART, "--filter", "target=none -never sku:demo", "--limit", "20")
    assert document["filter"] == "target=none -never sku:demo"
    every = big.json("listings", CART, "--limit", "1000")["listings"]
    known = [line for line in every if line["target"] is None and line["synced_at"] is not None]
    expected = [line["id"] for line in known if "demo" in line["sku"].lower()]
    assert [line["id"] for line in document["listings"]] == expected[:20]
    wrong = big.run("listings", CART, "--filter", "tarqet<5")
    assert wrong.code == 2
    assert "tarqet is nothing to filter by. Did you mean target? Known: target, confirmed" in wrong.err


def test_a_filter_is_given_by_the_name_that_it_was_saved_under(big: Shell) -> None:
    file = big.home / ".local" / "state" / "invsync" / "terminal.json"
    Preferences(file).save_filter("unknown", "target=none -never")
    try:
        by_name = big.json("listings", CART, "--filter", "@unknown", "--limit", "20")
        assert by_name == big.json("listings", CART, "--filter", "target=none -never", "--limit", "20")
        wrong = big.run("listings", CART, "--filter", "@unknwon")
        assert wrong.code == 2
        assert "No filter is saved as 'unknwon'. Saved filters: @unknown." in wrong.err
    finally:
        file.unlink()


LISTS_OVER_TIME = {"runs", "audit", "events", "freeze", "history", "levels", "listings"}
"""Lists whose lines have a time; the others show the present."""


def test_every_list_has_the_options_of_lists() -> None:
    """A literal table: which commands print a page of a list, by their options."""
    paged = {
        "aliases", "audit", "bookmarks", "carts", "drift", "events", "freeze", "held", "history", "identity", "levels", "links",
        "listings", "merchants", "plan", "replay", "runs", "search", "sku", "warehouses",
    }  # fmt: skip
    options = {name: set(parser.known_options()) for name, parser in command_parsers().items()}
    assert {name for name, flags in options.items() if "--limit" in flags} == paged
    assert {name for name in paged if not {"--limit", "--after", "--csv"} <= options[name]} == set()
    assert {name for name in paged if {"--since", "--until"} <= options[name]} == LISTS_OVER_TIME


WHOLE_LISTS = {"connections list", "keys", "status"}
"""Commands that list something and print it whole: the systems that this version knows, the keys,
and what needs attention."""


def test_a_list_below_another_command_has_them_too() -> None:
    """A literal table: what is listed below a command of its own, and is a page or whole."""
    below = {
        f"{name} {inner}": set(each.known_options())
        for name, parser in command_parsers().items()
        for inner, each in inner_parsers(parser).items()
    }
    paged = {name for name, flags in below.items() if "--limit" in flags}
    assert paged == set()
    assert {name for name in below if name.split()[1].startswith("list")} <= paged | WHOLE_LISTS


SORTED = {"audit", "drift", "events", "held", "levels", "listings", "plan", "runs"}
"""Lists of which --sort chooses the order."""


def test_lists_that_are_sorted_refuse_another_column_with_the_nearest_one(big: Shell) -> None:
    assert {name for name, parser in command_parsers().items() if "--sort" in parser.known_options()} == SORTED
    for arguments, near in (
        (["runs", "--sort", "tok"], "took"),
        (["listings", CART, "--sort=-targt"], "target"),
        (["levels", "1", "--warehouse", "EAST", "--sort", "availble"], "available"),
        (["audit", "--sort", "whoo"], "who"),
        (["events", "--sort", "severty"], "severity"),
        (["drift", CART, "--sort", "exposur"], "exposure"),
    ):
        answer = big.run(*arguments)
        assert answer.code == 2, arguments
        assert f"Did you mean {near}? Choose one of: " in answer.err, answer.err


def command_parsers() -> dict[str, Any]:
    return inner_parsers(main.parser())


def inner_parsers(parser: argparse.ArgumentParser) -> dict[str, Any]:
    """The commands below another, by name."""
    actions = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return {name: each for action in actions for name, each in action.choices.items()}


def test_runs_of_a_time_are_listed(big: Shell) -> None:
    every = big.json("runs", "--limit", "1000")["runs"]
    times = sorted({run["requested_at"] for run in every})
    first, last = times[1], times[-2]
    found = big.json("runs", "--limit", "1000", "--since", first, "--until", last)["runs"]
    assert found == [run for run in every if first <= run["requested_at"] <= last] and 0 < len(found) < len(every)
    answer = big.run("runs", "--since", "nonsense")
    assert answer.code == 2 and "--since" in answer.error
