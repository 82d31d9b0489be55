"""`connections hooks`, and what status, doctor and serve say of webhooks."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from invsync_tui import clock
from invsync_tui.cli import main as cli
from invsync_tui.connectors.base import Connection
from invsync_tui.operations.connections import webhooks
from invsync_tui.operations.errors import InvalidError
from invsync_tui.operations.service.hooks import ListenAddress
from invsync_tui.rules.merchant_checks import Verdict
from invsync_tui.store import hooks
from invsync_tui.store.hooks import Notice
from tests.support.processes.shell import check
from tests.support.stores.merchant_store import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A cart of WooCommerce called Shop, and one of Vendure, which sends no webhooks."""
    made = Bench.make(tmp_path)
    made.add_merchant(Connection("wms", "sandbox", "http://127.0.0.1:9"))
    made.add_cart(Connection("Shop", "woocommerce", "https://shop.example.com", "ck_1", "env:WOO"), name="Shop")
    made.add_cart(Connection("Other", "vendure", "https://other.example.com", "a", "env:OTHER"), name="Other")
    yield made
    made.store.close()


def run(capsys: pytest.CaptureFixture[str], bench: Bench, *arguments: str) -> tuple[int, str, str]:
    code = cli.run(["--store", str(bench.store.path), *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def document(capsys: pytest.CaptureFixture[str], bench: Bench, *arguments: str) -> dict[str, Any]:
    _, out, _ = run(capsys, bench, *arguments, "--json")
    made: dict[str, Any] = json.loads(out)
    check(arguments[0], made)
    return made


def hear(bench: Bench, ago: int, *, refused: bool = False) -> None:
    cart = bench.carts["Shop"]
    with bench.store.transaction() as tx:
        notices = [] if refused else [Notice(cart, "", (), False)]
        hooks.take(tx, notices, [cart] if refused else [], clock.seconds() - ago)


def test_the_address_is_made_once_and_shown_with_what_to_do_there(
    capsys: pytest.CaptureFixture[str], bench: Bench
) -> None:
    code, out, _ = run(capsys, bench, "connections", "hooks", "Shop", "--base", "https://hooks.example.com/")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "Shop: woocommerce, a new address"
    address = lines[1].split()[1]
    assert address.startswith("https://hooks.example.com/hooks/") and len(address.rpartition("/")[2]) == 32
    assert any(line.startswith("  1. Open WooCommerce > Settings > Advanced > Webhooks") for line in lines)
    assert out.count(address) == 2, "in the step where it is entered, too"
    assert "{address}" not in out
    again = document(capsys, bench, "connections", "hooks", "Shop")["webhooks"]
    assert again["path"] == "/hooks/" + address.rpartition("/")[2]
    assert again["address"] == "https://HOST" + again["path"]
    assert (again["fresh"], again["heard_at"], again["secret"]) == (False, None, "secret")
    renewed = document(capsys, bench, "connections", "hooks", "Shop", "--renew")["webhooks"]
    assert renewed["fresh"] and renewed["path"] != again["path"]
    with bench.store.reading() as cx:
        actions = [row[0] for row in cx.execute("SELECT action FROM audit WHERE action LIKE '%webhook%'")]
        told = " ".join(str(row) for row in cx.execute("SELECT * FROM audit"))
    assert actions == ["cart webhook address"] * 2
    assert renewed["path"].rpartition("/")[2] not in told


def test_who_may_only_look_sees_an_address_that_is_there(capsys: pytest.CaptureFixture[str], bench: Bench) -> None:
    code, _, err = run(capsys, bench, "--read-only", "connections", "hooks", "Shop")
    assert code != 0 and "Refused to make the webhook address of 'Shop'" in err
    run(capsys, bench, "connections", "hooks", "Shop")
    assert run(capsys, bench, "--read-only", "connections", "hooks", "Shop")[0] == 0
    assert run(capsys, bench, "--read-only", "connections", "hooks", "Shop", "--renew")[0] != 0


@pytest.mark.parametrize(
    "base", ["http://hooks.example.com", "hooks.example.com", "https://", "https://a@b/", "https://a?b"]
)
def test_a_base_without_tls_is_refused(capsys: pytest.CaptureFixture[str], bench: Bench, base: str) -> None:
    code, _, err = run(capsys, bench, "connections", "hooks", "Shop", "--base", base)
    assert code != 0 and "https://hooks.example.com" in err


def test_a_cart_without_webhooks_says_so(capsys: pytest.CaptureFixture[str], bench: Bench) -> None:
    code, _, err = run(capsys, bench, "connections", "hooks", "Other")
    assert code != 0 and "vendure sends no webhooks" in err


def test_status_says_when_one_last_came(capsys: pytest.CaptureFixture[str], bench: Bench) -> None:
    assert "Webhooks" not in run(capsys, bench, "status")[1]
    run(capsys, bench, "connections", "hooks", "Shop")
    assert "Webhooks of Shop: none yet" in run(capsys, bench, "status")[1]
    hear(bench, 0)
    assert "Webhooks of Shop: last 20" in run(capsys, bench, "status")[1]
    (told,) = document(capsys, bench, "status")["webhooks"]
    assert (told["cart"], told["merchant"], told["refused_at"]) == ("Shop", "Demo", None)
    assert told["heard_at"].endswith("Z")


def test_the_doctor_says_when_one_last_came_and_of_wrong_signatures(bench: Bench) -> None:
    def told() -> list[tuple[Verdict, str]]:
        with bench.store.reading() as cx:
            found = webhooks.checks(cx, bench.carts["Shop"], "Shop", clock.seconds())
        return [(check.verdict, check.evidence) for check in found]

    assert told() == []
    webhooks.show(bench.session(), "Shop")
    assert told()[0][0] is Verdict.UNKNOWN
    hear(bench, 120)
    assert told() == [(Verdict.PASS, "last webhook 2 min ago")]
    hear(bench, 60, refused=True)
    assert told() == [(Verdict.FAIL, "a wrong signature 1 min ago, last webhook 2 min ago")]
    hear(bench, 30)
    assert told()[0][0] is Verdict.PASS, "it is right again"


@pytest.mark.parametrize(
    ("text", "place"),
    [("8788", "127.0.0.1:8788"), ("0.0.0.0:80", "0.0.0.0:80"), ("[::1]:8788", "[::1]:8788"), ("0", "127.0.0.1:0")],
)
def test_a_port_alone_is_on_this_machine(text: str, place: str) -> None:
    assert str(ListenAddress.parse(text)) == place
    assert ListenAddress.parse(text).is_loopback is not text.startswith("0.0.0.0")


@pytest.mark.parametrize("text", ["", "here", "host:80", "1.2.3:80", "127.0.0.1:", "127.0.0.1:99999", "::1:80", "-1"])
def test_what_is_no_place_is_refused(text: str, capsys: pytest.CaptureFixture[str], bench: Bench) -> None:
    with pytest.raises(InvalidError):
        ListenAddress.parse(text)
    if text not in ("", "-1"):
        code, _, err = run(capsys, bench, "serve", "--hooks", text)
        assert code == 2 and "give PORT or ADDRESS:PORT" in err


def test_a_place_that_is_taken_is_said_before_anything_begins(capsys: pytest.CaptureFixture[str], bench: Bench) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        code, out, err = run(capsys, bench, "serve", "--hooks", str(taken.getsockname()[1]))
    assert code != 0 and "Cannot listen for webhooks on 127.0.0.1:" in err and "serving" not in out + err
