"""Support bundles: all that helps is in them, and no secret."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path

import pytest

from invsync_tui.connectors.network import http_log as heard
from invsync_tui.operations.errors import NotFoundError, OperationError
from invsync_tui.operations.runs import support_bundle
from tests.support.runs.sandbox_world import SHOP, Town


def _files(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name).decode() for name in opened.namelist()}


def _secrets(our_town: Town) -> list[str]:
    return [os.environ[server.secret.removeprefix("env:")] for server in (our_town.wms, our_town.cart)]


async def _with_trouble(our_town: Town) -> int:
    """A push with a failed row, a refused login before it, and answers that repeat what they were sent."""
    sku = our_town.in_stock()[0]
    our_town.wms.control("level", {"skus": [sku], "warehouse": "EAST", "available": 71})
    await our_town.bench.pull()
    return (await our_town.bench.push(our_town.cart_id)).id


async def test_a_run_has_its_requests_answers_settings_and_arithmetic(synced: Town, tmp_path: Path) -> None:
    # given
    run = await _with_trouble(synced)
    # when
    path = support_bundle.of_run(synced.bench.session(), run, tmp_path)
    files = _files(path)
    # then
    assert {
        "README.txt",
        "about.json",
        "run.json",
        "settings.json",
        "batches.json",
        "listings.json",
        "audit.json",
    } <= set(files)
    assert json.loads(files["run.json"])["run"]["id"] == run
    sent = [text for name, text in files.items() if name.startswith("exchanges/") and "--- request" in text]
    assert any(f"/shops/{SHOP}/stock" in text and "status 200" in text for text in sent)
    explained = [json.loads(text) for name, text in files.items() if name.startswith("why-")]
    assert any(
        step["step"] == "sum" for document in explained for listing in document["listings"] for step in listing["steps"]
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.with_suffix(".part").exists()


async def test_a_sku_has_its_checks_and_history(synced: Town, tmp_path: Path) -> None:
    await _with_trouble(synced)
    files = _files(support_bundle.of_sku(synced.bench.session(), synced.in_stock()[0], tmp_path))
    assert json.loads(files["doctor.json"])["checks"]
    assert any(load["happenings"] for load in json.loads(files["history.json"]))
    assert any(name.startswith("exchanges/") for name in files)


@pytest.mark.parametrize("forgetful", [False, True], ids=["the process knows them", "another process wrote them"])
async def test_no_signs_in_with_in_any_file(synced: Town, tmp_path: Path, forgetful: bool) -> None:
    # given: an answer and an error that repeat the secret, and settings that carry one where none belongs
    run = await _with_trouble(synced)
    leak = _secrets(synced)[1]
    assert len(leak) > 5
    with synced.bench.store.transaction() as tx:
        tx.execute("UPDATE run SET error = ? WHERE id = ?", (f"The cart said: bad key {leak}", run))
        options = json.dumps({"api_key": "in-the-wrong-place", "note": leak})
        tx.execute("UPDATE cart SET options = ? WHERE id = ?", (options, synced.cart_id))
        address = "http://user:hunter22@wms.example"
        tx.execute("UPDATE source SET url = ? WHERE merchant_id = ?", (address, synced.bench.merchant))
        tx.execute("UPDATE listing SET error = ? WHERE run_id = ?", (f"token={leak}", run))
    if forgetful:
        heard._secrets.clear()
    # when
    session = synced.bench.session()
    ours = [
        support_bundle.of_run(session, run, tmp_path),
        support_bundle.of_sku(session, synced.in_stock()[0], tmp_path),
    ]
    # then
    for path in ours:
        for name, text in _files(path).items():
            for secret in (*_secrets(synced), "in-the-wrong-place", "hunter22"):
                assert secret not in text, f"{secret!r} is in {name}"


async def test_a_short_password_is_in_no_file_either(
    synced: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: what another process kept, which knew no such password
    run = await _with_trouble(synced)
    monkeypatch.setenv(synced.cart.secret.removeprefix("env:"), "z9k4qw")
    with synced.bench.store.transaction() as tx:
        tx.execute("UPDATE run SET error = ? WHERE id = ?", ("The cart said: bad word z9k4qw", run))
        tx.execute("UPDATE listing SET error = ? WHERE run_id = ?", ("z9k4qw?", run))
    session = synced.bench.session()
    # when
    ours = [
        support_bundle.of_run(session, run, tmp_path),
        support_bundle.of_sku(session, synced.in_stock()[0], tmp_path),
    ]
    # then
    for path in ours:
        for name, text in _files(path).items():
            assert "z9k4qw" not in text, name


async def test_what_is_not_there_or_cannot_be_written_is_told(synced: Town, tmp_path: Path) -> None:
    session = synced.bench.session()
    with pytest.raises(NotFoundError, match="no run 999"):
        support_bundle.of_run(session, 999, tmp_path)
    with pytest.raises(NotFoundError):
        support_bundle.of_sku(session, "nobody has this", tmp_path)
    with pytest.raises(OperationError, match="--output"):
        support_bundle.of_sku(session, synced.in_stock()[0], tmp_path / "missing" / "folder")
