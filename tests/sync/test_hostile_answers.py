"""A hostile server: what it says back gives nothing away, and it keeps a run no longer than it may."""

from __future__ import annotations

import base64
import html
import itertools
import json
import stat
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from invsync_tui.connectors import http
from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import ContractError
from invsync_tui.operations import storage
from invsync_tui.operations.runs import support_bundle
from invsync_tui.sync.page_limit import BARREN_MOST, PageBound
from tests.support.servers.http_stub import Answer, as_json, stub_server
from tests.support.stores.merchant_store import Bench

SECRET = 'hunter2/&"two+two=4'
SHORT = 'z&"+9q'
"""Six characters: too few to be hidden in the texts of other runs."""


def _forms(secret: str) -> tuple[str, ...]:
    return (
        secret, quote(secret, safe=""), quote(secret, safe="").lower(), json.dumps(secret)[1:-1],
        base64.b64encode(secret.encode()).decode(), base64.b64encode(f"bot:{secret}".encode()).decode().rstrip("="),
        html.escape(secret), html.escape(secret, quote=False),
        "AnotherToken4711",
        "cookie-value-4711", "signature4711",
    )  # fmt: skip


BODIES = {
    "the secret in a sentence": lambda auth, secret: f"The key {secret} is wrong.",
    "an error page": lambda auth, secret: (
        f"<html><pre>Authorization: {auth}\nCookie: sid=cookie-value-4711</pre></html>"
    ),
    "nested JSON": lambda auth, secret: json.dumps(
        {"error": json.dumps({"headers": {"authorization": auth}, "token": "AnotherToken4711"})}
    ),
    "percent-encoded": lambda auth, secret: (
        f"/login?key={quote(secret, safe='')}&sig=signature4711 and {quote(secret, safe='').lower()}"
    ),
    "in HTML and base64": lambda auth, secret: (
        f"<p>{html.escape(secret)}</p><p>{html.escape(secret, quote=False)}</p> "
        f"{base64.b64encode(f'bot:{secret}'.encode()).decode()} {base64.b64encode(secret.encode()).decode()}"
    ),
    "cut off in the middle": lambda auth, secret: "x" * 295 + secret + "y" * (4096 - 295 - 2 * len(secret)) + secret,
    "a long one": lambda auth, secret: "x" * 290 + f" {secret} " + "y" * 70_000 + f" {secret}",
}


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("known", [SECRET, SHORT], ids=["long", "short"])
@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 422, 429, 500])
async def test_no_form_of_a_signs_in_with_kept_or_shown(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    status: int,
    known: str,
) -> None:
    # given
    monkeypatch.setattr(http, "BACKOFF_MOST", 0.001)
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text(known)
    bench = Bench.make(tmp_path)

    def echo(request: Any) -> Answer:
        body = BODIES[name](request.headers.get("authorization", ""), known).encode()
        headers = {
            "Location": f"http://elsewhere.example/?token=AnotherToken4711&x={quote(known)}",
            "X-Request-Id": quote(known),
        }
        return Answer(status, body, headers)

    with stub_server() as server:
        server.answering = echo
        where = Connection("wms", "sandbox", server.url, "bot", f"file:{secret}", {}, 5)
        bench.add_merchant(where)
        cart_id = bench.add_cart(Connection("cart", "sandbox", server.url, "bot", f"file:{secret}", {"shop": "s"}, 5))
        # when
        pulled = await bench.pull()
        pushed = await bench.push(cart_id)
    # then
    assert (pulled.state, pushed.state) == ("failed", "failed")
    packed = support_bundle.of_run(bench.session(), pulled.id, tmp_path)
    with zipfile.ZipFile(packed) as files:
        seen = [files.read(name) for name in files.namelist()]
    storage.backup(bench.session(), tmp_path / "store.backup")
    files_left = _files(tmp_path)
    seen += [path.read_bytes() for path in files_left if path not in {secret, packed}]
    seen += [repr(bench.detail(run.id)).encode() for run in (pulled, pushed)] + [caplog.text.encode()]
    for part, form in itertools.product(seen, _forms(known)):
        assert form.encode() not in part, form
    assert all(not stat.S_IMODE(path.stat().st_mode) & 0o077 for path in files_left)
    bench.store.close()


async def test_pages_with_ever_new_cursors_come_to_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text(SECRET)
    bench = Bench.make(tmp_path)
    numbers = itertools.count()

    def answer(request: Any) -> Answer:
        product = {"ref": "1", "sku": "A", "name": "Mug", "aliases": [], "components": []}
        return as_json(
            {"mark": "1", "warehouses": [], "products": [product], "next": str(next(numbers)), "total": None}
        )

    with stub_server() as server:
        server.answering = answer
        bench.add_merchant(Connection("wms", "sandbox", server.url, "bot", f"file:{secret}", {}, 5))
        run = await bench.pull()
    assert run.state == "failed" and "nothing new" in run.error
    assert bench.reasons(run).keys() == {"UNEXPECTED_ANSWER"}
    bench.store.close()


def test_pages_that_bring_something_are_not_bounded_by_those_that_do_not() -> None:
    bound = PageBound("WMS", "products")
    for n in range(5000):
        bound.add(n // 100)
    with pytest.raises(ContractError):
        for _ in range(BARREN_MOST + 1):
            bound.add(0)
