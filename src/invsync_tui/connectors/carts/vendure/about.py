"""What the Vendure connector says of itself."""

from __future__ import annotations

from invsync_tui.connectors.about import About, Fix, Option, Permission
from invsync_tui.connectors.carts.vendure.api import ROWS_MOST
from invsync_tui.rules.outcomes import Reason

ABOUT = About(
    title="Vendure",
    example="https://shop.example.com",
    versions="3.x (tested with 3.7)",
    signs_in_as="the identifier of an administrator of its own",
    signs_in_with="the administrator's password",
    options=(
        Option("location", "id or name of the stock location, where the shop has several"),
        Option("channel", "token of the channel; else the default one"),
    ),
    permissions=(
        Permission("ReadCatalog or ReadProduct", "the listings"),
        Permission("ReadCatalog or ReadStockLocation", "the stock locations"),
        Permission("UpdateCatalog or UpdateProduct", "setting the stock"),
        Permission("ReadOrder", "orders and changes; without it every reading is a complete one", required=False),
    ),
    setup=(
        "Create a role with the permissions below, under Settings > Roles, in the channel that is synced.",
        "Create an administrator with this role for invsync, under Settings > Administrators.",
        "Note the name of the stock location, under Settings > Stock locations, where there are several.",
    ),
    fixes=(
        Fix(
            "track",
            Reason.CART_NOT_TRACKING,
            "Sets Track inventory of the variant to Track, whatever the global setting is.",
            "It shows what Vendure has for the location then.",
        ),
    ),
    behavior=(
        "Vendure keeps stock on hand and subtracts its own allocations: it is set to what is for sale plus what it has "
        "allocated, and each variant is read just before it is written.",
        f"A batch of up to {ROWS_MOST} variants is one transaction: a bad row refuses it. invsync sends a row that Vendure "
        "names by itself, and finds one that it does not name by halving.",
        "Variants that do not track inventory are skipped with a reason.",
        "Orders that were modified are read again; what was canceled of them no longer counts.",
    ),
    known_limits=(
        "Stock at locations of the same channel that no cart of yours sets is for sale too; `why` and the doctor tell how much.",
    ),
    sources=(
        "A Vendure 3.7 server of our own",
        "https://docs.vendure.io/reference/graphql-api/admin/mutations",
    ),
)
