"""Planted faults."""

from __future__ import annotations

from invsync_tui.sandbox.catalogue import Catalogue
from invsync_tui.sandbox.shop import Shop


def customers(products: int, seed: int) -> dict[str, Catalogue]:
    raise NotImplementedError


def shops(products: int, seed: int) -> dict[str, Shop]:
    raise NotImplementedError
