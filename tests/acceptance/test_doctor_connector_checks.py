"""The connectors' own checks: each one seen to find its fault, and to find none where there is none."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from invsync_tui.connectors import registry
from invsync_tui.connectors.base import CartLocation, Connection
from invsync_tui.connectors.cart_locations import choose_location
from invsync_tui.connectors.checks import CartFacts, Review, SourceFacts, WarehouseStock, reviews
from invsync_tui.connectors.errors import NotConfiguredError
from invsync_tui.connectors.sources.tryton import TrytonSource
from invsync_tui.operations.diagnosis import connector_checks as told
from invsync_tui.operations.diagnosis.doctor import doctor
from invsync_tui.rules.merchant_checks import Verdict
from tests.support.stores.healthy_store import field

FAIL, PASS, SKIPPED, UNKNOWN = Verdict.FAIL, Verdict.PASS, Verdict.SKIPPED, Verdict.UNKNOWN
WMS = Connection("Acme", "tryton", "https://wms.example", "sync", "env:ACME", {"database": "acme"})
SHOP = Connection("Shop", "vendure", "https://shop.example", "sync", "env:ACME", {})
STOCK = (WarehouseStock("EAST", 9, stocked=True, starves=False), WarehouseStock("WEST", 4, stocked=True, starves=False))


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME", "sesame-open-up")


def wms(connection: Connection = WMS, error: str = "", **more: object) -> SourceFacts:
    facts = SourceFacts(connection, "Acme Ltd", error, loaded=True, mark="2026-01-01T00:00:00", warehouses=STOCK)
    return replace(facts, **more)  # type: ignore[arg-type]


def shop(connection: Connection = SHOP, error: str = "", **more: object) -> CartFacts:
    facts = CartFacts(connection, "Acme Ltd", error, listed=True, listings=100, untracked=1)
    return replace(facts, **more)  # type: ignore[arg-type]


def one(facts: SourceFacts | CartFacts, check: str) -> Review:
    return next(review for review in reviews(facts) if review.id == check)


def with_options(connection: Connection, **options: str) -> Connection:
    return replace(connection, options={**connection.options, **options})


# --- any connection --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("facts", [wms(), shop()])
def test_a_healthy_connection_has_no_finding(facts: SourceFacts | CartFacts) -> None:
    assert {review.verdict for review in reviews(facts)} <= {PASS, SKIPPED}


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("http://wms.example/api", FAIL),
        ("http://10.0.0.7:8000", FAIL),
        ("https://wms.example/api", PASS),
        ("http://127.0.0.1:8000", PASS),
        ("http://[::1]:8000", PASS),
        ("http://localhost:8000", PASS),
        ("sftp://wms.example", PASS),
    ],
)
def test_a_login_does_not_travel_in_the_clear(url: str, verdict: Verdict) -> None:
    assert one(wms(replace(WMS, url=url)), "connection.transport").verdict is verdict
    assert one(shop(replace(SHOP, url=url)), "connection.transport").verdict is verdict


def test_a_login_in_the_address_is_not_repeated() -> None:
    found = one(wms(replace(WMS, url="http://joe:hunter2@wms.example/x")), "connection.transport")
    assert found.verdict is FAIL and "hunter2" not in repr(found)
    assert found.fix == "invsync merchants set 'Acme Ltd' --url https://wms.example/x"


def test_a_secret_that_resolves_is_not_shown() -> None:
    found = one(wms(), "connection.secret")
    assert found.verdict is PASS and "sesame" not in repr(reviews(wms()))


def test_a_variable_that_is_not_set_may_be_set_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACME")
    assert one(wms(), "connection.secret").verdict is PASS
    assert one(wms(error="Refused."), "connection.secret").verdict is UNKNOWN
    assert "ACME" in one(wms(loaded=False), "connection.secret").fix


def test_a_secret_file_is_there_and_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "the secret"
    facts = wms(replace(WMS, secret=f"file:{path}"))
    assert one(facts, "connection.secret").verdict is FAIL
    path.write_text("sesame-open-up")
    path.chmod(0o640)
    found = one(facts, "connection.secret")
    assert found.verdict is FAIL and found.fix == f"chmod 600 {shlex.quote(str(path))}" and "0640" in found.evidence
    path.chmod(0o600)
    assert one(facts, "connection.secret").verdict is PASS


def test_a_secrets_command_is_looked_for_and_not_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    assert one(wms(replace(WMS, secret=f"command:touch {ran}")), "connection.secret").verdict is PASS
    assert not ran.exists()
    lost = replace(WMS, secret="command:no-such-program-here x")
    assert one(wms(lost, error="Refused."), "connection.secret").verdict is UNKNOWN


def test_a_secret_below_a_home_folder_that_is_not_known_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = one(wms(replace(WMS, secret="file:~nobody-of-this-name/s"), error="Refused."), "connection.secret")
    assert found.verdict is UNKNOWN and "home folder" in found.evidence and found.fix
    found = one(wms(replace(WMS, secret="command:~nobody-of-this-name/s"), error="Refused."), "connection.secret")
    assert found.verdict is UNKNOWN and "not found" in found.evidence


def test_what_is_no_reference_is_not_repeated() -> None:
    found = one(wms(replace(WMS, secret="hunter2")), "connection.secret")
    assert found.verdict is FAIL and "hunter2" not in repr(found)


def test_a_system_that_is_not_installed_is_named() -> None:
    assert one(shop(replace(SHOP, system="nosuch")), "connection.system").verdict is FAIL


def test_another_connectors_check_is_shown_and_cannot_take_the_doctor_down(monkeypatch: pytest.MonkeyPatch) -> None:
    class Theirs:
        @staticmethod
        def review(facts: SourceFacts) -> Iterator[Review]:
            yield Review("theirs.moon", FAIL, f"{len(facts.warehouses)} moons", "It is full.", "Wait.")

    class Broken:
        @staticmethod
        def review(facts: SourceFacts) -> Iterator[Review]:
            raise KeyError("moon")

    monkeypatch.setattr(registry, "connector", lambda group, system: Theirs)
    assert one(wms(), "theirs.moon").evidence == "2 moons"
    monkeypatch.setattr(registry, "connector", lambda group, system: Broken)
    assert one(wms(), "tryton.review").verdict is UNKNOWN


# --- Tryton ----------------------------------------------------------------------------------------------------------


def test_tryton_needs_a_database() -> None:
    assert one(wms(replace(WMS, options={})), "tryton.database").verdict is FAIL
    assert one(wms(), "tryton.database").verdict is PASS


@pytest.mark.parametrize(
    "told", ["Acme: The login sync has no current company: every", "The login sync does not belong to company 3: every"]
)
def test_trytons_user_without_a_company_is_told(told: str) -> None:
    assert one(wms(error=told), "tryton.company").verdict is FAIL
    assert one(wms(error="Acme: Refused."), "tryton.company").verdict is SKIPPED
    assert one(wms(), "tryton.company").verdict is PASS


async def test_the_connector_says_what_the_check_looks_for() -> None:
    source = TrytonSource(with_options(WMS, company="7"))

    async def preferences(*_: object) -> dict[str, object]:
        return {"company": 1, "companies": [1]}

    source._rpc.call = preferences  # type: ignore[method-assign,assignment]
    with pytest.raises(NotConfiguredError) as caught:
        await source._find_company()
    assert one(wms(error=str(caught.value)), "tryton.company").verdict is FAIL


def test_trytons_company_is_a_number() -> None:
    assert one(wms(with_options(WMS, company="Acme")), "tryton.company").verdict is FAIL
    assert one(wms(with_options(WMS, company="2")), "tryton.company").verdict is PASS


def test_tryton_says_zero_without_an_error() -> None:
    empty = STOCK[1]._replace(stocked=False)
    assert one(wms(warehouses=(empty,)), "tryton.zero").verdict is FAIL
    assert one(wms(warehouses=(STOCK[0], empty._replace(starves=True))), "tryton.zero").verdict is FAIL
    assert one(wms(warehouses=(STOCK[0], empty)), "tryton.zero").verdict is PASS
    assert one(wms(warehouses=(STOCK[0]._replace(levels=0),)), "tryton.zero").verdict is SKIPPED
    assert one(wms(), "tryton.zero").verdict is PASS


def test_tryton_without_a_mark_reads_everything_each_time() -> None:
    assert one(wms(mark=""), "tryton.delta").verdict is FAIL
    assert one(wms(mark="", loaded=False), "tryton.delta").verdict is SKIPPED
    assert one(wms(), "tryton.delta").verdict is PASS


# --- Vendure ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["", "Moon"])
def test_vendures_location_is_chosen(wanted: str) -> None:
    with pytest.raises(NotConfiguredError) as caught:
        choose_location([CartLocation("1", "East"), CartLocation("2", "West")], wanted)
    assert one(shop(error=str(caught.value)), "vendure.location").verdict is FAIL
    assert one(shop(error="Refused."), "vendure.location").verdict is SKIPPED
    assert one(shop(with_options(SHOP, location="2")), "vendure.location").verdict is PASS


def test_vendures_channel_is_one_of_the_logins() -> None:
    error = "Shop: The login has no role in the channel of the option channel. It has roles in: none."
    assert one(shop(error=error), "vendure.channel").verdict is FAIL
    assert one(shop(), "vendure.channel").verdict is PASS


def test_vendure_counts_stock_at_all() -> None:
    assert one(shop(untracked=80), "vendure.tracking").verdict is FAIL
    assert one(shop(untracked=20), "vendure.tracking").verdict is PASS
    assert one(shop(listings=0, untracked=0), "vendure.tracking").verdict is SKIPPED


def test_a_threshold_that_no_variant_has_passes() -> None:
    found = one(shop(), "vendure.threshold")
    assert found.verdict is PASS and found.evidence == "an out-of-stock threshold that counts: of no variant"


# --- the sandbox cart ------------------------------------------------------------------------------------------------


def test_the_sandbox_carts_options_can_be_read() -> None:
    sandbox = replace(SHOP, system="sandbox", options={"shop": "main"})
    assert one(shop(sandbox), "sandbox.options").verdict is PASS
    assert one(shop(with_options(sandbox, basis="moon")), "sandbox.options").verdict is FAIL
    assert one(shop(replace(sandbox, options={})), "sandbox.options").verdict is FAIL
    error = "The shop counts on_hand, the connection says available."
    assert one(shop(sandbox, error=error), "sandbox.basis").verdict is FAIL
    assert one(shop(sandbox), "sandbox.basis").verdict is PASS


# --- in the doctor ---------------------------------------------------------------------------------------------------


def test_the_doctor_shows_them_and_counts_no_cause(tmp_path: Path) -> None:
    session = field(tmp_path / "store.db")
    # given
    with session.store.transaction() as tx:
        tx.execute("UPDATE cart SET url = 'http://shop.example' WHERE name = 'First'")
        tx.execute("UPDATE source SET system = 'tryton', options = '{}', mark = ''")
        tx.execute("UPDATE level SET available = 0, on_hand = 0")
    # when
    found = doctor(session)
    # then
    failed = {(check.id, check.subject) for check in found.checks if check.verdict is FAIL}
    assert {
        ("connection.transport", "First"), ("tryton.database", "Field"), ("tryton.zero", "Field"), ("tryton.delta", "Field"),
    } <= failed  # fmt: skip
    assert ("connection.transport", "Second") not in failed
    assert found.exit_code == 1
    session.close()


def test_a_warehouse_starves_a_cart_that_has_no_other() -> None:
    stocked = {1: True, 2: False, 3: False}
    assert told._starving(stocked, [(1, 2)]) == frozenset()
    assert told._starving(stocked, [(1, 2), (2, 3)]) == {2, 3}


def test_untracked_listings_are_counted(tmp_path: Path) -> None:
    from invsync_tui.store.settings import read as settings_read

    session = field(tmp_path / "store.db")
    with session.store.transaction() as tx:
        tx.execute("UPDATE listing SET tracked = 0 WHERE id IN (SELECT id FROM listing WHERE cart_id = 1 LIMIT 5)")
    with session.store.reading() as cx:
        assert (settings_read.untracked(cx, 1), settings_read.untracked(cx, 2)) == (5, 0)
    session.close()
