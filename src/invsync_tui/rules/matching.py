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

_UNSEEN = frozenset(("Cc", "Cf"))
"""Categories of characters without a shape: control characters, zero-width ones, marks of the direction of writing."""


def _is_unseen(char: str) -> bool:
    return not char.isprintable() and not char.isspace() and unicodedata.category(char) in _UNSEEN


def trimmed(code: str) -> str:
    """A code without white space and characters that nobody sees at its edges, in Unicode's composed form (NFC).

    Case and everything inside stay. Programs write one letter with an accent as one character or as two (NFC and NFD),
    and copying puts marks of the direction of writing around a text: neither makes it another code.
    """
    if code.isascii() and code.isprintable():
        return code.strip(" ")
    composed = unicodedata.normalize("NFC", code)
    begin, end = 0, len(composed)
    while begin < end and (composed[begin].isspace() or _is_unseen(composed[begin])):
        begin += 1
    while end > begin and (composed[end - 1].isspace() or _is_unseen(composed[end - 1])):
        end -= 1
    return composed[begin:end]


def normalize_key(code: str) -> str:
    """The key of a code for search: NFKC, casefold, nothing that nobody sees, single inner spaces. Lossy."""
    text = unicodedata.normalize("NFKC", trimmed(code)).casefold()
    if not text.isprintable():
        text = "".join(char for char in text if not _is_unseen(char))
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
