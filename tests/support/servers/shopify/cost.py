"""What a query of Shopify costs, before it runs and after: https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits

A scalar is nothing, an object one point, a connection is sized by `first` or `last`, a mutation ten. Before it runs a query is
charged for all that it might return; afterwards the difference to what it did return is given back. What a connection itself
costs is not published: two points here, as the examples of the documentation have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import value_from_ast_untyped
from graphql.language import FieldNode, InlineFragmentNode, OperationDefinitionNode, OperationType

QUERY_MOST = 1000
MUTATION = 10
CONNECTION = 2
_INSIDE = ("nodes", "edges", "node")
"""Fields of a connection that are its records and no objects of their own."""


def requested(operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
    """The points of all that the operation could return."""
    return _floor(operation, _could(operation.selection_set.selections, variables))


def actual(operation: OperationDefinitionNode, variables: Mapping[str, Any], data: Any) -> int:
    """The points of what it returned: null and empty places of a page are nothing."""
    return _floor(operation, _did(operation.selection_set.selections, variables, data or {}))


def _floor(operation: OperationDefinitionNode, points: int) -> int:
    return max(MUTATION, points) if operation.operation is OperationType.MUTATION else points


def _given(node: FieldNode, variables: Mapping[str, Any]) -> dict[str, Any]:
    return {
        argument.name.value: value_from_ast_untyped(argument.value, dict(variables))
        for argument in node.arguments or ()
    }


def _size(given: Mapping[str, Any]) -> int | None:
    if "ids" in given:
        return len(given["ids"])
    size = given.get("first", given.get("last"))
    return size if isinstance(size, int) else None


def _could(selections: Any, variables: Mapping[str, Any]) -> int:
    total = 0
    for node in selections:
        if isinstance(node, InlineFragmentNode):
            total += _could(node.selection_set.selections, variables)
        elif isinstance(node, FieldNode) and node.selection_set is not None:
            total += _could_field(node, variables)
    return total


def _could_field(node: FieldNode, variables: Mapping[str, Any]) -> int:
    assert node.selection_set is not None
    given = _given(node, variables)
    size = _size(given)
    inner = _could(node.selection_set.selections, variables)
    if size is not None:
        return (0 if "ids" in given else CONNECTION) + size * (1 + inner)
    if node.name.value == "pageInfo":
        return 0
    return inner if node.name.value in _INSIDE else 1 + inner


def _did(selections: Any, variables: Mapping[str, Any], data: Mapping[str, Any]) -> int:
    total = 0
    for node in selections:
        if isinstance(node, InlineFragmentNode):
            total += _did(node.selection_set.selections, variables, data)
        elif isinstance(node, FieldNode) and node.selection_set is not None:
            value = data.get((node.alias or node.name).value)
            total += 0 if value is None or node.name.value == "pageInfo" else _did_field(node, variables, value)
    return total


def _did_field(node: FieldNode, variables: Mapping[str, Any], value: Any) -> int:
    assert node.selection_set is not None
    below = node.selection_set.selections
    given = _given(node, variables)
    if "ids" in given:
        return sum(1 + _did(below, variables, item) for item in value if item is not None)
    if _size(given) is not None:
        return CONNECTION + _did(below, variables, value)
    if node.name.value in ("nodes", "edges"):
        return sum(1 + _did(below, variables, item) for item in value)
    if isinstance(value, list):
        return 1 + max((_did(below, variables, item) for item in value), default=0)
    inner = _did(below, variables, value)
    return inner if node.name.value == "node" else 1 + inner
