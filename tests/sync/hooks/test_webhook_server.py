"""The server for webhooks: what it takes, what it refuses, and that nothing that comes costs more than its bounds."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import os
import time
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.connectors.base import Connection
from invsync_tui.store.errors import StoreBusyError
from invsync_tui.sync.hooks import http_server, receiver
from tests.support.servers.webhooks import Receiving, receiving, sandbox_delivery
from tests.support.stores.merchant_store import Bench

SECRET = "a-secret-that-is-kept"
HEAD = b"POST /hooks/a-token-that-nobody-guesses HTTP/1.1\r\nhost: x\r\n"
HOSTILE = "\x1b[2J\x1b]0;owned\x07 buy now " + SECRET


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A cart with two listings, L1 and L2."""
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    our_bench = Bench.make(tmp_path)
    our_bench.add_merchant(Connection("wms", "sandbox", "http://127.0.0.1:9"))
    our_bench.add_cart(
        Connection("shop", "sandbox", "http://127.0.0.1:9", secret="env:HOOK_SECRET", options={"shop": "main"})
    )
    with our_bench.store.transaction() as tx:
        sql = "INSERT INTO listing (cart_id, ref, sku, key, seq) VALUES (?, ?, ?, ?, 1)"
        tx.executemany(sql, [(cart_of(our_bench), ref, ref, ref.lower()) for ref in ("L1", "L2")])
    yield our_bench
    our_bench.store.close()


def cart_of(bench: Bench) -> int:
    return bench.carts["Demo Cart"]


@pytest.fixture
async def taking(bench: Bench) -> AsyncIterator[Receiving]:
    async with receiving(bench, cart_of(bench)) as server:
        yield server


def _changed(*refs: str, delivery: str = "", secret: str = SECRET) -> tuple[dict[str, str], bytes]:
    return sandbox_delivery(secret, {"topic": "listing", "refs": refs}, delivery)


async def _raw(taking: Receiving, *pieces: bytes, pause: float = 0.0) -> int:
    """The status of what is sent piece by piece; 0 where the connection just ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", taking.port)
    try:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)
        line = b""
        with contextlib.suppress(ConnectionError):
            line = await reader.readline()
        return int(line.split()[1]) if line else 0
    finally:
        writer.close()


# --- what is taken ---


async def test_what_is_signed_is_noted_before_it_is_answered(taking: Receiving, bench: Bench) -> None:
    cart = cart_of(bench)
    assert await taking.post(*_changed("L1", "L2", "L1", "unknown")) == 200
    assert taking.waiting(cart) == {"L1": 1, "L2": 1}
    assert taking.address_row(cart).heard_at is not None
    assert await taking.post(*sandbox_delivery(SECRET, {"topic": "order", "refs": ["L1"]})) == 200
    assert taking.waiting(cart) == {"L1": 2, "L2": 1, "": 1}


async def test_a_delivery_that_is_repeated_is_taken_once_even_by_another_process(bench: Bench) -> None:
    cart = cart_of(bench)
    for _ in range(2):
        async with receiving(bench, cart) as taking:
            assert [await taking.post(*_changed("L1", delivery="d-1")) for _ in range(3)] == [200, 200, 200]
            assert taking.waiting(cart) == {"L1": 1}


async def test_many_at_once_are_written_together_and_all_answered(taking: Receiving, bench: Bench) -> None:
    answers = await asyncio.gather(*(taking.post(*_changed("L1")) for _ in range(60)))
    assert set(answers) == {200}
    assert taking.waiting(cart_of(bench)) == {"L1": 60}


async def test_a_body_that_cannot_be_read_is_a_reason_to_look_at_orders(taking: Receiving, bench: Bench) -> None:
    for body in (b"", b"null", b"[" * 100_000, b'{"topic": 5, "refs": 5}', b"\xff\xfe"):
        assert await taking.post(*sandbox_delivery(SECRET, body)) == 200
    assert taking.waiting(cart_of(bench)) == {"": 5}


async def test_further_locations_of_the_cart_are_told_too(taking: Receiving, bench: Bench) -> None:
    east = bench.add_cart(Connection("east", "sandbox", "http://127.0.0.1:9"), name="East", of_cart=cart_of(bench))
    with bench.store.transaction() as tx:
        tx.execute("INSERT INTO listing (cart_id, ref, sku, key, seq) VALUES (?, 'L2', 'L2', 'l2', 1)", (east,))
    assert await taking.post(*sandbox_delivery(SECRET, {"topic": "order", "refs": ["L1", "L2"]})) == 200
    assert taking.waiting(east) == {"L2": 1, "": 1}


async def test_chunks_and_expect_continue_are_http_too(taking: Receiving, bench: Bench) -> None:
    headers, body = _changed("L1")
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:5], body[5:])) + b"0\r\n\r\n"
    assert await _raw(taking, HEAD + fields + b"transfer-encoding: chunked\r\n\r\n", chunks) == 200
    assert await _raw(taking, HEAD + fields + b"expect: 100-continue\r\ncontent-length: %d\r\n\r\n" % len(body)) == 100
    assert taking.waiting(cart_of(bench)) == {"L1": 1}


# --- what is refused ---


async def test_a_wrong_signature_is_refused_and_logged_once_without_a_word_of_it(
    taking: Receiving, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for number in range(5):
        headers, body = sandbox_delivery("wrong", {"topic": HOSTILE, "refs": [HOSTILE]}, f"{number} <b>{SECRET}</b>")
        assert await taking.post(headers, body) == 401
    assert await taking.post({}, b"{}") == 401
    lines = [record.getMessage() for record in caplog.records if record.name == "invsync.hooks"]
    assert lines == ["a webhook to the address of Demo Cart had a wrong signature and was refused"]
    assert taking.waiting(cart_of(bench)) == {}
    await taking.receiver.close()  # what was to be noted is noted
    assert taking.address_row(cart_of(bench)).refused_at is not None
    assert taking.address_row(cart_of(bench)).heard_at is None


async def test_a_secret_that_was_changed_is_found_without_a_restart(
    taking: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await taking.post(*_changed("L1")) == 200
    monkeypatch.setenv("HOOK_SECRET", "another-secret")
    monkeypatch.setattr(receiver, "SECRET_RETRY", 0.0)
    assert await taking.post(*_changed("L1", secret="another-secret")) == 200
    assert await taking.post(*_changed("L1")) == 401


async def test_without_its_secret_the_sender_is_asked_to_come_again(
    taking: Receiving, bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("HOOK_SECRET")
    assert [await taking.post(*_changed("L1")) for _ in range(3)] == [503, 503, 503]
    assert sum("cannot be checked" in record.getMessage() for record in caplog.records) == 1
    assert taking.waiting(cart_of(bench)) == {}


async def test_what_cannot_be_written_is_not_answered_as_taken(
    taking: Receiving, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any) -> None:
        raise StoreBusyError(bench.store.path, "it is busy.", "Wait.")

    with monkeypatch.context() as patched:
        patched.setattr(receiver.hooks, "take", busy)
        assert await taking.post(*_changed("L1")) == 503
    assert await taking.post(*_changed("L1")) == 200


async def test_a_renewed_address_replaces_the_one_of_before(
    taking: Receiving, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "RELOAD", 0.0)
    assert await taking.post(*_changed("L1")) == 200
    with bench.store.transaction() as tx:
        receiver.hooks.put_address(tx, cart_of(bench), "renewed", 1)
    assert await taking.post(*_changed("L1")) == 404
    assert await taking.post(*_changed("L1"), address=f"{taking.url}/hooks/renewed") == 200


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"POST /hooks/other HTTP/1.1\r\nhost: x\r\ncontent-length: 900000\r\n\r\n", 404),
        (b"GET /hooks/a-token-that-nobody-guesses HTTP/1.1\r\nhost: x\r\n\r\n", 405),
        (HEAD + b"content-length: 1048577\r\n\r\n", 413),
        (HEAD + b"content-length: 99999999999999999999\r\n\r\n", 413),
        (HEAD + b"content-length: many\r\n\r\n", 400),
        (HEAD + b"content-length: 5\r\ncontent-length: 6\r\n\r\n", 400),
        (HEAD + b"x: " + b"y" * 40_000 + b"\r\n\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"POST /hooks/\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n", 400),
        (b"\r\n\r\n\r\n", 400),
    ],
)
async def test_what_is_no_webhook_is_refused_before_a_body_is_read(
    taking: Receiving, request_head: bytes, status: int
) -> None:
    assert await _raw(taking, request_head) == status
    assert await taking.post(*_changed("L1")) == 200


async def test_a_body_that_grows_beyond_the_limit_is_cut_off(taking: Receiving) -> None:
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    assert await _raw(taking, HEAD + b"transfer-encoding: chunked\r\n\r\n", *[chunk] * 17) == 413


async def test_a_client_that_leaves_is_forgotten(taking: Receiving) -> None:
    for piece in (b"", b"POST", HEAD, HEAD + b"content-length: 10\r\n\r\nabc"):
        _, writer = await asyncio.open_connection("127.0.0.1", taking.port)
        writer.write(piece)
        writer.transport.abort()
    assert await taking.post(*_changed("L1")) == 200


# --- bounds ---


async def test_slow_clients_are_ended_and_those_behind_them_are_served(
    taking: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "REQUEST_MOST", 0.3)
    drip = [bytes([byte]) for byte in HEAD * 3]
    slow = [asyncio.create_task(_raw(taking, *drip, pause=0.02)) for _ in range(http_server.CONNECTIONS_MOST)]
    await asyncio.sleep(0.05)  # they hold every place
    assert await taking.post(*_changed("L1")) == 200
    assert set(await asyncio.gather(*slow)) <= {408, 0}


def test_connections_are_taken_by_a_bucket_that_fills_up_to_its_size_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr(clock, "elapsed", lambda: now[0])
    pace = http_server._Pace()
    for _ in range(2):
        assert [pace.wait() for _ in range(int(http_server.BURST))] == [0.0] * int(http_server.BURST)
        assert pace.wait() == pytest.approx(1 / http_server.PER_SECOND)
        now[0] += 3_600


async def test_a_flood_costs_a_bounded_part_of_one_processor_and_of_memory(
    taking: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood of strangers: what is taken by the second has a limit, whatever comes."""
    monkeypatch.setattr(http_server, "BURST", 20.0)
    taken: list[float] = []
    endpoints_at = taking.receiver.at

    def at(path: str) -> Any:
        taken.append(time.monotonic())
        return endpoints_at(path)

    monkeypatch.setattr(taking.receiver, "at", at)
    stranger = b"POST /hooks/x HTTP/1.1\r\nhost: x\r\ncontent-length: 500000\r\n\r\n" + b"x" * 2000
    gc.collect()
    before = _memory()
    flood = [asyncio.create_task(_raw(taking, stranger)) for _ in range(300)]
    _, waiting = await asyncio.wait(flood, timeout=1.5)
    # 20 or 200 at once by the bucket that the server began with, then 100 a second
    assert len(taken) <= 200 + 100 * (taken[-1] - taken[0]) + 5
    assert _memory() - before < 40 * 2**20
    for task in waiting:
        task.cancel()
    await asyncio.gather(*flood, return_exceptions=True)
    assert await taking.post(*_changed("L1")) == 200


def _memory() -> int:
    """Resident bytes of this process."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_the_largest_bodies_at_once_are_one_short_step_each(taking: Receiving, bench: Bench) -> None:
    document = {"topic": "listing", "refs": ["L1"], "more": ["x/y" * 300] * 830}
    body = json.dumps(document).replace("/", "\\/").encode()
    assert 900_000 < len(body) <= http_server.BODY_MOST
    answers = await asyncio.gather(*(taking.post(*sandbox_delivery(SECRET, body)) for _ in range(12)))
    assert answers == [200] * 12
    assert taking.waiting(cart_of(bench)) == {"L1": 12}


def test_deliveries_that_are_kept_are_bounded(bench: Bench) -> None:
    cart = cart_of(bench)
    notices = [receiver.Notice(cart, f"{number:05}", (), False) for number in range(12_000)]
    for start in range(0, len(notices), 1000):
        with bench.store.transaction() as tx:
            receiver.hooks.take(tx, notices[start : start + 1000], (), 1_000_000 + start)
    assert bench.one("SELECT count(*) FROM hook_delivery WHERE cart_id = ?", cart) <= receiver.hooks.DELIVERIES_MOST
    with bench.store.transaction() as tx:
        receiver.hooks.take(tx, notices[:1], (), 1_000_000 + 3 * 86400)
    assert bench.one("SELECT count(*) FROM hook_delivery WHERE cart_id = ?", cart) == 1


async def test_addresses_that_cannot_be_read_are_logged_and_those_that_are_known_stay(
    taking: Receiving, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert taking.receiver.carts == 1
    before = dict(taking.receiver._routes)

    def damaged(*_: object) -> object:
        raise StoreBusyError("store.db", "It is locked.", "Try again.")

    monkeypatch.setattr(receiver.hooks, "addresses", damaged)
    taking.receiver._loaded -= receiver.RELOAD
    assert taking.receiver.carts == 1 and taking.receiver._routes == before
    assert [record.getMessage() for record in caplog.records] == [
        "the addresses of webhooks cannot be read: store.db: It is locked. Try again."
    ]


async def test_a_line_of_a_kind_is_logged_once_a_minute_with_its_number(caplog: pytest.LogCaptureFixture) -> None:
    lines = receiver.QuietLog()
    for _ in range(100):
        lines.add("a", "something")
    lines._last["a"] -= receiver.LOG_EVERY
    lines.add("a", "something")
    assert [record.getMessage() for record in caplog.records] == [
        "something",
        "something (100 since the last such line)",
    ]


async def test_who_waits_longer_than_the_sender_does_is_told_to_come_again(
    taking: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any) -> HTTPStatus:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(http_server, "ANSWER_MOST", 0.05)
    monkeypatch.setattr(receiver.Receiver, "note", never)
    assert await taking.post(*_changed("L1")) == 503


async def test_a_defect_ends_a_connection_and_is_logged_once_a_minute(
    taking: Receiving, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any) -> HTTPStatus:
        raise RuntimeError("a defect")

    with monkeypatch.context() as patched:
        patched.setattr(receiver.Receiver, "note", broken)
        for _ in range(3):
            with pytest.raises(OSError, match=r"."):
                await taking.post(*_changed("L1"))
    assert [record.getMessage() for record in caplog.records].count("a webhook could not be answered") == 1
    assert await taking.post(*_changed("L1")) == 200
