"""The gate: stories that the engine passes, and known-bad engines that each fail theirs.

A suite that cannot fail proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.rules import matching, safety
from invsync_tui.store.catalog import sync_marks
from invsync_tui.store.listings import listings, push_batches
from invsync_tui.store.runs import workers
from invsync_tui.sync import executor, pull
from invsync_tui.sync.catalog import page_reader
from invsync_tui.sync.catalog.complete_read import CompleteRead
from invsync_tui.sync.pushes import doubt_resolver
from tests.support.faults import scenarios
from tests.support.faults.scenarios import STORIES, Story

Plant = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_the_engine_keeps_its_promise(story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await story(tmp_path, monkeypatch) == []


def _believes_the_last_page(patch: pytest.MonkeyPatch) -> None:
    """Takes any page without a successor for the end."""
    patch.setattr(page_reader, "_check_total", lambda *_: None)


def _decides_what_is_missing_after_a_cut(patch: pytest.MonkeyPatch) -> None:
    """Marks what it has not seen as missing although the read broke off."""
    real = pull.Pull._full

    async def full(self: Any, generation: Any, known: Any) -> None:
        try:
            await real(self, generation, known)
        except Exception:
            read = CompleteRead(self.job, generation, self.source, None)
            read.finish([site for _, site in known.values()])
            raise

    patch.setattr(pull.Pull, "_full", full)


def _advances_the_watermark_before_the_ack(patch: pytest.MonkeyPatch) -> None:
    """Remembers by a mark what is dirty, and moves it before the cart has answered."""
    early = sync_marks.record_sending

    def sending(tx: Any, cart_id: int, rules_rev: int) -> None:
        early(tx, cart_id, rules_rev)
        sync_marks.record_pushed(
            tx, cart_id, tx.execute("SELECT value FROM counter WHERE name = 'seq'").fetchone()[0], rules_rev
        )

    patch.setattr(executor.sync_marks, "record_sending", sending)
    patch.setattr(listings, "_CHANGED", listings._CHANGED.replace("pending <> 0", "pending > 1"))


def _acknowledges_whatever_comes(patch: pytest.MonkeyPatch) -> None:
    """Takes an answer without asking whether it is the one that is awaited."""
    patch.setattr(
        push_batches, "_ACKNOWLEDGE", push_batches._ACKNOWLEDGE.replace("AND inflight = ?7", "AND ?7 IS NOT NULL")
    )


def _does_not_ask_whether_it_still_holds_the_lease(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(workers, "check", lambda *_: None)


def _does_not_wait_for_requests_on_their_way(patch: pytest.MonkeyPatch) -> None:
    async def at_once(_: int) -> None:
        return

    patch.setattr(doubt_resolver, "_sleep_until", at_once)


def _sends_before_it_writes_down(patch: pytest.MonkeyPatch) -> None:
    """Records a batch with its answer only: what was under way when the worker died is forgotten."""
    intend, settle = push_batches.intend, push_batches.settle

    def late(tx: Any, batch: Any, answers: Any, run_id: int, now: int) -> None:
        intend(tx, batch, now)
        settle(tx, batch, answers, run_id, now)

    patch.setattr(push_batches, "intend", lambda *_: None)
    patch.setattr(push_batches, "settle", late)


def _takes_the_first_of_several(patch: pytest.MonkeyPatch) -> None:
    """Pushes a product although the code means two."""

    def first(code: str, kind: int, hits: Any, owners: Any) -> matching.Match:
        exact = [hit for hit in hits if hit.code == code and hit.kind == kind]
        return matching.Match(exact[0].product_id, None) if exact else matching.match_code(code, kind, hits, owners)

    patch.setattr("invsync_tui.store.listings.matching.match_code", first)


def _has_no_safety_rules(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(safety, "check", lambda *_: ())


def _tries_a_refused_login_again(patch: pytest.MonkeyPatch) -> None:
    from invsync_tui.connectors.sources.sandbox import SandboxSource

    real = SandboxSource.open

    async def stubborn(self: SandboxSource) -> None:
        try:
            await real(self)
        except Exception:
            await real(self)

    patch.setattr(SandboxSource, "open", stubborn)


PLANTED: tuple[tuple[Plant, Story], ...] = (
    (_believes_the_last_page, scenarios.pull_cut_everywhere),
    (_decides_what_is_missing_after_a_cut, scenarios.pull_cut_everywhere),
    (_advances_the_watermark_before_the_ack, scenarios.cancel_and_continue),
    (_acknowledges_whatever_comes, scenarios.a_late_answer),
    (_does_not_ask_whether_it_still_holds_the_lease, scenarios.a_straggler_after_a_takeover),
    (_does_not_wait_for_requests_on_their_way, scenarios.died_while_the_cart_was_working),
    (_sends_before_it_writes_down, scenarios.died_before_the_answer_and_stock_went_back),
    (_takes_the_first_of_several, scenarios.an_alias_of_two_products),
    (_has_no_safety_rules, scenarios.everything_sold_out_at_once),
    (_tries_a_refused_login_again, scenarios.a_refused_login),
)


@pytest.mark.parametrize(("plant", "story"), PLANTED, ids=lambda thing: thing.__name__.strip("_"))
async def test_a_planted_bug_is_found(
    plant: Plant, story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    plant(monkeypatch)
    # when
    found = await story(tmp_path, monkeypatch)
    # then
    assert found != []
