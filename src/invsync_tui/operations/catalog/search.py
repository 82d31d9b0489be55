"""SKU search: exact before prefix before substring before name, and the guide's verdict in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from invsync_tui import clock
from invsync_tui.operations.errors import as_operation_error
from invsync_tui.operations.lists.list_views import HitRank, SearchAnswer, SearchHit
from invsync_tui.operations.lists.rows import Count
from invsync_tui.operations.session import Session
from invsync_tui.operations.time_text import ago
from invsync_tui.plain_text import counted
from invsync_tui.rules.matching import normalize_key, trimmed
from invsync_tui.store.catalog import search as rows
from invsync_tui.store.catalog.search import CodeHit, ProductHit
from invsync_tui.store.paging.text_filter import SUBSTRING_LEAST

LIMIT = 50
NAME_KIND = "name"
"""In the place of a kind of code where words of the name matched."""
Ranked = tuple[HitRank, CodeHit]

SHORT_HINT = "Up to two characters: codes that begin with them. From three: anywhere in a code, and words of the name."


def search(session: Session, text: str, merchant_id: int | None = None, limit: int = LIMIT) -> SearchAnswer:
    """What a keystroke shows, of one merchant or of all."""
    key = normalize_key(text)
    if not key:
        return SearchAnswer(text, (), Count(0, exact=True), "", "Type a SKU, an alias or a name.")
    with as_operation_error(), session.store.reading() as cx:
        owners = rows.merchants(cx, merchant_id)
        same = rows.exact(cx, key, owners)
        ranked = _ranked(same, rows.beginning(cx, key, owners, 2 * limit))
        most = max(rows.COUNTED_MOST, limit) + 1
        inside = rows.containing(cx, key, merchant_id, most)
        _fill(ranked, rows.code_with(cx, inside[: 2 * limit], key).values(), limit)
        names = rows.named(cx, key, merchant_id, most) if len(inside) < most else []
        shown = [*ranked, *(number for number in names if number not in ranked)][:limit]
        total = len({*inside, *names}) if len(key) >= SUBSTRING_LEAST else rows.count(cx, key, merchant_id)
        counted = max(total, len(shown))
        details = rows.details(cx, shown)
        near = rows.near(cx, key, merchant_id) if not ranked else []
    hits = tuple(_hit(details[number], ranked.get(number)) for number in shown if number in details)
    count = Count(min(counted, rows.COUNTED_MOST), exact=counted <= rows.COUNTED_MOST)
    verdict = _verdict(trimmed(text), same, near, details, count)
    return SearchAnswer(text, hits, count, verdict, SHORT_HINT if len(key) < SUBSTRING_LEAST else "")


def exact_count(session: Session, text: str, merchant_id: int | None = None) -> int:
    """All products that the search finds; may take a second on a very large store."""
    key = normalize_key(text)
    with as_operation_error(), session.store.reading() as cx:
        return rows.count(cx, key, merchant_id, None) if key else 0


def _ranked(same: Sequence[CodeHit], begun: Sequence[CodeHit]) -> dict[int, Ranked]:
    """The best code of each product, best first."""
    result: dict[int, Ranked] = {}
    for rank, hits in ((HitRank.EXACT, same), (HitRank.PREFIX, begun)):
        for hit in hits:
            result.setdefault(hit.product_id, (rank, hit))
    return result


def _fill(ranked: dict[int, Ranked], hits: Iterable[CodeHit], limit: int) -> None:
    for hit in hits:
        if len(ranked) >= limit:
            return
        ranked.setdefault(hit.product_id, (HitRank.SUBSTRING, hit))


def _hit(product: ProductHit, ranked: Ranked | None) -> SearchHit:
    rank, code, kind = HitRank.NAME, product.name, NAME_KIND
    if ranked is not None:
        rank, code, kind = ranked[0], ranked[1].code, ranked[1].kind_name
    return SearchHit(
        product_id=product.id,
        merchant_id=product.merchant_id,
        merchant=product.merchant,
        sku=product.sku,
        name=product.name,
        code=code,
        kind=kind,
        rank=rank,
        available=product.available,
        loaded_at=product.loaded_at,
    )


# --- verdict ---------------------------------------------------------------------------------------------------------


def _verdict(
    typed: str, same: Sequence[CodeHit], near: Sequence[CodeHit], details: dict[int, ProductHit], count: Count
) -> str:
    exact = [hit for hit in same if trimmed(hit.code) == typed]
    if exact:
        return _of_exact(exact, details)
    if same:
        return f"none: closest are {_listed(same)} (differs only by case or a space)"
    if near:
        return f"none: closest are {_listed(near)} (differs only by zeros, dashes or spaces)"
    if count.n:
        number = count.text
        return (
            f"none is exactly this: {number} {'product has' if number == '1' else 'products have'} it in a code or name"
        )
    return "none: the product codes do not match up; check that the WMS has this SKU loaded"


def _of_exact(exact: Sequence[CodeHit], details: dict[int, ProductHit]) -> str:
    """One merchant's products with one code must be one."""
    by_merchant: dict[int, set[int]] = {}
    for hit in exact:
        by_merchant.setdefault(hit.merchant_id, set()).add(hit.product_id)
    most = max(by_merchant.values(), key=len)
    if len(most) > 1:
        kinds = ", ".join(dict.fromkeys(hit.kind_name for hit in exact if hit.product_id in most))
        return (
            f"{counted(len(most), 'product shares', 'products share')} {kinds} {exact[0].code}: an alias must be unique"
        )
    if len(by_merchant) > 1:
        return f"{counted(len(by_merchant), 'product')}, one each of {len(by_merchant)} merchants"
    return _of_one(details.get(exact[0].product_id))


def _of_one(product: ProductHit | None) -> str:
    now = clock.seconds()
    if product is None:
        return "1 product"
    if product.missing_since is not None:
        return f"1 product, no longer in the WMS: a full download {ago(product.missing_since, now)} lacked it"
    if product.loaded_at is None:
        return "1 product, never loaded: no warehouse has reported a level"
    return f"1 product, loaded {ago(product.loaded_at, now)}"


def _listed(hits: Sequence[CodeHit]) -> str:
    return ", ".join(list(dict.fromkeys(hit.code for hit in hits))[: rows.NEAR_MOST])
