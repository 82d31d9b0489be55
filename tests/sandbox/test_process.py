"""The servers are processes that start at once and never outlive those who started them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

from tests.support.servers.sandbox import sandbox_cart, sandbox_wms

SERVER = [sys.executable, "-m", "invsync_tui.sandbox"]
PARENT = """
import subprocess, sys, time
server = subprocess.Popen([sys.executable, "-m", "invsync_tui.sandbox", "cart", "--products=5"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
print(server.stdout.readline(), end="", flush=True)
time.sleep(60)
"""


def listens(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=2).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def test_a_server_ends_with_its_parent() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    url = json.loads(parent.stdout.readline())["url"]
    assert listens(url)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while listens(url) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not listens(url)


def test_a_server_ends_on_sigterm_and_says_nothing() -> None:
    server = subprocess.Popen(
        [*SERVER, "wms", "--products=5"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with server:
        assert server.stdout is not None and server.stderr is not None
        assert json.loads(server.stdout.readline())["ready"] is True
        server.send_signal(signal.SIGTERM)
        assert server.wait(5) == 0
        assert server.stderr.read() == ""


def test_a_server_loads_nothing_heavy() -> None:
    heavy = "{'httpx', 'textual', 'sqlmodel', 'sqlalchemy', 'pydantic', 'sqlite3'}"
    code = (
        f"import invsync_tui.sandbox.__main__, invsync_tui.sandbox.data_faults, sys; print({heavy} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_control_door_wants_the_token_too() -> None:
    with sandbox_wms(products=5) as wms, sandbox_cart(products=5) as carts:
        for url in (f"{wms.url}/_control/dump", f"{carts.url}/_control/dump"):
            try:
                urllib.request.urlopen(url, timeout=5)
            except urllib.error.HTTPError as refused:
                assert refused.code == 401
            else:
                raise AssertionError("the door was open")
