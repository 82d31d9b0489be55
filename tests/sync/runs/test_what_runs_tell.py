"""What a run tells whoever watches it: a message that is missing is no error anywhere, so each is asked for here."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from invsync_tui.connectors.errors import ContractError
from invsync_tui.sync import pull
from invsync_tui.sync.listings import read_listings
from tests.support.runs.sandbox_world import Town


class Report:
    """The messages of a run."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def event(self, level: str, text: str) -> None:
        self.said.append((level, text))


async def _at_once() -> None:
    """In the place of a wait for the store."""


async def test_a_held_push_says_how_it_goes_on(pulled: Town) -> None:
    run = await pulled.bench.push(pulled.cart_id, release=False)
    assert run.state == "held"
    rows = pulled.bench.store.read(
        "SELECT level, text FROM run_event WHERE run_id = ? AND text LIKE 'Held: %'", (run.id,)
    )
    assert [level for level, _ in rows] == ["warning"]
    assert rows[0][1].endswith(f"Release or discard it, or apply its plan: invsync plan {pulled.cart_id}")
    phases = pulled.bench.one("SELECT phases FROM run WHERE id = ?", run.id)
    assert '"running"' not in str(phases)


@pytest.mark.parametrize(("gone", "said"), [
    (0, []), (1, [("warning", "1 listing is no longer in the cart.")]),
    (3, [("warning", "3 listings are no longer in the cart.")]),
])  # fmt: skip
async def test_listings_that_are_gone_are_told(gone: int, said: list[tuple[str, str]]) -> None:
    report = Report()
    finished: list[int] = []
    reader: Any = SimpleNamespace(
        cart_id=3, others={"b": 4, "c": 5}, job=SimpleNamespace(report=report, turn=_at_once), complete=None,
        _finish_at=lambda number, *_, **__: finished.append(number) or gone,
    )  # fmt: skip
    passed: Any = SimpleNamespace(seen={4: {1}, 5: set()}, overlaps=False, rest=False)
    await read_listings.ListingsReader._finish(reader, passed, 9, complete=True)
    assert (report.said, finished, reader.complete) == (said, [3, 4], True)


class NotesSource:
    """A source that counts something, or cannot say what."""

    def __init__(self, error: bool) -> None:
        self._error = error

    async def notes(self) -> dict[str, int]:
        if self._error:
            raise ContractError("It is odd.")
        return {"b": 2, "a": 1}


@pytest.mark.parametrize("error", [False, True])
async def test_notes_that_cannot_be_read_are_told_and_cost_nothing(
    monkeypatch: pytest.MonkeyPatch, error: bool
) -> None:
    report, rows = Report(), list[tuple[Any, ...]]()
    monkeypatch.setattr(pull.sync_marks, "record_counted", lambda *given: rows.append(given))
    job = SimpleNamespace(report=report, transaction=lambda: nullcontext("tx"), writable=_at_once)
    our_pull: Any = SimpleNamespace(source=NotesSource(error), job=job, merchant_id=5)
    await pull.Pull._notes(our_pull)
    if error:
        assert (report.said, rows) == ([("info", "The notes for the doctor could not be read: It is odd.")], [])
    else:
        assert (report.said, rows) == ([], [("tx", 5, '{"a": 1, "b": 2}')])
    our_pull.source = object()
    await pull.Pull._notes(our_pull)
    assert len(rows) == (0 if error else 1)
