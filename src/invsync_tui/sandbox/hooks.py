"""Webhooks of the sandbox cart: what changed is posted to an address, signed with the cart's password."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import uuid
from collections.abc import Sequence
from urllib.parse import urlsplit

from invsync_tui.sandbox.server import encoded

TRIES, WAIT, AGAIN = 3, 5.0, 0.5
"""Times that a webhook is sent, seconds for each, and seconds between them."""


class Outbox:
    """Where each shop's webhooks go, and those that are on their way."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self.addresses: dict[str, str] = {}
        """By shop."""
        self._sending: set[asyncio.Task[None]] = set()

    def announce(self, shop: str, topic: str, refs: Sequence[str]) -> None:
        """Say that listings changed, or with the topic `order` that an order for them came; nothing without an address."""
        address = self.addresses.get(shop, "")
        if address:
            task = asyncio.get_running_loop().create_task(self._send(address, encoded({"topic": topic, "refs": refs})))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _send(self, address: str, body: bytes) -> None:
        delivery = uuid.uuid4().hex
        for _ in range(TRIES):
            with contextlib.suppress(OSError, TimeoutError, ValueError):
                async with asyncio.timeout(WAIT):
                    if await self._posted(address, delivery, body) == 200:
                        return
            await asyncio.sleep(AGAIN)

    async def _posted(self, address: str, delivery: str, body: bytes) -> int:
        """The status of the answer."""
        url = urlsplit(address)
        signature = base64.b64encode(hmac.digest(self._secret.encode(), body, "sha256")).decode()
        head = (
            f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-Sandbox-Signature: {signature}\r\nX-Sandbox-Delivery: {delivery}\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection(url.hostname, url.port or 80)
        try:
            writer.write(head.encode("ascii") + body)
            await writer.drain()
            return int((await reader.readline()).split()[1])
        finally:
            writer.close()
