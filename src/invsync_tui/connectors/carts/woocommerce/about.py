"""What the WooCommerce connector says of itself."""

from __future__ import annotations

from invsync_tui.connectors.about import About, Option, OptionKind, Permission
from invsync_tui.connectors.carts.woocommerce.batches import ROWS_MOST
from invsync_tui.connectors.carts.woocommerce.fixes import FIXES
from invsync_tui.connectors.carts.woocommerce.hooks import HOOKS

ABOUT = About(
    title="WooCommerce",
    example="https://shop.example.com",
    versions="6 and later (REST API v3)",
    signs_in_as="the consumer key (ck_...)",
    signs_in_with="the consumer secret (cs_...)",
    hooks=HOOKS,
    options=(
        Option(
            "auth",
            "how the key is sent; query only where the web server drops the Authorization header",
            kind=OptionKind.CHOICE,
            choices=("header", "query"),
            default="header",
        ),
    ),
    permissions=(
        Permission("a key with Read/Write", "products and variations are read and set"),
        Permission("the role Shop manager, of the key's user", "products of all authors may be set"),
        Permission(
            "orders, which a Shop manager may read",
            "without them, orders that the WMS does not know yet are not subtracted",
            required=False,
        ),
        Permission(
            "settings, which a Shop manager may read",
            "without them, the shop's out-of-stock threshold is taken to be 0",
            required=False,
        ),
    ),
    setup=(
        "Choose any permalinks but Plain in WordPress under Settings > Permalinks.",
        "Switch on Enable stock management under WooCommerce > Settings > Products > Inventory.",
        "Switch on Manage stock at each product, or at each variation, that is to be set.",
        "Create a key under WooCommerce > Settings > Advanced > REST API, for a user with the role Shop manager, with "
        "Read/Write. The consumer secret is shown once.",
    ),
    fixes=FIXES,
    behavior=(
        "The stock quantity is set to what is for sale: WooCommerce has taken off what its orders took.",
        "A listing is a product or a variation that manages its own stock. Of a variable product the variations are the "
        "listings; the product is one too where it keeps the stock itself, and is skipped where it only has a SKU.",
        "A product or variation that does not manage stock is skipped with a reason, and so is a variation that shares "
        "the stock of its product: a quantity would have no effect.",
        "Grouped products, bundles and composites are skipped: their stock is that of their parts.",
        "A variation without a SKU of its own has none here, although WooCommerce shows its product's: it is matched by its "
        "GTIN, UPC, EAN or ISBN field, as whatever has no SKU is.",
        f"A batch is one request: up to {ROWS_MOST} products, or up to {ROWS_MOST} variations of one product. Where its "
        "answer is lost, its listings are read before anything is sent again.",
        "Each row is answered by itself; what is confirmed is the quantity in the answer. At the end of a push some of the "
        "listings that were updated are read once more: where the shop still shows the old quantity, as was reported of "
        "variations and of caches, all of them are read, and those end as VERIFY_FAILED.",
        "Every reading is a complete one: a sale does not change a product's date of modification, so a question for "
        "what was modified would miss exactly the sales.",
        "Orders count when they are paid, or on hold; unpaid, failed, canceled and refunded ones do not. States that "
        "plugins add count.",
        "Orders that were placed, paid or changed since the last reading are read. What a refund put back no longer counts, "
        "what an exchange takes back does not either, and of a bundle and its parts those count that the shop took from its "
        "stock, or else the parts.",
        "The shop's out-of-stock threshold is read and shown in the connection test.",
        "Keys are sent over https only, and to no address but the shop's own. With auth=query the key is part of each "
        "address, and the web server may write it to its own logs.",
    ),
    known_limits=(
        "Units that WooCommerce holds for unpaid orders (Hold stock) are not in its stock quantity, and are not reported: until "
        "such an order is paid or given up, the shop itself sells that many fewer.",
        "A product that allows backorders is sold below 0 by WooCommerce, whatever its stock is.",
        "An order whose items are changed while its date of modification stays, as was reported of WooCommerce, counts as it "
        "was before.",
        "Variations are read by one request for each variable product, and set likewise.",
        "Plain permalinks are reported and not used: WooCommerce takes no keys with them.",
        "Shops over plain http need OAuth 1.0a, which is not supported.",
        "Fractions of a unit are rounded down.",
        "Drafts and private products are listings as well.",
    ),
    sources=(
        "https://woocommerce.github.io/woocommerce-rest-api-docs/",
        "https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks",
        "https://developer.woocommerce.com/docs/apis/rest-api/authentication/",
        "A WooCommerce 7.9.0 that was tried for the behavior of batches; the connector itself was tested with a fake "
        "that follows the documentation",
        "https://github.com/woocommerce/woocommerce/issues/17841 (date_modified and sales)",
        "https://github.com/woocommerce/woocommerce/issues/36595 (variations that keep the old stock)",
        "https://github.com/woocommerce/woocommerce/issues/34798 (date_modified of an order whose items change)",
    ),
)  # fmt: skip
