"""A run that a defect ends says which version, which run, and how to report it."""

from __future__ import annotations

from pathlib import Path

import pytest

from invsync_tui import __version__
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.sync import executor, worker
from invsync_tui.sync.runs.run_context import RunContext
from invsync_tui.sync.worker import Worker
from tests.support.stores.schedule_store import field

NOW = 1_760_000_000


async def _broken(*_: object) -> None:
    raise RuntimeError("password=hunter2")


@pytest.mark.parametrize("where", ["in the run", "around the run"])
async def test_a_run_that_a_defect_ends_names_version_run_and_the_next_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    # given
    our_field = field(tmp_path, merchants=1, carts=1)

    async def defect(job: RunContext) -> None:
        await _broken(job)

    if where == "in the run":
        monkeypatch.setattr(executor, "_KINDS", dict.fromkeys(("pull", "push", "radar"), defect))
    else:
        monkeypatch.setattr(worker, "execute", _broken)
    with our_field.store.transaction() as tx:
        number = runs.request(tx, RunRequest("pull", 1, 1, "manual", "ann"), NOW).run_id
    # when
    await Worker(our_field.store, scheduled=False).run_until_idle(0.0)
    # then
    run = our_field.bench.run(number)
    assert run.state == "failed"
    for part in (f"Run {number} ", f"invsync {__version__}", "RuntimeError", f"invsync bundle {number}"):
        assert part in run.error, run.error
    assert "hunter2" not in run.error
