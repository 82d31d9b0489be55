"""Bulk operations of the fake Shopify, by its documentation and schema: a query of its own kind, a file elsewhere, faults."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import ExecutionResult, execute
from graphql.language import DocumentNode, FieldNode, OperationDefinitionNode

from tests.support.servers.http_stub import Answer, Request
from tests.support.servers.shopify.schema import checked, schema_of

CONNECTIONS_MOST = 5
AT_ONCE = 5
"""Operations of an app in one shop since 2026-01: https://shopify.dev/docs/api/usage/bulk-operations/queries"""
SECRET_HEADERS = ("x-shopify-access-token", "authorization", "cookie")


@dataclass
class Operation:
    """`looks`: how often it was asked for."""

    ref: str
    version: str
    query: str
    status: str = "CREATED"
    looks: int = 0
    error: str | None = None
    roots: int = 0
    lines: list[str] = field(default_factory=list)


@dataclass
class BulkOperations:
    """Set a field and the next request meets it."""

    root: Callable[[], Mapping[str, Any] | None]
    """What is read; None where the scopes do not allow it."""
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
        if sum(operation.status in ("CREATED", "RUNNING") for operation in self.operations.values()) >= AT_ONCE:
            errors = [{"code": "LIMIT_REACHED", "message": "Bulk operations limit reached.", "field": None}]
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
        nested = "The parent 'node' field for a nested connection must select the 'id' field without an alias"
        return "" if _has_ids(operation) else nested

    def look(self, ref: str) -> Mapping[str, Any] | None:
        """`bulkOperation`: the data are those of the moment at which it ends."""
        operation = self.operations.get(ref)
        if operation is None:
            return None
        operation.looks += 1
        if operation.status in ("CREATED", "RUNNING"):
            operation.status = "RUNNING" if operation.looks <= self.running else self.ends
            if operation.status in ("COMPLETED", "FAILED"):
                self._finish(operation)
        return self._record(operation)

    def _finish(self, operation: Operation) -> None:
        """All lines, or of an operation that fails the first half."""
        root = self.root()
        if root is None:
            operation.status, operation.error = "FAILED", "ACCESS_DENIED"
            return
        document, _ = checked(operation.version, operation.query)
        assert isinstance(document, DocumentNode)
        done = execute(schema_of(operation.version), document, root)
        assert isinstance(done, ExecutionResult) and not done.errors and done.data is not None, done
        (connection,) = done.data.values()
        operation.lines = [json.dumps(line) for line in _lines(connection, None)]
        operation.roots = len(connection["edges"])
        if operation.status == "FAILED":
            operation.error = "TIMEOUT"
            operation.lines = operation.lines[: len(operation.lines) // 2]

    def _record(self, operation: Operation) -> Mapping[str, Any]:
        done, failed = operation.status == "COMPLETED", operation.status == "FAILED"
        name = operation.ref.rpartition("/")[2]
        url = f"{self.files}/bulk-{name}.jsonl?Expires=1790000000&Signature=c2lnbmF0dXJlLW9mLXRoZS1maWxl"
        return {
            "id": operation.ref, "status": operation.status, "errorCode": operation.error, "query": operation.query,
            "type": "QUERY", "rootObjectCount": str(operation.roots), "objectCount": str(len(operation.lines)),
            "url": url if done and operation.lines else None,
            "partialDataUrl": url if failed and operation.lines else None,
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


def _lines(connection: Any, parent: str | None) -> list[dict[str, Any]]:
    """A line for each record of a connection, and after it one for each record that is nested in it."""
    lines: list[dict[str, Any]] = []
    for edge in connection["edges"]:
        record, nested = _without_connections(edge["node"])
        lines.append(record | ({"__parentId": parent} if parent is not None else {}))
        for child in nested:
            lines += _lines(child, record["id"])
    return lines


def _without_connections(record: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    own_fields: dict[str, Any] = {}
    nested = []
    for name, value in record.items():
        if isinstance(value, Mapping) and "edges" in value:
            nested.append(value)
        elif isinstance(value, Mapping):
            own_fields[name], below = _without_connections(value)
            nested += below
        else:
            own_fields[name] = value
    return own_fields, nested


def _has_ids(node: Any) -> bool:
    """Whether each record that has a connection nested in it asks for its `id`."""
    parts = node.selection_set.selections if node.selection_set is not None else ()
    if isinstance(node, FieldNode) and node.name.value == "node" and _connections(node, 0):
        names = [part.name.value for part in parts if isinstance(part, FieldNode) and part.alias is None]
        if "id" not in names:
            return False
    return all(_has_ids(part) for part in parts if isinstance(part, FieldNode))


def _connections(node: Any, depth: int) -> list[int]:
    """How deep each connection of a query is."""
    connections = []
    for part in node.selection_set.selections if node.selection_set is not None else ():
        is_one = isinstance(part, FieldNode) and part.selection_set is not None and _has_edges(part)
        connections += [depth + 1] if is_one else []
        connections += _connections(part, depth + 1 if is_one else depth)
    return connections


def _has_edges(field_: FieldNode) -> bool:
    assert field_.selection_set is not None
    return any(isinstance(part, FieldNode) and part.name.value == "edges" for part in field_.selection_set.selections)
