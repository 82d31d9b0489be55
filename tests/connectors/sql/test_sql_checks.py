"""What the doctor says of a database: whether it is encrypted, and whether the login may do more than read."""

from __future__ import annotations

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.checks import SourceFacts
from invsync_tui.connectors.sources.sql import WRITABLE, SqlSource
from invsync_tui.rules.merchant_checks import Verdict


def verdicts(url: str, tls: str = "", writable: int | None = None) -> dict[str, Verdict]:
    connection = Connection("Demo", "sql", url, options={"tls": tls} if tls else {})
    notes = {} if writable is None else {WRITABLE: writable}
    facts = SourceFacts(connection, "Demo", "", True, "", notes=notes)
    return {review.id: review.verdict for review in SqlSource.review(facts)}


@pytest.mark.parametrize(
    ("url", "tls", "verdict"),
    [
        ("postgresql://db.example/stock", "", Verdict.PASS),
        ("postgresql://db.example/stock", "off", Verdict.FAIL),
        ("postgresql://db.example/stock", " off ", Verdict.FAIL),
        ("postgresql://127.0.0.1/stock", "off", Verdict.PASS),
        ("postgresql://localhost/stock", "off", Verdict.PASS),
    ],
)
def test_a_password_in_the_clear_is_found_unless_it_stays_on_the_machine(url: str, tls: str, verdict: Verdict) -> None:
    assert verdicts(url, tls) == {"sql.tls": verdict}


@pytest.mark.parametrize(("writable", "verdict"), [(0, Verdict.PASS), (1, Verdict.FAIL), (7, Verdict.FAIL)])
def test_a_login_that_may_write_is_found(writable: int, verdict: Verdict) -> None:
    assert verdicts("postgresql://db.example/stock", writable=writable)["sql.rights"] is verdict


def test_a_file_has_neither() -> None:
    assert verdicts("sqlite:///srv/stock.db", writable=3) == {}
