"""`why`, `doctor` and `bundle` as processes, their documents against their schemas."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest

from tests.support.processes.shell import INVSYNC, Shell, check
from tests.support.terminal.pty import Terminal


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    shell = Shell(tmp_path_factory.mktemp("generated"))
    shell.json("dev", "generate", str(shell.store), "--products", "600", "--at", "1795000000")
    yield shell


def _sku(shell: Shell) -> str:
    return str(
        next(one["sku"] for one in shell.json("listings", "Demo Shop 1")["listings"] if one["confirmed"] is not None)
    )


def test_why_tells_the_arithmetic_its_sources_and_what_it_cannot_ask(big: Shell) -> None:
    # given
    sku = _sku(big)
    # when
    answer = big.run("why", sku, "--live", "--json")
    # then
    check("why", answer.document)
    (listing,) = [one for one in answer.document["listings"] if one["cart"] == "Demo Shop 1"]
    assert listing["source"] and listing["steps"]
    assert listing["live"]["error"] and listing["live"]["quantity"] is None, "nobody is there to answer"
    text = big.run("why", sku, "--live", "--cart", "Demo Shop 1").out
    assert "the cart could not be asked" in text and "source" in text
    # and the chain is a table: numbers end below each other
    rows = text[text.index("  STEP") :].splitlines()
    end = rows[0].index("TOTAL") + len("TOTAL")
    totals = [row[:end].split("  ")[-1].strip() for row in rows[1 : 1 + len(listing["steps"])]]
    afters = [step["after"] for step in listing["steps"]]
    assert totals == ["not sent" if after is None else f"{after:,}" for after in afters]


def test_records_are_shown_when_they_are_asked_for(big: Shell) -> None:
    sku = _sku(big)
    folded, records = (big.run("why", sku, *more).out for more in ((), ("--records",)))
    assert "--records shows them" in folded or "records  " not in folded
    assert "--records shows them" not in records and len(records.splitlines()) >= len(folded.splitlines())


def test_doctor_answers_with_checks_and_groups(big: Shell) -> None:
    answer = big.run("doctor", "--json")
    check("doctor", answer.document)
    assert answer.code == 1
    assert answer.document["groups"]


def test_a_bundle_is_written_where_it_is_asked_for(big: Shell, tmp_path: Path) -> None:
    for subject in (_sku(big), "402"):
        document = big.json("bundle", subject, "--output", str(tmp_path))
        check("bundle", document)
        with zipfile.ZipFile(document["path"]) as opened:
            assert "settings.json" in opened.namelist()
    refused = big.run("bundle", "999999", "--output", str(tmp_path))
    assert refused.code == 2 and "no run 999999" in refused.err


def test_products_that_share_a_code_are_compared(big: Shell) -> None:
    shared = big.json("aliases", "1", "--type", "UPC", "--collisions")["collisions"][0]
    document = big.json("compare", shared["code"])
    check("compare", document)
    assert len(document["products"]) == len(shared["products"]) >= 2
    assert all({"type": "UPC", "code": shared["code"]} in one["codes"] for one in document["products"])
    assert shared["code"] in big.run("compare", shared["code"]).out
    assert big.run("compare", "nobody-has-this").code == 2


def test_doctor_folds_what_passed_unless_all_is_asked_for(big: Shell) -> None:
    folded, whole = (big.run("doctor", *more).out for more in ((), ("--all",)))
    checks = big.run("doctor", "--json").document["checks"]
    quiet = [check for check in checks if check["verdict"] in ("pass", "skipped")]
    assert quiet and len(whole.splitlines()) > len(folded.splitlines())
    assert not any(f"{check['subject']}: {check['evidence']}" in folded for check in quiet)
    assert "passed" in folded and "-> " in folded
    assert all(check["evidence"].split()[0] in whole for check in quiet if check["evidence"])


def test_sentences_are_wrapped_to_the_terminal_and_commands_are_not(big: Shell) -> None:
    piped = big.run("doctor").out
    with Terminal([*INVSYNC, "doctor"], 60, 24, environ=big.environment()) as terminal:
        terminal.wait_exit(60)
        lines = bytes(terminal.raw).decode().split("\r\n")
    assert any(len(line) > 60 and "invsync " not in line for line in piped.splitlines())
    assert all(len(line) <= 60 or "invsync " in line or len(line.split()) < 3 for line in lines), lines
    assert " ".join(lines).split() == piped.split()
    assert "\n\n\n" not in "\n".join(lines)


def test_history_as_csv_has_a_line_for_each_quantity_and_each_event(big: Shell) -> None:
    sku = _sku(big)
    document = big.json("history", sku)["listings"]
    rows = list(csv.DictReader(StringIO(big.ok("history", sku, "--csv").out)))
    for listing in document:
        mine = [
            row
            for row in rows
            if (row["Cart"], row["Cart listing ID"]) == (listing["cart"], listing["cart_listing_id"])
        ]
        for column, name in (("source", "Available"), ("target", "Target"), ("confirmed", "Confirmed")):
            assert [(row["Time"], row["Quantity"]) for row in mine if row["What"] == name] == [
                (point["at"], "" if point["value"] is None else str(point["value"]))
                for point in listing["lines"][column]
            ]
        assert sum(row["Quantity"] == "" and bool(row["Who"]) for row in mine) == len(listing["events"])
        assert [row["Time"] for row in mine] == sorted(row["Time"] for row in mine)
    assert rows and {row["Merchant"] for row in rows} == {listing["merchant"] for listing in document}


def test_history_ends_where_it_is_asked_to(big: Shell) -> None:
    sku = _sku(big)
    whole = big.json("history", sku)["listings"][0]
    times = sorted(point["at"] for line in whole["lines"].values() for point in line)
    assert times
    cut = big.json("history", sku, "--until", times[0])["listings"][0]
    check("history", big.run("history", sku, "--until", times[0], "--json").document)
    assert cut["end"] == times[0] < whole["end"]
    assert all(point["at"] <= times[0] for line in cut["lines"].values() for point in line)
    assert all(event["at"] <= times[0] for event in cut["events"])
    assert big.run("history", sku, "--since", "-1d", "--until", "-2d").code == 2
