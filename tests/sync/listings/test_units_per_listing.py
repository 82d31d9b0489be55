"""A cart that sells cases: it shows whole cases, its orders count as the units in them, and its numbers are compared in cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from invsync_tui.operations.diagnosis.why import why
from invsync_tui.operations.lists.list_views import Saved
from invsync_tui.operations.settings import carts, forms
from invsync_tui.sandbox.shop import Mode
from invsync_tui.sync.listings import drift_check
from tests.support.runs.drift_looks import look
from tests.support.runs.sandbox_world import town
from tests.support.runs.street import Street, outcomes, street


async def _sells_cases(our_street: Street, each: int = 12) -> None:
    """A sells cases, B single units; the WMS has 100."""
    our_street.bench.set_cart(our_street.a, units_per_listing=each)
    our_street.count(100, after=0)
    await our_street.sync()


async def test_a_cart_shows_whole_cases_and_its_orders_lower_the_others_by_the_units_in_them(tmp_path: Path) -> None:
    with street(tmp_path) as our_street:
        # given
        await _sells_cases(our_street)
        assert (our_street.shown("a"), our_street.shown("b")) == (8, 100)
        before = len(our_street.writes())
        # when: two cases are sold
        our_street.sell(2)
        await our_street.push()
        # then: the cart that took the order was not written to, the other offers 24 fewer
        assert (our_street.shown("a"), our_street.shown("b")) == (6, 76)
        assert our_street.writes()[before:] == ["b"]
        assert outcomes(our_street, our_street.a) == ("equal", 6, 6, 6)
        assert our_street.bench.sums_hold()
        # and once the WMS knows of it nothing is taken off twice
        our_street.count(76, after=120)
        await our_street.sync()
        assert (our_street.shown("a"), our_street.shown("b")) == (6, 76)


async def test_single_units_that_another_cart_sells_take_cases_off(tmp_path: Path) -> None:
    with street(tmp_path) as our_street:
        our_street.bench.set_cart(our_street.b, units_per_listing=12)
        our_street.count(100, after=0)
        await our_street.sync()
        assert (our_street.shown("a"), our_street.shown("b")) == (100, 8)
        our_street.sell(5)
        await our_street.push()
        assert (our_street.shown("a"), our_street.shown("b")) == (95, 7)


async def test_the_step_is_explained_and_a_change_is_held(tmp_path: Path) -> None:
    with town(tmp_path) as our_town:
        # given
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        sku, units = max(our_town.stock().items(), key=lambda item: item[1])
        session = our_town.bench.session()
        subject = f"cart:{our_town.cart_id}"
        # when
        rev = forms.form(session, subject).rev
        saved = forms.save(session, subject, rev, {"units-per-listing": "5"}, "cases of five")
        run = await our_town.bench.push(our_town.cart_id, release=False)
        # then: nothing is sent before somebody has looked
        assert isinstance(saved, Saved) and "held" in saved.note
        assert run.state == "held" and our_town.shown()[sku] == units
        (explained,) = why(session, sku, our_town.cart_id).listings
        assert ("units", units, units // 5, "5 units per listing") in explained.steps
        assert explained.target == units // 5
        our_town.bench.release(run.id)
        await our_town.bench.work()
        assert our_town.shown() == {code: held // 5 for code, held in our_town.stock().items()}
        assert carts.details(session, our_town.cart_id).values["units-per-listing"] == 5


@pytest.mark.parametrize("basis", ["available", "on_hand"])
async def test_drift_is_measured_in_cases(tmp_path: Path, basis: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift_check, "LAG", 0)
    with town(tmp_path, mode=Mode(basis=basis), units_per_listing=5) as our_town:
        # given: what it shows is what there is, so that nothing drifted
        await our_town.bench.pull()
        await our_town.bench.push(our_town.cart_id)
        assert our_town.bench.reasons(await look(our_town)) == {}
        sku, units = max(our_town.stock().items(), key=lambda item: item[1])
        assert units // 5 + 1 < units
        # when: one case more than the units there are, and far fewer than these
        our_town.cart.edit(sku, quantity=units // 5 + 1)
        # then
        assert our_town.bench.reasons(await look(our_town)) == {"OVERSELL": 1}
