"""A GraphQL endpoint on loopback that answers as a test says, for what cannot be provoked on a real server."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived."""

    operation: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer. `drop` closes the connection instead."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False


@dataclass(slots=True)
class GraphqlStub:
    """The stub's address and everything it was asked, in order."""

    url: str
    asked: list[Asked]

    def operations(self) -> list[str]:
        """The names of the operations asked for."""
        return [request.operation for request in self.asked]


def _operation(body: bytes) -> str:
    words = json.loads(body)["query"].replace("(", " ").split()
    return str(words[1])


@contextmanager
def graphql_stub(answer: Callable[[Asked], Answer]) -> Iterator[GraphqlStub]:
    """Serve `answer` until the block ends."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked.append(Asked(_operation(body), body, headers))
            self._send(answer(asked[-1]))

        def _send(self, reply: Answer) -> None:
            if reply.drop:
                self.close_connection = True
                return
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {"content-length": str(len(content)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Silent: the test looks at `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield GraphqlStub(f"http://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        server.server_close()
