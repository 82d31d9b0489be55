"""Resemblance: every way to write a code differently is found and named, and never two products are one suggestion."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from invsync_tui.rules import match_suggestions
from invsync_tui.rules.match_suggestions import (
    AMBIGUOUS,
    NONE,
    Kind,
    ListingCodes,
    check_digit,
    difference,
    suggest,
    variants,
)
from invsync_tui.rules.matching import SKU_KIND, CodeHit, normalize_key

UPC = 1
PAIRS = (
    ("AB-1", "ab-1", (Kind.CASE,)),
    ("AB 1", "AB1", (Kind.SPACE,)),
    ("AB\u00a01", "AB 1", (Kind.SPACE,)),
    ("0042", "42", (Kind.ZEROS,)),
    ("AB-0042", "AB-42", (Kind.ZEROS,)),
    ("AB-0042", "AB42", (Kind.DASH, Kind.ZEROS)),
    ("ab_1", "AB.1", (Kind.CASE, Kind.DASH)),
    ("AB\u20131", "AB-1", (Kind.DASH,)),
    ("12345678", "1234-5678", (Kind.DASH,)),
    ("036000291452", "0036000291452", (Kind.ZEROS,)),  # UPC-A as EAN-13
    ("036000291452", "36000291452", (Kind.ZEROS,)),  # a spreadsheet took the zero away
    ("036000291452", "03600029145", (Kind.CHECK_DIGIT,)),
    ("036000291452", "036000291453", (Kind.CHECK_DIGIT,)),
    ("036000291452", "3600029145", (Kind.ZEROS, Kind.CHECK_DIGIT)),
    ("0-36000-29145-2", "03600029145", (Kind.DASH, Kind.CHECK_DIGIT)),
)
STRANGERS = (
    ("AB1", "AB2"), ("1-02", "12"), ("10", "1"), ("036000291453", "036000291454"), ("A", "-A-B"), ("-", "_"), ("", "0"),
)  # fmt: skip
words = st.text(alphabet="aBß01-_. /\u00a0é", min_size=1, max_size=8)
digits = st.text(alphabet="0123456789", min_size=11, max_size=12).filter(lambda text: len(text.lstrip("0")) > 7)


@pytest.mark.parametrize(("one", "two", "kinds"), PAIRS)
def test_a_difference_is_named_in_both_directions_and_its_code_is_looked_up(
    one: str, two: str, kinds: tuple[Kind, ...]
) -> None:
    assert difference(one, two) == kinds
    assert difference(two, one) == kinds
    assert normalize_key(two) in variants(one)


@pytest.mark.parametrize(("one", "two"), STRANGERS)
def test_different_codes_are_different(one: str, two: str) -> None:
    assert difference(one, two) is None


@given(words, words)
@example("1-02", "12")
def test_a_difference_is_the_same_from_both_sides(one: str, two: str) -> None:
    assert difference(one, two) == difference(two, one)


@given(
    st.lists(st.sampled_from(["ab", "X", "7", "42", "190"]), min_size=1, max_size=3),
    st.sampled_from(["", "-", "_", ".", "/", " "]),
    st.sampled_from(["", "-", "_", ".", "/", " "]),
    st.integers(0, 3),
)
def test_other_separators_cases_and_zeros_are_found(parts: list[str], one: str, two: str, zeros: int) -> None:
    # given two ways to write the same parts, with zeros in front of the last number
    assume(all(not (a[-1].isdigit() and b[0].isdigit()) for a, b in pairwise(parts)))
    assume(all(not (a[-1].isalpha() and b[0].isalpha()) for a, b in pairwise(parts)))
    padded = ["0" * zeros + parts[-1] if parts[-1].isdigit() else parts[-1]]
    listed, known = one.join([*parts[:-1], *padded]).upper(), two.join(parts)
    # when
    kinds = difference(listed, known)
    # then
    assert kinds is not None
    assert set(kinds) <= {Kind.SPACE, Kind.CASE, Kind.DASH, Kind.ZEROS}
    assert normalize_key(known) in variants(listed)
    assert normalize_key(listed) in variants(known)


@given(digits, st.integers(0, 9))
def test_check_digits_missing_wrong_and_behind_lost_zeros_are_found(body: str, wrong: int) -> None:
    # given
    whole = body + check_digit(body)
    assert match_suggestions.is_gtin(whole)
    mistaken = body + str(wrong)
    # then
    for other in (body, body.lstrip("0"), whole.lstrip("0"), mistaken):
        assert difference(other, whole) is not None
        if len(whole) - len(other) <= match_suggestions.ZEROS_MOST:
            assert whole in variants(other)
        assert difference(whole, other) == difference(other, whole)


def test_the_first_and_the_last_number_of_a_code_may_have_none_to_five_leading_zeros() -> None:
    zeros = ["0" * n for n in range(6)]
    assert set(match_suggestions._zeroed("A07-B3-012")) == {
        "A07-B3-012", *(f"A{more}7-B3-012" for more in zeros), *(f"A07-B3-{more}12" for more in zeros), "A7-B3-12",
    }  # fmt: skip
    assert set(match_suggestions._zeroed("A000")) == {"A000", "A0", *(f"A{more}0" for more in zeros)}
    assert list(match_suggestions._zeroed("ABC")) == ["ABC"]


def test_check_digits_of_known_articles() -> None:
    assert check_digit("03600029145") == "2"
    assert check_digit("400638133393") == "1"
    assert check_digit("9638507") == "4"


@given(words)
def test_variants_are_bounded_and_begin_with_the_code_itself(code: str) -> None:
    found = variants(code)
    assert len(found) <= match_suggestions.VARIANTS_MOST
    assert found == list(dict.fromkeys(found))
    assert not found or found[0] == normalize_key(code)


@given(words, st.lists(st.builds(CodeHit, st.integers(1, 4), st.sampled_from([SKU_KIND, UPC]), words), max_size=6))
def test_never_one_of_two_products_that_fit_equally_well(code: str, hits: list[CodeHit]) -> None:
    # when
    found = suggest(ListingCodes(code), SKU_KIND, hits)
    # then
    fitting = {hit.product_id for hit in hits if difference(code, hit.code) is not None}
    if found.product_id is None:
        assert set(found.candidates) <= fitting and len(found.candidates) != 1
        assert found.filed_under == (AMBIGUOUS if fitting else NONE)
    else:
        assert found.product_id in fitting
        same = {hit.product_id for hit in hits if hit.kind == found.hit.kind and hit.code == found.hit.code}  # type: ignore[union-attr]
        assert same == {found.product_id}
    # and the order of the hits is no matter
    assert suggest(ListingCodes(code), SKU_KIND, hits[::-1]).product_id == found.product_id


def test_the_more_certain_product_is_suggested() -> None:
    # given
    hits = [CodeHit(1, SKU_KIND, "ab-1"), CodeHit(2, SKU_KIND, "AB-001")]
    # when
    found = suggest(ListingCodes("AB-1"), SKU_KIND, hits)
    # then
    assert (found.product_id, found.filed_under) == (1, "CASE")


def test_combined_differences_are_filed_under_the_least_certain() -> None:
    found = suggest(ListingCodes("ab-1"), SKU_KIND, [CodeHit(1, SKU_KIND, "AB-001")])
    assert (found.kinds, found.filed_under) == ((Kind.CASE, Kind.ZEROS), "ZEROS")


def test_a_code_of_another_type_and_a_former_code_are_suggestions() -> None:
    assert suggest(ListingCodes("X1"), UPC, [CodeHit(1, SKU_KIND, "X1")]).filed_under == "OTHER_KIND"
    assert suggest(ListingCodes("new", ("X1",)), SKU_KIND, [CodeHit(1, SKU_KIND, "X1")]).filed_under == "RENAMED"
    assert suggest(ListingCodes("new"), SKU_KIND, [CodeHit(1, SKU_KIND, "X1")]).filed_under == NONE


CODES = st.text("0123456789aA- .l1O", max_size=6)


@given(CODES, CODES)
def test_two_codes_differ_by_the_same_whichever_is_named_first(one: str, two: str) -> None:
    for a, b in ((one, two), (one, f"00{one}"), (one, f"{one} ".upper())):
        assert difference(a, b) == difference(b, a)
