"""Bulk operations of the fake Shopify, by its documentation and schema: a query of its own kind, a file elsewhere, faults."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import execute
from graphql.language import DocumentNode, FieldNode, OperationDefinitionNode

from tests.support.servers.http_stub import Answer, Request
from tests.support.servers.shopify.schema import checked, schema_of

CONNECTIONS_MOST = 5
SECRET_HEADERS = ("x-shopify-access-token", "authorization", "cookie")


@dataclass
class Operation:
    """`looks`: how often it was asked for."""

    ref: str
    version: str
    query: str
    status: str = "CREATED"
    looks: int = 0
    lines: list[str] = field(default_factory=list)


@dataclass
class BulkOperations:
    """Set a field and the next request meets it."""

    root: Callable[[], Mapping[str, Any]]
    wrong: Callable[[str], None]
    operations: dict[str, Operation] = field(default_factory=dict)
    files: str = ""
    """Address of the server that has the files."""
    refuse: str = ""
    """Code of the user error that the next ones end with."""
    running: int = 0
    """How often an operation that is asked for is still running."""
    ends: str = "COMPLETED"
    file_status: int = 200
    cut: Callable[[bytes], bytes] = lambda content: content
    """What becomes of a file on its way."""
    fetched: int = 0

    def run(self, version: str, query: str) -> Mapping[str, Any]:
        """`bulkOperationRunQuery`: refused where a bulk operation could not run the query."""
        if self.refuse:
            errors = [{"code": self.refuse, "message": "A bulk operation is in progress.", "field": None}]
            return {"bulkOperation": None, "userErrors": errors}
        if why := self._unfit(version, query):
            self.wrong(f"a bulk query that is refused: {why}")
            return {"bulkOperation": None, "userErrors": [{"code": "INVALID", "message": why, "field": ["query"]}]}
        ref = f"gid://shopify/BulkOperation/{len(self.operations) + 1}"
        self.operations[ref] = Operation(ref, version, query)
        return {"bulkOperation": self._record(self.operations[ref]), "userErrors": []}

    def _unfit(self, version: str, query: str) -> str:
        document, wrong = checked(version, query)
        if wrong:
            return "; ".join(wrong)
        (operation,) = document.definitions
        if not isinstance(operation, OperationDefinitionNode) or operation.variable_definitions:
            return "it has variables"
        if len(operation.selection_set.selections) != 1:
            return "it has more than one field at its top"
        depths = _connections(operation, 0)
        if not depths:
            return "it has no connection"
        if len(depths) > CONNECTIONS_MOST or max(depths) > 2:
            return "it has too many connections"
        return ""

    def look(self, ref: str) -> Mapping[str, Any] | None:
        """`bulkOperation`: the data are those of the moment at which it ends."""
        operation = self.operations.get(ref)
        if operation is None:
            return None
        operation.looks += 1
        if operation.status in ("CREATED", "RUNNING"):
            operation.status = "RUNNING" if operation.looks <= self.running else self.ends
            if operation.status == "COMPLETED":
                operation.lines = self._executed(operation)
        return self._record(operation)

    def _executed(self, operation: Operation) -> list[str]:
        document, _ = checked(operation.version, operation.query)
        assert isinstance(document, DocumentNode)
        done = execute(schema_of(operation.version), document, self.root())
        assert not done.errors and done.data is not None, done.errors
        (connection,) = done.data.values()
        return [json.dumps(edge["node"]) for edge in connection["edges"]]

    def _record(self, operation: Operation) -> Mapping[str, Any]:
        done, failed = operation.status == "COMPLETED", operation.status == "FAILED"
        name = operation.ref.rpartition("/")[2]
        url = f"{self.files}/bulk-{name}.jsonl?Expires=1790000000&Signature=c2lnbmF0dXJlLW9mLXRoZS1maWxl"
        return {
            "id": operation.ref, "status": operation.status, "errorCode": "TIMEOUT" if failed else None,
            "rootObjectCount": str(len(operation.lines)), "objectCount": str(len(operation.lines)),
            "url": url if done and operation.lines else None, "partialDataUrl": url if failed else None,
        }  # fmt: skip

    def file(self, request: Request) -> Answer:
        """The server of the files: it knows nobody, and what a login is sent to it is seen."""
        for name in SECRET_HEADERS:
            if name in request.headers:
                self.wrong(f"the server of the files was sent {name}")
        self.fetched += 1
        if self.file_status != 200:
            return Answer(self.file_status, b"<Error><Code>ExpiredToken</Code></Error>")
        ref = f"gid://shopify/BulkOperation/{request.path.partition('-')[2].partition('.')[0]}"
        content = "".join(f"{line}\n" for line in self.operations[ref].lines).encode()
        return Answer(200, self.cut(content), {"Content-Type": "application/jsonl"})


def _connections(node: Any, depth: int) -> list[int]:
    """How deep each connection of a query is."""
    found = []
    for part in node.selection_set.selections if node.selection_set is not None else ():
        is_one = isinstance(part, FieldNode) and part.selection_set is not None and _has_edges(part)
        found += [depth + 1] if is_one else []
        found += _connections(part, depth + 1 if is_one else depth)
    return found


def _has_edges(field_: FieldNode) -> bool:
    assert field_.selection_set is not None
    return any(isinstance(part, FieldNode) and part.name.value == "edges" for part in field_.selection_set.selections)
