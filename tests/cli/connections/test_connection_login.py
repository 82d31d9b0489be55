"""`connections login` as a person and a script use it: what is entered is in no answer and no file, and the login is used."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.cli import main as cli
from invsync_tui.connectors import registry
from invsync_tui.connectors.about import About, SecretPart, SignIn
from invsync_tui.connectors.auth import oauth
from invsync_tui.connectors.auth.kept_token import KeptToken
from invsync_tui.connectors.auth.oauth import OAuth
from invsync_tui.connectors.auth.token_store import Token, TokenStore
from invsync_tui.connectors.base import CheckStep, Connection
from invsync_tui.connectors.carts.sandbox import SandboxCart
from invsync_tui.connectors.checks import CartFacts, Review, reviews
from invsync_tui.connectors.http import HttpConnection
from invsync_tui.rules.merchant_checks import Verdict
from invsync_tui.store import audit
from tests.support.connectors.made_connector import install
from tests.support.processes.shell import INVSYNC, Shell, check
from tests.support.runs.sandbox_world import sandbox_wms
from tests.support.servers.authorization import CLIENT, CLIENT_SECRET, REDIRECT, LoginServer, login_server
from tests.support.servers.shopify.server import CLIENT as APP
from tests.support.servers.shopify.server import TOKEN as APP_SECRET
from tests.support.servers.shopify.server import ShopifyServer, shopify_server
from tests.support.stores.merchant_store import Bench
from tests.support.terminal.pty import Terminal

SCOPES = ("stock.read", "stock.write")
DEVICE = SignIn("/oauth/token", "/oauth/device", "/oauth/authorize", REDIRECT, SCOPES, secret="client_secret")


class BenchCart(SandboxCart):
    """A cart that is logged in to in a browser."""

    about = About(
        "Bench", secrets=(SecretPart("client_secret", "Client secret", "the secret of the client"),), sign_in=DEVICE
    )

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._http = HttpConnection(connection)
        self._kept = KeptToken(connection.tokens, OAuth(connection, self.about).renewed, connection.deadline)

    async def check(self) -> Any:
        response = await self._http.read("GET", "/api", headers={"authorization": f"Bearer {await self._kept.get()}"})
        yield CheckStep("interface", response.status == 200, str(response.status))

    async def close(self) -> None:
        await self._http.close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoginServer]:
    monkeypatch.setenv("CLIENT_SECRET", CLIENT_SECRET)
    install(monkeypatch, registry.CARTS, "bench", BenchCart)
    with login_server() as made:

        async def pause(seconds: float) -> None:
            made.now += seconds
            for device in list(made.devices.values()):
                made.enter(device.user_code)

        monkeypatch.setattr(oauth, "pause", pause)
        yield made


@pytest.fixture
def store(tmp_path: Path, server: LoginServer) -> Path:
    bench = Bench.make(tmp_path)
    bench.add_merchant(Connection("wms", "sandbox", "http://127.0.0.1:9"))
    bench.add_cart(Connection("Bench Shop", "bench", server.url, CLIENT, "env:CLIENT_SECRET", deadline=5), name="Shop")
    path = bench.store.path
    bench.store.close()
    return path


def run(capsys: pytest.CaptureFixture[str], store: Path, *arguments: str) -> tuple[int, str, str]:
    code = cli.run(["--store", str(store), *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def document(capsys: pytest.CaptureFixture[str], store: Path, *arguments: str) -> dict[str, Any]:
    code, out, err = run(capsys, store, *arguments, "--json")
    assert code == 0, (out, err)
    shown: dict[str, Any] = json.loads(out)
    check(arguments[0], shown)
    return shown


def test_a_code_that_is_entered_elsewhere_logs_the_cart_in(
    capsys: pytest.CaptureFixture[str], store: Path, server: LoginServer
) -> None:
    code, out, _ = run(capsys, store, "connections", "test", "--cart", "Shop")
    assert code == 1 and "Nobody has logged in yet" in out and "invsync connections login --cart Shop" in out
    code, out, err = run(capsys, store, "connections", "login", "--cart", "Shop", "--device")
    assert code == 0 and "logged in until" in out and "each sync renews it" in out
    assert "WDJB-MJH0" in err and f"{server.url}/activate" in err
    assert not any(word in out + err for word in ("device-code", "access-token", "refresh-token", CLIENT_SECRET))
    code, out, _ = run(capsys, store, "connections", "test", "--cart", "Shop")
    assert code == 0 and "sign-in: Logged in until" in out and "interface: 200" in out
    (family,) = server.families
    assert len(family.access) == 1
    with closing(sqlite3.connect(store)) as cx:
        action, after = cx.execute("SELECT action, after FROM audit ORDER BY id DESC LIMIT 1").fetchone()
    assert action == "cart login" and json.loads(after).keys() == {"login_ends_at", "renews"}


def test_a_script_gets_one_document_and_can_forget_the_login(
    capsys: pytest.CaptureFixture[str], store: Path, server: LoginServer
) -> None:
    told = document(capsys, store, "connections", "login", "--cart", "Shop", "--device")
    assert told["login"]["renews"] and told["login"]["ends_at"].endswith("Z") and told["connection"]["name"] == "Shop"
    assert document(capsys, store, "connections", "login", "--cart", "Shop", "--forget")["login"] is None
    code, out, _ = run(capsys, store, "connections", "test", "--cart", "Shop")
    assert code == 1 and "Nobody has logged in yet" in out


def test_a_refused_login_is_tried_again_by_the_schedule_after_somebody_logged_in(
    capsys: pytest.CaptureFixture[str], store: Path, server: LoginServer
) -> None:
    """Also where a further location of the cart was named: it has the cart's connection."""
    with closing(sqlite3.connect(store)) as cx:
        main = cx.execute("SELECT id FROM cart WHERE name = 'Shop'").fetchone()[0]
        columns = "merchant_id, system, url, login, secret, options, deadline_ms, created_at"
        cx.execute(
            f"INSERT INTO cart ({columns}, name, of_cart) SELECT {columns}, 'West', id FROM cart WHERE id = {main}"
        )
        cx.commit()
        since = clock.seconds()
        assert not audit.connection_changed(cx, f"cart:{main}", since)
    assert run(capsys, store, "connections", "login", "--cart", "West", "--device")[0] == 0
    with closing(sqlite3.connect(store)) as cx:
        assert audit.connection_changed(cx, f"cart:{main}", since)
        assert not audit.connection_changed(cx, f"cart:{main}", since + 10**6)
    assert "Logged in until" in run(capsys, store, "connections", "test", "--cart", "Shop")[1]


@pytest.mark.parametrize("arguments", [("--read-only",), ()])
def test_only_who_may_change_settings_logs_in(
    capsys: pytest.CaptureFixture[str], store: Path, server: LoginServer, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...],
) -> None:  # fmt: skip
    if not arguments:
        config = tmp_path / "config.toml"
        config.write_text("[roles]\nadmin = ['somebody-else']\n")
        monkeypatch.setenv("INVSYNC_CONFIG", str(config))
    code, _, err = run(capsys, store, *arguments, "connections", "login", "--cart", "Shop")
    assert code == 2 and "Refused to log in" in err
    assert server.devices == {} and not store.with_name("store.db.tokens").exists()


def test_a_connection_without_such_a_login_says_what_it_takes(capsys: pytest.CaptureFixture[str], store: Path) -> None:
    code, _, err = run(capsys, store, "connections", "login", "Demo")
    assert code == 1 and "has no login in a browser" in err and "--secret" in err


# --- Shopify, in processes of their own --------------------------------------------------------------------------------


def test_a_shop_of_another_organization_is_logged_in_to_by_a_pasted_address(tmp_path: Path) -> None:
    """Logged in once; downloads and pushes of later processes use it, and renew it."""
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text(APP_SECRET)
    shell = Shell(tmp_path)
    with sandbox_wms(3) as wms, shopify_server(products=0) as server:
        for sku in wms.dump()["products"].values():
            server.add(sku, 1)
        bench = Bench.make(tmp_path, alone=True)
        bench.add_merchant(wms.connection())
        bench.add_cart(replace(server.connection(server.url), login=APP, secret=f"file:{secret}"), name="Shop")
        bench.store.close()
        environment = shell.environment()
        command = [*INVSYNC, "connections", "login", "--cart", "Shop", "--json"]
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, env=environment, cwd=tmp_path, stdin=pipe, stdout=pipe, stderr=pipe, text=True
        ) as process:
            assert process.stdin is not None and process.stderr is not None
            asked = process.stderr.readline()
            pasted = server.browse(asked.rpartition(" ")[2].strip())
            out, err = process.communicate(f"{pasted}\n", timeout=60)
        assert process.returncode == 0, (out, err)
        told = json.loads(out)
        check("connections", told)
        assert told["login"]["renews"] and "code-of-the-shop" not in out + err
        assert shell.ok("connections", "test", "--cart", "Shop").out.count("sign-in: Logged in until") == 1
        assert server.granted == ["shpat-for-an-hour-0"]
        held = shell.run("sync", "Demo", "--wait")
        assert "refused" not in held.out + held.err
        assert server.granted == ["shpat-for-an-hour-0"] and server.violations == []
        doctor = shell.run("doctor", "--json")
        assert "logged in until" in doctor.out
    seen = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path != secret}
    assert not [path for path, content in seen.items() if b"code-of-the-shop" in content]
    having = [path for path, content in seen.items() if b"shpat-for-an-hour" in content or b"shprt-" in content]
    assert [path.parent.name for path in having] == ["store.db.tokens"]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[ShopifyServer, Shell]]:
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text(APP_SECRET)
    with shopify_server(products=0) as server:
        bench = Bench.make(tmp_path, alone=True)
        bench.add_merchant(Connection("wms", "sandbox", "http://127.0.0.1:9"))
        bench.add_cart(replace(server.connection(server.url), login=APP, secret=f"file:{secret}"), name="Shop")
        bench.store.close()
        yield server, Shell(tmp_path)


def asked_at_terminal(shell: Shell) -> Terminal:
    return Terminal([*INVSYNC, "connections", "login", "--cart", "Shop"], 500, 24, shell.environment())


def test_a_terminal_does_not_show_what_is_pasted(shop: tuple[ShopifyServer, Shell]) -> None:
    server, shell = shop
    with asked_at_terminal(shell) as terminal:
        lines = terminal.wait_for("Paste that address here")
        opened = next(line for line in lines if "/admin/oauth/authorize" in line)
        terminal.send(server.browse(opened.rpartition(" ")[2]), "\r")
        assert terminal.wait_exit(30) == 0
    assert b"code-of-the-shop" not in terminal.raw and b"logged in until" in terminal.raw


def test_whoever_gives_up_at_the_prompt_gets_the_terminal_back_and_no_login(
    shop: tuple[ShopifyServer, Shell],
) -> None:
    server, shell = shop
    with asked_at_terminal(shell) as terminal:
        modes = terminal.first_modes
        terminal.wait_for("Paste that address here")
        assert terminal.modes() != modes  # no echo
        terminal.send("\x03")
        terminal.wait_until(lambda: terminal.modes() == modes, "the modes of before")
        assert terminal.wait_exit(30) == 130
    assert server.granted == [] and not list(shell.home.glob("store.db.tokens/*.json"))


# --- how long it lasts ---------------------------------------------------------------------------------------------------

NOW = 1_800_000_000
DAY = 86400


async def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: Token | None, days: float) -> Review:
    install(monkeypatch, registry.CARTS, "bench", BenchCart)
    monkeypatch.setattr(clock, "now", lambda: NOW + days * DAY)
    store = TokenStore(tmp_path / "cart-1.json", "subject")
    if token is not None:
        await store.replace(token)
    shop = Connection("Shop", "bench", "https://a.example", CLIENT, "env:CLIENT_SECRET", tokens=store)
    facts = CartFacts(shop, "Acme", "", listed=True)
    return next(review for review in reviews(facts) if review.id == "connection.login")


@pytest.mark.parametrize(
    ("days", "verdict", "words"),
    [
        (0, Verdict.PASS, "logged in until 2027-04-15, for 90 days more; each sync renews it"),
        (75, Verdict.PASS, "for 15 days more"),
        (77, Verdict.FAIL, "for 13 days more"),
        (89.5, Verdict.FAIL, "for 12 hours more"),
        (90, Verdict.FAIL, "ran out on 2027-04-15"),
    ],
)
async def test_the_doctor_warns_before_a_login_runs_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: float, verdict: Verdict, words: str
) -> None:
    token = Token("access", NOW, NOW + 3600, "refresh", NOW + 90 * DAY, signed_in=True)
    review = await told(tmp_path, monkeypatch, token, days)
    assert review.verdict is verdict and words in review.evidence
    assert verdict is Verdict.PASS or review.fix == "invsync connections login Acme --cart Shop"


async def test_a_login_of_an_hour_is_warned_of_in_its_last_quarter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = Token("access", NOW, NOW + 3600, signed_in=True)
    assert (await told(tmp_path, monkeypatch, token, 0.7 / 24)).verdict is Verdict.PASS
    assert (await told(tmp_path, monkeypatch, token, 0.8 / 24)).verdict is Verdict.FAIL


async def test_the_doctor_says_that_nobody_has_logged_in_or_that_it_was_withdrawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "nobody" in (await told(tmp_path, monkeypatch, None, 0)).evidence
    withdrawn = Token("", NOW, signed_in=True)
    assert "withdrawn" in (await told(tmp_path, monkeypatch, withdrawn, 0)).evidence
    lasting = Token("access", NOW, signed_in=True)
    assert (await told(tmp_path, monkeypatch, lasting, 5000)).verdict is Verdict.PASS
