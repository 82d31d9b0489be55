"""Faults planted at random, several on one SKU: why and doctor name every cause, and none that is not there."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from invsync_tui.operations import names
from invsync_tui.operations.demo.plant_faults import Planting, Sown, plant
from invsync_tui.operations.diagnosis.doctor import doctor
from invsync_tui.operations.diagnosis.why import why
from invsync_tui.operations.errors import OperationError, RefusedError
from invsync_tui.operations.session import Session
from invsync_tui.rules.merchant_checks import SAMPLE, Verdict
from invsync_tui.rules.outcomes import Reason
from tests.support.processes.shell import INVSYNC, Answer, check
from tests.support.stores.healthy_store import CHOICES, PRODUCTS, field

SEEDS = 60
"""As many on every machine: with them every cause is planted, some hundred SKUs have several."""
ALONE = 3
"""SKUs of a seed that the doctor is asked about by themselves."""


def carts_of(session: Session) -> dict[str, int]:
    return {name: names.cart(session, name).id for name in ("First", "Second")}


def expected_groups(session: Session, made: Planting) -> Counter[tuple[str, Reason]]:
    """Planted causes by cart; what stops a whole cart stops its healthy listings too."""
    found = Counter((one.cart, cause) for one in made.sown for cause in one.causes)
    for cart, number in carts_of(session).items():
        total = session.store.read("SELECT count(*) FROM listing WHERE cart_id = ? AND gone_at IS NULL", (number,))[0][
            0
        ]
        found.update({(cart, cause): total - found[cart, cause] for cause in made.whole[cart]})
    return +found


def wrong_whys(session: Session, made: Planting) -> list[tuple[Sown, object]]:
    carts, wrong = carts_of(session), []
    for one in made.sown:
        lines = why(session, one.sku, carts[one.cart]).listings
        told = [set(line.causes) for line in lines if line.cart_listing_id == one.ref]
        if told != [set(one.causes)]:
            wrong.append((one, lines))
    return wrong


def unplanted_whys(session: Session, made: Planting) -> list[tuple[str, str, object]]:
    """Listings that nobody touched, and that have another cause than their cart."""
    wrong: list[tuple[str, str, object]] = []
    touched = {(one.cart, one.ref) for one in made.sown}
    for cart, number in carts_of(session).items():
        rows = session.store.read("SELECT sku, ref FROM listing WHERE cart_id = ? AND gone_at IS NULL", (number,))
        for sku, ref in [row for row in rows if (cart, row[1]) not in touched][::6]:
            lines = [line for line in why(session, sku, number).listings if line.cart_listing_id == ref]
            if [set(line.causes) for line in lines] != [set(made.whole[cart])]:
                wrong.append((cart, sku, lines))
    return wrong


def wrong_alone(session: Session, made: Planting, asked: list[Sown]) -> list[tuple[Sown, object]]:
    """What the doctor of one SKU says beside or without what was planted on it."""
    carts, wrong = carts_of(session), []
    for one in asked:
        causes = {
            cause for other in made.sown if (other.cart, other.sku) == (one.cart, one.sku) for cause in other.causes
        }
        found = doctor(session, None, carts[one.cart], one.sku)
        told = {group.cause for group in found.groups if one.sku in group.sample}
        if told != causes or found.exit_code != 1:
            wrong.append((one, found.groups))
    return wrong


def test_every_cause_of_every_planted_sku_and_none_that_is_not_there(tmp_path: Path) -> None:
    combined, seen = 0, set[Reason]()
    for seed in range(SEEDS):
        session = field(tmp_path / f"{seed}.db", CHOICES[seed % 2])
        made = plant(session, seed)
        groups = {(group.cart, group.cause): group for group in doctor(session).groups}
        assert {key: group.count for key, group in groups.items()} == expected_groups(session, made), seed
        for (cart, cause), group in groups.items():
            skus = {one.sku for one in made.sown if one.cart == cart and cause in one.causes}
            assert cause in made.whole[cart] or set(group.sample) <= skus, (seed, group)
            assert len(group.sample) == min(SAMPLE, len(skus)) or cause in made.whole[cart], (seed, group)
        assert wrong_whys(session, made) == [], seed
        assert unplanted_whys(session, made) == [], seed
        assert wrong_alone(session, made, list(made.sown[:: max(1, len(made.sown) // ALONE)])) == [], seed
        session.close()
        (tmp_path / f"{seed}.db").unlink()
        combined += sum(len(one.causes) > 1 for one in made.sown)
        seen |= {cause for one in made.sown for cause in one.causes}
    print(f"{SEEDS} seeds, {combined} SKUs with several causes, {len(seen)} causes")
    assert combined > 100 and len(seen) > 12


def test_a_healthy_store_has_no_finding(tmp_path: Path) -> None:
    session = field(tmp_path / "store.db")
    found = doctor(session)
    assert found.exit_code == 0 and found.groups == ()
    assert not [check for check in found.checks if check.verdict in (Verdict.FAIL, Verdict.UNKNOWN)]
    alone = doctor(session, sku="FIELD-007")
    assert alone.exit_code == 0 and [check.evidence for check in alone.checks if check.id == "sku.results"] == [
        "1 result: FIELD-007"
    ]
    session.close()


def test_what_never_ran_cannot_be_told(tmp_path: Path) -> None:
    session = field(tmp_path / "store.db")
    with session.store.transaction() as tx:
        tx.execute("DELETE FROM run")
        tx.execute("UPDATE cart SET listed_at = NULL")
    found = doctor(session)
    assert found.exit_code == 2
    assert ("merchant.last_run", Verdict.UNKNOWN) in {(check.id, check.verdict) for check in found.checks}
    session.close()


def test_a_near_miss_and_a_stranger(tmp_path: Path) -> None:
    session = field(tmp_path / "store.db")
    near = next(check for check in doctor(session, sku="field-007").checks if check.id == "sku.results")
    assert near.verdict is Verdict.FAIL and "FIELD-007" in near.evidence
    none = doctor(session, sku="NOBODY-1")
    assert none.exit_code == 1 and none.groups == ()
    session.close()


def test_the_same_seed_plants_the_same(tmp_path: Path) -> None:
    one, other = (field(tmp_path / f"{name}.db") for name in ("one", "other"))
    assert plant(one, 11) == plant(other, 11) != plant(field(tmp_path / "third.db"), 12)


def test_faults_are_planted_in_sandboxes_and_by_admins_only(tmp_path: Path) -> None:
    session = field(tmp_path / "store.db")
    with pytest.raises(RefusedError):
        plant(Session(session.store, "tester", read_only=True), 1)
    with session.store.transaction() as tx:
        tx.execute("UPDATE cart SET system = 'vendure' WHERE name = 'First'")
    with pytest.raises(OperationError, match="vendure"):
        plant(session, 1)


def test_the_command_tells_what_it_planted(tmp_path: Path) -> None:
    field(tmp_path / "store.db").close()
    command = [*INVSYNC, "dev", "plant", "--seed", "4", str(tmp_path / "store.db"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    document = Answer(done.returncode, done.stdout, done.stderr).document
    check("dev", document)
    assert done.returncode == 0 and 0 < len(document["planted"]) <= 2 * PRODUCTS
