"""What the Shopify connector says of itself."""

from __future__ import annotations

from invsync_tui.connectors.about import SECRET, About, ApiVersion, Option, OptionKind, Permission, SignIn
from invsync_tui.connectors.carts.shopify.fixes import FIXES
from invsync_tui.connectors.carts.shopify.hooks import HOOKS
from invsync_tui.connectors.carts.shopify.limits import BULK_FROM, BULK_WAIT, INPUT_MOST, PAGE_MOST
from invsync_tui.connectors.carts.shopify.queries import DEFAULT_VERSION, VARIANT_COST, VARIANTS, VERSIONS

READ_ORDERS = "read_orders"
READ_PLACES = "read_merchant_managed_fulfillment_orders"
NEEDED = ("read_products", "read_inventory", "write_inventory", "read_locations")

MANY, RATE = 10_000, 100
"""Variants, and points a second, that the page reckons with."""
PAGES = -(-MANY // PAGE_MOST)
MINUTES = round(PAGES * (PAGE_MOST * VARIANT_COST + VARIANTS.cost) / RATE / 60)
REDIRECT = "https://localhost/invsync"
"""Where a login ends. The app lists it among its redirect addresses; nothing listens there, and nothing has to."""

ABOUT = About(
    title="Shopify",
    example="https://my-shop.myshopify.com",
    versions=f"Admin GraphQL {VERSIONS[0]} to {VERSIONS[-1]} (checked against the official schemas; not tried on a real shop)",
    # Each is supported for at least a year: the table in Shopify's "About API versioning".
    api_versions=(
        ApiVersion("2026-04", "2027-04-01"),
        ApiVersion("2026-07", "2027-07-01"),
        ApiVersion("2026-10", "2027-10-01"),
    ),
    signs_in_as="the app's client id; empty with an access token",
    signs_in_with="the app's client secret, or its Admin API access token (shpat_...)",
    sign_in=SignIn(
        "/admin/oauth/access_token",
        authorize="/admin/oauth/authorize",
        redirect=REDIRECT,
        scopes=(*NEEDED, READ_ORDERS, READ_PLACES),
        separator=",",
        secret=SECRET,
        pkce=False,
        fields=(("expiring", "1"),),
        required=False,
        lasts="90 days from the last sync",
    ),
    hooks=HOOKS,
    options=(
        Option("location", "id or name of the location, where the shop has several"),
        Option(
            "version",
            "version of the Admin API",
            kind=OptionKind.CHOICE,
            choices=VERSIONS,
            default=DEFAULT_VERSION,
        ),
        Option(
            "bulk",
            "whether a bulk operation lists the variants of a large shop; off: they are read by pages",
            label="Bulk operations",
            kind=OptionKind.CHOICE,
            choices=("auto", "off"),
            default="auto",
        ),
    ),
    permissions=(
        Permission("read_products", "to read the variants"),
        Permission("read_inventory", "to read what is available"),
        Permission("write_inventory", "to set what is available"),
        Permission("read_locations", "to find the location"),
        Permission(
            READ_ORDERS, "without it, orders that the WMS does not know yet are not subtracted", required=False
        ),
        Permission(
            READ_PLACES,
            "without it, an order of a shop with several locations is subtracted wherever its product is sold",
            required=False,
        ),
    ),
    setup=(
        "Open Shopify's developer dashboard (Settings > Apps > Develop apps > Build apps in Dev Dashboard), and create an app "
        "in the organization that owns the shop.",
        "Give its version the scopes that are listed under Permissions, and release it. Install the app in the shop.",
        "Under the app's Settings copy the client id, which is the login, and the client secret, which is the secret.",
        "An app of another organization than the shop's is not given tokens for its secret alone: add "
        f"{REDIRECT} to the redirect addresses of its version, set the client id and secret here, then log in once: "
        "invsync connections login MERCHANT --cart NAME. The browser ends at an address that cannot be opened; it is pasted.",
        "An app that was made in the shop's admin pages before 2026 has an Admin API access token (shpat_...) instead: that "
        "is the secret, and there is no login.",
        "The address is https://NAME.myshopify.com, see Settings > Domains; a domain of your own is not taken.",
        "Note the name of the location under Settings > Locations, where there are several.",
        "Stock each variant at this location, and tick Inventory tracked: the connector activates and tracks nothing by "
        "itself, and does both when it is asked to.",
    ),
    fixes=FIXES,
    behavior=(
        "The number that is set is `available`, at one location. Shopify subtracts its orders from it.",
        "Compare-and-set: each row carries the number that was last read, and Shopify refuses to set a listing that shows "
        "another by now. Such a listing is read again, ends as CAS_CONFLICT with the number that it shows, and is set by "
        "the next run, which knows that number. Only a listing of which no number was ever read is set without a "
        "comparison.",
        f"A refused row refuses its batch of up to {INPUT_MOST}; invsync sends the named rows by themselves.",
        "A batch whose answer is lost is sent again under the same idempotency key, which Shopify does at most once within 24 "
        "hours. The listings of a batch that is older by then are read from the cart instead.",
        "Orders that were edited are read again; what was refunded or removed before it was sent no longer counts.",
        "A listing is a variant, matched by its SKU, or by its barcode where that is blank.",
        "Variants that are not stocked at the location, that are not tracked, or that are bundles are skipped with a reason. "
        "One that stops being stocked there while it is pushed ends with that reason as well, even where Shopify takes the "
        "number.",
        f"The variants of a shop that has {BULK_FROM:,} or more are listed by a bulk operation, which costs no points: Shopify "
        f"prepares a file, which is fetched without the shop's login. A push waits {BULK_WAIT:.0f} seconds for it, then ends and "
        "continues later by itself with the same operation. Where Shopify runs none (another one is running, it failed, "
        "its file is not whole or its address has expired), the variants are read by pages, and the service's log says "
        "why.",
        "Every reading is a complete one, by id: `updated_at` of a variant does not move with every sale, so a reading of "
        "changes would miss some.",
        "The calls keep to the points that Shopify reports with each answer, and wait when they are used up.",
        "With a client id and secret a token for a day is asked for, kept beside the store for the runs of that day, and "
        "asked for again before it ends or when the shop refuses it.",
        "In Shopify's inventory history a change refers to gid://invsync/Batch/ and the batch's id.",
    ),
    known_limits=(
        "Not proved without a real shop: that a refused row leaves the whole batch undone, what a row is answered with from "
        "2026-10 on whose item is not stocked at the location, what a query really costs, the wording of errors, that a bulk "
        "operation takes several locations by name, and the exchange of a client secret, or of a login in a browser, for a "
        "token. Until it was tried on yours, begin with a development store.",
        "Stock at locations that no cart of yours sets is for sale too; `why` and the doctor tell how much. "
        "That number is Shopify's total of a variant less what your locations have.",
        "Variants that continue selling when out of stock are sold below 0 by Shopify.",
        "An item that several variants share is one listing.",
        "Orders older than 60 days are not shown to an app without read_all_orders.",
        f"By pages {MANY:,} variants are {PAGES} requests, and take about {MINUTES} minutes at {RATE} points a second.",
    ),
    sources=(
        "The official schemas of the Admin API 2026-04, 2026-07 and 2026-10, in the npm package @shopify/dev-mcp 1.16.0",
        "https://shopify.dev/docs/api/admin-graphql/latest/mutations/inventorySetQuantities",
        "https://shopify.dev/docs/apps/build/authentication-authorization/client-credentials-grant",
        "https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant",
        "https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens",
        "https://shopify.dev/changelog/more-resilient-refreshes-for-expiring-offline-access-tokens",
        "https://shopify.dev/docs/apps/build/webhooks/subscribe/https",
        "https://shopify.dev/docs/api/usage/bulk-operations/queries",
        "https://shopify.dev/docs/api/usage/versioning",
        "https://shopify.dev/docs/api/usage/limits",
        "https://shopify.dev/docs/api/usage/implementing-idempotency",
        "https://community.shopify.dev/t/changes-to-setting-inventory-levels-at-disconnected-locations/33834",
    ),
)  # fmt: skip
