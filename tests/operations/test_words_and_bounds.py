"""What is said of logins, proxies, webhooks, operators' changes and requests, at the bounds where it becomes another word."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from invsync_tui import clock, local_time
from invsync_tui.connectors import registry
from invsync_tui.connectors.auth.token_store import Token
from invsync_tui.connectors.errors import UnavailableError
from invsync_tui.operations.connections import connection_login, connections, webhooks
from invsync_tui.operations.diagnosis import causes, operator_changes
from invsync_tui.operations.errors import InvalidError, NotFoundError, OperationError
from invsync_tui.operations.runs import held, request
from invsync_tui.operations.runs import runs as run_operations
from invsync_tui.operations.settings import transaction
from invsync_tui.operations.settings.views import ConnectionSetup
from invsync_tui.rules.merchant_checks import SAMPLE
from invsync_tui.rules.outcomes import Reason
from invsync_tui.store import hooks
from invsync_tui.store.diagnosis import cause_counts
from invsync_tui.store.runs.records import RunRow
from invsync_tui.store.runs.timeline import AuditedChange
from invsync_tui.store.settings import schedule
from tests.support.stores.products_store import Shelf

NOW = 1_760_100_000
WHEN = local_time.stamp(NOW)
DAY = 86400
SETUP = ConnectionSetup(
    "sandbox", "https://shop.test", "me", "env:A", {"shop": "two"}, 12.5, "refused", {"token": "env:B"}
)


def target(kind: str = "cart", **changed: Any) -> connections.Target:
    given: dict[str, Any] = {"kind": kind, "id": 3, "name": "My Shop", "setup": SETUP}
    return connections.Target(**(given | changed))


# --- connections -----------------------------------------------------------------------------------------------------


def test_a_connection_that_is_tested_is_the_one_that_is_set_up() -> None:
    tokens: Any = SimpleNamespace()
    made = connections.connection_of(target(tokens=tokens, also_at=("Hall",)))
    assert (made.name, made.system, made.url, made.login, made.secret) == (
        "My Shop", "sandbox", "https://shop.test", "me", "env:A",
    )  # fmt: skip
    assert (made.options, made.deadline, made.secrets) == ({"shop": "two"}, 12.5, {"token": "env:B"})
    assert (made.tokens, made.also_at) == (tokens, ("Hall",))


def test_a_connection_is_meant_by_its_kind_and_number(acme: Shelf) -> None:
    cart = connections.target_of(acme.session, f"cart:{acme.cart}")
    assert (cart.kind, cart.id, cart.name, cart.setup.options) == ("cart", acme.cart, "Acme Shop", {"shop": "main"})
    assert (cart.also_at, cart.batch_most, cart.tokens is None) == ((), None, False)
    wms = connections.target_of(acme.session, f"merchant:{acme.merchant}")
    assert (wms.kind, wms.id, wms.name, wms.also_at, wms.batch_most) == ("wms", acme.merchant, "Acme", (), None)
    assert wms.tokens is not None and cart.tokens is not None
    assert "source-" in str(vars_of(wms.tokens)) and "cart-" in str(vars_of(cart.tokens))


def vars_of(value: Any) -> dict[str, Any]:
    return dict(vars(value))


LASTING = Token("a", NOW - 8 * DAY, expires_at=NOW + 40 * DAY, signed_in=True)


def store_with(token: Token | None) -> Any:
    return SimpleNamespace(read=lambda: token)


@pytest.mark.parametrize(("required", "token", "ok", "detail", "advice"), [
    (True, None, False, "Nobody has logged in yet.", True), (False, None, None, "", False),
    (True, Token("a", NOW), False, "Nobody has logged in yet.", True),
    (True, LASTING, True, "Logged in until 2025-11-19, for 40 days more.", False),
    (False, LASTING, True, "Logged in until 2025-11-19, for 40 days more.", False),
    (True, Token("a", NOW - 90 * DAY, NOW + 3 * DAY, signed_in=True), True, "Logged in until 2025-10-13, for 3 days more.", True),
    (True, Token("a", NOW - 90 * DAY, NOW, signed_in=True), False, "The login ran out on 2025-10-10.", True),
    (True, Token("", NOW, signed_in=True), False, "The login was withdrawn.", True),
])  # fmt: skip
@pytest.mark.parametrize(("kind", "command"), [
    ("cart", "Log in: invsync connections login --cart 'My Shop'"), ("wms", "Log in: invsync connections login 'My Shop'"),
])  # fmt: skip
def test_the_step_of_a_login(
    monkeypatch: pytest.MonkeyPatch, required: bool, token: Token | None, ok: bool | None, detail: str, advice: bool,
    kind: str, command: str,
) -> None:  # fmt: skip
    asked: list[tuple[str, str]] = []
    sign_in = SimpleNamespace(required=required)

    def about(group: str, system: str) -> Any:
        asked.append((group, system))
        return SimpleNamespace(sign_in=sign_in)

    monkeypatch.setattr(registry, "about", about)
    monkeypatch.setattr(clock, "seconds", lambda: NOW)
    step = connections._login(target(kind, tokens=store_with(token)))
    assert asked == [(registry.CARTS if kind == "cart" else registry.SOURCES, "sandbox")]
    expected = None if ok is None else connections.Step("sign-in", ok, detail, command if advice else "")
    assert step == expected


@pytest.mark.parametrize("about", [None, SimpleNamespace(sign_in=None)])
def test_a_connector_without_a_login_in_a_browser_has_no_step_of_it(
    monkeypatch: pytest.MonkeyPatch, about: Any
) -> None:
    monkeypatch.setattr(registry, "about", lambda *_: about)
    assert connections._login(target(tokens=store_with(None))) is None


@pytest.mark.parametrize(("parts", "number", "secret", "found", "expected"), [
    (1, 3, "env:A", {}, None), (1, 0, "", {}, None), (1, 0, "env:A", {"a": "x"}, (True, "Resolved: a.")),
    (2, 3, "env:A", {"a": "x", "b": "y"}, (True, "Resolved: a, b.")), (2, 3, "", {"b": "y"}, (True, "Resolved: b.")),
    (2, 3, "", {}, (True, "Resolved: none is given, none is required.")),
    (2, 3, "", {"a": UnavailableError("No such file.", advice="Make it.")}, (False, "No such file.")),
])  # fmt: skip
async def test_the_step_of_the_secrets(
    monkeypatch: pytest.MonkeyPatch, parts: int, number: int, secret: str, found: dict[str, Any], expected: Any
) -> None:
    declared = [SimpleNamespace(name=name) for name in "ab"[:parts]]

    async def resolve_part(_: Any, known: Any, name: str) -> str:
        assert known is declared
        value = found.get(name, "")
        if isinstance(value, Exception):
            raise value
        return str(value)

    monkeypatch.setattr(registry, "secret_parts", lambda group, system: declared if group == registry.CARTS else [])
    monkeypatch.setattr(connections, "resolve_part", resolve_part)
    given = ConnectionSetup("sandbox", "https://shop.test", "me", secret, {}, 9.0, "")
    step = await connections._secrets(target(id=number, setup=given))
    assert (step and (step.ok, step.detail)) == expected
    assert step is None or (step.name, bool(step.advice)) == ("secrets", not step.ok)


# --- logins ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("token", "ends", "renews"), [
    (Token("a", NOW, NOW + 5, refresh="r", refresh_expires_at=NOW + 9), NOW + 9, True),
    (Token("a", NOW, NOW + 5), NOW + 5, False), (Token("a", NOW), None, False),
])  # fmt: skip
def test_a_login_is_recorded_with_its_end(acme: Shelf, token: Token, ends: int | None, renews: bool) -> None:
    made = connection_login._recorded(acme.session, target(id=acme.cart), token)
    assert (made.ends_at, made.renews, bool(made.text)) == (ends, renews, True)
    sql = "SELECT action, subject, after FROM audit WHERE who <> 'neighbor' ORDER BY id DESC LIMIT 1"
    ((action, subject, after),) = acme.bench.store.read(sql)
    assert (action, subject) == ("cart login", f"cart:{acme.cart}")
    assert json.loads(after) == {"login_ends_at": ends, "renews": renews}


def test_a_login_is_filed_under_its_merchant_or_the_cart_whose_connection_it_is(acme: Shelf) -> None:
    further = acme.another_cart("Harbor")
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE cart SET of_cart = ? WHERE id = ?", (acme.cart, further))
        saved: Any = SimpleNamespace(tx=tx)
        assert connection_login._subject(saved, target(id=further)) == f"cart:{acme.cart}"
        assert connection_login._subject(saved, target(id=acme.cart)) == f"cart:{acme.cart}"
        assert connection_login._subject(saved, target("wms", id=8)) == "merchant:8"
    assert [connection_login._kind(target(kind)) for kind in ("wms", "cart")] == ["merchant", "cart"]


def test_tokens_need_a_place() -> None:
    with pytest.raises(OperationError, match=r"There is no place to keep the tokens of 'My Shop'\."):
        connection_login._tokens(target())
    tokens: Any = SimpleNamespace()
    assert connection_login._tokens(target(tokens=tokens)) is tokens


# --- webhooks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "base"), [
    ("", "https://HOST"), ("https://hooks.example.com", "https://hooks.example.com"),
    ("https://hooks.example.com:8443/in/", "https://hooks.example.com:8443/in"), ("http://hooks.example.com", None),
    ("https://", None), ("https://a.example?x=1", None), ("https://a.example#x", None), ("https://me@a.example", None),
    ("hooks.example.com", None),
])  # fmt: skip
def test_the_public_address_of_webhooks(text: str, base: str | None) -> None:
    if base is None:
        with pytest.raises(InvalidError, match="give the public address of the TLS proxy"):
            webhooks._base(text)
    else:
        assert webhooks._base(text) == base


def test_an_address_is_made_once_and_renewed_on_request(acme: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    declared: Any = SimpleNamespace(topics=("orders",), setup=("Enter {address} there.", "Save."), or_secret=True)
    monkeypatch.setattr(webhooks, "_about", lambda system: SimpleNamespace(hooks=declared))
    monkeypatch.setattr("invsync_tui.connectors.hooks.secret_name", lambda connection, about: f"{connection.name} key")
    monkeypatch.setattr(clock, "seconds", lambda: NOW)
    made = webhooks.show(acme.session, str(acme.cart), base="https://h.example/")
    assert (made.cart_id, made.name, made.system, made.topics) == (acme.cart, "Acme Shop", "sandbox", ("orders",))
    assert made.address == f"https://h.example{made.path}" and made.path.count("/") == 2
    assert made.setup == (f"Enter {made.address} there.", "Save.")
    assert (made.secret, made.made_at, made.heard_at, made.refused_at, made.fresh) == (
        "Acme Shop key",
        NOW,
        None,
        None,
        True,
    )
    with acme.bench.store.transaction() as tx:
        tx.execute("UPDATE hook_address SET heard_at = 5, refused_at = 6 WHERE cart_id = ?", (acme.cart,))
    again = webhooks.show(acme.session, str(acme.cart))
    assert (again.path, again.fresh, again.heard_at, again.refused_at) == (made.path, False, 5, 6)
    assert again.address == f"https://HOST{made.path}"
    found = {one.cart_id: one for one in webhooks.heard(acme.session)}[acme.cart]
    assert found == webhooks.LastWebhook(acme.cart, "Acme Shop", "Acme", 5, 6)
    renewed = webhooks.show(acme.session, str(acme.cart), renew=True)
    assert renewed.fresh and renewed.path != made.path
    audited: Any = acme.audited()
    entries = [line for line in audited if line[0] == "cart webhook address"]
    assert entries == [("cart webhook address", f"cart:{acme.cart}", "")] * 2


def test_a_system_without_webhooks_says_when_sales_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    for about in (None, SimpleNamespace(hooks=None)):
        monkeypatch.setattr(registry, "about", lambda group, system, about=about: about)
        with pytest.raises(OperationError, match="odd sends no webhooks that invsync can read"):
            webhooks._about("odd")


def test_the_last_webhook_in_words() -> None:
    address = hooks.Address(3, "t", NOW - 500, None, None)
    assert webhooks._last(address, NOW) == "none was accepted"
    assert webhooks._last(address._replace(heard_at=NOW - 7200), NOW) == "last webhook 2 h ago"


# --- what operators set ----------------------------------------------------------------------------------------------


def entry(listings: list[int], then: Any, total: int | None = None, **changed: Any) -> AuditedChange:
    before: dict[str, Any] = {"listings": [{"id": number, "sku": f"S{number}"} for number in listings]}
    before |= {} if total is None else {"total": total}
    given: dict[str, Any] = {
        "at": NOW, "who": "ann", "action": "lock", "subject": "cart:6", "before": json.dumps(before),
        "after": json.dumps(then), "reason": "count",
    }  # fmt: skip
    return AuditedChange(**(given | changed))


@pytest.mark.parametrize(("made", "certain"), [
    (entry([5, 6], {"locked": 1}), True), (entry([6], {"locked": 1}, 1), None), (entry([6], {"locked": 1}, 2), False),
    (entry([5], {"override": 4}, 9), True), (entry([5], {"override": 0}), True), (entry([5], {"override": None}), None),
    (entry([6], {"override": None}, 9), None), (entry([5], "odd"), True), (entry([5], {}, before="[1]"), None),
    (entry([5], {}, before="", after=""), None), (entry([5], {}, after=""), True),
])  # fmt: skip
def test_whether_an_entry_set_a_listing(made: AuditedChange, certain: bool | None) -> None:
    change = operator_changes._change(made, Reason.LOCKED, 5)
    assert (change and change.certain) == certain
    if change is not None:
        assert (change.cause, change.who, change.at, change.reason) == (Reason.LOCKED, "ann", NOW, "count")
        doubt = "" if certain else " (perhaps: the entry does not name all of its listings)"
        assert change.text == f"by ann at {WHEN}: count{doubt}"


@pytest.mark.parametrize(("entries", "words"), [
    ([], ""), ([entry([5], {"locked": 1}, 3)], f"last for 3 listings by ann at {WHEN}: count"),
    ([entry([5], {"locked": 1})], f"last for 1 listing by ann at {WHEN}: count"),
    (
        [entry([5], {"override": None}, 3), entry([5], {"override": 1}, 2, who="bob")],
        f"last for 2 listings by bob at {WHEN}: count",
    ),
])  # fmt: skip
def test_who_set_a_cause_last(monkeypatch: pytest.MonkeyPatch, entries: list[AuditedChange], words: str) -> None:
    asked: list[tuple[Any, ...]] = []

    def changes(_: Any, subject: str, action: str) -> list[AuditedChange]:
        asked.append((subject, action))
        return entries

    monkeypatch.setattr("invsync_tui.store.runs.timeline.changes", changes)
    cx: Any = None
    assert operator_changes.newest(cx, 6, Reason.LOCKED) == words
    assert operator_changes.newest(cx, 6, Reason.OVERRIDDEN) == words
    assert operator_changes.newest(cx, 6, Reason.FROZEN) == ""
    assert asked == [("cart:6", "lock"), ("cart:6", "override")]
    of = operator_changes.of_listing(cx, 6, 5, (Reason.FROZEN, Reason.LOCKED, Reason.EXCLUDED))
    assert [change.cause for change in of] == ([Reason.LOCKED, Reason.EXCLUDED] if entries else [])
    assert asked[2:] == [("cart:6", "lock"), ("cart:6", "exclude")]


def test_causes_are_told_in_their_order_with_a_few_skus() -> None:
    tally = causes._CauseCounts("Shop")
    first, second = list(Reason)[2], list(Reason)[5]
    tally.add(second, 3, ["B", "A", "B"])
    tally.add(first, 1, ["C"])
    tally.add(second, 40, [f"S{n}" for n in range(40)])
    tally.notes[first] = "by ann"
    one, two = tally.groups()
    assert (one.cart, one.cause, one.count, one.sample, one.note) == ("Shop", first, 1, ("C",), "by ann")
    assert (two.cause, two.count, two.note) == (second, 43, "")
    assert two.sample[:3] == ("B", "A", "S0") and len(two.sample) == SAMPLE


@pytest.mark.parametrize(("upload", "listed", "hidden", "unseen", "traced"), [
    (1, 9, (2, 1), "", [11, 12]), (1, 9, (2, 2), "checked stock of 3 of 4 listings that have other causes", [11, 12]),
    (0, 3, (), "", [8, 9]), (0, 4, (), "stock is not checked while Inventory Upload Service is off", None),
    (0, 3, (3,), "", [8, 9, 11]), (0, 3, (1, 1), "", [8, 9, 11]), (1, 9, (), "", []),
])  # fmt: skip
def test_stock_behind_other_causes_is_looked_at_for_so_many(
    monkeypatch: pytest.MonkeyPatch, upload: int, listed: int, hidden: tuple[int, ...], unseen: str, traced: Any
) -> None:
    looked: list[list[int]] = []
    names = ["r1", "r2"]
    monkeypatch.setattr("invsync_tui.store.paging.counts.listings", lambda cx, cart: listed)
    monkeypatch.setattr(cause_counts, "switched_off", lambda cx, cart: [9, 8, 9])
    monkeypatch.setattr(cause_counts, "ids", lambda cx, cart, one, most: [11 + names.index(one)])
    monkeypatch.setattr(causes, "_trace", lambda cx, tally, cart, ids: looked.append(ids))
    cart: Any = SimpleNamespace(id=6, upload_enabled=upload)
    found: Any = list(zip(names, hidden, strict=False))
    nobody: Any = None
    assert causes._behind(nobody, causes._CauseCounts("Shop"), cart, found, 3) == unseen
    assert looked == ([] if traced is None else [traced])


# --- requests, holds, schedules --------------------------------------------------------------------------------------


def asked_for(run_id: int, fresh: bool) -> Any:
    return SimpleNamespace(run_id=run_id, fresh=fresh)


STARTED = " No service is running, so a worker was started; it continues when this terminal closes."


@pytest.mark.parametrize(("pull", "pushes", "text"), [
    (True, [True, True], "Requested 3 runs."), (True, [], "Requested 1 run."), (False, [True], "Requested 1 run."),
    (False, [False], "Already requested; it will run once more afterwards."),
])  # fmt: skip
def test_what_is_said_of_a_request(pull: bool, pushes: list[bool], text: str) -> None:
    rows = [asked_for(n, fresh) for n, fresh in enumerate(pushes, 2)]
    assert request._message(asked_for(1, pull), rows, False) == text
    assert request._message(asked_for(1, pull), rows, True) == text + STARTED


def test_a_request_is_for_carts_of_its_merchant(acme: Shelf) -> None:
    other = acme.another_cart("Outlet")
    with acme.bench.store.reading() as cx:
        assert request._carts(cx, acme.merchant, None) == [acme.cart, other]
        assert request._carts(cx, acme.merchant, other) == [other]
        with pytest.raises(NotFoundError, match=r"The merchant has no cart 3\. List them with: invsync carts\."):
            request._carts(cx, acme.merchant, 3)
        with pytest.raises(NotFoundError, match=r"There is no merchant 9999\. List them with: invsync merchants\."):
            request._carts(cx, 9999, None)


def test_the_runs_of_a_request(acme: Shelf) -> None:
    made = request.request(acme.session, acme.merchant, full=True, trigger="demo")
    sql = "SELECT kind, key, merchant_id, trigger, requested_by, after_run, full FROM run WHERE id = ?"
    pull, push = (acme.bench.store.read(sql, (number,))[0] for number in made.runs)
    assert pull == ("pull", acme.merchant, acme.merchant, "demo", acme.session.operator, None, 1)
    assert push == ("push", acme.cart, acme.merchant, "demo", acme.session.operator, made.runs[0], 1)
    sql = "SELECT action, subject, after FROM audit ORDER BY id DESC LIMIT 1"
    assert acme.bench.store.read(sql) == [("sync", f"merchant:{acme.merchant}", f"run:{made.runs[0]}")]
    assert (made.worker_started, made.message) == (False, "Requested 2 runs.")


@pytest.mark.parametrize(("comes_up", "works", "code", "words"), [
    (True, False, None, ""), (False, True, None, ""), (False, False, 0, ""), (False, False, None, "It failed."),
    (False, False, 1, "It failed."),
])  # fmt: skip
def test_what_is_said_of_a_worker_that_is_not_at_work_in_its_time(
    monkeypatch: pytest.MonkeyPatch, comes_up: bool, works: bool, code: int | None, words: str
) -> None:
    monkeypatch.setattr("invsync_tui.operations.service.workers.service", lambda _: SimpleNamespace(works=works))
    process = SimpleNamespace(poll=lambda: code)
    starting = SimpleNamespace(comes_up=lambda: comes_up, process=process, failure="It failed.")
    session: Any = SimpleNamespace(starting=starting)
    assert request.failed_worker(session) == words
    assert (session.starting is starting) is comes_up
    session.starting = None
    assert request.failed_worker(session) == ""


@pytest.mark.parametrize(
    ("groups", "names"), [((), ()), (("rest", "zero"), ("zero", "rest")), (("jump", "jump"), ("jump",))]
)
def test_groups_of_a_hold_are_named_once_in_their_order(groups: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert held.checked(groups) == names


def test_what_is_no_group_of_a_hold() -> None:
    with pytest.raises(OperationError, match=r"'all' is not a group of a held run\. Give one of: zero, jump, rest\."):
        held.checked(("zero", "all"))


def test_a_jump_is_what_the_runs_cart_calls_one(acme: Shelf) -> None:
    acme.bench.set_cart(acme.cart, jump_factor=7)
    acme.bench.set_cart(acme.another_cart("Outlet"), jump_factor=3)
    row = dict.fromkeys(RunRow._fields) | {"key": acme.cart}
    with acme.bench.store.reading() as cx:
        assert held.factor(cx, RunRow(**row)) == 7  # type: ignore[arg-type]
        assert held.factor(cx, RunRow(**(row | {"key": 9999}))) == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(("every", "jitter"), [(9, 0), (10, 1), (590, 59), (600, 60), (610, 60), (86400, 60)])
def test_a_schedule_has_a_tenth_of_its_period_as_jitter_and_a_minute_at_most(
    monkeypatch: pytest.MonkeyPatch, every: int, jitter: int
) -> None:
    put: list[tuple[Any, ...]] = []
    monkeypatch.setattr(schedule, "put", lambda tx, *given: put.append(given))
    monkeypatch.setattr(schedule, "drop", lambda tx, *given: put.append(("dropped", *given)))
    monkeypatch.setattr("invsync_tui.store.settings.read.every", lambda tx, kind, key: 300)
    monkeypatch.setattr(clock, "seconds", lambda: NOW)
    db: Any = SimpleNamespace(flush=lambda: put.append(("flushed",)))
    nobody: Any = None
    saving = transaction.Saving(db, nobody, "ann")
    saving.schedule("pull", 4, every, 30)
    saving.schedule("pull", 4, 300, 30)
    saving.schedule("push", 6, None, 30)
    flushed = ("flushed",)
    assert put == [flushed, ("pull", 4, every, jitter, NOW + 30), flushed, flushed, ("dropped", "push", 6)]


@pytest.mark.parametrize(("rev", "stale"), [(None, False), (3, False), (2, True), (4, True)])
def test_settings_that_somebody_else_saved_meanwhile(rev: int | None, stale: bool) -> None:
    nobody: Any = None
    saving, row = transaction.Saving(nobody, nobody, "ann"), SimpleNamespace(rev=3)
    if stale:
        with pytest.raises(OperationError, match=r"Somebody else saved these settings meanwhile\."):
            saving.current(row, rev)
    else:
        assert saving.current(row, rev) is row


@pytest.mark.parametrize(("kind", "stall", "works", "resumable"), [
    ("running", None, False, False), ("running", "gone", False, True), ("running", "gone", True, False),
    ("running", "no_progress", False, False), ("running", "not_responding", False, True),
])  # fmt: skip
def test_a_run_is_resumed_where_nobody_works_on_it_or_will(
    monkeypatch: pytest.MonkeyPatch, kind: str, stall: str | None, works: bool, resumable: bool
) -> None:
    monkeypatch.setattr("invsync_tui.operations.service.workers.service", lambda _: SimpleNamespace(works=works))
    run: Any = SimpleNamespace(state=kind, stall=SimpleNamespace(state=stall) if stall else None)
    nobody: Any = None
    assert run_operations._resumable(nobody, run) is resumable
