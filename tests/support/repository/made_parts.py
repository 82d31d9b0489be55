"""A table within a page that somebody wrote: what is between the two marks is made, the rest is left as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

END = "<!-- End of what is made. -->\n"


def page(path: Path, source: str, rows: Sequence[str]) -> str:
    """The page with its one table made again; `source` says what it is made of."""
    begin = f"<!-- Made of {source} by `python -m tests.generated`; do not edit this table. -->\n"
    before, rest = path.read_text("utf-8").split(begin)
    return before + begin + "\n" + "\n".join(rows) + "\n\n" + END + rest.split(END)[1]
