"""What a monitor asks: the state of the store as Prometheus metrics. What is unknown has no sample; it is never 0."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from invsync_tui import __version__, clock
from invsync_tui.operations.errors import as_operation_error
from invsync_tui.operations.service import workers
from invsync_tui.operations.session import Session
from invsync_tui.store.diagnosis import metrics as store
from invsync_tui.store.settings import read as settings_read

HOUR = 3600
HELP: Mapping[str, str] = {
    "invsync_info": "The version of the program; always 1.",
    "invsync_service_up": "1 if a service works, else 0.",
    "invsync_last_good_run_timestamp_seconds": "End of the last run that ended well. No sample: there was none.",
    "invsync_failed_runs_in_a_row": "Runs that failed since the last good one.",
    "invsync_held_runs": "Runs that are held for review.",
    "invsync_requested_runs": "Runs that are requested and have not begun.",
    "invsync_mismatched_listings": "Listings that show another quantity in the cart than they should.",
    "invsync_in_doubt_batches": "Batches that were sent and whose answer is not known.",
    "invsync_submitted_batches": "Batches that the cart took and applies later.",
    "invsync_stock_age_seconds": "Seconds since the stock of a warehouse was last read. No sample: never.",
    "invsync_recorded_requests": "HTTP requests of the last hour that are on record: writes, failures, first reads.",
}
"""Every metric with its help; all are gauges."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One number. Labels in the order in which they are printed."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: int


def samples(session: Session) -> tuple[Sample, ...]:
    """All samples, those of one metric together and in the order of `HELP`."""
    now = clock.seconds()
    with as_operation_error(), session.store.reading() as cx:
        works = workers.load(session, cx).service.works
        all_samples = [
            Sample("invsync_info", (("version", __version__),), 1),
            Sample("invsync_service_up", (), int(works)),
            *_of_runs(cx),
            *_of_stock(cx, now),
            *_of_requests(cx, now),
        ]
    order = list(HELP)
    return tuple(sorted(all_samples, key=lambda sample: order.index(sample.name)))


def _of_runs(cx: sqlite3.Connection) -> Iterator[Sample]:
    merchants = dict(settings_read.names(cx))
    for number, name in merchants.items():
        yield from _line(store.runs_of(cx, "pull", number), (("merchant", name), ("cart", "")))
    for number, owner, name in settings_read.cart_names(cx):
        labels = (("merchant", merchants.get(owner, "")), ("cart", name))
        yield from _line(store.runs_of(cx, "push", number), labels)
        in_doubt, submitted = store.batches(cx, number)
        yield Sample("invsync_mismatched_listings", labels, store.mismatches(cx, number))
        yield Sample("invsync_in_doubt_batches", labels, in_doubt)
        yield Sample("invsync_submitted_batches", labels, submitted)
    yield Sample("invsync_requested_runs", (), store.waiting(cx))


def _line(line: store.Line, labels: tuple[tuple[str, str], ...]) -> Iterator[Sample]:
    of = (("kind", line.kind), *labels)
    if line.last_good is not None:
        yield Sample("invsync_last_good_run_timestamp_seconds", of, line.last_good)
    yield Sample("invsync_failed_runs_in_a_row", of, line.failures)
    yield Sample("invsync_held_runs", of, line.held)


def _of_stock(cx: sqlite3.Connection, now: int) -> Iterator[Sample]:
    merchants = dict(settings_read.names(cx))
    for owner, code, at in store.stock(cx):
        labels = (("merchant", merchants.get(owner, "")), ("warehouse", code))
        yield Sample("invsync_stock_age_seconds", labels, max(0, now - at))


def _of_requests(cx: sqlite3.Connection, now: int) -> Iterator[Sample]:
    for (method, answer), number in sorted(store.requests(cx, now - HOUR).items()):
        yield Sample("invsync_recorded_requests", (("method", method), ("answer", answer)), number)


def exposition(all_samples: Sequence[Sample]) -> list[str]:
    """The samples in Prometheus' text format (version 0.0.4): help and type once for each metric, before its samples."""
    lines: list[str] = []
    for name, text in HELP.items():
        mine = [sample for sample in all_samples if sample.name == name]
        if mine:
            lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
            lines += [f"{name}{_labels(sample.labels)} {sample.value}" for sample in mine]
    return lines


def _labels(labels: Sequence[tuple[str, str]]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    r"""A label's value: \, " and line breaks are escaped, as the format says."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
