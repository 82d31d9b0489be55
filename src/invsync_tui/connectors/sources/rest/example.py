"""A REST system to try: the sandbox WMS, read by the description in `example.toml`, which the manual shows."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from invsync_tui.connectors.about import WMS_PORT, Example, ExampleLevel

DESCRIPTION = "stock.toml"


def example(folder: Path, stock: Sequence[ExampleLevel]) -> Example:
    """The description. The stock is what the sandbox has by itself."""
    text = (files(__package__) / "example.toml").read_text("utf-8")
    (folder / DESCRIPTION).write_text(text, encoding="utf-8")
    options = {"description": str(folder / DESCRIPTION)}
    return Example(f"http://127.0.0.1:{WMS_PORT}", (DESCRIPTION,), options, ("wms", "--port", str(WMS_PORT)))
