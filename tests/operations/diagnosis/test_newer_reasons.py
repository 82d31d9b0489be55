"""A store in which a newer program recorded reasons that this one does not know: every view still answers."""

from __future__ import annotations

import copy
import json
import pickle
import time
from pathlib import Path

import pytest

from invsync_tui.cli import main
from invsync_tui.operations.session import Session
from invsync_tui.rules.outcomes import REASONS, UNKNOWN, Reason
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.sync.runs import run_findings
from invsync_tui.tui.navigation.links import Link, of_cause, of_group
from tests.support.processes.shell import check
from tests.support.stores.healthy_store import field

NEWER = "OF_A_NEWER_PROGRAM"
COMMANDS = (
    ("status",), ("merchants",), ("carts",), ("runs",), ("runs", "RUN"), ("bundle", "RUN", "--output", "OUT"),
    ("listings", "First"), ("listings", "First", "--only", "failed"), ("why", "FIELD-000"), ("why", "FIELD-001"),
    ("why", "FIELD-002"), ("why", "FIELD-003"), ("doctor",), ("doctor", "--cart", "First"), ("doctor", "--sku", "FIELD-001"),
    ("sku", "FIELD-003"), ("search", "FIELD"), ("plan", "First"), ("drift", "First"), ("history", "FIELD-001"),
    ("identity", "First"), ("sku", "FIELD-001"), ("links", "First"),
)  # fmt: skip


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """Every place of the store that keeps a reason keeps the unknown one."""
    our_field = field(tmp_path / "store.db")
    with our_field.store.transaction() as tx:
        first, second = (row[0] for row in tx.execute("SELECT id FROM cart ORDER BY id"))
        ids = [row[0] for row in tx.execute("SELECT id FROM listing WHERE cart_id = ? ORDER BY key", (first,))]
        run = runs.request(tx, RunRequest("push", first, 1, "test", "tester"), 1).run_id
        tx.execute(
            "UPDATE run SET state = 'failed', started_at = 1, ended_at = 2, error = 'newer', reasons = ? WHERE id = ?",
            (json.dumps({NEWER: 1}), run),
        )
        failed = "UPDATE listing SET outcome = 'failed', reason = ?, run_id = ?, pending = 1 WHERE id = ?"
        tx.executemany(failed, [(NEWER, run, ids[0]), (NEWER, run, ids[1])])
        tx.execute("UPDATE listing SET skip = ?, reason = ?, outcome = 'skipped' WHERE id = ?", (NEWER, NEWER, ids[2]))
        tx.execute("UPDATE listing SET match_reason = ?, product_id = NULL WHERE id = ?", (NEWER, ids[3]))
        product = tx.execute("SELECT product_id FROM listing WHERE id = ?", (ids[4],)).fetchone()[0]
        tx.execute("INSERT OR REPLACE INTO unlisted VALUES (?, ?, ?, ?)", (second, product, NEWER, run))
        tx.execute("UPDATE cart SET last_error = 'x', last_reason = ?", (NEWER,))
        tx.execute("UPDATE source SET last_error = 'x', last_reason = ?", (NEWER,))
        row = runs.get(tx, run)
        assert row is not None
        assert NEWER in run_findings.record(tx, row, None, int(time.time()))
    return our_field


def test_every_command_answers(session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(session.store.one("SELECT max(id) FROM run")[0])
    told = ""
    for words in COMMANDS:
        arguments = [{"RUN": run, "OUT": str(tmp_path)}.get(word, word) for word in words]
        for form in ((), ("--json",)):
            capsys.readouterr()
            code = main.run([*arguments, *form, "--store", str(session.store.path)])
            out = capsys.readouterr()
            assert code in (0, 1) and "Traceback" not in out.err and "defect" not in out.err, (arguments, out)
            if form:
                check(arguments[0], json.loads(out.out))
            told += out.out
    assert NEWER in told
    assert UNKNOWN.text in told


def test_the_doctor_reports_it_once_with_its_count(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    main.run(["doctor", "--cart", "First", "--json", "--store", str(session.store.path)])
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert [check["evidence"].partition(" (")[0] for check in checks if NEWER in str(check["evidence"])] == [
        f"{NEWER}: 4"
    ]


def test_it_is_itself_by_name_and_leads_to_the_listings() -> None:
    reason = Reason(NEWER)
    assert reason == NEWER and str(reason) == NEWER and hash(reason) == hash(Reason(NEWER))
    for same in (copy.copy(reason), copy.deepcopy(reason), pickle.loads(pickle.dumps(reason))):
        assert same == NEWER and isinstance(same, Reason)
    assert copy.deepcopy(Reason.NOT_IN_WMS) is Reason.NOT_IN_WMS
    assert reason not in REASONS and REASONS[reason] is UNKNOWN
    assert reason not in list(Reason)
    assert of_cause("Cart", "SKU", reason) is None
    assert of_group("Cart", reason) == Link("listings", "Cart", "all")
    with pytest.raises(ValueError, match="is not a valid Reason"):
        Reason("")
