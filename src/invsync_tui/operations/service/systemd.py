"""Tells the service manager that the service is ready, works and ends, by the sd_notify protocol.

Does nothing where the service manager did not ask for it (NOTIFY_SOCKET, WATCHDOG_USEC).
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notifier:
    """The manager's socket, '' for none; `every` seconds between two signs of life, None where none are asked for."""

    address: str
    every: float | None

    @classmethod
    def of(cls, environment: Mapping[str, str], pid: int) -> Notifier:
        """What the environment of a process asks for."""
        address = environment.get("NOTIFY_SOCKET", "")
        return cls(address if address[:1] in ("/", "@") else "", _every(environment, pid) if address else None)

    def send(self, *lines: str) -> None:
        """Tell; a manager that does not listen is no reason to stop."""
        if not self.address:
            return
        # A name that begins with @ is in the abstract namespace of Linux.
        address = "\0" + self.address[1:] if self.address.startswith("@") else self.address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
            to.setblocking(False)
            to.sendto("\n".join(lines).encode(), address)


def _every(environment: Mapping[str, str], pid: int) -> float | None:
    """Half of the time after which the manager ends a silent service."""
    limit, of = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not limit.isdecimal() or int(limit) == 0 or (of and of != str(pid)):
        return None
    return int(limit) / 1_000_000 / 2
