"""The README's own set-up commands, with the names of a test's servers in the place of its examples."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

README = Path(__file__).parents[3] / "README.md"


def commands(heading: str) -> list[list[str]]:
    """The commands of the first shell block under a heading, each as the shell would split it, comments left out."""
    section = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", README.read_text("utf-8"), re.S | re.M)
    assert section, f"README has no section {heading!r}"
    block = re.search(r"^```sh\n(.*?)^```", section[1], re.S | re.M)
    assert block, f"README's section {heading!r} has no shell block"
    lines = block[1].replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def with_values(words: list[str], values: Mapping[str, str]) -> list[str]:
    """The command with what stands behind an option replaced by the test's own value; a value not given stays."""
    out = list(words)
    for n, word in enumerate(words[:-1]):
        if word in values:
            out[n + 1] = values[word]
    return out
