"""What the Tryton source makes of answers that a real server gives too rarely to test with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from invsync_tui.connectors.base import Connection, WarehouseRow
from invsync_tui.connectors.errors import (
    AuthError,
    ContractError,
    LockedOutError,
    NotConfiguredError,
    PermissionDeniedError,
    UnavailableError,
)
from invsync_tui.connectors.sources.tryton import TrytonSource
from invsync_tui.connectors.sources.tryton.rpc import encode_time
from tests.support.servers.http_stub import Answer, Stub, as_json, stub_server

PASSWORD = "a-secret-of-the-merchant"
WEST = WarehouseRow("12", "WEST", "West")


@pytest.fixture
def stub() -> Iterator[Stub]:
    with stub_server() as server:
        yield server


@pytest.fixture
async def source(stub: Stub, tmp_path: Path) -> Any:
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text(PASSWORD)
    made = TrytonSource(Connection("wms", "tryton", stub.url, "bot", f"file:{secret}", {"database": "wms"}))
    yield made
    await made.close()


def result(value: Any, **headers: str) -> Answer:
    return as_json({"id": 1, "result": value}, **headers)


def failure(*error: Any) -> Answer:
    return as_json({"id": 1, "error": list(error)})


LOGGED_IN = result([2, "token", None])
PREFERENCES = result({"company": 1, "companies": [1]})
OPEN = (LOGGED_IN, PREFERENCES)


@pytest.mark.parametrize("status", [404, 500, 503])
async def test_a_server_that_is_busy_at_signs_in_as_unavailable_and_not_asked_again(
    stub: Stub, source: TrytonSource, status: int
) -> None:
    stub.script = [Answer(status, b"<html>")]
    with pytest.raises(UnavailableError) as refused:
        await source.open()
    assert len(stub.requests) == 1
    assert refused.value.may_have_applied is False


async def test_a_busy_server_may_be_tried_again_later(stub: Stub, source: TrytonSource) -> None:
    stub.script = [Answer(404), *OPEN]
    with pytest.raises(UnavailableError):
        await source.open()
    await source.open()
    stub.script = [result(None)]  # for the logout


@pytest.mark.parametrize(("status", "error"), [(401, AuthError), (429, LockedOutError), (403, PermissionDeniedError)])
async def test_a_refused_signs_in_as_one_request(
    stub: Stub, source: TrytonSource, status: int, error: type[Exception]
) -> None:
    stub.script = [Answer(status, b"<html>")]
    with pytest.raises(error) as refused:
        await source.open()
    assert len(stub.requests) == 1
    assert PASSWORD not in str(refused.value)


async def test_a_session_that_ends_again_at_once_is_renewed_only_once(stub: Stub, source: TrytonSource) -> None:
    stub.script = [*OPEN, Answer(401), LOGGED_IN, Answer(401)]
    await source.open()
    with pytest.raises(AuthError):
        await source.warehouses()
    assert len(stub.requests) == 5


async def test_a_password_that_was_changed_during_a_run_is_tried_once(stub: Stub, source: TrytonSource) -> None:
    stub.script = [*OPEN, Answer(401), Answer(401)]
    await source.open()
    for _ in range(3):
        with pytest.raises(AuthError):
            await source.warehouses()
    assert [request.json()["method"] for request in stub.requests].count("common.db.login") == 2


async def test_a_second_factor_is_a_refused_login(stub: Stub, source: TrytonSource) -> None:
    stub.script = [failure("LoginException", ["sms", "Code for bot", "char"])]
    with pytest.raises(AuthError, match="Code for bot"):
        await source.open()


@pytest.mark.parametrize("model", ["'res.user'", "'stock.location'"])
async def test_a_database_that_is_loaded_by_half_is_unavailable(stub: Stub, source: TrytonSource, model: str) -> None:
    stub.script = [LOGGED_IN, failure(model, "")]
    with pytest.raises(UnavailableError, match="does not know the model") as refused:
        await source.open()
    assert "restart" in refused.value.advice


async def test_a_locked_database_inside_a_good_answer_is_unavailable(stub: Stub, source: TrytonSource) -> None:
    stub.script = [*OPEN, failure("database is locked", "Traceback ...")]
    await source.open()
    with pytest.raises(UnavailableError, match="locked"):
        await source.warehouses()


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": 1, "result": [{"id": 1, "quan',
        b"<html>a proxy</html>",
        b"[]",
        b'{"id": 1}',
        b'{"id": 1, "result": {}}',
        b'{"id": 1, "result": [{"id": 1}]}',
        b'{"id": 1, "result": [{"id": "1", "quantity": 1}]}',
    ],
)
async def test_half_an_answer_or_a_foreign_one_is_never_read_as_levels(
    stub: Stub, source: TrytonSource, body: bytes
) -> None:
    stub.script = [*OPEN, Answer(200, body)]
    await source.open()
    with pytest.raises(ContractError):
        await source.levels_page(WEST, None)


async def test_a_quantity_that_is_no_number_is_reported_and_not_zero(stub: Stub, source: TrytonSource) -> None:
    rows = result([{"id": 1, "quantity": None}, {"id": 2, "quantity": 5.0}])
    stub.script = [*OPEN, result([]), rows, rows]
    await source.open()
    page = await source.levels_page(WEST, None)
    assert [(row.product_ref, row.available) for row in page.rows] == [("2", 5)]
    assert [reference for reference, _ in page.rejected] == ["1"]


async def test_stock_that_arrives_between_two_reads_is_no_negative_reservation(
    stub: Stub, source: TrytonSource
) -> None:
    stub.script = [
        *OPEN, result([]), result([{"id": 1, "quantity": 5.0}]), result([{"id": 1, "quantity": 8.0}])
    ]  # fmt: skip
    await source.open()
    (row,) = (await source.levels_page(WEST, None)).rows
    assert (row.available, row.committed) == (8, 0)


async def test_a_redirect_is_not_followed_with_the_password(stub: Stub, source: TrytonSource) -> None:
    stub.script = [Answer(308, headers={"Location": "https://elsewhere.example/"})]
    with pytest.raises(ContractError, match="moved to"):
        await source.open()
    assert len(stub.requests) == 1


def stamped(moment: str, date: str) -> list[Answer]:
    """Answers to the two questions of a mark, with the web server's clock."""
    at = encode_time(datetime.fromisoformat(moment))
    return [result([{"id": 1, name: at}], Date=date) for name in ("write_date", "create_date")]


@pytest.mark.parametrize(
    ("date", "mark"),
    [
        ("Mon, 23 Nov 2026 12:00:10 GMT", "2026-11-23T12:00:10"),
        ("Mon, 23 Nov 2026 19:00:00 GMT", "2026-11-23T12:05:00"),
        ("Mon, 23 Nov 2026 05:00:00 GMT", "2026-11-23T12:00:00"),
        ("nonsense", "2026-11-23T12:00:00"),
    ],
)
async def test_a_wrong_clock_moves_a_mark_by_no_more_than_the_overlap(
    stub: Stub, source: TrytonSource, date: str, mark: str
) -> None:
    stub.script = [*OPEN, *stamped("2026-11-23T12:00:00", date)]
    await source.open()
    assert await source.mark() == mark


async def test_a_database_without_moves_has_a_mark_before_all_moves(stub: Stub, source: TrytonSource) -> None:
    stub.script = [*OPEN, result([]), result([])]
    await source.open()
    assert (await source.mark()) < "1971"


@pytest.mark.parametrize("options", [{}, {"database": "wms", "company": "ACME"}])
async def test_settings_that_cannot_work_are_refused_in_words(
    stub: Stub, tmp_path: Path, options: dict[str, str]
) -> None:
    stub.script = [*OPEN]
    with pytest.raises(NotConfiguredError):
        await TrytonSource(Connection("wms", "tryton", stub.url, "bot", "", options)).open()


async def test_the_connection_test_never_raises(stub: Stub, source: TrytonSource) -> None:
    stub.script = [result("8.2"), Answer(404)]
    steps = [step async for step in source.check()]
    assert [(step.name, step.ok) for step in steps] == [("server", True), ("login", False)]


async def test_the_connection_test_tells_that_nobody_listens(source: TrytonSource, stub: Stub) -> None:
    stub.script = [Answer(404)]
    (step,) = [step async for step in source.check()]
    assert (step.name, step.ok) == ("server", False)
    assert "no Tryton" in step.detail
