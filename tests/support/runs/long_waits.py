"""A run that a system asked to wait for an hour: it ends with a time, and goes on by itself when the hour is over."""

from __future__ import annotations

import pytest

from invsync_tui import clock
from invsync_tui.store.runs.records import RunRow
from tests.support.stores.merchant_store import Bench

HOUR = 3600


async def goes_on_in_an_hour(bench: Bench, run: RunRow, patch: pytest.MonkeyPatch) -> RunRow:
    """The run that goes on with one that has ended for a long wait. Each worker begins with nothing but the store."""
    assert run.state == "failed" and "60 min" in run.error, run
    number = bench.one("SELECT max(id) FROM run WHERE kind = ? AND key = ?", run.kind, run.key)
    waiting = bench.run(int(str(number)))
    assert (waiting.state, waiting.trigger) == ("requested", "again")
    assert waiting.not_before is not None and abs(waiting.not_before - clock.now() - HOUR) < 60
    await bench.work()
    assert bench.run(waiting.id).state == "requested"
    now, elapsed = clock.now, clock.elapsed
    patch.setattr(clock, "now", lambda: now() + HOUR + 5)
    patch.setattr(clock, "elapsed", lambda: elapsed() + HOUR + 5)
    await bench.work()
    done = bench.run(waiting.id)
    assert (done.state, done.error) == ("done", "")
    return done
