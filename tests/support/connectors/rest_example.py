"""The example of the documentation for the REST connector, and a connection to it."""

from __future__ import annotations

import re
from pathlib import Path

from invsync_tui.connectors.base import Connection

MANUAL = Path(__file__).parents[3] / "docs/howto/connect-a-rest-system.md"


def example() -> str:
    """The description in the manual."""
    block = re.search(r"```toml\n(.*?)```", MANUAL.read_text(), re.DOTALL)
    assert block is not None
    return block[1]


def connection(folder: Path, url: str, text: str, secret: str = "", login: str = "", **options: str) -> Connection:
    file = folder / "description.toml"
    file.write_text(text)
    return Connection("wms", "rest", url, login, secret, {"description": str(file), **options}, 5)
