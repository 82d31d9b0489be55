"""A shell whose store has a merchant on sandbox servers, and a service for it."""

from __future__ import annotations

import json
import subprocess
import time

from tests.support.processes.shell import INVSYNC, Shell, check
from tests.support.servers.sandbox import CartHandle, WmsHandle


def set_up(shell: Shell, wms: WmsHandle, cart: CartHandle) -> None:
    """A store with a merchant and a cart on the sandbox, and no service."""
    shell.ok("init")
    connection = ["--url", wms.url, "--secret", wms.secret, "--sync", "on", "--every", "off"]
    shell.ok("merchants", "add", "Acme", "--source", "sandbox", *connection)
    options = [f"--option={key}={value}" for key, value in cart.connection().options.items()]
    connection = ["--url", cart.url, "--secret", cart.secret, "--upload", "on", *options]
    shell.ok("carts", "add", "Acme", "Shop", "--system", "sandbox", *connection)


def serve(shell: Shell, *more: str) -> subprocess.Popen[str]:
    """A service that has begun."""
    process = subprocess.Popen(
        [*INVSYNC, "serve", "--json", "--quiet", *more],
        env=shell.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    check("serve", json.loads(process.stdout.readline()))
    deadline = time.monotonic() + 20
    while not shell.run("status", "--json").document["pulse"]["service_running"]:
        assert time.monotonic() < deadline, "the service did not come up"
    return process
