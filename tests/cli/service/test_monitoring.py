"""`invsync metrics` in Prometheus' text format, and `invsync info`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from invsync_tui import __version__
from invsync_tui.cli import main
from invsync_tui.operations.service import metrics
from invsync_tui.operations.service.metrics import HELP, Sample
from tests.support.processes.shell import check
from tests.support.stores.acme import acme as _acme
from tests.support.stores.products_store import Shelf

acme = _acme
HOWTO = Path(__file__).parents[3] / "docs" / "howto" / "monitor.md"


def _values(our_shelf: Shelf) -> dict[str, int]:
    """By metric and labels, the samples about Acme and of the whole store."""
    return {
        f"{sample.name} {' '.join(value for key, value in sample.labels if key != 'merchant')}".strip(): sample.value
        for sample in metrics.samples(our_shelf.session)
        if dict(sample.labels).get("merchant", "Acme") == "Acme"
    }


def test_metrics_say_what_the_store_has(acme: Shelf) -> None:
    # given: the cart's push is held, nothing was ever read or ended well
    before = _values(acme)
    assert before["invsync_held_runs push Acme Shop"] == 1
    assert not [name for name in before if name.startswith("invsync_last_good_run")], "never is no time"
    # when
    with acme.bench.store.transaction() as tx:
        tx.execute(
            "UPDATE run SET state = 'failed', ended_at = 7 WHERE id = (SELECT max(id) FROM run WHERE state = 'held')"
        )
        for number, state in enumerate(("in_doubt", "intent", "submitted", "answered")):
            tx.execute(
                "INSERT INTO push_batch (id, cart_id, run_id, epoch, items, body, state, created_at, answer_by_ms) "
                "VALUES (?, ?, 1, 1, '[]', x'', ?, 1, 1)",
                (f"batch {number}", acme.cart, state),
            )
        tx.execute("UPDATE warehouse SET last_full_at = NULL WHERE id = ?", (acme.default,))
        tx.execute("UPDATE warehouse SET last_full_at = 1, vanished_at = NULL WHERE id = ?", (acme.east,))
        tx.execute("UPDATE source SET confirmed_at = unixepoch() - 500 WHERE merchant_id = ?", (acme.merchant,))
    # then
    after = _values(acme)
    assert after["invsync_held_runs push Acme Shop"] == 0
    assert after["invsync_failed_runs_in_a_row push Acme Shop"] == 1
    assert after["invsync_in_doubt_batches Acme Shop"] == 2
    assert after["invsync_submitted_batches Acme Shop"] == 1
    assert 500 <= after["invsync_stock_age_seconds EAST"] < 900
    assert "invsync_stock_age_seconds Default" not in after, "never read is no age"


def test_mismatches_are_counted(acme: Shelf) -> None:
    with acme.bench.store.transaction() as tx:
        tx.execute(
            "UPDATE listing SET desired = 5, observed = 3, allocated = 0 WHERE cart_id = ? AND sku = 'A'", (acme.cart,)
        )
        tx.execute(
            "UPDATE listing SET desired = 3, observed = 4, allocated = 1 WHERE cart_id = ? AND sku = 'B'", (acme.cart,)
        )
    assert _values(acme)["invsync_mismatched_listings Acme Shop"] == 1, "B shows 4 on hand less 1 on an open order"


def test_the_text_is_what_prometheus_reads() -> None:
    hostile = 'a "b"\\\nc'
    lines = metrics.exposition(
        [Sample("invsync_held_runs", (("cart", hostile),), 2), Sample("invsync_service_up", (), 1)]
    )
    assert lines == [
        f"# HELP invsync_service_up {HELP['invsync_service_up']}",
        "# TYPE invsync_service_up gauge",
        "invsync_service_up 1",
        f"# HELP invsync_held_runs {HELP['invsync_held_runs']}",
        "# TYPE invsync_held_runs gauge",
        'invsync_held_runs{cart="a \\"b\\"\\\\\\nc"} 2',
    ]


def test_both_are_documents_and_text(acme: Shelf, capsys: pytest.CaptureFixture[str]) -> None:
    store = ["--store", str(acme.bench.store.path)]
    for name in ("metrics", "info"):
        assert main.run([name, "--json", *store]) == 0
        check(name, json.loads(capsys.readouterr().out))
    assert main.run(["metrics", *store]) == 0
    for row in capsys.readouterr().out.splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) invsync_\w+ .+|invsync_\w+(\{(\w+="[^"]*",?)+\})? \d+', row), row
    assert main.run(["info", *store]) == 0
    text = capsys.readouterr().out
    assert __version__ in text and str(acme.bench.store.path) in text and "woocommerce" in text


def test_info_says_that_there_is_no_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = tmp_path / "none.db"
    assert main.run(["info", "--store", str(store)]) == 0
    assert "invsync init" in capsys.readouterr().out and not store.exists()
    assert main.run(["info", "--json", "--store", str(store)]) == 0
    document = json.loads(capsys.readouterr().out)
    check("info", document)
    assert document["store"] is None


def test_every_metric_is_documented_and_no_alert_names_another() -> None:
    text = HOWTO.read_text("utf-8")
    table, _, alerts = text.partition("## Alerts")
    assert set(re.findall(r"^\| `(invsync_\w+)`", table, re.MULTILINE)) == set(HELP)
    assert set(re.findall(r"\binvsync_\w+", alerts)) <= set(HELP)


def test_the_service_says_where_it_answers_a_monitor(acme: Shelf, capsys: pytest.CaptureFixture[str]) -> None:
    store = ["--store", str(acme.bench.store.path)]
    assert main.run(["serve", "--metrics", "0", "--until-idle", "0", "--json", *store]) == 0
    document = json.loads(capsys.readouterr().out)
    check("serve", document)
    assert re.fullmatch(r"127\.0\.0\.1:[1-9]\d+", document["serving"]["metrics"])
    assert main.run(["serve", "--metrics", "nowhere", *store]) == 2
    assert "--metrics" in capsys.readouterr().err
