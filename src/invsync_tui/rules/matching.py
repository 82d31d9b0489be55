"""Which product a cart's code means. A push matches the exact trimmed code; folded keys serve search and diagnosis.

Folding can merge two real SKUs ('Ab' and 'AB'), so a folded hit is never pushed, only offered as a near miss.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from invsync_tui.rules.outcomes import Reason

SKU_KIND = 0
"""The kind under which a product's SKU stands among its codes; alias types have numbers from 1."""

_EDGES = " \t\r\n\u00a0\u200b\ufeff"


def trimmed(code: str) -> str:
    """A code without white space and zero-width characters at its edges; case and everything inside stay."""
    return code.strip(_EDGES)


def normalize_key(code: str) -> str:
    """The key of a code for search: NFKC, casefold, no zero-width characters, single inner spaces. Lossy."""
    text = unicodedata.normalize("NFKC", trimmed(code)).casefold().replace("\u200b", "").replace("\ufeff", "")
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class CodeHit:
    """A product found under the folded key of a listing's code. `code` is as the WMS sent it."""

    product_id: int
    kind: int
    code: str
    inactive: bool = False
    """The product is deactivated in the WMS: a product that is not has the code before it."""


@dataclass(frozen=True, slots=True)
class Match:
    """The product of a listing, or the reason why there is none. `near` lists what else came close."""

    product_id: int | None
    reason: Reason | None
    near: tuple[CodeHit, ...] = ()


def match_barcode(barcode: str, hits: Sequence[CodeHit]) -> Match:
    """Match a listing that has no SKU by its `barcode`, whatever kind of code the cart pushes with.

    `hits` are all products under the folded key, of any kind; which of the alias types is a barcode differs from WMS to
    WMS, so any of them counts. A SKU that reads like the barcode does not.
    """
    exact = [hit for hit in hits if trimmed(hit.code) == trimmed(barcode) and hit.kind != SKU_KIND]
    products = {hit.product_id for hit in exact if not hit.inactive} or {hit.product_id for hit in exact}
    if len(products) == 1:
        return Match(products.pop(), None)
    return Match(None, Reason.AMBIGUOUS_ALIAS if products else Reason.NOT_IN_WMS, tuple(exact or hits))


def match_code(code: str, push_kind: int, hits: Sequence[CodeHit], owners: frozenset[int]) -> Match:
    """Match a listing's `code` for a cart that pushes with codes of `push_kind`.

    `hits` are all products under the folded key, of any kind; `owners` are those of them that have some code of
    `push_kind` at all, which separates a missing alias from a wrong alias type.
    """
    trimmed_code = trimmed(code)
    exact = [hit for hit in hits if trimmed(hit.code) == trimmed_code]
    mine = [hit for hit in exact if hit.kind == push_kind]
    products = {hit.product_id for hit in mine if not hit.inactive} or {hit.product_id for hit in mine}
    if len(products) == 1:
        return Match(products.pop(), None)
    if products:
        return Match(None, Reason.AMBIGUOUS_ALIAS, tuple(mine))
    others = tuple(hit for hit in exact if hit.kind != push_kind)
    if not others:
        return Match(None, Reason.NOT_IN_WMS, tuple(hits))
    reason = Reason.WRONG_ALIAS_TYPE if any(h.product_id in owners for h in others) else Reason.ALIAS_MISSING
    return Match(None, reason, others)
