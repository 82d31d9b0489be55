"""Matching: exact for a push, folded for a search, and never two products for one code."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from invsync_tui.rules.matching import SKU_KIND, CodeHit, match_code, normalize_key, trimmed
from invsync_tui.rules.outcomes import Reason

UPC, EAN = 1, 2
codes = st.text(alphabet="aAbB0 ß\u200bé", max_size=4)
hits = st.lists(st.builds(CodeHit, st.integers(1, 4), st.sampled_from([SKU_KIND, UPC, EAN]), codes), max_size=6)


@given(codes, st.sampled_from([SKU_KIND, UPC]), hits)
def test_a_match_is_the_one_product_with_exactly_this_code_of_this_kind(
    code: str, kind: int, found: list[CodeHit]
) -> None:
    # given
    owners = frozenset(hit.product_id for hit in found if hit.kind == kind)
    # when
    match = match_code(code, kind, found, owners)
    # then
    exact = {hit.product_id for hit in found if hit.kind == kind and trimmed(hit.code) == trimmed(code)}
    assert match.product_id == (exact.pop() if len(exact) == 1 else None)
    assert (match.product_id is None) == (match.reason is not None)


@given(codes, hits)
def test_a_code_of_several_products_is_ambiguous_and_names_them(code: str, found: list[CodeHit]) -> None:
    both = [CodeHit(11, UPC, code), CodeHit(12, UPC, code), *found]
    match = match_code(code, UPC, both, frozenset({11, 12}))
    assert match.reason is Reason.AMBIGUOUS_ALIAS
    assert {11, 12} <= {hit.product_id for hit in match.near}


def test_a_code_of_another_type_is_told_from_a_product_without_the_type() -> None:
    hit = CodeHit(1, SKU_KIND, "X")
    assert match_code("X", UPC, [hit], frozenset({1})).reason is Reason.WRONG_ALIAS_TYPE
    assert match_code("X", UPC, [hit], frozenset()).reason is Reason.ALIAS_MISSING


@given(st.text(min_size=1, max_size=6))
@example("Ab")
@example("00042")
def test_folding_never_merges_two_real_skus_in_a_push(sku: str) -> None:
    """Whatever has the same folded key: only the very same text is pushed to."""
    other = sku.swapcase()
    match = match_code(sku, SKU_KIND, [CodeHit(1, SKU_KIND, other)], frozenset({1}))
    assert (match.product_id == 1) == (trimmed(other) == trimmed(sku))


def test_a_code_that_differs_only_by_case_is_offered_as_near() -> None:
    match = match_code("ab", SKU_KIND, [CodeHit(1, SKU_KIND, "AB")], frozenset({1}))
    assert match.reason is Reason.NOT_IN_WMS
    assert match.near == (CodeHit(1, SKU_KIND, "AB"),)


@given(st.text(max_size=8))
def test_folding_and_trimming_are_stable(code: str) -> None:
    assert trimmed(trimmed(code)) == trimmed(code)
    assert normalize_key(code) == normalize_key(trimmed(code))


UNSEEN = "\u00a0\u3000\u2003\u202f\u200b\u200e\u202a\u202c\u200d\u2060\ufeff\u00ad\u2028\x00\x0b\x85"


@pytest.mark.parametrize("char", UNSEEN, ids=[f"U+{ord(char):04X}" for char in UNSEEN])
def test_what_nobody_sees_around_a_code_is_no_part_of_it(char: str) -> None:
    assert trimmed(f"{char}A 1{char} ") == "A 1"
    assert trimmed(f"A{char}1") == f"A{char}1"
    # and inside it is another code, which is offered as near
    spaces = " " if char.isspace() else ""
    assert normalize_key(f"{char}A{char}1{char}") == f"a{spaces}1"


def test_a_letter_with_its_accent_is_one_code_as_one_character_and_as_two() -> None:
    assert trimmed("U\u0308-1") == trimmed("\u00dc-1") != trimmed("U-1")
    assert match_code("U\u0308", SKU_KIND, [CodeHit(1, SKU_KIND, "\u00dc")], frozenset({1})).product_id == 1


def test_leading_zeros_are_part_of_a_code() -> None:
    assert trimmed(" 00042 ") == "00042"
    assert normalize_key("00042") != normalize_key("42")
