"""Faults that change nothing that anybody could see: kept by hand in harmless.txt, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FILE = Path(__file__).with_name("harmless.txt")


def load() -> Mapping[str, str]:
    """By the key of a fault (see `Fault.key`), why it is harmless."""
    known = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            key, _, reason = line.rpartition(" ## ")
            if not key or not reason.strip():
                raise ValueError(f"{FILE.name}: no reason in: {line}")
            known[key.strip()] = reason.strip()
    return known
