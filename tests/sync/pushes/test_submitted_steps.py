"""Single steps of batches that a cart applies later, on a store alone: what is counted, and whether a run is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import RowAnswer, Submitted
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.rules.worker_health import span
from invsync_tui.store.listings import push_batches
from invsync_tui.store.listings.push_batches import Batch, Item, Waits
from invsync_tui.store.runs import runs
from invsync_tui.store.runs.records import RunRequest
from invsync_tui.sync.pushes import submitted
from invsync_tui.sync.pushes.batch_results import BatchResults
from invsync_tui.sync.runs.run_context import RunContext
from tests.support.runs.quiet_cart import QuietCart, job_of
from tests.support.stores.products_store import Shelf, Thing, shelf

LOOK = 600


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Shelf]:
    our_shelf = shelf(tmp_path)
    yield our_shelf
    our_shelf.bench.store.close()


@pytest.fixture
def job(acme: Shelf) -> RunContext:
    return job_of(acme)


def sent(acme: Shelf, job: RunContext) -> Batch:
    """A batch of two listings that is on its way."""
    acme.put([Thing("1", "A"), Thing("2", "B")])
    ids = acme.list(["A", "B"], shown=3)
    for number in ids:
        acme.set(number, run_id=job.run.id, outcome="planned", desired=5, target=5, pending=1)
    items = tuple(Item(number, f"L-{sku}", 5, 5, 3) for number, sku in zip(ids, "AB", strict=True))
    batch = Batch("b-1", acme.cart, job.run.id, job.lease.epoch, items, b"[]", "intent", 1, 0, 1)
    with acme.bench.store.transaction() as tx:
        push_batches.intend(tx, batch, clock.seconds())
    job.report.enter("push", len(items))
    return batch


def waits(acme: Shelf, batch: Batch) -> int:
    """The cart took the batch; when it is looked at."""
    now = clock.seconds()
    with acme.bench.store.transaction() as tx:
        push_batches.submit(tx, batch, "T1", Waits(now + LOOK, now + 2 * LOOK), now)
    return now + LOOK


def looks_again(acme: Shelf, job: RunContext) -> list[str]:
    """The events of a run at its end."""
    with acme.bench.store.transaction() as tx:
        runs.finish(tx, job.run.id, "done", redacted(""), clock.seconds())
        submitted.request_next_look(tx, job, clock.seconds())
    return acme.bench.events(job.run.id)


def requested(acme: Shelf) -> list[tuple[int, int | None]]:
    """(number, not before) of the cart's runs that wait."""
    sql = "SELECT id, not_before FROM run WHERE kind = 'push' AND key = ? AND state = 'requested'"
    return acme.bench.store.read(sql, (acme.cart,))


@pytest.mark.parametrize("later", [True, False])
async def test_the_progress_of_a_run_goes_on_by_each_batch_whenever_it_is_applied(
    acme: Shelf, job: RunContext, later: bool
) -> None:
    batch, now = sent(acme, job), clock.now()
    result = Submitted("T1", now + LOOK, now + 2 * LOOK) if later else [RowAnswer(item.ref, 5) for item in batch.items]
    await BatchResults(job, QuietCart()).accept(batch, result)  # type: ignore[arg-type]
    (phase,) = [phase for phase in job.report.phases if phase.name == "push"]
    assert (phase.done, phase.total) == (2, 2)
    assert (job.report.counts.submitted, job.report.counts.set) == ((2, 0) if later else (0, 2))
    assert acme.bench.one("SELECT state FROM push_batch WHERE id = 'b-1'") == ("submitted" if later else "answered")


def test_a_run_is_asked_for_and_named_that_looks_at_what_waits(acme: Shelf, job: RunContext) -> None:
    at = waits(acme, sent(acme, job))
    events = looks_again(acme, job)
    ((number, not_before),) = requested(acme)
    assert not_before == at
    beginning = f"Run {number} looks up what became of the submitted listings, in "
    waits_for = {span(at - clock.seconds() + late) for late in range(5)}  # it was said a moment ago
    assert events in [[f"{beginning}{wait} at the earliest, or the next run does."] for wait in waits_for]


def test_nothing_is_asked_for_or_told_where_nothing_waits(acme: Shelf, job: RunContext) -> None:
    assert looks_again(acme, job) == []
    assert requested(acme) == []


def test_no_run_is_named_where_one_is_asked_for_already(acme: Shelf, job: RunContext) -> None:
    waits(acme, sent(acme, job))
    with acme.bench.store.transaction() as tx:
        runs.finish(tx, job.run.id, "done", redacted(""), clock.seconds())
        order = RunRequest("push", acme.cart, acme.merchant, "manual", "tester")
        number, _ = runs.request(tx, order, clock.seconds())
    assert looks_again(acme, job) == []
    assert [number_asked for number_asked, _ in requested(acme)] == [number]
