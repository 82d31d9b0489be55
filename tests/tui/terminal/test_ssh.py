"""Over a real SSH connection: a lost line ends the control room, and the sync that it ordered goes on."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from invsync_tui.operations.views import RunDetail, RunState
from tests.support.servers.sandbox import sandbox_cart, sandbox_wms
from tests.support.servers.sshd import Line, NoSshError, programs, slow, sshd
from tests.support.stores.merchant_store import Bench
from tests.support.terminal.pty import Terminal

PRODUCTS = 300
ONE_WAY = 0.075
"""Seconds; there and back make 150 ms."""
GONE_WITHIN = 10.0


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    try:
        programs()
    except NoSshError as missing:
        if os.environ.get("INVSYNC_CI") == "1":
            raise
        pytest.skip(str(missing))
    folder = tmp_path / "ssh"
    folder.mkdir(mode=0o700)
    with sshd(folder) as line:
        yield line


@dataclass(frozen=True, slots=True)
class Site:
    """A store whose syncs take some seconds, and the way to it."""

    bench: Bench
    line: Line
    pid_file: Path

    def opened(self, *options: str, line: Line | None = None) -> Terminal:
        """The control room at the other end of a new connection. It notes its process id."""
        store = str(self.bench.store.path)
        program = [sys.executable, "-m", "invsync_tui", "--store", store, *options]
        noting = ["sh", "-c", 'echo $$ > "$0"; exec "$@"', str(self.pid_file), *program]
        return Terminal((line or self.line).command(noting))

    def pid(self) -> int:
        return int(self.pid_file.read_text())

    def run(self) -> RunDetail:
        """The download that was ordered."""
        found: RunDetail = self.bench.detail(1)
        return found


@pytest.fixture
def site(tmp_path: Path, line: Line) -> Iterator[Site]:
    bench = Bench.make(tmp_path, alone=True)
    with sandbox_wms(PRODUCTS, latency=2.0) as wms, sandbox_cart(PRODUCTS) as cart:
        token = tmp_path / "token"
        token.touch(0o600)
        token.write_text(wms.token)
        secret = f"file:{token}"
        bench.add_merchant(replace(wms.connection(), secret=secret))
        bench.add_cart(replace(cart.connection(), secret=secret))
        yield Site(bench, line, tmp_path / "pid")
    bench.store.close()


def until(holds: Callable[[], bool], what: str, within: float) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"waited {within:.0f} s for {what}"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_a_lost_line_ends_the_control_room_and_not_the_sync(site: Site) -> None:
    # given a sync that was ordered over SSH and is going on
    terminal = site.opened()
    terminal.wait_for("Last Inventory Run")
    terminal.wait_for("never run")
    terminal.send("s")
    terminal.wait_for("run 1", 30)
    terminal.wait_until(lambda: site.run().run.state is RunState.RUNNING, "the download")
    pid = site.pid()
    assert alive(pid)
    # when the client is killed, as by a network that is gone
    terminal.close()
    # then the control room ends while the download is still going on ...
    until(lambda: not alive(pid), "the control room's end", GONE_WITHIN)
    assert site.run().run.state is RunState.RUNNING
    assert site.run().worker_running
    # ... the next control room finds it ...
    with site.opened() as again:
        again.wait_for("1 running")
        again.send("enter")
        again.wait_for("run 1")
        again.wait_for("done", 60)
        again.send("q")
        assert again.wait_exit() == 0
    # ... and every product arrived.
    until(lambda: site.run().run.state.final, "the download's end", 60)
    assert site.run().run.state is RunState.DONE
    assert site.bench.one("SELECT count(*) FROM product WHERE missing_since IS NULL") == PRODUCTS


@pytest.mark.slow
def test_a_slow_line_costs_one_round_trip_a_key(site: Site) -> None:
    with slow(site.line, ONE_WAY) as distant, site.opened("--read-only", line=distant) as terminal:
        terminal.wait_for("never run", 30)
        terminal.settle(1.0)
        before, began = terminal.bytes_out, time.monotonic()
        terminal.send("?")
        terminal.wait_until(lambda: terminal.bytes_out > before, "an answer")
        assert 2 * ONE_WAY <= time.monotonic() - began < 4 * ONE_WAY + 0.25
        terminal.wait_for("Keys")
        terminal.settle(0.6)
        assert terminal.pump(2.0) == 0
        terminal.send("q")
        terminal.wait_for("never run")
        terminal.send("q")
        assert terminal.wait_exit() == 0
