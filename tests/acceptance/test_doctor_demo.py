"""The doctor over the demo: the groups name exactly what was planted, and so does each planted SKU by itself."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.operations import names
from invsync_tui.operations.diagnosis.doctor import Checkup, doctor
from invsync_tui.operations.session import Session
from invsync_tui.rules.merchant_checks import Section, Verdict
from tests.support.processes.shell import INVSYNC, Answer, check

OFF = ("Demo Outdoor C", "Demo Paused A")
"""Carts of which every listing is switched off; some are named in the planted list."""


@dataclass(frozen=True)
class Demo:
    """The demo that was run, with its store kept."""

    planted: list[Mapping[str, Any]]
    store: Path

    def causes(self) -> dict[tuple[str, str], set[str]]:
        """By cart and cause, the SKUs that were planted."""
        found: dict[tuple[str, str], set[str]] = defaultdict(set)
        for fault in self.planted:
            for cause in fault["causes"]:
                found[fault["cart"], cause].add(fault["sku"])
        return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    command = [*INVSYNC, "demo", "--headless", "--json", "--products", "600", "--seed", "5", "--keep", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    document = Answer(done.returncode, done.stdout, done.stderr).document
    return Demo(document["planted"], folder / "demo.db")


@pytest.fixture(scope="module")
def session(demo: Demo) -> Iterator[Session]:
    opened = Session.open(demo.store, read_only=True)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def found(session: Session) -> Checkup:
    return doctor(session)


def test_the_groups_name_exactly_the_planted_causes_and_skus(demo: Demo, found: Checkup) -> None:
    groups = {(group.cart, group.cause.value): set(group.sample) for group in found.groups if group.cart not in OFF}
    assert groups == {key: skus for key, skus in demo.causes().items() if key[0] not in OFF}


def test_the_groups_count_every_listing(demo: Demo, found: Checkup) -> None:
    counts = {(group.cart, group.cause.value): group.count for group in found.groups if group.cart not in OFF}
    planted = {key: len(skus) for key, skus in demo.causes().items() if key[0] not in OFF}
    # Two listings carry each duplicated code.
    assert counts == {key: n * (2 if key[1] == "DUPLICATE_IN_CART" else 1) for key, n in planted.items()}


def test_a_cart_that_is_off_has_the_switch_for_its_one_cause(demo: Demo, session: Session, found: Checkup) -> None:
    off = [group for group in found.groups if group.cart in OFF]
    assert {group.cause.value for group in off} == {"SWITCH_OFF"}
    for group in off:
        number = names.cart(session, group.cart).id
        rows = session.store.read("SELECT sku FROM listing WHERE cart_id = ? AND gone_at IS NULL", (number,))
        assert group.count == len(rows) and set(group.sample) < {row[0] for row in rows}


def test_the_doctor_of_each_planted_sku_finds_exactly_its_causes(demo: Demo, session: Session) -> None:
    wrong = []
    for fault in demo.planted:
        cart = names.cart(session, fault["cart"])
        alone = doctor(session, cart.merchant_id, cart.id, fault["sku"])
        causes = sorted(group.cause.value for group in alone.groups if fault["sku"] in group.sample)
        if causes != sorted(fault["causes"]) or len(alone.groups) != len(causes) or alone.exit_code != 1:
            wrong.append((fault, alone.groups, alone.exit_code))
    assert wrong == []


def test_a_healthy_sku_has_no_finding_of_its_own(demo: Demo, session: Session) -> None:
    planted = {fault["sku"] for fault in demo.planted}
    cart = names.cart(session, "Demo Outdoor A")
    rows = session.store.read("SELECT sku FROM listing WHERE cart_id = ? AND outcome = 'set' ORDER BY id", (cart.id,))
    healthy = [sku for (sku,) in rows if sku not in planted][:10]
    for sku in healthy:
        alone = doctor(session, cart.merchant_id, cart.id, sku)
        assert alone.groups == ()
        assert not [check for check in alone.checks if check.id.startswith(("sku.", "listing.")) and check.cause], sku


def test_checks_of_a_merchant_come_in_the_guides_order(session: Session) -> None:
    merchant = names.merchant(session, "Demo Outdoor").id
    order = list(Section)
    walked = [order.index(check.section) for check in doctor(session, merchant).checks]
    assert walked == sorted(walked) and set(walked) == set(range(len(order)))


def test_every_finding_says_what_and_what_to_do(found: Checkup) -> None:
    failed = [check for check in found.checks if check.verdict is Verdict.FAIL]
    assert failed and all(one.evidence and one.cause and one.fix for one in failed)
    assert not [
        check
        for check in found.checks
        if check.verdict in (Verdict.PASS, Verdict.SKIPPED) and (check.cause or check.fix)
    ]


def test_the_switches_and_the_settings_are_found(found: Checkup) -> None:
    failed = {(check.id, check.subject) for check in found.checks if check.verdict is Verdict.FAIL}
    assert {("merchant.switch", "Demo Paused"), ("cart.switch", "Demo Outdoor C")} <= failed
    assert {("cart.alias_lacking", "Demo Outdoor B"), ("cart.alias_collisions", "Demo Outdoor B")} <= failed
    assert (
        not {("merchant.switch", "Demo Outdoor"), ("cart.switch", "Demo Outdoor A"), ("cart.alias", "Demo Outdoor B")}
        & failed
    )


def test_the_command_keeps_its_contract(demo: Demo) -> None:
    command = [
        *INVSYNC,
        "--store",
        str(demo.store),
        "--read-only",
        "doctor",
        "Demo Outdoor",
        "--cart",
        "Demo Outdoor B",
    ]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=60, check=False)
    document = Answer(done.returncode, done.stdout, done.stderr).document
    check("doctor", document)
    assert done.returncode == 1 and {group["cart"] for group in document["groups"]} == {"Demo Outdoor B"}
    text = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert text.returncode == 1 and "Check Cart Settings, step 3" in text.stdout and "WRONG_ALIAS_TYPE" in text.stdout
