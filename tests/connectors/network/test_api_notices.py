"""What systems say of the end of their interfaces is collected from every answer, kept, and told 60 days ahead."""

from __future__ import annotations

import email.utils
import json
from pathlib import Path

import pytest

from invsync_tui import clock
from invsync_tui.connectors import registry
from invsync_tui.connectors.about import About, ApiVersion, Option
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.connectors.checks import CartFacts, Review, interface
from invsync_tui.connectors.http import HttpConnection
from invsync_tui.connectors.network.api_notices import ApiNotices, collect, merged, stored
from invsync_tui.operations.diagnosis.doctor import doctor
from invsync_tui.rules.merchant_checks import Verdict
from tests.support.connectors.made_connector import install
from tests.support.runs.sandbox_world import sandbox_wms
from tests.support.servers.http_stub import as_json, stub_server
from tests.support.servers.shopify.server import shopify_server
from tests.support.stores.merchant_store import Bench

NOW = 1_800_000_000
DAY = 86400


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: float(NOW))


def http_date(at: int) -> str:
    return email.utils.formatdate(at, usegmt=True)


def heard(**headers: str) -> ApiNotices:
    notices = ApiNotices()
    notices.note({name.replace("_", "-"): value for name, value in headers.items()}, "Shop GET /products")
    return notices


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (f"@{NOW}", NOW),
        (http_date(NOW), NOW),
        ("true", 0),
        ("?1", 0),
        ("", None),
        ("false", None),
        ("@-5", None),
        ("@1e9", None),
        ("soon\x1b[31m", None),
        ("@999999999999", 253_402_300_799),
    ],
)
def test_deprecation_is_read_as_the_standard_and_its_drafts_write_it(text: str, at: int | None) -> None:
    assert heard(deprecation=text).deprecated_at == at


@pytest.mark.parametrize("text", ["", "tomorrow", "0", "Sat, 99 Dec 2026 00:00:00 GMT", "x" * 10_000, "-1"])
def test_a_sunset_that_is_no_date_says_nothing(text: str) -> None:
    assert not heard(sunset=text).warns


def test_the_earliest_end_counts_and_says_where() -> None:
    notices = heard(sunset=http_date(NOW + 90 * DAY))
    notices.note({"sunset": http_date(NOW + 9 * DAY)}, "Shop GET /stock")
    notices.note({"sunset": http_date(NOW + 80 * DAY)}, "Shop GET /orders")
    notices.note({"deprecation": "true"}, "Shop GET /more")
    assert (notices.sunset_at, notices.where, notices.answers) == (NOW + 9 * DAY, "Shop GET /stock", 4)


@pytest.mark.parametrize("version", ["2026-04", "v3", "1.2.3"])
def test_a_version_is_a_short_word(version: str) -> None:
    assert heard(x_shopify_api_version=f" {version} ").version == version
    assert heard(x_shopify_api_version=f"{version} and more").version == ""
    assert heard(x_shopify_api_version="x" * 33).version == ""


async def test_every_answer_of_a_connection_is_heard() -> None:
    answers = [as_json({}, Sunset=http_date(NOW + DAY)), as_json({}, 404, Deprecation=f"@{NOW}"), as_json({})]
    with stub_server(answers) as server, collect() as notices:
        http = HttpConnection(Connection("Shop", "sandbox", server.url))
        for path in ("/products?key=hunter22", "/gone", "/fine"):
            await http.read("GET", path)
        await http.write("POST", "/last")
        await http.close()
    assert (notices.answers, notices.sunset_at, notices.where) == (4, NOW + DAY, "Shop GET /products")


# --- kept ----------------------------------------------------------------------------------------------------------------


def test_a_notice_is_kept_for_a_while_after_it_was_last_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = merged("", heard(sunset=http_date(NOW + 90 * DAY)))
    for days, there in ((1, True), (6.9, True), (7.1, False)):
        monkeypatch.setattr(clock, "now", lambda at=NOW + days * DAY: float(at))
        assert ((stored(merged(kept, heard())) or ApiNotices()).sunset_at is not None) is there
    monkeypatch.setattr(clock, "now", lambda: float(NOW + 7.1 * DAY))
    again = merged(kept, heard(sunset=http_date(NOW + 80 * DAY)))
    assert (stored(again) or ApiNotices()).sunset_at == NOW + 80 * DAY


def test_a_run_that_was_answered_nothing_changes_nothing() -> None:
    kept = merged("", heard(sunset=http_date(NOW + 90 * DAY)))
    assert merged(kept, ApiNotices()) == kept


def test_what_says_the_same_is_written_once_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = merged("", heard(x_shopify_api_version="2026-07"))
    monkeypatch.setattr(clock, "now", lambda: float(NOW + DAY - 1))
    assert merged(kept, heard(x_shopify_api_version="2026-07")) == kept
    assert merged(kept, heard(x_shopify_api_version="2026-10")) != kept
    monkeypatch.setattr(clock, "now", lambda: float(NOW + DAY + 1))
    assert (stored(merged(kept, heard(x_shopify_api_version="2026-07"))) or ApiNotices()).seen_at == NOW + DAY + 1


def test_nothing_is_kept_of_a_system_that_says_nothing_and_of_a_newer_program_what_is_known() -> None:
    assert merged("", heard()) == "" and stored("") is None
    assert stored(json.dumps({"version": "1", "planned": True})) == ApiNotices("1")


# --- told ----------------------------------------------------------------------------------------------------------------

VERSIONS = (ApiVersion("1", "2027-06-01"), ApiVersion("2", "2028-06-01"))


class Versioned(SandboxCart):
    """A cart whose versions end."""

    about = About("Versioned", api_versions=VERSIONS, options=(Option("version", "of the interface", default="1"),))


class Kept(SandboxCart):
    """A cart whose versions go on answering after their end."""

    about = About("Kept", api_versions=(ApiVersion("6.0", "2027-06-01", retired=False),))


def told(
    monkeypatch: pytest.MonkeyPatch, at: int, notices: ApiNotices | None = None, made: type = Versioned, **options: str
) -> list[Review]:
    install(monkeypatch, registry.CARTS, "versioned", made)
    monkeypatch.setattr(clock, "now", lambda: float(at))
    facts = CartFacts(
        Connection("Shop", "versioned", "https://a.example", options=options), "Acme", "", True, notices=notices
    )
    return list(interface(facts))


@pytest.mark.parametrize(
    ("days", "verdict"), [(61, Verdict.PASS), (60, Verdict.FAIL), (0, Verdict.FAIL), (-9, Verdict.FAIL)]
)
def test_a_declared_end_is_told_sixty_days_ahead(monkeypatch: pytest.MonkeyPatch, days: int, verdict: Verdict) -> None:
    (review,) = told(monkeypatch, VERSIONS[0].ends_at - days * DAY)
    assert (review.id, review.verdict) == ("connection.version", verdict) and "2027-06-01" in review.evidence
    if verdict is Verdict.FAIL:
        assert review.fix == "invsync carts set Shop --merchant Acme --option version=2"
    (newest,) = told(monkeypatch, VERSIONS[1].ends_at - days * DAY, version="2")
    assert newest.verdict is verdict and ("newer release" in newest.fix) is (verdict is Verdict.FAIL)


def test_another_version_than_was_asked_for_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    (review,) = told(monkeypatch, NOW, ApiNotices("2"))
    assert review.verdict is Verdict.FAIL and review.evidence == "asked for 1, answered by 2"
    assert told(monkeypatch, NOW, ApiNotices("1"))[0].verdict is Verdict.PASS


def test_a_version_that_goes_on_answering_is_said_and_is_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    end = VERSIONS[0].ends_at
    assert told(monkeypatch, end, made=Kept) == []  # which one answers is not known yet
    (before,) = told(monkeypatch, end - DAY, ApiNotices("6.0"), Kept)
    (after,) = told(monkeypatch, end + DAY, ApiNotices("6.0"), Kept)
    assert {before.verdict, after.verdict} == {Verdict.PASS}
    assert "gets fixes until 2027-06-01" in before.evidence and "no fixes since 2027-06-01" in after.evidence


@pytest.mark.parametrize(("days", "verdict"), [(61, Verdict.PASS), (60, Verdict.FAIL), (-1, Verdict.FAIL)])
def test_an_announced_end_is_told_sixty_days_ahead(
    monkeypatch: pytest.MonkeyPatch, days: int, verdict: Verdict
) -> None:
    end = NOW + 100 * DAY
    review = told(monkeypatch, end - days * DAY, ApiNotices(sunset_at=end, where="Shop GET /products"))[-1]
    assert (review.id, review.verdict) == ("connection.interface", verdict)
    assert "2027-04-25 (Shop GET /products)" in review.evidence


def test_what_is_deprecated_without_an_end_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    review = told(monkeypatch, NOW, ApiNotices(deprecated_at=NOW))[-1]
    assert review.verdict is Verdict.PASS and "deprecated from 2027-01-15 on" in review.evidence
    assert "it names no end" in told(monkeypatch, NOW, ApiNotices(deprecated_at=0))[-1].evidence


async def test_a_shop_that_retired_the_version_is_told_after_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the header of an answer, by a push, into the store, to the doctor."""
    monkeypatch.undo()
    with sandbox_wms(2) as wms, shopify_server(products=0) as server:
        for sku in wms.dump()["products"].values():
            server.add(sku, 1)
        server.oldest = "2026-10"  # what answers for 2026-07
        bench = Bench.make(tmp_path)
        bench.add_merchant(wms.connection())
        cart = bench.add_cart(server.connection(server.url))
        await bench.pull()
        assert (await bench.push(cart)).state == "done"
        with bench.store.reading() as cx:
            kept = stored(cx.execute("SELECT notices FROM cart WHERE id = ?", (cart,)).fetchone()[0])
        assert kept is not None and kept.version == "2026-10"
        checks = {check.id: check for check in doctor(bench.session()).checks if check.subject == "Demo Cart"}
    found = checks["connection.version"]
    assert found.verdict is Verdict.FAIL and found.evidence == "asked for 2026-07, answered by 2026-10"
