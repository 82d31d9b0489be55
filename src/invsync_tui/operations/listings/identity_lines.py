"""Records of the identity workbench, as front ends are given them. Times are epoch seconds. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UnmatchedLine:
    """A listing without a product, and what it may mean. `kind` is the word it is filed under, see resemblance."""

    id: int
    ref: str
    sku: str
    name: str
    reason: str
    kind: str
    kinds: tuple[str, ...]
    words: str
    product_id: int | None
    product_sku: str | None
    product_name: str
    code: str | None
    """The code of the product that is nearly the listing's."""
    rivals: tuple[tuple[int, str], ...]
    """(number, SKU) of products that fit equally well."""


@dataclass(frozen=True, slots=True)
class LinkLine:
    """An explicit link. `state` says in words whether it holds: '' while it does."""

    ref: str
    sku: str
    name: str
    product_id: int
    product_sku: str
    product_name: str
    kind: str
    made_at: int
    made_by: str
    state: str


@dataclass(frozen=True, slots=True)
class RenameLine:
    """A listing whose SKU was changed in the cart. `former_id` is the one product that has the code it had before."""

    id: int
    ref: str
    at: int
    before: str
    after: str
    name: str
    product_id: int | None
    product_sku: str | None
    former_id: int | None
    former_sku: str | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many listings stand under each word, as far as they were looked at; `exact` False means at least so many."""

    counts: Mapping[str, int]
    links: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an order for all of a kind: what was done, what was looked at, and where to go on; None at the end."""

    done: int
    looked_at: int
    after: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class Rival:
    """One of several products that share a code, or fit a listing equally well: to be compared side by side."""

    product_id: int
    sku: str
    name: str
    codes: tuple[tuple[str, str], ...]
    """(type, code)."""
    levels: tuple[tuple[str, int], ...]
    """(warehouse, available)."""
    listings: tuple[tuple[str, str], ...]
    """(cart, code) of listings that mean it."""
