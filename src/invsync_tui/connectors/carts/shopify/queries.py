"""The GraphQL documents. Each is checked against Shopify's official schemas of all versions in `VERSIONS` by the tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

VERSIONS = ("2026-04", "2026-07", "2026-10")
"""From 2026-04 on the compare-and-set field is `changeFromQuantity`, and the idempotency key is required."""
DEFAULT_VERSION = "2026-07"


class Document(NamedTuple):
    """A query, and what it may cost in points at most: an object is 1, a list 2 and as many objects as are asked for."""

    text: str
    cost: int


SHOP = Document("query Shop { shop { id name myshopifyDomain } }", 1)
SCOPES = Document("query Scopes { currentAppInstallation { accessScopes { handle } } }", 25)
LOCATIONS_FIRST = 100
LOCATIONS = Document(
    f"query Locations($after: String) {{ locations(first: {LOCATIONS_FIRST}, after: $after, sortKey: ID) "
    "{ nodes { id name isActive } pageInfo { hasNextPage endCursor } } }",
    LOCATIONS_FIRST + 3,
)

_LEVEL = '{ isActive updatedAt quantities(names: ["available"]) { name quantity } }'
_ITEM = f"id tracked inventoryLevel(locationId: $location) {_LEVEL}"
_VARIANT = "id sku barcode displayName inventoryQuantity requiresComponents"
VARIANT_COST = 4
"""Points of a variant with its item, its level and its quantity."""
LEVEL_COST = 2
"""Points of a further level of an item with its quantity."""


def level_at(number: int) -> str:
    """What the level at a further location is called in an answer, and its variable in a request."""
    return f"at{number}"


def _declared(further: int) -> str:
    return "".join(f", ${level_at(number)}: ID!" for number in range(further))


def _item(further: int) -> str:
    levels = (f" {level_at(n)}: inventoryLevel(locationId: ${level_at(n)}) {_LEVEL}" for n in range(further))
    return _ITEM + "".join(levels)


def variants(further: int) -> Document:
    """A page of variants with their levels at our location and at `further` others; its cost is without variants."""
    return Document(
        f"query Variants($first: Int!, $after: String, $location: ID!{_declared(further)}) "
        "{ productVariants(first: $first, after: $after, sortKey: ID) "
        f"{{ nodes {{ {_VARIANT} inventoryItem {{ {_item(further)} }} }} pageInfo {{ hasNextPage endCursor }} }} }}",
        3,
    )


VARIANTS = variants(0)


def bulk_variants(levels: Mapping[str, str]) -> str:
    """All variants with their levels for a bulk operation, which takes no variables; `levels`: the location's id by the
    name of its level."""
    at = " ".join(
        f"{'' if name == 'inventoryLevel' else f'{name}: '}inventoryLevel(locationId: {json.dumps(ref)}) {_LEVEL}"
        for name, ref in levels.items()
    )
    return f"{{ productVariants {{ edges {{ node {{ {_VARIANT} inventoryItem {{ id tracked {at} }} }} }} }} }}"


RUN_BULK = (
    "mutation RunBulk($query: String!) { bulkOperationRunQuery(query: $query) "
    "{ bulkOperation { id status } userErrors { code field message } } }"
)
BULK = Document(
    "query Bulk($id: ID!) { bulkOperation(id: $id) { id status errorCode rootObjectCount url } }",
    1,
)
COUNT = Document("query Count($limit: Int!) { productVariantsCount(limit: $limit) { count } }", 1)
"""Up to `limit`."""
ITEM_COST = 7


def items(further: int) -> Document:
    """Some items with their levels at our location and at `further` others; its cost is for no item."""
    return Document(
        f"query Items($ids: [ID!]!, $location: ID!{_declared(further)}) "
        "{ nodes(ids: $ids) { __typename id ... on InventoryItem "
        f"{{ {_item(further)} variants(first: 1) {{ nodes {{ {_VARIANT} }} }} }} }} }}",
        0,
    )


ITEMS = items(0)

_LINES = "nodes { id currentQuantity variant { inventoryItem { id } } } pageInfo { hasNextPage endCursor }"
ORDERS = Document(
    "query Orders($after: String, $query: String!) { orders(first: 10, after: $after, query: $query, sortKey: ID) "
    f"{{ nodes {{ id name createdAt cancelledAt lineItems(first: 25) {{ {_LINES} }} }} "
    "pageInfo { hasNextPage endCursor } } }",
    795,
)
ORDER_LINES = Document(
    "query OrderLines($id: ID!, $after: String) "
    f"{{ order(id: $id) {{ lineItems(first: 200, after: $after) {{ {_LINES} }} }} }}",
    604,
)
PLACES_ORDERS = 4
"""Orders whose locations are asked for at once."""
PLACES = Document(
    "query Places($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Order { fulfillmentOrders(first: 5) "
    "{ nodes { status assignedLocation { location { id } } lineItems(first: 20) "
    "{ nodes { totalQuantity lineItem { id } } pageInfo { hasNextPage } } } pageInfo { hasNextPage } } } } }",
    960,
)

SET = (
    "mutation SetAvailable($key: String!, $input: InventorySetQuantitiesInput!, $at: ID!) "
    "{ inventorySetQuantities(input: $input) @idempotent(key: $key) "
    '{ inventoryAdjustmentGroup { changes(quantityNames: ["available"]) '
    "{ quantityAfterChange item { id inventoryLevel(locationId: $at) { isActive } } location { id } } } "
    "userErrors { code field message } } }"
)
"""It asks whether the levels are active: shops were seen to take a number for one that is not, which sells nothing, and 2026-10
has no error code for it (https://community.shopify.dev/t/changes-to-setting-inventory-levels-at-disconnected-locations/33834)."""
SET_COST = 15
