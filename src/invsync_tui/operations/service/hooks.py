"""Listening for webhooks, beside the worker of the same process."""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from invsync_tui.operations.errors import InvalidError, OperationError
from invsync_tui.store.database import Store

log = logging.getLogger("invsync.service")

LOOPBACK = "127.0.0.1"
_GIVEN = re.compile(r"(?:(?P<host>[0-9.]+|\[[0-9a-fA-F:.]+\]):)?(?P<port>\d{1,5})")


class ListenAddress(NamedTuple):
    """Where the service listens, for webhooks or for a monitor."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, option: str = "--hooks") -> ListenAddress:
        """`PORT` on this machine alone, or `ADDRESS:PORT`; an IPv6 address in brackets. InvalidError for anything else."""
        match = _GIVEN.fullmatch(text.strip())
        try:
            host = str(ipaddress.ip_address((match["host"] or LOOPBACK).strip("[]"))) if match else ""
        except ValueError:
            host = ""
        if match is None or not host or int(match["port"]) > 65535:
            raise InvalidError(option, f"{text!r} is no place to listen; give PORT or ADDRESS:PORT.")
        return cls(host, int(match["port"]))

    @property
    def is_loopback(self) -> bool:
        """Nobody but this machine reaches it."""
        return ipaddress.ip_address(self.host).is_loopback

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Listening(NamedTuple):
    """A socket that listens, and where."""

    socket: socket.socket
    place: ListenAddress


def listen(place: ListenAddress, what: str = "webhooks", option: str = "--hooks") -> Listening:
    """Take the place for `what`, which `option` asked for; OperationError where that is not possible."""
    from invsync_tui.sync.hooks import http_server

    try:
        listening = http_server.listen(place.host, place.port)
    except OSError as error:
        raise OperationError(
            f"Cannot listen for {what} on {place}: {error.strerror}. Choose another place with {option}."
        ) from error
    return Listening(listening, place._replace(port=int(listening.getsockname()[1])))


@asynccontextmanager
async def serving(store: Store, listening: Listening | None) -> AsyncIterator[None]:
    """Take webhooks within the block; nothing where nobody listens."""
    if listening is None:
        yield
        return
    from invsync_tui.sync.hooks.http_server import HookServer
    from invsync_tui.sync.hooks.receiver import Receiver

    receiver = Receiver(store)
    server = HookServer(listening.socket, receiver)
    log.info(
        "listening for webhooks on http://%s, carts with an address: %s; TLS is the business of a proxy in front of it",
        listening.place, receiver.carts, extra={"event": "hooks"},
    )  # fmt: skip
    if not listening.place.is_loopback:
        log.warning(
            "webhooks: %s is reached from other machines without TLS; have a proxy on this machine and listen on %s",
            listening.place, LOOPBACK, extra={"event": "hooks_open"},
        )  # fmt: skip
    try:
        yield
    finally:
        await server.close()
        await receiver.close()
