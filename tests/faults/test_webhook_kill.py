"""A service that is killed between its answer to a webhook and the push: what was answered is pushed by the next one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.sandbox.shop import Mode
from invsync_tui.store import hooks
from invsync_tui.sync.hooks import requests
from invsync_tui.sync.worker import Worker
from tests.support.processes.shell import INVSYNC, check
from tests.support.runs.sandbox_world import hurry, town
from tests.support.servers.webhooks import TOKEN, give_address, post, sandbox_delivery


@contextmanager
def service(store: Path, log: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A service that takes webhooks on a free port, and what it says when it begins."""
    command = [*INVSYNC, "--store", str(store), "--json", "serve", "--hooks", "0", "--log-file", str(log)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        document = json.loads(process.stdout.readline())
        check("serve", document)
        yield process, document
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


async def test_what_was_answered_is_read_and_pushed_by_the_next_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch)
    with town(tmp_path, mode=Mode(orders=True), observe_every=86400) as our_town:
        assert (await our_town.bench.pull()).state == "done"
        assert (await our_town.bench.push(our_town.cart_id)).state == "done"
        give_address(our_town.bench, our_town.cart_id)
        sku = our_town.in_stock()[0]
        ref = our_town.bench.listings(our_town.cart_id)[sku]["ref"]
        our_town.cart.edit(ref, quantity=5000)
        # when: several webhooks are answered, and the service is killed at once
        with service(our_town.bench.store.path, tmp_path / "serve.log") as (process, document):
            place = document["serving"]["hooks"]
            assert place.startswith("127.0.0.1:")
            headers, body = sandbox_delivery(our_town.cart.token, {"topic": "listing", "refs": [ref]}, "one")
            assert post(f"http://{place}/hooks/{TOKEN}", headers, body) == 200
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        log = (tmp_path / "serve.log").read_text(encoding="utf-8")
        assert f"listening for webhooks on http://{place}" in log
        assert TOKEN not in log and our_town.cart.token not in log
        # then: it is in the store, and whoever comes next does it, once
        monkeypatch.setattr(requests, "SETTLE", 0)
        monkeypatch.setattr(requests, "GAP", 0)
        await Worker(our_town.bench.store).run_until_idle(0.3)
        assert our_town.bench.listings(our_town.cart_id)[sku]["observed"] == 5000
        with our_town.bench.store.reading() as cx:
            assert hooks.waiting(cx, our_town.cart_id) == {}
        sql = "SELECT count(*) FROM run WHERE trigger = 'webhook' AND key = ?"
        assert our_town.bench.one(sql, our_town.cart_id) == 1
        assert our_town.bench.sums_hold()
