"""What both sandbox servers share: login, rate limit, latency, switched-on faults, request log, and the control door.

Not here: their data (`wms`, `cart`).
"""

from __future__ import annotations

import asyncio
import email.utils
import random
import time
from dataclasses import dataclass
from typing import Any

from invsync_tui.sandbox.server import Ending, Reply, Request, ok, refusal
from invsync_tui.sandbox.server_faults import Bucket, Kind, ServerFault, Troubles

CONTROL = "/_control/"
LOG_MOST = 200_000
"""Requests remembered."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a server answers and how much it lets through; 0 is no limit."""

    latency: float = 0.0
    """Mean seconds per request, half before the work and half after it."""
    jitter: float = 0.0
    """Most seconds of an extra random wait, before the work and again after it."""
    burst: float = 0.0
    per_second: float = 0.0

    def bucket(self) -> Bucket | None:
        """A new bucket of this size."""
        return Bucket(self.burst or self.per_second, self.per_second) if self.per_second else None

    async def wait(self) -> None:
        """One half of a request's time."""
        seconds = self.latency / 2 * random.uniform(0.5, 1.5) + random.uniform(0, self.jitter)
        if seconds > 0:
            await asyncio.sleep(seconds)


class Service:
    """A server's work, request by request. Subclasses answer and say whose limit and pace a request has."""

    def __init__(self, token: str, pace: Pace) -> None:
        self.token = token
        self.clock = 0
        """Seconds by which its clock is ahead of this machine's."""
        self.pace = pace
        self.troubles = Troubles()
        self.requests: list[dict[str, object]] = []
        self._bucket = pace.bucket()

    # --- for subclasses

    def answer(self, request: Request) -> Reply:
        """Do the work, at once and undivided."""
        raise NotImplementedError

    def order(self, name: str, body: Any) -> Reply:
        """Do what the control door was asked."""
        raise NotImplementedError

    def page_of(self, request: Request) -> int | None:
        """Which page a request asks for, counted from 1."""
        raise NotImplementedError

    def bucket_of(self, request: Request) -> Bucket | None:
        """The limit that a request counts against."""
        return self._bucket

    def clock_of(self, request: Request) -> int:
        """Seconds by which the clock of what a request is for is ahead."""
        return self.clock

    def pace_of(self, request: Request) -> Pace:
        """The pace of a request."""
        return self.pace

    # --- one request

    async def handle(self, request: Request) -> Reply:
        """The whole way of a request."""
        if request.path.startswith(CONTROL):
            return self._control(request)
        entry = self._enter(request)
        reply = await self._limited(request)
        entry["status"] = reply.status
        reply.headers.setdefault("date", email.utils.formatdate(time.time() + self.clock_of(request), usegmt=True))
        return reply

    def _enter(self, request: Request) -> dict[str, object]:
        query = "&".join(f"{k}={v}" for k, v in request.query.items())
        path = f"{request.path}?{query}" if query else request.path
        entry: dict[str, object] = {"t": time.time(), "method": request.method, "path": path, "status": None}
        if len(self.requests) < LOG_MOST:
            self.requests.append(entry)
        return entry

    def _knows(self, request: Request) -> bool:
        return request.headers.get("authorization", "") == f"Bearer {self.token}"

    async def _limited(self, request: Request) -> Reply:
        if not self._knows(request):
            return refusal(401, "The token is not known.")
        bucket = self.bucket_of(request)
        if bucket is not None and not bucket.take():
            reply = refusal(429, "Too many requests.")
            reply.headers.update(bucket.retry_after())
            return reply
        reply = await self._troubled(request)
        if bucket is not None:
            # At the time of the answer, so that a client may believe the last answer that it got.
            reply.headers.update(bucket.headers())
        return reply

    async def _troubled(self, request: Request) -> Reply:
        page = self.page_of(request)
        pace = self.pace_of(request)
        await pace.wait()
        instead = await self._instead(request, page)
        if instead is not None:
            return instead
        reply = self.answer(request)
        await pace.wait()
        return await self._afterwards(reply, request, page)

    async def _instead(self, request: Request, page: int | None) -> Reply | None:
        def hit(kind: Kind) -> ServerFault | None:
            return self.troubles.take(kind, request.path, page)

        if (slow := hit(Kind.SLOW)) is not None:
            await asyncio.sleep(slow.wait())
        if hit(Kind.DROP):
            return Reply(200, ending=Ending.NONE)
        if hit(Kind.EMPTY):
            return Reply(200)
        status = hit(Kind.STATUS)
        return _failure(status) if status else None

    async def _afterwards(self, reply: Reply, request: Request, page: int | None) -> Reply:
        def hit(kind: Kind) -> ServerFault | None:
            return self.troubles.take(kind, request.path, page)

        if (slow := hit(Kind.SLOW_AFTER)) is not None:
            await asyncio.sleep(slow.wait())
        if hit(Kind.LOST):
            reply.ending = Ending.NONE
        if hit(Kind.CUT):
            reply.ending = Ending.CUT
        if hit(Kind.HALF_JSON):
            reply.body = reply.body[: len(reply.body) // 2]
        status = hit(Kind.STATUS_AFTER)
        return _failure(status) if status else reply

    # --- the control door

    def _control(self, request: Request) -> Reply:
        if not self._knows(request):
            return refusal(401, "The token is not known.")
        name = request.path.removeprefix(CONTROL)
        if name == "requests":
            return ok(self.requests)
        if name == "faults":
            self.troubles.active = [ServerFault.read(values) for values in request.json()["faults"]]
            return ok({"active": len(self.troubles.active)})
        if name == "pace":
            return self._set_pace(Pace(**request.json()))
        return self.order(name, request.json())

    def _set_pace(self, pace: Pace) -> Reply:
        self.pace, self._bucket = pace, pace.bucket()
        return ok({})


def _failure(trouble: ServerFault) -> Reply:
    reply = refusal(trouble.status, "Something went wrong on purpose.")
    if trouble.status == 429:
        reply.headers["retry-after"] = f"{trouble.seconds:g}"
    return reply
