"""A feed to try: one CSV file with a row per product and warehouse."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from invsync_tui.connectors.about import Example, ExampleLevel

FILE = "stock.csv"


def example(folder: Path, stock: Sequence[ExampleLevel]) -> Example:
    """The file, with columns of usual names. It is read at once: nobody writes it any more."""
    with (folder / FILE).open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("SKU", "Name", "UPC", "Warehouse", "On hand", "Available"))
        rows.writerows(stock)
    return Example(str(folder / FILE), (FILE,))
