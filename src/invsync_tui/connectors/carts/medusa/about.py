"""What the Medusa connector says of itself."""

from __future__ import annotations

from invsync_tui.connectors.about import About, Option, Permission
from invsync_tui.connectors.carts.medusa.api import ROWS_MOST
from invsync_tui.connectors.carts.medusa.fixes import FIXES

ABOUT = About(
    title="Medusa",
    example="https://shop.example.com",
    versions="2.x (tested with 2.21.2)",
    signs_in_as="",
    signs_in_with="a secret API key (sk_...)",
    options=(Option("location", "id or name of the stock location, where the shop has several"),),
    permissions=(
        Permission(
            "a secret API key",
            "it has all rights of an administrator; one that is restricted by roles needs product variants, inventory items, "
            "inventory levels, reservations, stock locations, stores and orders",
        ),
    ),
    setup=(
        "Create a secret API key under Settings > Developer > Secret API Keys. It is shown once.",
        "Note the name of the stock location, under Settings > Locations & Shipping, where there are several.",
        "Give each variant a stock level at this location, under Inventory > the item > Manage locations: the connector "
        "sets levels that are there, and creates none by itself.",
    ),
    fixes=FIXES,
    behavior=(
        "Medusa keeps stocked quantities and subtracts its own reservations: it is set to what is for sale plus what is "
        "reserved, and each item is read just before it is written.",
        "A listing is a variant, matched by the variant's SKU, or by its barcode, EAN or UPC where that is "
        "blank. The stock belongs to its inventory item, which is found by "
        "the link between the two, so that a renamed SKU does no harm.",
        "A kit, which is a variant with several inventory items or with more than one unit of one, is skipped: Medusa "
        "computes its stock from the items. So is the second variant of an item that two variants share; the one with the "
        "item's own SKU, or else the older one, sets it.",
        "A variant without a level at the location is skipped with a reason. A push creates no level by itself, since Medusa "
        "creates levels of items and locations that were deleted, too.",
        "Variants that do not manage inventory are skipped with a reason.",
        f"A batch of up to {ROWS_MOST} levels is one request: a bad row refuses it, and invsync sends the named row by itself.",
        "Every reading is a complete one: Medusa cannot tell which levels have changed.",
        "Orders are read with their reservations, which say at which location their units are, and again when they were "
        "edited.",
    ),
    known_limits=(
        "Stock at locations that no cart of yours sets is for sale too; `why` and the doctor tell how much.",
        "An inventory item that no variant has alone is no listing: kits of such items get no stock.",
        "A variant that allows backorders is sold below 0 by Medusa, whatever its stock is.",
        "Fractions of a unit are rounded down.",
        "While Medusa cannot reach its database, it refuses every key (401): the run ends as if the key were wrong.",
        "When a variant begins or ceases to manage inventory, it becomes another listing: overrides of the former one end.",
        "Medusa refuses to switch Manage inventory on again while the variant's former item is there: delete that first.",
    ),
    sources=(
        "A Medusa 2.21.2 server of our own",
        "https://docs.medusajs.com/api/admin#inventory-items",
        "https://docs.medusajs.com/resources/commerce-modules/inventory/inventory-kit",
    ),
)  # fmt: skip
