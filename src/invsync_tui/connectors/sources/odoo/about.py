"""What the Odoo connector says of itself."""

from __future__ import annotations

from invsync_tui.connectors.about import About, ApiVersion, Option, OptionKind, Permission
from invsync_tui.connectors.sources import not_for_sale

PROTOCOLS = ("auto", "json-rpc", "json-2")
ZONES = ("warehouse", "stock")
WAITING = ("ignore", "subtract")

OVERLAP = 300
"""Seconds that a delta looks back, where the option says no other number."""

ABOUT = About(
    title="Odoo",
    example="https://example.odoo.com",
    versions="14 and later (tested with 19; 14 to 18 by JSON-RPC, 19 and later by JSON-2)",
    # The maker fixes the last three; the table of "Supported versions" names the months.
    api_versions=(
        ApiVersion("15", "2024-10-01", retired=False),
        ApiVersion("16", "2025-10-01", retired=False),
        ApiVersion("17", "2026-10-01", retired=False),
        ApiVersion("18", "2027-10-01", retired=False),
    ),
    signs_in_as="a user of its own (Odoo 19 and later take it from the API key)",
    signs_in_with="an API key of that user; up to Odoo 18 also its password",
    options=(
        Option("database", "name of the database", required=True),
        Option("company", "id of the company; else the user's current one", kind=OptionKind.NUMBER, least=1),
        Option("overlap", "seconds that a delta looks back", kind=OptionKind.NUMBER, most=86400, default=str(OVERLAP)),
        Option(
            "zone",
            "what counts of a warehouse: all its locations, as in Odoo's own shop, or its stock location only",
            kind=OptionKind.CHOICE,
            choices=ZONES,
            default="warehouse",
        ),
        Option(
            "waiting_deliveries",
            "goods of confirmed deliveries that nothing is reserved for yet: ignore them (they are for sale) or subtract them",
            kind=OptionKind.CHOICE,
            choices=WAITING,
            default="ignore",
        ),
        not_for_sale.OPTION,
        Option(
            "protocol",
            "how Odoo is asked; auto is json-2 since Odoo 19 and json-rpc before",
            kind=OptionKind.CHOICE,
            choices=PROTOCOLS,
            default="auto",
        ),
    ),
    permissions=(
        Permission("Inventory: User", "products, warehouses, quantities, stock moves for deltas, and kits"),
        Permission("System Parameters: read", "the database's id, to notice another database", required=False),
    ),
    setup=(
        "Create a user for invsync under Settings > Users, with Inventory: User and no other right.",
        "Allow the user the company whose stock is synced, and make it the user's default company.",
        "Log in as the user and create an API key: Preferences > Account Security > New API Key. Choose a late end; "
        "when it ends, downloads stop with a refused login.",
        "Note the name of the database; on Odoo Online it is the name before .odoo.com. There, the plan must be Custom: "
        "the others have no external interface.",
    ),
    behavior=(
        "What lies in the locations of a warehouse and is reserved for nothing is for sale (Odoo's Free To Use), but not "
        "what lies in the locations that not_for_sale names, or below them.",
        "Goods (Odoo 18 and later: with Track Inventory) have levels. Services and other consumables are marked as not counted.",
        "Kits are read with their components where the app Manufacturing is installed.",
        "The barcode is an alias: UPC, EAN or GTIN by its length, else BARCODE.",
        "Fractions of a unit are rounded down.",
        "A delta reads products that were written, or whose moves or quantities were, since the last download.",
        "Each connection begins with a comparison of some products by warehouse and by location. An Odoo that ignores "
        "the warehouse, and would give the sum of all for each, is refused.",
    ),
    known_limits=(
        "A location that is put below one that not_for_sale names, or taken from it, is seen by the next full download only.",
        "Orders that Odoo already has are not looked up: set how long orders need to reach it.",
        "Kits with fractions of a unit, or in another unit of measure than the component's, are reported as not readable.",
        "Lots past their removal date and goods that belong to others (consignment) count as Odoo's own Free To Use does.",
        "A deleted bill of materials and a changed kit inside another kit are seen by the next full download only.",
        "Locations moved to another warehouse are seen by the next full download only.",
        "Barcodes of packagings are not read: they are of several units.",
    ),
    sources=(
        "An Odoo 19 server of our own, driven through receipts, reservations, deliveries, returns, transfers and counts",
        "https://www.odoo.com/documentation/19.0/developer/reference/external_api.html",
        "https://www.odoo.com/documentation/18.0/developer/reference/external_rpc_api.html",
        "https://github.com/OCA/stock-logistics-availability/pull/82 (the context key of the warehouse)",
    ),
)
