"""Tells the service manager that the service is ready, works and ends, by the sd_notify protocol.

Does nothing where the service manager did not ask for it (NOTIFY_SOCKET, WATCHDOG_USEC).
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

EXTEND_EVERY, EXTEND_BY = 5.0, 60.0
"""While a service starts: seconds between two requests for more time, and for how much more each of them asks."""


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


@contextmanager
def starting(notifier: Notifier) -> Iterator[None]:
    """Meanwhile the manager is asked to wait, however long it takes.

    The upgrade of a large store takes minutes. A manager that ends the service after its 90 seconds would have it taken back
    and begun anew at each start.
    """
    if not notifier.address:
        yield
        return
    over = threading.Event()
    telling = threading.Thread(target=_ask_for_time, args=(notifier, over), name="service manager", daemon=True)
    telling.start()
    try:
        yield
    finally:
        over.set()
        telling.join()


def _ask_for_time(notifier: Notifier, over: threading.Event) -> None:
    while not over.wait(EXTEND_EVERY):
        notifier.send(f"EXTEND_TIMEOUT_USEC={round(EXTEND_BY * 1_000_000)}", "STATUS=Opening the store")


def _every(environment: Mapping[str, str], pid: int) -> float | None:
    """Half of the time after which the manager ends a silent service."""
    limit, of = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not limit.isdecimal() or int(limit) == 0 or (of and of != str(pid)):
        return None
    return int(limit) / 1_000_000 / 2
