"""`invsync runs RUN --changes` and `--outcome`: text, JSON against its schema, and CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from io import StringIO

import pytest

from invsync_tui.cli import main
from tests.support.processes.shell import check
from tests.support.stores.acme import acme as _acme
from tests.support.stores.products_store import Shelf

acme = _acme
ITEMS = [[1, "L-A", 5, 7, 12], [2, "L-B", 0, 0, None]]
"""Listing, cart listing ID, sellable quantity, quantity in the cart's basis, and what it showed before."""


@pytest.fixture
def run(acme: Shelf) -> Iterator[int]:
    """A push that sent two listings, of which it updated both."""
    with acme.bench.store.transaction() as tx:
        number = tx.execute("SELECT max(id) FROM run WHERE kind = 'push'").fetchone()[0]
        ids = dict(tx.execute("SELECT ref, id FROM listing WHERE cart_id = ?", (acme.cart,)).fetchall())
        items = json.dumps([[ids[row[1]], *row[1:]] for row in ITEMS])
        tx.execute("UPDATE run SET state = 'done', counts = '{\"total\": 2, \"set\": 2}' WHERE id = ?", (number,))
        tx.execute(
            "INSERT INTO push_batch (id, cart_id, run_id, epoch, items, body, state, created_at, answer_by_ms) "
            "VALUES ('b', ?, ?, 1, ?, x'', 'answered', 1, 1)",
            (acme.cart, number, items),
        )
    yield number


def _printed(our_shelf: Shelf, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main.run([*words, "--store", str(our_shelf.bench.store.path)]) == 0
    return capsys.readouterr().out


def test_what_a_run_set_is_listed_in_sellable_units(acme: Shelf, run: int, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(_printed(acme, capsys, "runs", str(run), "--changes", "--json"))
    check("runs", document)
    rows = [(row["sku"], row["before"], row["set_to"], row["change"], row["result"]) for row in document["changes"]]
    assert rows == [("A", 10, 5, -5, "updated"), ("B", None, 0, None, "updated")], "12 on hand less 2 on open orders"
    assert [(row["cart_before"], row["cart_set_to"]) for row in document["changes"]] == [(12, 7), (None, 0)]


def test_the_same_as_csv_and_as_text(acme: Shelf, run: int, capsys: pytest.CaptureFixture[str]) -> None:
    head, *rows = csv.reader(StringIO(_printed(acme, capsys, "runs", str(run), "--changes", "--csv")))
    assert [dict(zip(head, row, strict=True))["set_to"] for row in rows] == ["5", "0"]
    assert dict(zip(head, rows[1], strict=True))["before"] == "", "unknown is not 0"
    text = _printed(acme, capsys, "runs", str(run), "--changes")
    assert "-5" in text and "updated" in text


@pytest.mark.parametrize(
    ("text", "skus"),
    [
        ("", ["A", "B"]), ("change<-2", ["A"]), ("diff>2", ["A"]), ("before=none", ["B"]), ("set-to=0 result:updated", ["B"]),
        ("-change<0", ["B"]), ("l-a", ["A"]), ("zz", []), ("sku:b", ["B"]),
    ],
)  # fmt: skip
def test_changes_are_filtered_by_what_is_shown_of_them(
    acme: Shelf, run: int, capsys: pytest.CaptureFixture[str], text: str, skus: list[str]
) -> None:
    document = json.loads(_printed(acme, capsys, "runs", str(run), "--changes", f"--filter={text}", "--json"))
    check("runs", document)
    assert ([row["sku"] for row in document["changes"]], document["filter"]) == (skus, text)
    assert document["count"] == {"n": len(skus), "exact": True}
    if not skus:
        assert "No change of this run fulfills the filter" in _printed(
            acme, capsys, "runs", str(run), "--changes", "--filter", text
        )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--changes", "--filter", "chang<3"), "chang is nothing to filter by. Did you mean change?"),
        (("--outcome", "updated", "--filter", "chang<3"), "chang is nothing to filter by."),
        (("--filter", "boot"), "--filter goes with --changes, --reason or --outcome"),
    ],
)
def test_a_filter_that_means_nothing_is_a_wrong_use(
    acme: Shelf, run: int, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert main.run(["runs", str(run), *words, "--store", str(acme.bench.store.path)]) == 2
    assert said in capsys.readouterr().err


def test_a_page_of_changes_goes_on_by_its_token(acme: Shelf, run: int, capsys: pytest.CaptureFixture[str]) -> None:
    first = json.loads(_printed(acme, capsys, "runs", str(run), "--changes", "--limit", "1", "--json"))
    second = json.loads(_printed(acme, capsys, "runs", str(run), "--changes", "--after", first["next"], "--json"))
    assert [row["sku"] for row in first["changes"] + second["changes"]] == ["A", "B"] and second["next"] is None


def test_changes_that_are_no_longer_kept_are_said_to_be(
    acme: Shelf, run: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with acme.bench.store.transaction() as tx:
        tx.execute("DELETE FROM push_batch WHERE run_id = ?", (run,))
    assert "no longer kept" in _printed(acme, capsys, "runs", str(run), "--changes")
    document = json.loads(_printed(acme, capsys, "runs", str(run), "--changes", "--json"))
    check("runs", document)
    assert document["changes"] == [] and "2 listings" in document["note"]


def test_an_outcome_of_a_download_leads_to_its_levels(acme: Shelf, capsys: pytest.CaptureFixture[str]) -> None:
    pull = acme.bench.one("SELECT max(id) FROM run WHERE kind = 'pull' AND merchant_id = ?", acme.merchant)
    assert main.run(["runs", str(pull), "--outcome", "updated", "--store", str(acme.bench.store.path)]) != 0
    assert "invsync levels Acme" in capsys.readouterr().err


def test_these_need_a_run(acme: Shelf, capsys: pytest.CaptureFixture[str]) -> None:
    for option in (["--changes"], ["--outcome", "failed"]):
        assert main.run(["runs", *option, "--store", str(acme.bench.store.path)]) == 2
        assert "need a RUN" in capsys.readouterr().err
