"""The demo as a script runs it: the document, its sums, and that every planted fault is found, with none beside it."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.operations import names
from invsync_tui.operations.diagnosis.why import Why, why
from invsync_tui.operations.session import Session
from tests.support.processes.shell import INVSYNC, Answer, check

PRODUCTS = 600
ENDS = ("updated", "in_sync", "skipped", "failed", "held", "in_doubt")


@dataclass(frozen=True)
class Ran:
    """The demo that was run, with its store kept."""

    document: Mapping[str, Any]
    store: Path
    code: int


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("demo")
    command = [
        *INVSYNC,
        "demo",
        "--headless",
        "--json",
        "--products",
        str(PRODUCTS),
        "--seed",
        "3",
        "--keep",
        str(folder),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    return Ran(Answer(done.returncode, done.stdout, done.stderr).document, folder / "demo.db", done.returncode)


@pytest.fixture(scope="module")
def session(ran: Ran) -> Iterator[Session]:
    opened = Session.open(ran.store, read_only=True)
    yield opened
    opened.close()


def test_the_document_keeps_its_contract_and_every_sum_holds(ran: Ran) -> None:
    assert ran.code == 0
    check("demo", ran.document)
    for run in ran.document["runs"]:
        assert run["counts"]["total"] == sum(run["counts"][end] for end in ENDS), run
    pushed = {run["cart"]: run["counts"] for run in ran.document["runs"] if run["kind"] == "push"}
    assert pushed["Demo Outdoor A"]["updated"] > 50 and pushed["Demo Outdoor B"]["updated"] > 50
    assert pushed["Demo Outdoor C"]["updated"] == pushed["Demo Paused A"]["updated"] == 0


def test_the_store_stays_for_other_commands(ran: Ran) -> None:
    done = subprocess.run(
        [*INVSYNC, "--store", str(ran.store), "runs"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0 and "Demo Outdoor" in done.stdout


def test_its_processes_end_with_it(ran: Ran) -> None:
    commands = [
        path.read_bytes().decode(errors="replace") for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()
    ]
    assert not [command for command in commands if str(ran.store.parent) in command and "pytest" not in command]


def explained(session: Session, cart: str, sku: str) -> Why:
    return why(session, sku, names.cart(session, cart).id)


def test_why_names_every_cause_of_every_planted_fault_and_no_other(ran: Ran, session: Session) -> None:
    wrong = []
    for fault in ran.document["planted"]:
        answer = explained(session, fault["cart"], fault["sku"])
        found = [
            sorted(cause.value for cause in listing.causes)
            for listing in answer.listings
            if listing.sku in (fault["sku"], None)
        ]
        if not found or any(causes != sorted(fault["causes"]) for causes in found):
            wrong.append((fault, found))
    assert wrong == []


def test_what_was_not_planted_has_no_cause(ran: Ran, session: Session) -> None:
    planted = {(fault["cart"], fault["sku"]) for fault in ran.document["planted"]}
    rows = session.store.read(
        "SELECT c.name, l.sku FROM listing l JOIN cart c ON c.id = l.cart_id "
        "WHERE c.upload_enabled = 1 AND c.name <> 'Demo Paused A' ORDER BY l.id"
    )
    healthy = [row for row in rows if tuple(row) not in planted]
    assert len(healthy) > 1000
    surprises = {(cart, sku): explained(session, cart, sku) for cart, sku in healthy[::7]}
    assert [
        key
        for key, answer in surprises.items()
        if any(listing.causes for listing in answer.listings if listing.sku == key[1])
    ] == []


def test_the_command_prints_the_same_as_its_document(ran: Ran) -> None:
    fault = ran.document["planted"][0]
    command = [*INVSYNC, "--store", str(ran.store), "why", fault["sku"], "--cart", fault["cart"]]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=60, check=False)
    document = Answer(done.returncode, done.stdout, done.stderr).document
    check("why", document)
    assert done.returncode == 1 and document["listings"][0]["causes"] == fault["causes"]
    text = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout
    assert fault["causes"][0] in text


def test_why_recomputes_the_number_that_the_cart_holds(ran: Ran, session: Session) -> None:
    rows = session.store.read(
        "SELECT c.name, l.sku, l.shown FROM listing l JOIN cart c ON c.id = l.cart_id WHERE l.outcome = 'set'"
    )
    assert len(rows) > 100
    for cart, sku, shown in rows[::5]:
        listing = next(one for one in explained(session, cart, sku).listings if one.sku == sku)
        assert listing.steps[-1].after == shown == listing.cart_count


def test_reasons_of_the_runs_count_what_was_planted(ran: Ran) -> None:
    reasons = Counter[str]()
    for run in ran.document["runs"]:
        if run["cart"] in ("Demo Outdoor A", "Demo Outdoor B"):
            reasons.update({name: n for name, n in run["reasons"].items() if name != "IN_SYNC"})
    planted = Counter(
        cause
        for fault in ran.document["planted"]
        if fault["cart"] in ("Demo Outdoor A", "Demo Outdoor B")
        for cause in fault["causes"]
    )
    # Two listings carry each duplicated code, and the fault is planted once.
    planted["DUPLICATE_IN_CART"] *= 2
    assert reasons == planted


def test_a_folder_with_a_store_is_not_overwritten(ran: Ran) -> None:
    command = [*INVSYNC, "demo", "--headless", "--keep", str(ran.store.parent)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ})
    assert done.returncode != 0 and "there is a store already" in done.stderr
