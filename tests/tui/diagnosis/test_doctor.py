"""The doctor's screen: the guide's headings, passes in one line, and where each finding leads."""

from __future__ import annotations

import pytest

from invsync_tui.operations.diagnosis.doctor import Checkup
from invsync_tui.operations.lists.list_views import ListingFilter
from invsync_tui.rules.merchant_checks import Check, Item, Section, Verdict
from invsync_tui.rules.outcomes import REASONS, Reason
from invsync_tui.tui.navigation.links import Link
from invsync_tui.tui.screens.diagnosis.doctor import Findings, write
from invsync_tui.tui.screens.diagnosis.finding_links import fix_of, list_of
from invsync_tui.tui.screens.listings.product_sync import ProductSyncScreen
from invsync_tui.tui.screens.settings.cart import CartSettingsScreen
from invsync_tui.tui.text.glyphs import ASCII, UNICODE, Glyphs
from invsync_tui.tui.widgets.form import FormView
from tests.support.fakes import reports
from tests.support.fakes.store import FakeStore
from tests.support.screens.control_room import room
from tests.support.screens.report_screens import answered

CART = "Demo Cart EU"


def failed(check: str, fix: str, subject: str = CART, reason: Reason | None = None) -> Check:
    return Check(check, Section.UPLOAD_SWITCH, subject, Verdict.FAIL, "off", "Nothing is pushed.", fix, reason)


def test_headings_are_the_guides_own_and_each_stands_once() -> None:
    checks = tuple(Item("x", section, "Demo").passed("fine") for section in Section)
    rows = [row.text for row in write(Checkup(checks, ()), 80, UNICODE)]
    headings = [row for row in rows if row and not row.startswith(" ")]
    assert headings == [
        "Check Merchant Settings", "Check Cart Settings", "Check SKU coming from WMS/OMS", "Check Cart Sync",
        "Check WMS/OMS Specific Issues",
    ]  # fmt: skip
    assert "  ✓ 5 checks passed" in rows and len(rows) == 5 * 2 + 4
    unfolded = [row.text for row in write(Checkup(checks, ()), 80, UNICODE, unfolded=True)]
    assert sum("✓ ok" in row for row in unfolded) == len(Section)
    assert any(row.split()[2:5] == ["step", "3.2", "Demo:"] for row in unfolded), "the guide's step stands beside it"


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_every_row_fits_whether_folded_or_not(width: int, glyphs: Glyphs) -> None:
    for unfolded in (False, True):
        rows = write(reports.checkup(1), width, glyphs, unfolded=unfolded)
        assert max(row.width for row in rows) <= width


@pytest.mark.parametrize(
    ("check", "leads"),
    [
        (failed("cart.switch", "x"), Link("listings", CART, "all")),
        (failed("cart.never_synced", "x"), Link("listings", CART, "never")),
        (failed("cart.alias_lacking", "x"), Link("aliases", CART)),
        (failed("merchant.status", "x", "Demo"), Link("runs", "Demo")),
        (failed("warehouse.levels", "x", "Demo / EAST"), Link("warehouses", "Demo / EAST")),
        (failed("sku.results", "x", "Demo / MUG / A"), Link("sku", "A")),
        (failed("run.newest", "invsync runs 12, then: invsync release 12 --reason TEXT"), Link("run", "12")),
        (failed("service.running", "invsync serve", "store.db"), None),
    ],
)
def test_enter_opens_the_list_that_a_finding_is_about(check: Check, leads: Link | None) -> None:
    assert list_of(check) == leads


@pytest.mark.parametrize("reason", [each for each in Reason if REASONS[each].check])
def test_a_finding_about_listings_opens_a_tab_that_there_is(reason: Reason) -> None:
    link = list_of(failed(REASONS[reason].check, REASONS[reason].advice, CART, reason))
    assert link is not None and link.kind == "listings"
    assert ListingFilter(link.at)


@pytest.mark.parametrize(
    ("fix", "text", "link", "command"),
    [
        ("invsync carts set 'Demo Cart EU' --merchant D --upload on", "f opens this setting of the cart.",
         Link("cart", CART, "upload"), ""),
        ("invsync carts set A --merchant D --all-warehouses", "setting of the cart", Link("cart", "A", "warehouses"), ""),
        ("invsync merchants set Demo --sync on", "f opens this setting of the merchant.",
         Link("merchant", "Demo", "sync"), ""),
        ("invsync connections test Demo --cart A", "f tests the connection", Link("test", "Demo", "A"), ""),
        ("invsync runs 12", "f opens the run", Link("run", "12"), ""),
        ("invsync unfreeze 'Demo Cart EU'", "clipboard", None, "invsync unfreeze 'Demo Cart EU'"),
        ("Check the feed, then: invsync sync Demo --full", "clipboard", None, "invsync sync Demo --full"),
        ("Activate it in the WMS.", "Activate it in the WMS.", None, ""),
        ("Say it's so: invsync sync 'Demo", "invsync sync 'Demo", None, ""),
    ],
)  # fmt: skip
def test_f_opens_what_fixes_it_or_sends_its_command(fix: str, text: str, link: Link | None, command: str) -> None:
    result = fix_of(failed("cart.switch", fix))
    assert (result.link, result.command) == (link, command)
    assert text in result.text


def test_only_findings_and_causes_can_be_selected() -> None:
    rows = write(reports.checkup(1), 80, UNICODE)
    assert isinstance(rows, Findings)
    assert [check.verdict for check in rows.checks.values()] == [Verdict.FAIL, Verdict.UNKNOWN]
    assert set(rows.checks) < set(rows.links)


async def test_keys_open_the_list_and_the_fix_of_the_selected_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    found = (
        failed("cart.never_synced", f"invsync carts set '{CART}' --merchant 'Demo Outdoor' --upload on"),
        failed("service.running", "invsync serve", "store.db"),
    )
    monkeypatch.setattr(reports, "checkup", lambda times: Checkup(found, ()))
    store = FakeStore()
    monkeypatch.setattr(store, "doctor", lambda *_: Checkup(found, ()), raising=False)
    async with room(store) as driver:
        await driver.press("D")
        await answered(driver)
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, ProductSyncScreen))
        await driver.press("escape", "f")
        await driver.until(lambda: isinstance(driver.app.screen, CartSettingsScreen))
        await driver.until(lambda: driver.app.screen.query_one(FormView).field == "upload")
        await driver.press("escape", "down", "f")
        await driver.until(lambda: driver.app.clipboard == "invsync serve")
        assert driver.notice().startswith("Sent to the terminal's clipboard: invsync serve")
