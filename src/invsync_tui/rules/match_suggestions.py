"""What product a cart's code may have been meant for: how two codes differ, and what to look up for a code.

Nothing here is ever pushed by itself: an operator accepts a suggestion, which then is an explicit link.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import NamedTuple

from invsync_tui.plain_text import counted
from invsync_tui.rules.matching import CodeHit, normalize_key, trimmed

SEPARATORS = "-_./"
_MARKS = (*SEPARATORS, " ", "\u2013")
ZEROS_MOST = 5
"""Leading zeros that are tried in front of a number."""
VARIANTS_MOST = 200
"""Keys that are looked up for one code at most."""
LONGEST = 40
"""Characters up to which other ways to write a code are tried."""
GTIN_LENGTHS = (8, 12, 13, 14)
GTIN_LEAST = 8
"""Digits from which a number is taken for a GTIN when its check digit is missing or wrong."""

_OTHER_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_DASHES = dict.fromkeys(map(ord, _OTHER_DASHES), "-")
_INVISIBLE = re.compile(r"[\s\u200b\ufeff]+")
_SEPARATOR = re.compile(f"[-_./{_OTHER_DASHES}]+")
_RUN = re.compile(r"[0-9]+")
_TOKEN = re.compile(r"[0-9]+|[^\W\d_]+|[^\w\s]")
_SEAM = re.compile(r"(?<=[0-9])(?=[^\W\d_])|(?<=[^\W\d_])(?=[0-9])")


class Kind(StrEnum):
    """How a listing's code differs from the product's, the most certain first."""

    SHARED = "SHARED"
    OTHER_KIND = "OTHER_KIND"
    RENAMED = "RENAMED"
    SPACE = "SPACE"
    CASE = "CASE"
    DASH = "DASH"
    ZEROS = "ZEROS"
    CHECK_DIGIT = "CHECK_DIGIT"


AMBIGUOUS = "AMBIGUOUS"
"""Several products fit equally well: none is suggested."""
NONE = "NONE"
"""Nothing comes close."""
MANUAL = "MANUAL"
"""The kind of a link that an operator made without a suggestion."""
FILED_UNDER = (*(kind.value for kind in Kind), AMBIGUOUS, NONE)
"""Under which word a listing without a product stands."""

WORDS: Mapping[Kind, str] = {
    Kind.SHARED: "the same code; several listings of the cart carry it",
    Kind.OTHER_KIND: "the same code, as another alias type than the cart pushes with",
    Kind.RENAMED: "the listing had this code before it was renamed in the cart",
    Kind.SPACE: "differs by a space",
    Kind.CASE: "differs by upper and lower case",
    Kind.DASH: "differs by a dash, dot, underscore or slash",
    Kind.ZEROS: "differs by leading zeros",
    Kind.CHECK_DIGIT: "differs by a check digit that is missing or wrong",
}
_CERTAINTY = tuple(Kind)
_WEIGHT: Mapping[Kind, int] = {kind: 1 + place for place, kind in enumerate(_CERTAINTY)}
_WRITING = (Kind.SPACE, Kind.CASE, Kind.DASH, Kind.ZEROS)
_SUBSETS = tuple(
    sorted(
        (set_ for n in range(len(_WRITING) + 1) for set_ in combinations(_WRITING, n)),
        key=lambda set_: sum(_WEIGHT[kind] for kind in set_),
    )
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a listing may mean. Without a product, `candidates` fit equally well, or there are none."""

    product_id: int | None
    kinds: tuple[Kind, ...]
    hit: CodeHit | None
    candidates: tuple[int, ...] = ()

    @property
    def filed_under(self) -> str:
        """The least certain of its kinds: one may accept all of a kind without accepting worse with it."""
        if self.product_id is None:
            return AMBIGUOUS if self.candidates else NONE
        return max(self.kinds, key=_CERTAINTY.index).value

    @property
    def words(self) -> str:
        """The suggestion, or why there is none, as a sentence for an operator."""
        if self.product_id is None:
            return (
                f"{counted(len(self.candidates), 'product fits', 'products fit')} equally well"
                if self.candidates
                else "no similar product"
            )
        return describe_kinds(self.kinds)


def describe_kinds(kinds: Sequence[Kind]) -> str:
    """Several differences in a sentence."""
    return "; ".join(WORDS[kind] for kind in kinds)


# --- how two codes differ --------------------------------------------------------------------------------------------


def difference(code: str, other: str) -> tuple[Kind, ...] | None:
    """The least that two codes differ by, () for the same code; None where they are just different codes."""
    plain, other_plain = _plain(code), _plain(other)
    if trimmed(code) == trimmed(other):
        return ()
    for kinds in _SUBSETS:
        if _alike(plain, other_plain, kinds):
            # The same after NFKC alone: full-width letters, a no-break space inside.
            return kinds or (Kind.SPACE,)
    return _by_check_digit(plain, other_plain)


def _plain(code: str) -> str:
    return unicodedata.normalize("NFKC", trimmed(code)).strip()


def _alike(code: str, other: str, kinds: Sequence[Kind]) -> bool:
    return bool(_forms(code, kinds) & _forms(other, kinds))


def _forms(text: str, kinds: Sequence[Kind]) -> set[tuple[str, ...]]:
    if Kind.SPACE in kinds:
        text = _INVISIBLE.sub("", text)
    if Kind.CASE in kinds:
        text = text.casefold()
    if Kind.ZEROS not in kinds:
        sub = _SEPARATOR.sub("", text) if Kind.DASH in kinds else text
        return _some((sub,))
    if Kind.DASH not in kinds:
        return _some((_without_zeros(text),))
    # Parts are compared one by one, else 1-02 would be 12; and as one number that only begins with zeros.
    parts = tuple(_without_zeros(part) for part in _TOKEN.findall(text) if not _SEPARATOR.fullmatch(part))
    joined = _SEPARATOR.sub("", text)
    return _some(parts, (_without_zeros(joined, first=True),))


def _some(*forms: tuple[str, ...]) -> set[tuple[str, ...]]:
    return {form for form in forms if any(form)}


def _without_zeros(text: str, *, first: bool = False) -> str:
    return _RUN.sub(lambda run: run[0].lstrip("0") or "0", text, count=1 if first else 0)


# --- check digits ----------------------------------------------------------------------------------------------------


def check_digit(body: str) -> str:
    """The check digit of a GTIN (UPC, EAN) without it: the last has weight 3, then 1, 3, ... from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)


def is_gtin(digits: str) -> bool:
    """Whether a text is a GTIN-8, UPC-A, EAN-13 or GTIN-14 with a right check digit."""
    return len(digits) in GTIN_LENGTHS and _is_digits(digits) and check_digit(digits[:-1]) == digits[-1]


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _digits(text: str) -> str:
    sub = _SEPARATOR.sub("", _INVISIBLE.sub("", text))
    return sub if _is_digits(sub) and len(sub) >= GTIN_LEAST - 1 else ""


def _by_check_digit(code: str, other: str) -> tuple[Kind, ...] | None:
    a, b = _digits(code), _digits(other)
    if not a or not b:
        return None
    if not (_lacks(a, b) or _lacks(b, a) or _mistaken(a, b)):
        return None
    return (*_besides(code, other, a, b), Kind.CHECK_DIGIT)


def _lacks(short: str, whole: str) -> bool:
    """Whether a number is a GTIN without its check digit, and perhaps without its leading zeros."""
    bare = short.lstrip("0")
    return is_gtin(whole) and len(bare) >= GTIN_LEAST - 2 and bare + check_digit(bare) == whole.lstrip("0")


def _mistaken(a: str, b: str) -> bool:
    """Whether two numbers are the same but for the last digit, which is right in one of them only."""
    same = len(a.lstrip("0")) == len(b.lstrip("0")) and a.lstrip("0")[:-1] == b.lstrip("0")[:-1]
    return same and is_gtin(a) != is_gtin(b) and min(len(a), len(b)) >= GTIN_LEAST


def _besides(code: str, other: str, a: str, b: str) -> Iterator[Kind]:
    """Differences of writing beside that of the check digit."""
    if (len(_INVISIBLE.sub("", code)) == len(code)) != (len(_INVISIBLE.sub("", other)) == len(other)):
        yield Kind.SPACE
    if bool(_SEPARATOR.search(code)) != bool(_SEPARATOR.search(other)):
        yield Kind.DASH
    if len(a) - len(a.lstrip("0")) != len(b) - len(b.lstrip("0")):
        yield Kind.ZEROS


# --- what to look up -------------------------------------------------------------------------------------------------


def variants(code: str) -> list[str]:
    """Folded keys under which a product may have a listing's code, the code's own first; at most VARIANTS_MOST."""
    own = normalize_key(code.translate(_DASHES))
    if not own or len(own) > LONGEST:
        return [own] if own else []
    made: dict[str, None] = dict.fromkeys((normalize_key(code), own))
    for base in _bases(own):
        made.update(dict.fromkeys(_zeroed(base)))
    for key in (*_parted(own), *_checked(own)):
        made[key] = None
    return [key for key in made if key][:VARIANTS_MOST]


def _bases(own: str) -> list[str]:
    """The code without spaces, without separators, and with each separator where it has one or letters meet digits."""
    tight = own.replace(" ", "")
    bare = _SEPARATOR.sub("", tight)
    others = (_SEPARATOR.sub(mark, own.replace(" ", mark)) for mark in _MARKS)
    return list(dict.fromkeys((own, tight, bare, *others, *(_SEAM.sub(mark, bare) for mark in _MARKS))))


def _zeroed(base: str) -> Iterator[str]:
    """The code with fewer and with more leading zeros in its first and its last number."""
    yield base
    runs = list(_RUN.finditer(base))
    if not runs:
        return
    yield _without_zeros(base)
    for run in (runs[0], runs[-1]) if len(runs) > 1 else (runs[0],):
        bare = run[0].lstrip("0") or "0"
        for zeros in range(ZEROS_MOST + 1):
            yield f"{base[: run.start()]}{'0' * zeros}{bare}{base[run.end() :]}"


def _parted(own: str) -> Iterator[str]:
    """A code without separators, with one anywhere in it."""
    if _SEPARATOR.search(own) or " " in own:
        return
    for separator in "- ":
        for at in range(1, len(own)):
            yield f"{own[:at]}{separator}{own[at:]}"


def _checked(own: str) -> Iterator[str]:
    """A number with its check digit, without it, and with others; each as long as GTINs are."""
    digits = _digits(own)
    if not digits:
        return
    body = digits[:-1]
    for number in (digits + check_digit(digits), body, *(body + digit for digit in "0123456789")):
        bare = number.lstrip("0")
        yield bare
        for length in (*GTIN_LENGTHS, *(length - 1 for length in GTIN_LENGTHS)):
            if len(bare) <= length <= len(bare) + ZEROS_MOST:
                yield bare.zfill(length)


# --- which product ---------------------------------------------------------------------------------------------------


class ListingCodes(NamedTuple):
    """A listing without a product: its code, and codes that it had before, the latest first."""

    code: str
    former: tuple[str, ...] = ()


def suggest(listing: ListingCodes, push_kind: int, hits: Sequence[CodeHit]) -> Suggestion:
    """The one product that fits best among those that were looked up; none where several fit equally well."""
    best: dict[int, tuple[int, tuple[Kind, ...], CodeHit]] = {}
    for hit in hits:
        kinds = _kinds(listing, push_kind, hit)
        if kinds is None:
            continue
        candidate = (sum(_WEIGHT[kind] for kind in kinds), kinds, hit)
        if hit.product_id not in best or candidate[0] < best[hit.product_id][0]:
            best[hit.product_id] = candidate
    if not best:
        return Suggestion(None, (), None)
    least = min(weight for weight, _, _ in best.values())
    fitting = [product for product, (weight, _, _) in best.items() if weight == least]
    if len(fitting) > 1:
        return Suggestion(None, (), None, tuple(sorted(fitting)))
    _, kinds, hit = best[fitting[0]]
    return Suggestion(fitting[0], kinds or (Kind.SHARED,), hit)


def _kinds(listing: ListingCodes, push_kind: int, hit: CodeHit) -> tuple[Kind, ...] | None:
    other = (Kind.OTHER_KIND,) if hit.kind != push_kind else ()
    kinds = difference(listing.code, hit.code)
    if kinds is not None:
        return (*other, *kinds)
    if any(trimmed(code) == trimmed(hit.code) for code in listing.former):
        return (*other, Kind.RENAMED)
    return None
