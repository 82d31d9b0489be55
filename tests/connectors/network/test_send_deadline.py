"""No byte of a write leaves after its deadline: the time is looked at before the headers and before the body."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import UnavailableError
from invsync_tui.connectors.http import HttpConnection, send_deadline
from tests.support.servers.http_stub import as_json, stub_server

LEAVE_BY = 100.0
ITEMS = {"items": [1, 2, 3]}


def _looks(monkeypatch: pytest.MonkeyPatch, *times: float) -> Iterator[float]:
    """The elapsed time at each look before bytes leave, in order, the last one from then on; others see time go on."""
    left = iter(times)
    elapsed = clock.elapsed

    def now() -> float:
        asking = sys._getframe(1).f_code
        return next(left, times[-1]) if asking.co_name == "look" else elapsed()

    monkeypatch.setattr(clock, "elapsed", now)
    return left


@pytest.mark.parametrize(
    ("looks", "arrives"),
    [((99.0, 99.5), True), ((99.0, 100.5), False), ((100.5, 100.5), False)],
    ids=["in time", "held up between headers and body", "held up before the headers"],
)
async def test_a_request_that_was_held_up_has_no_effect(
    monkeypatch: pytest.MonkeyPatch, looks: tuple[float, ...], arrives: bool
) -> None:
    with stub_server([as_json({})] * 2) as stub:
        http = HttpConnection(Connection("demo", "stub", stub.url, deadline=5.0))
        left = _looks(monkeypatch, *looks)
        try:
            with send_deadline(LEAVE_BY):
                if arrives:
                    await http.write("POST", "/x", json_body=ITEMS)
                else:
                    with pytest.raises(UnavailableError, match="held up") as caught:
                        await http.write("POST", "/x", json_body=ITEMS)
                    assert not caught.value.may_have_applied
        finally:
            await http.close()
    assert next(left, None) is None or looks[0] > LEAVE_BY
    assert [request.json() for request in stub.requests if request.body] == ([ITEMS] if arrives else [])


async def test_reading_has_no_such_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    with stub_server([as_json({})]) as stub:
        http = HttpConnection(Connection("demo", "stub", stub.url, deadline=5.0))
        _looks(monkeypatch, LEAVE_BY + 1)
        try:
            with send_deadline(LEAVE_BY):
                assert (await http.read("GET", "/x")).status == 200
        finally:
            await http.close()
