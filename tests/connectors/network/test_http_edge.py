"""A nasty HTTP edge: bombs, drips, redirects, foreign hosts, wrong certificates, and the cause of each failure in words."""

from __future__ import annotations

import asyncio
import gzip
import resource
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import (
    ConnectorError,
    ContractError,
    NotConfiguredError,
    ThrottledError,
    UnavailableError,
)
from invsync_tui.connectors.http import RETRY_AFTER_MOST, HttpConnection, retry_after
from invsync_tui.connectors.network import response_body
from tests.support.servers.http_stub import Answer, as_json, stub_server


def connection(url: str, deadline: float = 5.0, **options: str) -> Connection:
    return Connection("demo", "stub", url, deadline=deadline, options=options)


async def ask(url: str, deadline: float = 5.0, path: str = "/x", **options: str) -> ConnectorError | bytes:
    """The body of an answer to one write, which is not repeated, or the error."""
    http = HttpConnection(connection(url, deadline, **options))
    http.headers["authorization"] = "Bearer hunter22hunter22"
    try:
        return (await http.write("GET", path)).body
    except ConnectorError as error:
        return error
    finally:
        await http.close()


@contextmanager
def raw_server(serve: Callable[[socket.socket], None], context: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server that does with each connection what `serve` does, on loopback; yields host:port."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def one(client: socket.socket) -> None:
        try:
            with context.wrap_socket(client, server_side=True) if context else client as talk:
                serve(talk)
        except OSError:
            return

    def accept() -> None:
        while not stopped.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(client,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def good(talk: socket.socket) -> None:
    talk.recv(65536)
    talk.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")


# --- size ----------------------------------------------------------------------------------------------------------------


def _packed_zeros(size: int, wbits: int = 31) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    piece = b"0" * 1_000_000
    return b"".join([*(packer.compress(piece) for _ in range(size // len(piece))), packer.flush()])


BOMB = _packed_zeros(200_000_000)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "gzip twice over"])
async def test_a_bomb_costs_no_more_than_the_limit(coding: str) -> None:
    # given
    body = gzip.compress(BOMB) if "twice" in coding else BOMB if coding == "gzip" else _packed_zeros(200_000_000, 15)
    named = "gzip, gzip" if "twice" in coding else coding
    with stub_server([Answer(200, body, {"Content-Encoding": named})]) as server:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        # when
        found = await ask(server.url, 30)
        # then
        assert isinstance(found, ContractError)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown * 1024 < 6 * response_body.BODY_MOST


async def test_a_body_without_end_is_given_up_at_the_limit() -> None:
    def endless(talk: socket.socket) -> None:
        talk.recv(65536)
        talk.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            talk.sendall(b"x" * 1_000_000)

    with raw_server(endless) as where:
        found = await ask(f"http://{where}", 60)
    assert isinstance(found, ContractError) and "more than" in found.what


async def test_a_drip_ends_with_the_deadline() -> None:
    def drip(talk: socket.socket) -> None:
        talk.recv(65536)
        talk.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        while True:
            talk.sendall(b"x")
            time.sleep(0.05)

    with raw_server(drip) as where:
        started = time.monotonic()
        found = await ask(f"http://{where}", 1)
    assert isinstance(found, UnavailableError) and found.may_have_applied
    assert "did not finish its answer within 1 s" in found.what
    assert time.monotonic() - started < 10


async def test_headers_of_a_megabyte_are_no_answer() -> None:
    def serve(talk: socket.socket) -> None:
        talk.recv(65536)
        talk.sendall(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1_000_000 + b"\r\n\r\n")

    with raw_server(serve) as where:
        assert isinstance(await ask(f"http://{where}"), UnavailableError)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 200 + b"1" + b"}" * 200,
        b"[" + b"[]," * 2_000_000 + b"0]",
        b"[[{" * 99_999,
    ],
)
async def test_json_that_is_too_deep_or_too_much_is_refused(body: bytes) -> None:
    with stub_server([Answer(200, body)]) as server:
        http = HttpConnection(connection(server.url))
        response = await http.read("GET", "/")
        with pytest.raises(ContractError):
            response.json()
        await http.close()


async def test_brackets_in_texts_are_no_levels() -> None:
    value = [{"name": "[" * 100, "x": "}" * 50}] * 100
    with stub_server([as_json(value)]) as server:
        http = HttpConnection(connection(server.url))
        assert (await http.read("GET", "/")).json() == value
        await http.close()


@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw deflate", "two members", "padded"])
async def test_honest_packing_is_read(coding: str) -> None:
    text = b'{"sku": "A-1"}' * 10_000
    packed = {
        "gzip": gzip.compress(text), "deflate": zlib.compress(text), "raw deflate": zlib.compress(text)[2:-4],
        "two members": gzip.compress(text[:999]) + gzip.compress(text[999:]), "padded": gzip.compress(text) + b"\0" * 20,
    }[coding]  # fmt: skip
    named = "deflate" if "deflate" in coding else "gzip"
    with stub_server([Answer(200, packed, {"Content-Encoding": named})]) as server:
        assert await ask(server.url) == text


@pytest.mark.parametrize("body", [b"plain", gzip.compress(b"x" * 9999)[:-20]], ids=["plain", "cut off"])
async def test_what_cannot_be_unpacked_is_said(body: bytes) -> None:
    with stub_server([Answer(200, body, {"Content-Encoding": "gzip"})]) as server:
        assert isinstance(await ask(server.url), ContractError)


# --- where logins go -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form", ["{other}/x", "//{bare}/x", "{other}", "http://user@{bare}/x", "\\\\{bare}/x", "https://{bare}/x"]
)
async def test_a_login_goes_to_its_own_origin_alone(form: str) -> None:
    with stub_server([Answer(200, b"{}")] * 3) as own, stub_server([Answer(200, b"{}")] * 3) as other:
        await ask(own.url, 2, form.format(other=other.url, bare=other.url.removeprefix("http://")))
    assert other.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_told_and_not_followed(status: int) -> None:
    with stub_server() as other:
        moved = Answer(status, b"", {"Location": f"{other.url}/?token=hunter22"})
        with stub_server([moved]) as own:
            found = await ask(own.url)
        assert other.requests == []
    assert isinstance(found, ContractError)
    assert f"moved to {other.url}" in found.what and "hunter22" not in str(found)


async def test_an_absolute_address_of_the_own_origin_is_fine() -> None:
    with stub_server([Answer(200, b"{}")]) as own:
        assert await ask(own.url, path=f"{own.url}/next?cursor=2") == b"{}"
        assert own.requests[0].path == "/next?cursor=2"


@pytest.mark.parametrize(
    "url", ["https://a:b@wms.example", "https://wms.example/?key=1", "ftp://x", "https://", "https://x:port"]
)
async def test_an_address_that_carries_a_secret_or_is_none_is_refused(url: str) -> None:
    found = await ask(url)
    assert isinstance(found, NotConfiguredError) and found.advice


# --- causes ------------------------------------------------------------------------------------------------------------------


def _certificate(folder: Path, *more: str, name: str = "IP:127.0.0.1") -> ssl.SSLContext:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
         "-subj", "/CN=test", "-addext", f"subjectAltName={name}", *(more or ("-days", "2"))],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


async def test_a_certificate_that_nobody_vouches_for_is_refused_and_a_private_authority_can_be_named(
    tmp_path: Path,
) -> None:
    with raw_server(good, _certificate(tmp_path)) as where:
        refused = await ask(f"https://{where}")
        trusted = await ask(f"https://{where}", ca_file=str(tmp_path / "cert.pem"))
    assert isinstance(refused, UnavailableError) and "self-signed" in refused.what and "ca_file" in refused.advice
    assert not refused.may_have_applied
    assert trusted == b"{}"


@pytest.mark.parametrize("by", ["ca_file", "SSL_CERT_FILE"])
async def test_certificates_that_were_renewed_are_used_by_a_service_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    certificates = tmp_path / "authorities.pem"
    options = {"ca_file": str(certificates)} if by == "ca_file" else {}
    if by == "SSL_CERT_FILE":
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates))
    for folder in (tmp_path / "former", tmp_path / "renewed"):
        folder.mkdir()
    former, renewed = (_certificate(folder) for folder in (tmp_path / "former", tmp_path / "renewed"))
    # given a service that has asked a server whose certificate is about to be renewed
    shutil.copy(tmp_path / "former" / "cert.pem", certificates)
    with raw_server(good, former) as where:
        assert await ask(f"https://{where}", **options) == b"{}"
    # when it is, and its authority is put in the place of the former one
    with raw_server(good, renewed) as where:
        assert isinstance(await ask(f"https://{where}", **options), UnavailableError)
        shutil.copy(tmp_path / "renewed" / "cert.pem", certificates)
        assert await ask(f"https://{where}", **options) == b"{}"


async def test_a_variable_that_names_no_certificates_is_a_setting_to_correct(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    refused = await ask("https://127.0.0.1:9")
    assert isinstance(refused, NotConfiguredError)
    assert f"SSL_CERT_FILE names {tmp_path / 'none.pem'}" in refused.what and "ca_file" not in refused.what


async def test_a_certificate_of_another_host_is_refused(tmp_path: Path) -> None:
    with raw_server(good, _certificate(tmp_path, name="DNS:other.example")) as where:
        found = await ask(f"https://{where}", ca_file=str(tmp_path / "cert.pem"))
    assert isinstance(found, UnavailableError) and "another host name" in found.what


@pytest.mark.parametrize("content", [None, b"no certificate"])
async def test_a_ca_file_that_is_none_is_a_setting_to_correct(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    found = await ask("https://127.0.0.1:9", ca_file=str(path))
    assert isinstance(found, NotConfiguredError) and "ca_file" in found.what


async def test_https_against_http_and_the_reverse_are_told(tmp_path: Path) -> None:
    with raw_server(good) as plain:
        found = await ask(f"https://{plain}")
    assert isinstance(found, UnavailableError) and "does not speak https" in found.what and "http://" in found.advice
    with raw_server(good, _certificate(tmp_path)) as secure:
        found = await ask(f"http://{secure}")
    assert isinstance(found, UnavailableError) and f"https://{secure}" in found.advice
    with stub_server([Answer(400, b"The plain HTTP request was sent to HTTPS port")]) as server:
        found = await ask(server.url)
    assert isinstance(found, NotConfiguredError) and "https" in found.what


async def test_a_refused_port_and_an_unknown_host_are_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = await ask(f"http://127.0.0.1:{port}")
    assert isinstance(found, UnavailableError) and "nobody listens" in found.what and not found.may_have_applied
    found = await ask("http://no-such-host.invalid")
    assert isinstance(found, UnavailableError) and "no-such-host.invalid is not known" in found.what
    assert "getent hosts" in found.advice


async def test_a_proxy_is_used_and_told_but_never_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with stub_server([Answer(200, b"through")]) as proxy, stub_server([Answer(200, b"direct")]) as own:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("://", "://bot:hunter22@"))
        assert await ask("http://wms.example") == b"through"
        assert await ask(own.url) == b"direct"
    found = await ask("http://wms.example")
    assert isinstance(found, UnavailableError) and "HTTP_PROXY" in found.what and "hunter22" not in str(found)
    monkeypatch.setenv("NO_PROXY", "10.0.0.0/8,.invalid")
    assert "HTTP_PROXY" not in str(await ask("http://no-such-host.invalid"))


async def test_a_socks_proxy_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1080")
    found = await ask("https://wms.example")
    assert isinstance(found, NotConfiguredError) and "pip install socksio" in found.advice


async def test_a_secret_with_a_line_break_in_a_header_is_not_repeated() -> None:
    with stub_server([Answer()]) as server:
        http = HttpConnection(connection(server.url))
        http.headers["authorization"] = "Bearer hunter22\nhunter22"
        with pytest.raises(NotConfiguredError) as raised:
            await http.write("POST", "/", content=b"{}")
        await http.close()
    assert "hunter22" not in str(raised.value)


# --- throttling ----------------------------------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0), ("0", 0.0), ("-5", 0.0), ("1.5", 1.5), ("99999999", RETRY_AFTER_MOST), ("1e400", None), ("nan", None),
        ("inf", None), ("soon", None), ("", None), ("1_0", None), (format_datetime(NOW + timedelta(seconds=30)), 30.0),
        (format_datetime(NOW - timedelta(days=1)), 0.0), ("Mon, 23 Nov 2026 12:00:30 -0000", 30.0),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None), ("Mon, 23 Nov 2026", None),
    ],
)  # fmt: skip
def test_every_form_of_retry_after_is_read_and_capped(value: str, seconds: float | None) -> None:
    headers = {"retry-after": value, "date": format_datetime(NOW)}
    assert retry_after(headers) == seconds


async def test_a_429_pauses_the_connection_and_says_that_nothing_was_applied() -> None:
    with stub_server([Answer(429, b"", {"Retry-After": "2"})]) as server:
        http = HttpConnection(connection(server.url))
        with pytest.raises(ThrottledError) as raised:
            await http.write("POST", "/", content=b"{}")
        assert raised.value.retry_after == 2
        assert http.limiter.budget().available <= 1
        await http.close()


async def test_a_lost_answer_to_a_write_is_doubt_and_never_sent_again() -> None:
    asked = []

    def lose(talk: socket.socket) -> None:
        asked.append(talk.recv(65536))

    with raw_server(lose) as where:
        http = HttpConnection(connection(f"http://{where}"))
        with pytest.raises(UnavailableError) as raised:
            await http.write("POST", "/", content=b"{}")
        await http.close()
    assert raised.value.may_have_applied
    assert len(asked) == 1


async def test_a_wait_for_an_answer_can_be_cancelled_at_once() -> None:
    def silent(talk: socket.socket) -> None:
        talk.recv(65536)
        time.sleep(5)

    with raw_server(silent) as where:
        task = asyncio.create_task(ask(f"http://{where}", 60))
        await asyncio.sleep(0.3)
        task.cancel()
        started = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("kind", ["application/json", "text/html"])
async def test_a_large_answer_that_is_refused_is_read_once_and_outside_the_loop(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Whatever it says that it is."""
    threads: list[int] = []
    too_much = response_body.too_much

    def noted(body: bytes) -> str:
        threads.append(threading.get_ident())
        return too_much(body)

    monkeypatch.setattr(response_body, "too_much", noted)
    with stub_server([Answer(200, b"[" * 100_000 + b"]" * 100_000, {"Content-Type": kind})]) as server:
        http = HttpConnection(connection(server.url))
        response = await http.read("GET", "/")
        for _ in range(2):
            with pytest.raises(ContractError):
                response.json()
        await http.close()
    assert len(threads) == 1 and threads[0] != threading.get_ident()


def test_the_first_request_of_a_process_imports_no_library_in_the_event_loop() -> None:
    # given
    program = (
        "import asyncio, sys, threading\n"
        "from invsync_tui.connectors.base import Connection\n"
        "from invsync_tui.connectors.http import HttpConnection\n"
        "from invsync_tui.sync import worker\n"
        "class Imports:\n"
        "    def find_spec(self, name, *_):\n"
        "        if threading.current_thread() is threading.main_thread(): print(name)\n"
        "async def ask(url):\n"
        "    sys.meta_path.insert(0, Imports())\n"
        "    http = HttpConnection(Connection('cart', 'sandbox', url, '', '', {}, 5))\n"
        "    await http.read('GET', '/')\n"
        "    await http.close()\n"
        "    sys.meta_path.pop(0)\n"
        "asyncio.run(ask(sys.argv[1]))\n"
    )
    # when
    with stub_server([Answer(200, b"{}")]) as server:
        ran = subprocess.run(
            [sys.executable, "-c", program, server.url], capture_output=True, text=True, timeout=60, check=False
        )
    # then
    assert (ran.returncode, ran.stderr) == (0, "")
    dear = {"httpx", "httpcore", "h11", "anyio", "certifi", "invsync_tui"}
    assert {name for name in ran.stdout.split() if name.split(".")[0] in dear} == set()


async def test_a_request_searches_no_folder_for_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """httpcore tries to import what is not installed: 0.7 ms of a processor for each request."""
    with stub_server([Answer(200, b"[]")] * 3) as server:
        # given a request, which may import what it needs
        await ask(server.url)
        searched: list[str] = []

        class Finder:
            @staticmethod
            def find_spec(name: str, *_: object) -> None:
                searched.append(name)

        monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
        # when another follows
        await ask(server.url)
    # then nothing is imported
    assert searched == []
