"""The doctor warns of the end of JSON-RPC by what is used and by the date, not by an option alone."""

from __future__ import annotations

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.checks import SourceFacts
from invsync_tui.connectors.network.api_notices import ApiNotices
from invsync_tui.connectors.sources.odoo import checks
from invsync_tui.rules.merchant_checks import Verdict

DAY = 86_400


@pytest.mark.parametrize(
    ("protocol", "version", "days", "verdict", "warns"),
    [
        ("auto", "19", -90, Verdict.PASS, False), ("auto", "", -90, Verdict.PASS, False),
        ("json-2", "19", 1, Verdict.PASS, False),
        ("auto", "17", -90, Verdict.PASS, True), ("json-rpc", "17", -90, Verdict.PASS, True),
        ("json-rpc", "19", -90, Verdict.FAIL, True), ("auto", "18", -59, Verdict.FAIL, True),
        ("json-rpc", "", -59, Verdict.FAIL, True), ("auto", "19", 900, Verdict.PASS, False),
    ],
)  # fmt: skip
def test_the_end_of_json_rpc(
    monkeypatch: pytest.MonkeyPatch, protocol: str, version: str, days: int, verdict: Verdict, *, warns: bool
) -> None:
    monkeypatch.setattr(clock, "now", lambda: float(checks.ENDS_AT + days * DAY))
    facts = SourceFacts(
        Connection("Acme", "odoo", "https://a.test", "me", "env:X", {"protocol": protocol}), "Acme", "", True, "",
        notices=ApiNotices(version=version),
    )  # fmt: skip
    review = checks._protocol(facts)
    assert review.verdict is verdict
    assert (checks.JSON_RPC_ENDS in review.evidence) is warns
    assert (verdict is Verdict.FAIL) == bool(review.fix)
