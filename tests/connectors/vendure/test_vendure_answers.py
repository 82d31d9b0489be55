"""What Vendure's answers mean: refusals, gateways and lost answers that a real server cannot be made to give."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from invsync_tui.connectors.base import RowAnswer
from invsync_tui.connectors.carts.vendure import VendureCart
from invsync_tui.connectors.carts.vendure.api import compose_update
from invsync_tui.connectors.errors import (
    AuthError,
    BatchTooLargeError,
    ConnectorError,
    ContractError,
    NotConfiguredError,
    PermissionDeniedError,
    RowsRejectedError,
    UnavailableError,
)
from tests.support.servers.graphql_stub import Answer, Asked, graphql_stub
from tests.support.servers.vendure.stub import (
    LOGGED_IN,
    connection_to,
    secret,  # noqa: F401 (a fixture)
)

BATCH = "batch-1"


REFUSED = Answer({"data": {"login": {"__typename": "InvalidCredentialsError", "message": "invalid"}}})
FORBIDDEN = Answer({"errors": [{"message": "not authorized", "extensions": {"code": "FORBIDDEN"}}], "data": None})
BODY = compose_update([("1", 5), ("2", 6)], "9")


def failed(message: str, *path: str | int, **extensions: str) -> Answer:
    return Answer({"errors": [{"message": message, "path": path, "extensions": extensions}], "data": None})


async def send_to_stub(
    to_write: Answer, login: Answer = LOGGED_IN, times: int = 1
) -> tuple[ConnectorError | Sequence[RowAnswer], list[str]]:
    """What a send ends with (the last of `times`), and the operations that the server was asked for."""

    def answer(asked: Asked) -> Answer:
        return {"Login": login, "SetStock": to_write}.get(asked.operation, Answer({"data": {}}))

    with graphql_stub(answer) as stub:
        cart = VendureCart(connection_to(stub.url))
        ended: ConnectorError | Sequence[RowAnswer] = []
        for _ in range(times):
            try:
                ended = await cart.send(BATCH, BODY)
            except ConnectorError as error:
                ended = error
        await cart.close()
        return ended, stub.operations()


async def test_a_refused_signs_in_as_never_repeated() -> None:
    ended, asked = await send_to_stub(LOGGED_IN, login=REFUSED, times=3)
    assert isinstance(ended, AuthError)
    assert asked == ["Login"]


async def test_forbidden_after_a_fresh_signs_in_as_a_missing_permission() -> None:
    ended, asked = await send_to_stub(FORBIDDEN)
    assert isinstance(ended, PermissionDeniedError)
    assert asked == ["Login", "SetStock"]


async def test_a_stale_token_logs_in_exactly_once() -> None:
    ended, asked = await send_to_stub(FORBIDDEN, times=2)
    assert isinstance(ended, PermissionDeniedError)
    assert asked == ["Login", "SetStock", "SetStock", "Login", "SetStock"]


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Answer({}, status=500), id="500"),
        pytest.param(Answer(b"bad gateway", status=502), id="502"),
        pytest.param(Answer(drop=True), id="connection dropped"),
        pytest.param(Answer(b'{"data": {"upd'), id="half an answer"),
        pytest.param(Answer(b"<html>"), id="not Vendure's answer"),
        pytest.param(failed("boom", "updateProductVariants", 0, "stockLevels"), id="failed after the commit"),
    ],
)
async def test_a_write_without_a_clear_answer_is_in_doubt_and_sent_once(reply: Answer) -> None:
    ended, asked = await send_to_stub(reply)
    assert isinstance(ended, UnavailableError)
    assert ended.may_have_applied
    assert asked == ["Login", "SetStock"]


async def test_a_batch_that_is_too_large_for_the_server_is_not_applied_and_may_be_halved() -> None:
    ended, asked = await send_to_stub(Answer({"statusCode": 413, "message": "request entity too large"}, status=413))
    assert isinstance(ended, BatchTooLargeError)
    assert asked == ["Login", "SetStock"]


async def test_a_login_without_an_answer_leaves_the_batch_undoubted() -> None:
    ended, asked = await send_to_stub(LOGGED_IN, login=Answer(drop=True))
    assert isinstance(ended, UnavailableError)
    assert not ended.may_have_applied
    assert asked == ["Login"]


@pytest.mark.parametrize("message", ["violates foreign key constraint", "a FOREIGN KEY constraint failed"])
async def test_a_refused_reference_of_any_database_rejects_the_rows(
    monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    monkeypatch.setattr(VendureCart, "_explain_lost_location", _no_explanation)
    ended, _ = await send_to_stub(failed(message, "updateProductVariants"))
    assert isinstance(ended, RowsRejectedError)


async def _no_explanation(*_: object) -> None:
    """The location is still there."""


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(failed("unexpected", "updateProductVariants", code="INTERNAL_SERVER_ERROR"), id="unknown error"),
        pytest.param(Answer({"errors": [{"message": "Cannot query field"}]}, status=400), id="bad document"),
        pytest.param(Answer(b"gone", status=404), id="no such address"),
    ],
)
async def test_a_refusal_that_no_row_explains_is_a_defect(reply: Answer) -> None:
    ended, _ = await send_to_stub(reply)
    assert isinstance(ended, ContractError)


async def test_a_row_that_the_answer_leaves_out_has_no_quantity() -> None:
    shown = {"id": "1", "stockLevels": [{"stockLocationId": "9", "stockOnHand": 5}]}
    ended, _ = await send_to_stub(Answer({"data": {"updateProductVariants": [shown, None]}}))
    assert not isinstance(ended, ConnectorError)
    assert [(row.ref, row.quantity) for row in ended] == [("1", 5), ("2", None)]


async def test_a_server_without_bearer_tokens_is_a_setting_to_correct() -> None:
    ended, _ = await send_to_stub(FORBIDDEN, login=replace(LOGGED_IN, headers={}))
    assert isinstance(ended, NotConfiguredError)
    assert "tokenMethod" in ended.advice


async def test_the_stored_bytes_are_the_bytes_sent() -> None:
    done = Answer({"data": {"updateProductVariants": []}})
    with graphql_stub(lambda asked: LOGGED_IN if asked.operation == "Login" else done) as stub:
        cart = VendureCart(connection_to(stub.url, channel="eu"))
        await cart.send(BATCH, BODY)
        await cart.close()
    sent = stub.asked[-1]
    assert sent.body == BODY
    assert (sent.headers["authorization"], sent.headers["vendure-token"]) == ("Bearer fresh", "eu")
    assert json.loads(sent.body)["variables"]["input"][0]["stockLevels"][0]["stockOnHand"] == 5


async def test_a_server_that_is_gone_takes_no_write() -> None:
    with graphql_stub(lambda _: LOGGED_IN) as stub:
        cart = VendureCart(connection_to(stub.url))
        await cart._api.login()
        await cart._api.http.close()  # no kept connection: the next request has to connect
    with pytest.raises(UnavailableError) as gone:
        await cart.send(BATCH, BODY)
    assert not gone.value.may_have_applied
    (step,) = [step async for step in VendureCart(connection_to(stub.url)).check()]
    assert (step.name, step.ok) == ("address", False)
