"""`rename` and `remove` of merchants and carts, as a person and as a script use them."""

from __future__ import annotations

import json
import os
import pty
import sqlite3
import subprocess
from typing import Any

import pytest

from tests.support.processes.shell import INVSYNC, NOWHERE, Shell, check


def rows(shell: Shell, sql: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(shell.store) as connection:
        return connection.execute(sql).fetchall()


def test_a_merchant_and_a_cart_are_renamed_and_that_is_audited(acme: Shell) -> None:
    assert acme.json("merchants", "rename", "Acme", "Acme Ltd", "--reason", "merged")["merchant"]["name"] == "Acme Ltd"
    assert acme.json("carts", "rename", "Acme Shop", "Acme US")["cart"]["name"] == "Acme US"
    found = rows(acme, "SELECT action, before, after, reason FROM audit ORDER BY id DESC LIMIT 2")
    assert found[1] == ("merchant set", json.dumps({"name": "Acme"}), json.dumps({"name": "Acme Ltd"}), "merged")
    assert found[0][:3] == ("cart set", json.dumps({"name": "Acme Shop"}), json.dumps({"name": "Acme US"}))


def test_a_name_that_is_taken_is_refused(acme: Shell) -> None:
    acme.ok("carts", "add", "Acme", "Second", "--system", "sandbox", "--url", NOWHERE, "--option", "shop=main")
    answer = acme.run("carts", "rename", "Second", "Acme Shop")
    assert answer.code != 0 and "one of this name already" in answer.error
    assert [name for (name,) in rows(acme, "SELECT name FROM cart ORDER BY id")] == ["Acme Shop", "Second"]


def test_a_dry_run_says_what_goes_and_removes_nothing(acme: Shell) -> None:
    told = acme.ok("carts", "remove", "Acme Shop", "--dry-run").out
    assert "Removing Acme Shop, a cart of Acme deletes:" in told
    assert "  0 listings, with exclusions, locks and overrides" in told and "The audit is kept." in told
    document = acme.json("carts", "remove", "Acme Shop", "--dry-run")["removal"]
    assert (document["kind"], document["name"], document["removed"]) == ("cart", "Acme Shop", False)
    assert document["counts"]["listings"] == 0
    assert rows(acme, "SELECT count(*) FROM cart") == [(1,)]


def test_a_script_gives_the_name_once_more(acme: Shell) -> None:
    refused = acme.run("carts", "remove", "Acme Shop")
    assert refused.code == 2
    assert "To remove it: invsync carts remove 1 --yes-remove 'Acme Shop'" in refused.error
    wrong = acme.run("carts", "remove", "Acme Shop", "--yes-remove", "acme shop", "--json")
    assert wrong.code == 2
    check("error", wrong.document)
    assert wrong.document["error"]["kind"] == "invalid"
    assert rows(acme, "SELECT count(*) FROM cart") == [(1,)]
    document = acme.json("carts", "remove", "Acme Shop", "--yes-remove", "Acme Shop", "--reason", "closed")
    assert document["removal"]["removed"] is True
    assert rows(acme, "SELECT count(*) FROM cart") == [(0,)]
    assert rows(acme, "SELECT action, reason FROM audit ORDER BY id DESC LIMIT 1") == [("cart remove", "closed")]
    assert rows(acme, "SELECT name FROM counter WHERE name GLOB 'removed *'") == []


def test_without_an_answer_the_document_says_that_nothing_was_removed(acme: Shell) -> None:
    answer = acme.run("merchants", "remove", "Acme", "--json")
    assert answer.code == 2
    check("merchants", answer.document)
    assert answer.document["removal"]["removed"] is False
    assert answer.document["removal"]["carts"] == ["Acme Shop"]


def test_a_merchant_goes_with_everything(acme: Shell) -> None:
    acme.ok("merchants", "remove", "Acme", "--yes-remove", "Acme")
    for table in ("merchant", "source", "cart", "warehouse", "schedule"):
        assert rows(acme, f"SELECT count(*) FROM {table}") == [(0,)], table
    assert acme.ok("merchants").out.startswith("No merchants yet.")
    assert rows(acme, "SELECT count(*) FROM audit WHERE action = 'merchant add'") == [(1,)]


def test_nothing_is_removed_while_a_run_waits(acme: Shell) -> None:
    with sqlite3.connect(acme.store) as connection:
        connection.execute(
            "INSERT INTO run (id, kind, key, merchant_id, state, trigger, requested_by, requested_at) "
            "VALUES (7, 'push', 1, 1, 'requested', 'manual', 'ops', 1)"
        )
    answer = acme.run("carts", "remove", "Acme Shop", "--yes-remove", "Acme Shop")
    assert answer.code == 1
    assert "run 7 is requested or under way" in answer.error and "invsync cancel 7" in answer.error
    acme.ok("cancel", "7")
    acme.ok("carts", "remove", "Acme Shop", "--yes-remove", "Acme Shop")


@pytest.mark.parametrize(("typed", "left"), [("Acme Shop\n", 0), ("\n", 1), ("acme\n", 1)])
def test_a_person_is_asked_for_the_name(acme: Shell, typed: str, left: int) -> None:
    controlling, terminal = pty.openpty()
    process = subprocess.Popen(
        [*INVSYNC, "carts", "remove", "Acme Shop"],
        env=acme.environment(), stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(terminal)
    os.write(controlling, typed.encode())
    out, err = process.communicate(timeout=60)
    os.close(controlling)
    assert "Type the name of the cart to remove it" in err and "0 listings" in out
    assert rows(acme, "SELECT count(*) FROM cart") == [(left,)]
    assert (process.returncode == 0) is (left == 0)
