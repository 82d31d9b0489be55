"""What Shopify refuses with an error at the top of its answer: scopes, sizes, arguments.

Scopes: https://shopify.dev/docs/api/usage/access-scopes and the page of each object ("Requires ... access scope"); the shape
of the error: https://github.com/Shopify/function-examples/issues/164. Sizes: https://shopify.dev/docs/api/usage/limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from graphql import GraphQLError
from graphql.language import DocumentNode, ListValueNode, Visitor, visit

INPUT_MOST = 250
NEEDS: Mapping[str, tuple[str, ...]] = {
    "productVariants": ("read_products",),
    "productVariantsCount": ("read_products",),
    "locations": ("read_locations", "read_inventory"),
    "orders": ("read_orders",),
    "order": ("read_orders",),
    "inventorySetQuantities": ("write_inventory",),
    "inventoryActivate": ("write_inventory",),
    "inventoryItemUpdate": ("write_inventory",),
}
"""By field at the top, the scopes of which one is enough. Who may write may read."""


def allowed(field: str, scopes: Iterable[str]) -> bool:
    """Whether a token with these scopes may ask for it."""
    held = {*scopes, *(name.replace("write_", "read_", 1) for name in scopes)}
    return field not in NEEDS or any(name in held for name in NEEDS[field])


def guarded(field: str, resolve: Any, scopes: Iterable[str]) -> Any:
    """The field, or what refuses it."""
    return resolve if allowed(field, scopes) else _denied(field)


def _denied(field: str) -> Callable[..., Any]:
    needed = " or ".join(f"`{name}` access scope" for name in NEEDS[field])

    def refuse(info: Any, **_: Any) -> Any:
        raise GraphQLError(
            f"Access denied for {field} field. Required access: {needed}.",
            extensions={
                "code": "ACCESS_DENIED", "documentation": "https://shopify.dev/api/usage/access-scopes",
                "requiredAccess": f"{needed}.",
            },
        )  # fmt: skip

    return refuse


def refused(code: str, message: str, **more: Any) -> dict[str, Any]:
    """An answer with HTTP 200, an error and no data."""
    return {"errors": [{"message": message, "extensions": {"code": code, **more}}]}


def raised(code: str, message: str) -> GraphQLError:
    """An error of one field, whose value becomes null."""
    return GraphQLError(message, extensions={"code": code})


def longest_input(document: DocumentNode, variables: Mapping[str, Any]) -> int:
    """The size of the longest array in the arguments of a request, written in it or as a variable."""
    sizes = [0, *_sizes(variables)]

    class Lists(Visitor):
        def enter_list_value(self, node: ListValueNode, *_: Any) -> None:
            sizes.append(len(node.values))

    visit(document, Lists())
    return max(sizes)


def _sizes(value: Any) -> Iterable[int]:
    if isinstance(value, list):
        yield len(value)
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for field in inner:
        yield from _sizes(field)
