"""What every Medusa of the tests begins with: a secret key, two stock locations, a region and a sales channel."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

LOCATIONS = ("East", "West")


class RefusedError(Exception):
    """The server refused what a test asked of it directly; `status` is that of HTTP."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        super().__init__(f"{status}: {text[:1000]}")


@dataclass(frozen=True, slots=True)
class Seed:
    """Ids of what was sown, and the key to log in with."""

    key: str
    store: str
    channel: str
    profile: str
    region: str
    shipping: str
    """A shipping option, without which no order can be packed."""
    locations: Mapping[str, str]
    """Name to id."""

    def as_json(self) -> Mapping[str, Any]:
        """The same as a JSON object."""
        return asdict(self)


def ask(url: str, authorization: str, method: str, path: str, body: Any = None) -> Any:
    """The answer to a request; RefusedError with the server's text."""
    headers = {"content-type": "application/json"} | ({"authorization": authorization} if authorization else {})
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}{path}", content, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise RefusedError(error.code, error.read().decode("utf-8", "replace")) from None


def basic(key: str) -> str:
    """The header's value for a secret key."""
    return f"Basic {b64encode(f'{key}:'.encode()).decode()}"


def sow(url: str, login: str, password: str) -> Seed:
    """Make all of it in a shop that is migrated and has a user."""
    token = ask(url, "", "POST", "/auth/user/emailpass", {"email": login, "password": password})["token"]
    api_key = ask(url, f"Bearer {token}", "POST", "/admin/api-keys", {"title": "invsync", "type": "secret"})
    key = api_key["api_key"]["token"]

    def post(path: str, body: Any) -> Any:
        return ask(url, basic(key), "POST", path, body)

    store = ask(url, basic(key), "GET", "/admin/stores")["stores"][0]
    channel = store["default_sales_channel_id"] or post("/admin/sales-channels", {"name": "Web"})["sales_channel"]["id"]
    region = post("/admin/regions", {"name": "Here", "currency_code": "eur", "countries": ["de"]})["region"]["id"]
    profile = post("/admin/shipping-profiles", {"name": "Standard", "type": "default"})["shipping_profile"]["id"]
    locations = {}
    for name in LOCATIONS:
        at = post("/admin/stock-locations", {"name": name})["stock_location"]["id"]
        post(f"/admin/stock-locations/{at}/sales-channels", {"add": [channel]})
        locations[name] = at
    shipping = _shipping(post, locations["East"], profile)
    return Seed(key, store["id"], channel, profile, region, shipping, locations)


def _shipping(post: Callable[[str, Any], Any], location: str, profile: str) -> str:
    """A shipping option from a location; its id."""
    at = f"/admin/stock-locations/{location}"
    post(f"{at}/fulfillment-providers", {"add": ["manual_manual"]})
    query = "?fields=id,*fulfillment_sets"
    with_parcels = post(f"{at}/fulfillment-sets{query}", {"name": "Parcels", "type": "shipping"})["stock_location"]
    zone = {"name": "Here", "geo_zones": [{"type": "country", "country_code": "de"}]}
    fulfillments = with_parcels["fulfillment_sets"][0]["id"]
    zones = post(f"/admin/fulfillment-sets/{fulfillments}/service-zones", zone)["fulfillment_set"]["service_zones"]
    option = {
        "name": "Parcel",
        "service_zone_id": zones[0]["id"],
        "shipping_profile_id": profile,
        "provider_id": "manual_manual",
        "price_type": "flat",
        "type": {"label": "Parcel", "description": "Parcel", "code": "parcel"},
        "prices": [{"currency_code": "eur", "amount": 1}],
        "rules": [],
    }
    return str(post("/admin/shipping-options", option)["shipping_option"]["id"])
