"""A loopback HTTP server with scripted answers that keeps the requests, for what a real one will not do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say to one request."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def as_json(value: Any, status: int = 200, **headers: str) -> Answer:
    """An answer whose body is `value` as JSON."""
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


@dataclass(slots=True)
class Stub:
    """`script` is used up answer by answer; when it is empty, every further request gets a 599."""

    url: str
    script: list[Answer]
    requests: list[Request] = field(default_factory=list)
    answering: Callable[[Request], Answer] | None = None
    """Answers instead of the script."""
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Request) -> Answer:
        """Note the request, take the next answer."""
        with self._turn:
            self.requests.append(request)
            if self.answering is not None:
                return self.answering(request)
            return self.script.pop(0) if self.script else Answer(599, b"the script is over")


def _handler(stub: Stub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {k.lower(): v for k, v in self.headers.items()}
            given = stub.answer(Request(self.command, self.path, headers, body))
            self.send_response_only(given.status)
            usual = {"Date": self.date_time_string(), "Content-Length": str(len(given.body))}
            for name, value in {**usual, **given.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(given.body)

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 (names that http.server looks for)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing: the requests are kept."""

    return Handler


@contextmanager
def stub_server(answers: Iterable[Answer] = ()) -> Iterator[Stub]:
    """A server on a free loopback port with a script; it is gone when the block ends."""
    stub = Stub("", list(answers))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stub))
    server.daemon_threads = True
    stub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
