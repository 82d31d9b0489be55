"""What the Tryton connector says of itself."""

from __future__ import annotations

from invsync_tui.connectors.about import About, ApiVersion, Option, OptionKind, Permission
from invsync_tui.connectors.sources import not_for_sale

WAITING_SHIPMENTS = ("ignore", "subtract")

OVERLAP = 300
"""Seconds that a delta looks back: a transaction is stamped when it writes, but seen only when it commits."""

ABOUT = About(
    title="Tryton",
    example="https://tryton.example.com",
    versions="6.0 to 8.2 (tested with 8.2)",
    # Fixed for five years where the series ends in 0, else for one; the "Release process" names the months.
    api_versions=(
        ApiVersion("6.0", "2026-05-01", retired=False),
        ApiVersion("7.0", "2028-10-01", retired=False),
        ApiVersion("7.2", "2025-05-01", retired=False),
        ApiVersion("7.4", "2025-10-01", retired=False),
        ApiVersion("7.6", "2026-05-01", retired=False),
        ApiVersion("7.8", "2026-10-01", retired=False),
    ),
    signs_in_as="a user of its own, with a current company",
    signs_in_with="the user's password",
    options=(
        Option("database", "name of the database", required=True),
        Option("company", "id of the company; else the login's current one", kind=OptionKind.NUMBER, least=1),
        Option("overlap", "seconds that a delta looks back", kind=OptionKind.NUMBER, most=86400, default=str(OVERLAP)),
        Option(
            "waiting_shipments",
            "goods of customer shipments that nothing is assigned to yet: ignore them (they are for sale) or subtract them",
            kind=OptionKind.CHOICE,
            choices=WAITING_SHIPMENTS,
            default="ignore",
        ),
        not_for_sale.OPTION,
    ),
    permissions=(
        Permission("Product, Product Identifier: read", "products with their codes"),
        Permission("Stock Location: read", "warehouses"),
        Permission("Stock Move: read", "deltas; without it every download reads everything", required=False),
        Permission("Customer Shipment: read", "only for waiting_shipments=subtract", required=False),
    ),
    setup=(
        "Create a user for invsync under Administration > Users, in groups that may read products and stock.",
        "Give the user the company whose stock is synced, and choose it as the current company in the user's preferences.",
        "Note the name of the database, as the login page shows it.",
    ),
    behavior=(
        "What lies in a warehouse's storage zone and is assigned to nothing is for sale. Goods in the input and output zones, "
        "in transit and in production are not, nor are those in the locations that not_for_sale names, or below them.",
        "Internal shipments, productions and returns to suppliers that wait leave goods for sale until something is assigned to "
        "them, whatever waiting_shipments says: these goods are sold to nobody.",
        "Consumables, services and kits are marked as not counted, since Tryton keeps no true stock of them.",
        "Fractions of a unit are rounded down.",
        "A delta reads products whose stock moves or records were written since the last download.",
    ),
    known_limits=(
        "A location that is put below one that not_for_sale names, or taken from it, is seen by the next full download only.",
        "A move or an identifier that was deleted, and a done move dated in the future, are seen by the next full download only.",
    ),
    sources=(
        "A Tryton 8.2 server of our own, driven through the states of shipments, moves and productions",
        "https://docs.tryton.org/latest/server/topics/models/access_rights.html",
    ),
)
