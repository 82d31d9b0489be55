"""The checklist for a wrong number, walked by keys in the demo: what is asked, the keys, and what the screen answers.

The order and the names of the fields are those of CartRover's troubleshooting guide. `docs/checklist.md` is made of it.
"""

from __future__ import annotations

from dataclasses import dataclass

PRODUCTS, SEED = 600, 5
"""The demo that is walked through: `invsync demo --products 600 --seed 5`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One question of the checklist. Every step begins at the merchants, on the first one."""

    section: str
    question: str
    keys: tuple[str, ...]
    """Keys in turn. One that begins with `~` is no key: the text that has to be on the screen before the next key."""
    shows: str
    """On one row of the screen."""
    answer: str
    """Yes or no, and in the demo why."""


MERCHANT, CART, WMS, SYNC, SYSTEM, ALL = (
    "Merchant settings", "Cart settings", "The SKU in the WMS", "The SKU in the cart", "Checks of the system", "By itself",
)  # fmt: skip
SETUP, PRODUCTS_PAGE, CARTS = "~Edit Setup", "~Locations & Products", "~3 carts"
LISTINGS = ("c", CARTS, "Enter", "~603 listings")

STEPS = (
    Step(MERCHANT, "Is Synchronization With WMS - Inventory on?", ("E", SETUP), "Inventory            [x] on", "yes"),
    Step(MERCHANT, "The same of the second merchant", ("Down", "~Demo Paused  ", "E", "~Demo Paused › Edit Setup"),
         "Inventory            [ ] off", "no: Space switches it"),
    Step(MERCHANT, "Has an inventory run taken place (Last Inventory Run)?", (), "Demo Outdoor sandbox on", "yes"),
    Step(MERCHANT, "Did it end well (Status)?", (), "success", "yes"),
    Step(MERCHANT, "Is a next run due?", (), "N/A", "no, for the second merchant: it is switched off"),
    Step(MERCHANT, "Did the levels of one warehouse arrive, and when?", ("w", PRODUCTS_PAGE, "Enter", "~361 levels"),
         "Loaded at", "yes: each level has its time"),
    Step(MERCHANT, "What do all warehouses have together?", ("w", PRODUCTS_PAGE, "a", "~600 products"),
         "600 products", "yes: one row for each product"),
    Step(CART, "Is Inventory Upload Service on?", ("c", CARTS, "E", "~Demo Outdoor A › Edit Setup"),
         "Inventory Upload Service                        [x] on", "yes"),
    Step(CART, "The same of the third cart", ("c", CARTS, "End", "E", "~Demo Outdoor C › Edit Setup"),
         "Inventory Upload Service                        [ ] off", "no: Space switches it"),
    Step(CART, "Is Sync Inventory With Warehouse the right one?", ("c", CARTS, "Down", "E", "~Demo Outdoor B › Edit Setup"),
         "EAST  East Demo Hall, 579 pr", "no: the doctor finds 5 listings whose stock is elsewhere"),
    Step(CART, "Is Push Inventory Using Alias right, and has every product one?",
         ("c", CARTS, "Down", "E", "~Demo Outdoor B › Edit Setup"), "UPC  596 products, 4 lack it", "no: 4 products lack it"),
    Step(CART, "Which products lack the alias?", ("a", "~4 alias types", "End", "n", "~without UPC"), "4 products",
         "these 4: they are left out until they have one"),
    Step(CART, "Is Minimum Inventory Level 0?", ("c", CARTS, "E", "~Demo Outdoor A › Edit Setup"),
         "Minimum Inventory Level                         3", "no: listings with 3 or fewer show 0"),
    Step(WMS, "Does the SKU have one result, read lately?", ("/", "~SKU, alias or name", "DEMO-BOOT-00453", "~1 found"),
         "exact     DEMO-BOOT-00453", "yes"),
    Step(WMS, "No result?", ("/", "~SKU, alias or name", "DEMO-OLD-00001", "~0 found"), "0 found",
         "yes: the WMS has no such product"),
    Step(WMS, "Several products with one code?", ("a", "~4 alias types", "End", "Enter", "~UPC collisions"), "3 codes",
         "yes: 3 codes; Enter shows their products side by side"),
    Step(SYNC, "Does the cart tell its listings (View Product Sync)?", LISTINGS, "[All 603]", "yes"),
    Step(SYNC, "When was the listing synced last?",
         (*LISTINGS, "f", "~Filter", "DEMO-BAGS-00009", "Enter", "~1 listing"), "IN_SYNC", "a time"),
    Step(SYNC, "Never: do SKU and alias match exactly?",
         (*LISTINGS, "f", "~Filter", "DEMO-OLD-00001", "Enter", "~1 listing"), "NOT_IN_WMS", "no: the WMS does not have it"),
    Step(SYNC, "Is a SKU of the WMS missing in the list?",
         (*LISTINGS, "f", "~Filter", "DEMO-BOOT-00583", "Enter", "~0 listings"), "0 listings",
         "yes: `w` on the product says NOT_IN_CART"),
    Step(SYSTEM, "What does this WMS need?", ("D", "~Check Merchant Settings", "v", "End"), "WMS", "see the doctor's last part"),
    Step(ALL, "Everything above, for all carts",
         ("D", "~Check Merchant Settings"), "25 problems", "no: 25, each with what mends it"),
    Step(ALL, "Everything above, for one listing", (*LISTINGS, "w", "~Why"), "No product of the warehouse has this code",
         "no: the first thing that is wrong, with the arithmetic"),
)  # fmt: skip


def page() -> str:
    """`docs/checklist.md`."""
    lines = [
        "# The checklist by keys",
        "",
        "CartRover's guide for stock that does not reach the cart is a checklist for a person. Here is each of its steps at",
        f"80x24, in the demo (`invsync demo --products {PRODUCTS} --seed {SEED}`): the keys from the list of merchants, what is",
        "on the screen then, and the answer there. The last two rows do all of it at once: that is how it is meant to be used.",
        "Made of `tests/support/repository/checklist.py` by `python -m tests.generated`; a test walks it in a terminal.",
    ]
    section = ""
    for step in STEPS:
        if step.section != section:
            section = step.section
            lines += ["", f"## {section}", "", "| question | keys | on the screen | answer |", "|---|---|---|---|"]
        keys = " ".join(f"`{key}`" for key in step.keys if not key.startswith("~"))
        lines.append(f"| {step.question} | {keys or 'none'} | `{' '.join(step.shows.split())}` | {step.answer} |")
    return "\n".join(lines) + "\n"
