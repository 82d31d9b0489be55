"""What goes wrong on either side, and what the run, the status, the connection and the doctor call it: a literal table."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.operations.diagnosis.doctor import doctor
from invsync_tui.operations.merchants.overview import overview
from invsync_tui.rules.merchant_checks import Verdict
from invsync_tui.rules.outcomes import REASONS, AccountingError, Reason
from invsync_tui.store.errors import StoreBrokenError
from invsync_tui.sync.pull import Pull
from invsync_tui.sync.push import BatchSender
from tests.support.runs.sandbox_world import Town, town

Break = Callable[[Town, pytest.MonkeyPatch], None]


def _answers(status: int) -> Break:
    def both(our_town: Town, _: pytest.MonkeyPatch) -> None:
        our_town.wms.faults({"kind": "status", "path": "/api/", "status": status})
        our_town.cart.faults({"kind": "status", "path": "/shops/", "status": status})

    return both


def _faulty(kind: str) -> Break:
    def both(our_town: Town, _: pytest.MonkeyPatch) -> None:
        our_town.wms.faults({"kind": kind, "path": "/api/"})
        our_town.cart.faults({"kind": kind, "path": "/shops/"})

    return both


def _set(column: str, value: Callable[[], str]) -> Break:
    def both(our_town: Town, _: pytest.MonkeyPatch) -> None:
        with our_town.bench.by_hand() as tx:
            tx.execute(f"UPDATE source SET {column} = ? WHERE merchant_id = ?", (value(), our_town.bench.merchant))
            tx.execute(f"UPDATE cart SET {column} = ? WHERE id = ?", (value(), our_town.cart_id))

    return both


def _closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def _raises(error: Callable[[], Exception]) -> Break:
    async def fail(*_: Any, **__: Any) -> None:
        raise error()

    def both(_: Town, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(Pull, "run", fail)
        patch.setattr(BatchSender, "resolve_unfinished", fail)

    return both


def _broken() -> Exception:
    return StoreBrokenError("store.db", "gone", "Look.")


TEST, BUNDLE = "invsync connections test", "invsync bundle"
# What happens to both sides; what a download that meets it is filed under, and a push; words of the error; what to do.
TABLE: dict[str, tuple[Break, str, str, str, str]] = {
    "the login is refused": (_answers(401), "AUTH_FAILED", "AUTH_FAILED", "login", TEST),
    "the login may not": (_answers(403), "SCOPE_MISSING", "SCOPE_MISSING", "permission", TEST),
    "too many requests": (_answers(429), "THROTTLED", "THROTTLED", "429", TEST),
    "the server is down": (_answers(503), "SOURCE_UNAVAILABLE", "CART_UNAVAILABLE", "503", TEST),
    "half of an answer": (_faulty("cut"), "SOURCE_UNAVAILABLE", "CART_UNAVAILABLE", "", TEST),
    "nobody listens": (_set("url", _closed_port), "SOURCE_UNAVAILABLE", "CART_UNAVAILABLE", "refused", TEST),
    "no such secret": (_set("secret", lambda: "env:NO_SUCH_NAME"), "NOT_CONFIGURED", "NOT_CONFIGURED", "NO_SUCH", TEST),
    "no JSON": (_faulty("half_json"), "UNEXPECTED_ANSWER", "UNEXPECTED_ANSWER", "JSON", TEST),
    "nothing in it": (_faulty("empty"), "UNEXPECTED_ANSWER", "UNEXPECTED_ANSWER", "", TEST),
    "an unknown address": (_answers(404), "UNEXPECTED_ANSWER", "UNEXPECTED_ANSWER", "404", TEST),
    "a sum that is off": (_raises(lambda: AccountingError("2 and 3")), "ACCOUNTING", "ACCOUNTING", "2 and 3", BUNDLE),
    "a broken store": (_raises(_broken), "STORE_FAILED", "STORE_FAILED", "gone", BUNDLE),
    "a defect": (_raises(lambda: KeyError("x")), "INTERNAL_DEFECT", "INTERNAL_DEFECT", "KeyError", BUNDLE),
}  # fmt: skip


@pytest.mark.parametrize("what", TABLE)
async def test_what_goes_wrong_has_its_own_reason_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    breaks, of_pull, of_push, words, fix = TABLE[what]
    with town(tmp_path, products=5, deadline=2.0) as our_town:
        bench = our_town.bench
        assert (await bench.pull()).state == "done"
        # when
        breaks(our_town, monkeypatch)
        pulled, pushed = await bench.pull(full=True), await bench.push(our_town.cart_id)
        monkeypatch.undo()
        # then
        for run, reason, table in ((pulled, of_pull, "our_source"), (pushed, of_push, "our_cart")):
            assert (run.state, bench.reasons(run)) == ("failed", {reason: 1}), run.error
            assert words in run.error
            assert bench.one(f"SELECT last_error FROM {table}") == run.error
            assert bench.one(f"SELECT last_reason FROM {table}") == reason
            # the run's page
            reasons = bench.detail(run.id).reasons
            assert [(line.reason, line.outcome) for line in reasons] == [(Reason(reason), "failed")]
        # the status
        merchant = next(row for row in overview(bench.session()).merchants if row.id == bench.merchant)
        assert merchant.status.startswith("failed: ")
        assert pulled.error in merchant.status
        assert [problem for problem in merchant.problems if pushed.error in problem.text]
        # the doctor
        checks = [
            check for check in doctor(bench.session(), bench.merchant).checks if check.id == "connection.last_error"
        ]
        causes = {check.cause for check in checks if check.verdict is Verdict.FAIL}
        assert causes == {REASONS[Reason(of_pull)].text, REASONS[Reason(of_push)].text}
        assert all(check.fix.startswith(fix) for check in checks)
