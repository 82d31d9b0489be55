"""`invsync warehouses disable|enable`: what counts, who is told, and what is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.support.processes.shell import Shell, check


@pytest.fixture
def east(acme: Shell) -> Shell:
    """Acme with a warehouse EAST beside Default."""
    with closing(sqlite3.connect(acme.store)) as cx, cx:
        cx.execute("INSERT INTO warehouse (merchant_id, ref, code, name) VALUES (1, 'E', 'EAST', 'East hall')")
    return acme


def test_a_disabled_warehouse_is_told_by_the_list_the_status_and_the_audit(east: Shell) -> None:
    # when
    document = east.json("warehouses", "disable", "Acme", "EAST", "--reason", "flooded")
    # then
    assert "EAST is disabled" in document["message"] and "Acme Shop is held for review" in document["message"]
    assert {one["code"]: one["enabled"] for one in document["warehouses"]}["EAST"] is False
    assert "disabled" in next(line for line in east.ok("warehouses", "Acme").out.splitlines() if "EAST" in line)
    assert "invsync warehouses enable Acme EAST" in east.run("status").out
    with closing(sqlite3.connect(east.store)) as cx:
        assert cx.execute("SELECT action, reason FROM audit ORDER BY id DESC LIMIT 1").fetchone() == (
            "warehouse disable",
            "flooded",
        )
    # and back again
    text = east.ok("warehouses", "enable", "Acme", "EAST").out
    assert "EAST is enabled: its stock counts" in text
    assert "disabled" not in east.run("status").out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["enable", "Acme", "EAST"], "enabled already: nothing was changed"),
        (["disable", "Acme", "WEST"], "There is no warehouse 'WEST'. Known: "),
        (["disable", "Nobody", "EAST"], "Nobody"),
        (["disable", "Acme"], "give MERCHANT, or disable|enable MERCHANT CODE"),
        (["disable", "Acme", ""], "invsync: "),
        (["destroy", "Acme", "EAST"], "give MERCHANT, or disable|enable MERCHANT CODE"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(east: Shell, words: list[str], told: str) -> None:
    before = east.json("warehouses", "Acme")
    answer = east.run("warehouses", *words, "--json")
    if words[-1]:
        assert answer.code in (1, 2) and told in answer.error, answer
        check("error", answer.document)
        assert east.json("warehouses", "Acme") == before


def test_read_only_changes_nothing(east: Shell) -> None:
    answer = east.run("warehouses", "disable", "Acme", "EAST", "--read-only")
    assert answer.code != 0 and "ead-only" in answer.error
    assert all(one["enabled"] for one in east.json("warehouses", "Acme")["warehouses"])
