"""The checklist for a wrong number, walked by keys in the demo: what is asked, the keys, and what the screen answers.

The order and the names of the fields are those of CartRover's troubleshooting guide. `docs/checklist.md` is made of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PRODUCTS, SEED = 600, 5
"""The demo that is walked through: `invsync demo --products 600 --seed 5`."""


STANDS_FOR = {
    "HH:MM": r"(?:[0-9]{2}:[0-9]{2}|[A-Z][a-z]{2} [0-9]{2})", "AGE": r"(?:just now|[0-9]+ (?:min|h|d) ago)", "N": "[0-9]+",
    "...": ".*", " ": " +",
}  # fmt: skip
"""What words in the text of a step stand for on the screen: a time of day or a date, an age, a number, anything, a gap."""
_WORDS = re.compile("|".join(rf"\b{word}\b(?!/)" if word[0].isalpha() else re.escape(word) for word in STANDS_FOR))


@dataclass(frozen=True, slots=True)
class Step:
    """One question of the checklist. Every step begins at the merchants, on the first one."""

    section: str
    question: str
    keys: tuple[str, ...]
    """Keys in turn. One that begins with `~` is no key: the text that has to be on the screen before the next key."""
    shows: str
    """What answers the question, on one row of the screen, with words of STANDS_FOR."""
    answer: str
    """Yes or no, and in the demo why."""

    def shown(self, row: str) -> bool:
        """Whether a row of the screen has it."""
        parts = (
            STANDS_FOR.get(part) or re.escape(part) for part in re.split(f"({_WORDS.pattern})", self.shows) if part
        )
        return re.search("".join(parts), row) is not None


MERCHANT, CART, WMS, SYNC, SYSTEM, ALL = (
    "Merchant settings", "Cart settings", "The SKU in the WMS", "The SKU in the cart", "Checks of the system", "By itself",
)  # fmt: skip
SETUP, PRODUCTS_PAGE, CARTS = "~Edit Setup", "~Locations & Products", "~3 carts"
LISTINGS = ("c", CARTS, "Enter", "~603 listings")
SEARCH = ("/", "~SKU, alias or name")
DOCTOR = ("D", "~Check Merchant Settings")

STEPS = (
    Step(MERCHANT, "Is Synchronization With WMS - Inventory on?", ("E", SETUP), "Inventory [x] on", "yes"),
    Step(MERCHANT, "The same of the second merchant", ("Down", "~Demo Paused  ", "E", "~Demo Paused › Edit Setup"),
         "Inventory [ ] off", "no: Space switches it"),
    Step(MERCHANT, "Has an inventory run taken place (Last Inventory Run)?", (), "Demo Outdoor ... HH:MM, AGE ",
         "yes: it ended then; N/A would be never"),
    Step(MERCHANT, "Did it end well (Status)?", (), "Demo Outdoor ... success ", "yes: success"),
    Step(MERCHANT, "Is a next run due?", (), "Demo Outdoor ... in N min ", "yes: within so many minutes"),
    Step(MERCHANT, "The same of the second merchant", (), "Demo Paused ... off ... N/A ", "no: it is switched off"),
    Step(MERCHANT, "Did the levels of one warehouse arrive?", ("w", PRODUCTS_PAGE, "Enter", "~361 levels"),
         "DEMO-BAGS-00009 10 10 0 0 HH:MM, AGE", "yes: each level has the time at which it was loaded"),
    Step(MERCHANT, "Does a product have one sum over all warehouses?", ("w", PRODUCTS_PAGE, "a", "~600 products"),
         "DEMO-BAGS-00009 32 10 AGE 13 AGE", "yes: 32, and what each warehouse has of it"),
    Step(CART, "Is Inventory Upload Service on?", ("c", CARTS, "E", "~Demo Outdoor A › Edit Setup"),
         "Inventory Upload Service [x] on", "yes"),
    Step(CART, "The same of the third cart", ("c", CARTS, "End", "E", "~Demo Outdoor C › Edit Setup"),
         "Inventory Upload Service [ ] off", "no: Space switches it"),
    Step(CART, "Is Sync Inventory With Warehouse set to one warehouse?",
         ("c", CARTS, "Down", "E", "~Demo Outdoor B › Edit Setup"), "Sync Inventory With Warehouse EAST East Demo Hall",
         "yes: EAST"),
    Step(CART, "Is that the right one?", DOCTOR, "step 2 Demo Outdoor B: WRONG_WAREHOUSE: 5 ",
         "no: 5 listings have their stock elsewhere; `f` there opens the setting"),
    Step(CART, "Do the cart's codes have the type of Push Inventory Using Alias?",
         (*DOCTOR, "PageDown", "PageDown", "PageDown", "PageDown", "PageDown"), "Demo Outdoor B: WRONG_ALIAS_TYPE: 4 ",
         "no: 4 of them are codes of another type"),
    Step(CART, "Does every product have that alias?", ("c", CARTS, "Down", "E", "~Demo Outdoor B › Edit Setup"),
         "Push Inventory Using Alias UPC 596 products, 4 lack it", "no: 4 products lack it"),
    Step(CART, "Is it said which ones?", ("a", "~4 alias types", "End", "n", "~without UPC"), "DEMO-BAGS-00239 ",
         "yes: these 4 are left out until they have one"),
    Step(CART, "Is Minimum Inventory Level 0?", ("c", CARTS, "E", "~Demo Outdoor A › Edit Setup"),
         "Minimum Inventory Level 3 ", "no: a quantity below 3 shows 0; 3 and more are posted in full"),
    Step(WMS, "Does the SKU have one result?", (*SEARCH, "DEMO-BOOT-00453", "~1 found"), "1 product, loaded ", "yes: one"),
    Step(WMS, "Was it updated recently?", (*SEARCH, "DEMO-BOOT-00453", "~1 found"), "exact DEMO-BOOT-00453 ... AGE",
         "yes: that long ago"),
    Step(WMS, "Is there a product for a SKU of the cart?", (*SEARCH, "DEMO-OLD-00001", "~0 found"),
         "none: the product codes do not match up", "no: the WMS has no such product"),
    Step(WMS, "Do several products share one code?", ("a", "~4 alias types", "End", "Enter", "~UPC collisions"), "3 codes",
         "yes: 3 codes; Enter shows their products side by side"),
    Step(SYNC, "Does the cart tell its listings (View Product Sync)?", LISTINGS, "[All 603]", "yes: 603"),
    Step(SYNC, "Was the listing synced, and when?",
         (*LISTINGS, "f", "~Filter", "DEMO-BAGS-00009", "Enter", "~1 listing"), "DEMO-BAGS-00009 32 32 0 AGE IN_SYNC",
         "yes: that long ago"),
    Step(SYNC, "Never: do SKU and alias match exactly?",
         (*LISTINGS, "f", "~Filter", "DEMO-OLD-00001", "Enter", "~1 listing"), "DEMO-OLD-00001 ... Never NOT_IN_WMS",
         "no: the WMS does not have it"),
    Step(SYNC, "Is a SKU of the WMS missing in the list?",
         (*LISTINGS, "f", "~Filter", "DEMO-BOOT-00583", "Enter", "~0 listings"), "Nothing matches DEMO-BOOT-00583.",
         "yes: `w` on the product says NOT_IN_CART"),
    Step(SYSTEM, "Is there anything about these systems in particular?",
         (*DOCTOR, "PageDown", "PageDown", "PageDown", "PageDown", "PageDown", "PageDown"),
         "problem Demo Outdoor A: CART_NOT_TRACKING: 4 ", "yes: the cart does not track the stock of 4 listings"),
    Step(ALL, "Is everything above right in all carts?", DOCTOR, "25 problems", "no: 25 problems, each with its fix"),
    Step(ALL, "Is everything above right for one listing?", (*LISTINGS, "w", "~Why"),
         "NOT_IN_WMS: No product of the warehouse has this code", "no: the first thing that is wrong, with the arithmetic"),
)  # fmt: skip


def page() -> str:
    """`docs/checklist.md`."""
    lines = [
        "# The checklist by keys",
        "",
        "CartRover's guide for stock that does not reach the cart is a checklist for a person. Here is each of its steps at",
        f"80x24, in the demo (`invsync demo --products {PRODUCTS} --seed {SEED}`): the keys from the list of merchants, what is",
        "on the screen then, and the answer there. The last two rows do all of it at once: that is how it is meant to be used.",
        "`HH:MM` stands for a time there, AGE for how long ago, N for a number, and ... for what is between.",
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
