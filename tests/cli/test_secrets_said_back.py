"""A hostile server says the secret back: no command shows it, as text or as JSON, nor does a worker of its own."""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path
from urllib.parse import quote

from invsync_tui.connectors.base import Connection
from tests.support.processes.shell import Shell
from tests.support.servers.http_stub import Answer, stub_server
from tests.support.stores.merchant_store import Bench

SECRET = 'hunter2/&"two+two=4'
FORMS = (
    SECRET, quote(SECRET, safe=""), quote(SECRET, safe="").lower(), json.dumps(SECRET)[1:-1], html.escape(SECRET),
    base64.b64encode(SECRET.encode()).decode().rstrip("="), "AnotherToken4711",
)  # fmt: skip
BODY = " ".join(FORMS[:-1]) + " token=AnotherToken4711"


def test_no_command_and_no_worker_shows_a_secret_that_a_server_says_back(tmp_path: Path) -> None:
    # given
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text(SECRET)
    bench = Bench.make(tmp_path, alone=True)
    shell = Shell(tmp_path)
    with stub_server() as server:
        server.answering = lambda request: Answer(401 if "shops" in request.path else 500, BODY.encode())
        bench.add_merchant(Connection("wms", "sandbox", server.url, "bot", f"file:{secret}", {}, 2))
        bench.add_cart(Connection("cart", "sandbox", server.url, "bot", f"file:{secret}", {"shop": "s"}, 2))
        bench.store.close()
        # when
        said = [shell.run("sync", "Demo", "--wait"), shell.run("connections", "test", "Demo", "--json")]
    commands = (
        ("status",),
        ("runs",),
        ("doctor",),
        ("carts",),
        ("settings", "show", "merchant:Demo"),
        ("audit",),
        ("events",),
    )
    said += [shell.run(*command, *more) for command in commands for more in ((), ("--json",))]
    # then
    assert all(one.code in (0, 1) for one in said), [one.err for one in said if one.code not in (0, 1)]
    assert any("500" in one.out + one.err for one in said)
    seen = [one.out.encode() + one.err.encode() for one in said]
    seen += [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path != secret]
    for part in seen:
        assert not [form for form in FORMS if form.encode() in part]
