"""What a blank Vendure needs before it can hold a catalog and take an order, said over its own admin API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Ask = Callable[..., Any]
"""`ask(document, **variables)` -> data."""

READER, READER_PASSWORD = "reader@example.com", "reads-only"
LOCATIONS = ("East", "West")

_ARGUMENTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "checker": (("orderMinimum", "0"),),
    "calculator": (("rate", "0"), ("includesTax", "auto"), ("taxRate", "0")),
}


def _operation(code: str, arguments: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return {"code": code, "arguments": [{"name": name, "value": value} for name, value in arguments]}


def _named(name: str, **more: str) -> list[dict[str, str]]:
    return [{"languageCode": "en", "name": name, **more}]


def seed(ask: Ask) -> None:
    """Taxes, locations, ways to ship and pay, and an administrator that may only read the catalog."""
    _seed_taxes(ask)
    for name in LOCATIONS:
        ask("mutation($n: String!) { createStockLocation(input: {name: $n}) { id } }", n=name)
    _seed_ordering(ask)
    _seed_reader(ask)


def _seed_taxes(ask: Ask) -> None:
    zone = ask('mutation { createZone(input: {name: "Zone"}) { id } }')["createZone"]["id"]
    country = {"code": "DE", "enabled": True, "translations": _named("Germany")}
    answer = ask("mutation($i: CreateCountryInput!) { createCountry(input: $i) { id } }", i=country)
    member = answer["createCountry"]["id"]
    ask("mutation($z: ID!, $m: [ID!]!) { addMembersToZone(zoneId: $z, memberIds: $m) { id } }", z=zone, m=[member])
    tax = ask('mutation { createTaxCategory(input: {name: "Tax", isDefault: true}) { id } }')["createTaxCategory"]["id"]
    rate = {"name": "Rate", "enabled": True, "value": 0, "categoryId": tax, "zoneId": zone}
    ask("mutation($i: CreateTaxRateInput!) { createTaxRate(input: $i) { id } }", i=rate)
    channel = {"id": "1", "defaultTaxZoneId": zone, "defaultShippingZoneId": zone}
    ask("mutation($i: UpdateChannelInput!) { updateChannel(input: $i) { __typename } }", i=channel)


def _seed_ordering(ask: Ask) -> None:
    shipping = {
        "code": "standard",
        "fulfillmentHandler": "manual-fulfillment",
        "checker": _operation("default-shipping-eligibility-checker", _ARGUMENTS["checker"]),
        "calculator": _operation("default-shipping-calculator", _ARGUMENTS["calculator"]),
        "translations": _named("Standard", description=""),
    }
    ask("mutation($i: CreateShippingMethodInput!) { createShippingMethod(input: $i) { id } }", i=shipping)
    handler = _operation("dummy-payment-handler", (("automaticSettle", "true"),))
    payment = {"code": "dummy", "enabled": True, "handler": handler, "translations": _named("Dummy", description="")}
    ask("mutation($i: CreatePaymentMethodInput!) { createPaymentMethod(input: $i) { id } }", i=payment)


def _seed_reader(ask: Ask) -> None:
    role = {"code": "reader", "description": "", "permissions": ["ReadCatalog"]}
    answer = ask("mutation($i: CreateRoleInput!) { createRole(input: $i) { id } }", i=role)
    administrator = {
        "firstName": "R",
        "lastName": "R",
        "emailAddress": READER,
        "password": READER_PASSWORD,
        "roleIds": [answer["createRole"]["id"]],
    }
    ask("mutation($i: CreateAdministratorInput!) { createAdministrator(input: $i) { id } }", i=administrator)


_ADD = "addItemToDraftOrder(orderId: $o, input: $i) { __typename }"
_CUSTOMER = "setCustomerForDraftOrder(orderId: $o, input: $i) { __typename }"
_ADDRESS = "setDraftOrderShippingAddress(orderId: $o, input: $i) { id }"
_WAYS = "query($o: ID!) { eligibleShippingMethodsForDraftOrder(orderId: $o) { id } }"
_WAY = "mutation($o: ID!, $m: ID!) { setDraftOrderShippingMethod(orderId: $o, shippingMethodId: $m) { __typename } }"
_ARRANGE = 'mutation($o: ID!) { transitionOrderToState(id: $o, state: "ArrangingPayment") { __typename } }'
_PAY = "mutation($i: ManualPaymentInput!) { addManualPaymentToOrder(input: $i) { ... on Order { state } } }"


def place_order(ask: Ask, variant: str, quantity: int) -> str:
    """The id of an order of one variant, paid: from then on its quantity is allocated."""
    order = ask("mutation { createDraftOrder { id } }")["createDraftOrder"]["id"]
    item = {"productVariantId": variant, "quantity": quantity}
    ask(f"mutation($o: ID!, $i: AddItemToDraftOrderInput!) {{ {_ADD} }}", o=order, i=item)
    customer = {"emailAddress": "buyer@example.com", "firstName": "B", "lastName": "B"}
    ask(f"mutation($o: ID!, $i: CreateCustomerInput!) {{ {_CUSTOMER} }}", o=order, i=customer)
    address = {"streetLine1": "Street 1", "countryCode": "DE"}
    ask(f"mutation($o: ID!, $i: CreateAddressInput!) {{ {_ADDRESS} }}", o=order, i=address)
    way = ask(_WAYS, o=order)["eligibleShippingMethodsForDraftOrder"][0]["id"]
    ask(_WAY, o=order, m=way)
    ask(_ARRANGE, o=order)
    payment = {"orderId": order, "method": "dummy", "transactionId": "paid", "metadata": {}}
    paid = ask(_PAY, i=payment)
    assert paid["addManualPaymentToOrder"].get("state") == "PaymentSettled", paid
    return str(order)


def fill_cart(ask: Ask, variant: str) -> None:
    """An order that is still a draft."""
    order = ask("mutation { createDraftOrder { id } }")["createDraftOrder"]["id"]
    item = {"productVariantId": variant, "quantity": 1}
    ask(f"mutation($o: ID!, $i: AddItemToDraftOrderInput!) {{ {_ADD} }}", o=order, i=item)


_CANCEL = "mutation($i: CancelOrderInput!) { cancelOrder(input: $i) { ... on Order { state } } }"


def cancel_order(ask: Ask, order: str) -> None:
    """All of an order that was not shipped."""
    done = ask(_CANCEL, i={"orderId": order})
    assert done["cancelOrder"].get("state") == "Cancelled", done


_MODIFYING = 'mutation($o: ID!) { transitionOrderToState(id: $o, state: "Modifying") { __typename } }'
_MODIFY = "mutation($i: ModifyOrderInput!) { modifyOrder(input: $i) { __typename ... on Order { id } } }"


def add_to_order(ask: Ask, order: str, variant: str, quantity: int) -> None:
    """Units come to an order that was placed and paid: they are allocated at once."""
    ask(_MODIFYING, o=order)
    item = {"productVariantId": variant, "quantity": quantity}
    done = ask(_MODIFY, i={"dryRun": False, "orderId": order, "addItems": [item]})
    assert done["modifyOrder"]["__typename"] == "Order", done
