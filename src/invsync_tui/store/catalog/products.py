"""Products and their codes: written page by page, and read with everything known of one."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

from invsync_tui.rules.matching import SKU_KIND, normalize_key, trimmed
from invsync_tui.store import named_rows

SHARERS = 20
"""Other products named with a shared code at most."""


class ProductRow(NamedTuple):
    """A product with the name of its merchant."""

    id: int
    merchant_id: int
    merchant: str
    sku: str
    name: str
    missing_since: int | None


class StockRow(NamedTuple):
    """A level with its warehouse."""

    warehouse_id: int
    warehouse: str
    on_hand: int | None
    available: int
    committed: int | None
    incoming: int | None
    loaded_at: int
    read_at: int | None
    missing_since: int | None


def get(cx: sqlite3.Connection, product_id: int) -> ProductRow | None:
    """A product by its number."""
    return named_rows.first(
        ProductRow,
        cx.execute(
            "SELECT p.id, p.merchant_id, m.name, p.sku, p.name, p.missing_since FROM product AS p "
            "JOIN merchant AS m ON m.id = p.merchant_id WHERE p.id = ?",
            (product_id,),
        ),
    )


def stock(cx: sqlite3.Connection, product_id: int) -> list[StockRow]:
    """Its levels, Default first."""
    rows = cx.execute(
        "SELECT w.id, w.code, v.on_hand, v.available, v.committed, v.incoming, v.loaded_at, "
        "coalesce(v.read_at, max(v.loaded_at, CASE WHEN w.vanished_at IS NULL THEN coalesce(s.confirmed_at, 0) "
        "ELSE coalesce(w.last_full_at, 0) END)), v.missing_since FROM level AS v "
        "JOIN warehouse AS w ON w.id = v.warehouse_id LEFT JOIN source AS s ON s.merchant_id = w.merchant_id "
        "WHERE v.product_id = ? ORDER BY w.id",
        (product_id,),
    )
    return named_rows.filled(StockRow, rows)


class Code(NamedTuple):
    """A code of a product; kind 0 is the SKU."""

    kind: int
    kind_name: str
    code: str


def codes(cx: sqlite3.Connection, product_id: int) -> list[Code]:
    """The codes of a product, the SKU first."""
    rows = cx.execute(
        "SELECT c.kind, coalesce(a.name, 'SKU'), c.code FROM product_code AS c LEFT JOIN alias_type AS a ON a.id = c.kind "
        "WHERE c.product_id = ? ORDER BY c.kind <> 0, a.name, c.code",
        (product_id,),
    )
    return named_rows.filled(Code, rows)


def sharers(cx: sqlite3.Connection, product_id: int) -> dict[tuple[int, str], list[str]]:
    """By (kind, code), SKUs of other present products that have it too."""
    rows = cx.execute(
        "SELECT c.kind, c.code, p.sku FROM product_code AS m CROSS JOIN product_code AS c "
        "ON c.merchant_id = m.merchant_id AND c.key = m.key AND c.kind = m.kind AND c.code = m.code "
        "CROSS JOIN product AS p ON p.id = c.product_id "
        "WHERE m.product_id = ?1 AND c.product_id <> ?1 AND p.missing_since IS NULL ORDER BY p.sku LIMIT ?2",
        (product_id, SHARERS),
    )
    result: dict[tuple[int, str], list[str]] = defaultdict(list)
    for kind, code, sku in rows:
        result[kind, code].append(sku)
    return result


def components(cx: sqlite3.Connection, product_id: int) -> list[tuple[str, int]]:
    """(SKU, needed) of a kit's parts."""
    return cx.execute(
        "SELECT coalesce(nullif(p.sku, ''), p.ref, '?'), k.needed FROM kit_component AS k "
        "LEFT JOIN product AS p ON p.id = k.component_id WHERE k.kit_id = ? ORDER BY k.component_id",
        (product_id,),
    ).fetchall()


class Kind(NamedTuple):
    """What a product is, beside its codes, as a plan reads it."""

    is_kit: int
    inactive: int
    uncounted: int


PLAIN = Kind(0, 0, 0)


def kinds(cx: sqlite3.Connection, product_ids: Sequence[int]) -> dict[int, Kind]:
    """By product, what some products are."""
    sql = "SELECT id, is_kit, inactive, uncounted FROM product WHERE id IN (SELECT value FROM json_each(?))"
    return dict(named_rows.keyed(Kind, cx.execute(sql, (json.dumps(list(product_ids)),))))


class NotListed(NamedTuple):
    """A cart that was found not to list a product, and why."""

    cart_id: int
    cart: str
    reason: str


def unlisted(cx: sqlite3.Connection, merchant_id: int, product_id: int) -> list[NotListed]:
    """The merchant's carts that were found not to list a product."""
    rows = cx.execute(
        "SELECT c.id, c.name, coalesce(u.reason, 'NOT_IN_CART') FROM cart AS c "
        "LEFT JOIN unlisted AS u ON u.cart_id = c.id AND u.product_id = ? WHERE c.merchant_id = ? ORDER BY c.id",
        (product_id, merchant_id),
    )
    return named_rows.filled(NotListed, rows)


# --- an operator's wishes ---------------------------------------------------------------------------------------------


class Wished(NamedTuple):
    """A listing that an operator wants something for."""

    id: int
    cart_id: int
    merchant_id: int
    sku: str
    before: Any


_WISHES = frozenset({"excluded", "locked", "override"})
_LEFT_ALONE = frozenset({"excluded", "locked"})


def wished(cx: sqlite3.Connection, listing_ids: Sequence[int], column: str = "override") -> list[Wished]:
    """The listings with these numbers that exist, and what is wished for them now."""
    if column not in _WISHES:
        raise ValueError(column)
    rows = cx.execute(
        f"SELECT l.id, l.cart_id, c.merchant_id, l.sku, l.{column} FROM listing AS l JOIN cart AS c ON c.id = l.cart_id "
        "WHERE l.id IN (SELECT value FROM json_each(?)) ORDER BY l.id",
        (json.dumps(list(listing_ids)),),
    )
    return named_rows.filled(Wished, rows)


def wish(tx: sqlite3.Connection, listing_ids: Sequence[int], column: str, value: int | None, seq: int) -> int:
    """Set a wish; listings that have it already are left as they are. Returns how many changed.

    One that was left alone and is synced again is compared with what the cart shows: others may have set it meanwhile.
    """
    if column not in _WISHES:
        raise ValueError(column)
    again = ", acked = NULL, pending = 1" if column in _LEFT_ALONE and not value else ""
    return tx.execute(
        f"UPDATE listing SET {column} = ?1, seq = ?2{again} WHERE id IN (SELECT value FROM json_each(?3)) "
        f"AND {column} IS NOT ?1",
        (value, seq, json.dumps(list(listing_ids))),
    ).rowcount


def doubt(tx: sqlite3.Connection, listing_ids: Sequence[int]) -> None:
    """Forget what the carts accepted: the next push compares with what they show, and writes where that differs."""
    tx.execute(
        "UPDATE listing SET acked = NULL, pending = 1 WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(listing_ids)),),
    )


class ProductRecord(Protocol):
    """A product as the WMS reported it. `aliases` are (type, code); `components` are (product ref, needed)."""

    @property
    def ref(self) -> str: ...
    @property
    def sku(self) -> str | None: ...
    @property
    def name(self) -> str: ...
    @property
    def aliases(self) -> Sequence[tuple[str, str]]: ...
    @property
    def components(self) -> Sequence[tuple[str, int]]: ...
    @property
    def active(self) -> bool: ...
    @property
    def counted(self) -> bool: ...


class Blank(NamedTuple):
    """A product of which only the reference is known."""

    ref: str
    sku: str | None = None
    name: str = ""
    aliases: Sequence[tuple[str, str]] = ()
    components: Sequence[tuple[str, int]] = ()
    active: bool = True
    counted: bool = True


class Written(NamedTuple):
    """What a page did: ids of all its products, and how many of them were new or changed."""

    ids: list[int]
    changed: int


def _signature(record: ProductRecord) -> str:
    """Digest of everything of a record that is stored. The separators cannot stand in a code."""
    codes = [record.sku or "", *chain.from_iterable(record.aliases)]
    parts = [codes[0], record.name, *codes[1:]]
    for ref, needed in record.components:
        parts += ("\x1e", ref, str(needed))
    joined = "".join(codes)
    if not (joined.isascii() and joined.isprintable()):
        parts += _as_matched((record.sku or "", *(code for _, code in record.aliases)))
    if not record.active:
        parts += ("\x1d", "inactive")
    if not record.counted:
        parts += ("\x1d", "uncounted")
    return _digest("\x1f".join(parts).encode()).hexdigest()


_digest = partial(hashlib.blake2b, digest_size=8)


def _signatures(records: Sequence[ProductRecord]) -> list[str]:
    """Of each its signature. The codes of a page are looked at once, which most pages need no more than."""
    codes = chain.from_iterable(chain.from_iterable([record.aliases for record in records]))
    joined = "".join(chain([record.sku or "" for record in records], codes))
    if not (joined.isascii() and joined.isprintable()):
        return [*map(_signature, records)]
    return [
        _digest("\x1f".join((record.sku or "", record.name, *chain.from_iterable(record.aliases))).encode()).hexdigest()
        if record.active and record.counted and not record.components
        else _signature(record)
        for record in records
    ]


def _as_matched(codes: Iterable[str]) -> list[str]:
    """What codes are stored as that are not plain: one that was stored by an older rule is written anew."""
    return [part for code in codes if not code.isascii() or not code.isprintable()
            for part in ("\x1c", trimmed(code), normalize_key(code))]  # fmt: skip


def _codes(record: ProductRecord, kinds: Mapping[str, int]) -> list[tuple[int, str]]:
    sku = trimmed(record.sku or "")
    codes = [(SKU_KIND, sku)] if sku else []
    codes += [(kinds[kind], plain) for kind, code in record.aliases if (plain := trimmed(code))]
    return list(dict.fromkeys(codes))


def alias_kinds(cx: sqlite3.Connection, merchant_id: int) -> dict[str, int]:
    """Alias type names of a merchant and their numbers; the SKU is not among them."""
    return dict(cx.execute("SELECT name, id FROM alias_type WHERE merchant_id = ?", (merchant_id,)).fetchall())


def ensure_alias_kinds(tx: sqlite3.Connection, merchant_id: int, names: Iterable[str]) -> dict[str, int]:
    """`alias_kinds` after adding those of `names` that are new."""
    known = alias_kinds(tx, merchant_id)
    for name in sorted({*names} - known.keys()):
        tx.execute("INSERT INTO alias_type (merchant_id, name) VALUES (?, ?)", (merchant_id, name))
    return alias_kinds(tx, merchant_id)


_KNOWN = "SELECT ref, id, sig FROM product WHERE merchant_id = ? AND "
AROUND_MOST = 2
"""Products that are read to find those of a page, for each of them."""


_NEW: tuple[int, str | None] = (0, None)
"""In the place of a product that is not stored; no signature is like it."""


def _known(tx: sqlite3.Connection, merchant_id: int, refs: Sequence[str]) -> dict[str, tuple[int, str]]:
    """By reference (id, signature) of those that are stored, and maybe of others.

    A page mostly has references that follow one another: reading that part of the index in one go takes half the time.
    """
    if not refs:
        return {}
    limit = AROUND_MOST * len(refs)
    rows = tx.execute(
        f"{_KNOWN} ref BETWEEN ? AND ? LIMIT ?", (merchant_id, min(refs), max(refs), limit + 1)
    ).fetchall()
    if len(rows) > limit:
        among = f"{_KNOWN} ref IN (SELECT value FROM json_each(?))"
        rows = tx.execute(among, (merchant_id, json.dumps(refs))).fetchall()
    return {ref: (number, sig) for ref, number, sig in rows}


def upsert_products(
    tx: sqlite3.Connection, merchant_id: int, records: Sequence[ProductRecord], now: int, seq: int
) -> Written:
    """Write one page. Products that did not change cost one indexed read and write nothing; new ones are added together."""
    aliases = chain.from_iterable([record.aliases for record in records])
    kinds = ensure_alias_kinds(tx, merchant_id, set(map(itemgetter(0), aliases)))
    known = _known(tx, merchant_id, [record.ref for record in records])
    added = _Added(tx, merchant_id)
    ids, changed = [], 0
    for record, sig in zip(records, _signatures(records), strict=True):
        number, former = known.get(record.ref, _NEW)
        if former == sig:
            ids.append(number)
            continue
        stored = _stored(merchant_id, record, kinds, sig, (seq, now))
        if former is None:
            number = added.take(stored)
            known[record.ref] = number, ""  # whoever has the same reference on this page is written over it
        else:
            added.write()
            _write(tx, merchant_id, stored)
        ids.append(number)
        changed += 1
    added.write()
    return Written(ids, changed)


class _StoredProduct(NamedTuple):
    """A product as it is stored: the values of its row, and its codes as (kind, code, what it is matched by)."""

    row: tuple[object, ...]
    codes: list[tuple[int, str, str]]
    seq: int


def _stored(
    merchant_id: int, record: ProductRecord, kinds: Mapping[str, int], sig: str, stamp: tuple[int, int]
) -> _StoredProduct:
    """`stamp`: the sequence number and the time."""
    codes = [(kind, code, normalize_key(code)) for kind, code in _codes(record, kinds)]
    kind, sku, sku_key = codes[0] if codes else (0, "", "")
    if kind != SKU_KIND:
        sku = sku_key = ""
    keys = "\n".join(dict.fromkeys([key for _, _, key in codes]))
    held = ",".join(map(str, sorted({kind for kind, _, _ in codes})))
    row = (merchant_id, record.ref, sku, sku_key, record.name, keys, held)
    flags = (int(bool(record.components)), int(not record.active), int(not record.counted))
    return _StoredProduct((*row, *flags, sig, *stamp), codes, stamp[0])


class _Added:
    """New products of a page, written together: a first download is made of nothing else."""

    def __init__(self, tx: sqlite3.Connection, merchant_id: int) -> None:
        self._tx, self._merchant_id = tx, merchant_id
        self._next = 0
        self._rows: list[tuple[object, ...]] = []
        self._codes: list[tuple[object, ...]] = []

    def take(self, stored: _StoredProduct) -> int:
        """Its number. Nobody else gives out one while the transaction is open."""
        if not self._next:
            ((last,),) = self._tx.execute("SELECT coalesce(max(id), 0) FROM product")
            self._next = int(last) + 1
        number, self._next = self._next, self._next + 1
        self._rows.append((number, *stored.row))
        self._codes += _code_rows(self._merchant_id, number, stored)
        return number

    def write(self) -> None:
        """Write those that were taken."""
        if self._rows:
            self._tx.executemany(_INSERT, self._rows)
            self._tx.executemany(_INSERT_CODE, self._codes)
        self._rows, self._codes, self._next = [], [], 0


def _code_rows(merchant_id: int, number: int, stored: _StoredProduct) -> list[tuple[object, ...]]:
    return [(merchant_id, key, kind, number, code) for kind, code, key in stored.codes]


_COLUMNS = (
    "merchant_id, ref, sku, sku_key, name, codes_text, kinds, is_kit, inactive, uncounted, sig, seq, missing_since"
)
_INSERT = f"INSERT INTO product (id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_CODE = "INSERT INTO product_code (merchant_id, key, kind, product_id, code) VALUES (?, ?, ?, ?, ?)"
_UPSERT = f"""
INSERT INTO product ({_COLUMNS})
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (merchant_id, ref) DO UPDATE SET sku = excluded.sku, sku_key = excluded.sku_key, name = excluded.name,
  codes_text = excluded.codes_text, kinds = excluded.kinds, is_kit = excluded.is_kit,
  inactive = excluded.inactive, uncounted = excluded.uncounted, sig = excluded.sig, seq = excluded.seq
RETURNING id
"""


def _write(tx: sqlite3.Connection, merchant_id: int, stored: _StoredProduct) -> int:
    number = int(tx.execute(_UPSERT, stored.row).fetchone()[0])
    _touch_listings(tx, merchant_id, number, [key for _, _, key in stored.codes], stored.seq)
    tx.execute("DELETE FROM product_code WHERE product_id = ?", (number,))
    tx.executemany(_INSERT_CODE, _code_rows(merchant_id, number, stored))
    return number


def _touch_listings(tx: sqlite3.Connection, merchant_id: int, product_id: int, keys: Iterable[str], seq: int) -> None:
    """Let listings be matched again whose code the product is about to lose: what else has it counts now, or nothing."""
    rows = tx.execute("SELECT DISTINCT key FROM product_code WHERE product_id = ?", (product_id,))
    lost = {key for (key,) in rows} - {*keys}
    if lost:
        tx.execute(
            "UPDATE listing SET seq = ? WHERE cart_id IN (SELECT id FROM cart WHERE merchant_id = ?) "
            "AND key IN (SELECT value FROM json_each(?)) AND gone_at IS NULL",
            (seq, merchant_id, json.dumps(sorted(lost))),
        )


def _hold_places(tx: sqlite3.Connection, merchant_id: int, refs: Sequence[str], now: int, seq: int) -> None:
    """Numbers for products that a kit needs and that no page has brought yet; the page that does fills them in."""
    for ref in sorted({*refs} - _known(tx, merchant_id, refs).keys()):
        _write(tx, merchant_id, _stored(merchant_id, Blank(ref), {}, "", (seq, now)))


def write_components(
    tx: sqlite3.Connection,
    merchant_id: int,
    records: Sequence[ProductRecord],
    ids: Sequence[int],
    now: int,
    seq: int,
) -> None:
    """Kits of a page whose products have these `ids`, and products that no longer are kits.

    A part that is named several times is needed that often.
    Components that the WMS never lists have no levels, which makes the kit unknown.
    """
    had = _parts_of(tx, ids)
    kits = [(kit, record) for kit, record in zip(ids, records, strict=True) if record.components or kit in had]
    if not kits:
        return
    refs = sorted({ref for _, record in kits for ref, _ in record.components})
    _hold_places(tx, merchant_id, refs, now, seq)
    known = {ref: number for ref, (number, _) in _known(tx, merchant_id, refs).items()}
    for kit, record in kits:
        needed: dict[int, int] = defaultdict(int)
        for ref, units in record.components:
            needed[known[ref]] += units
        if needed != had.get(kit, {}):
            _write_parts(tx, kit, had.get(kit, {}), needed, seq)


def _parts_of(cx: sqlite3.Connection, kit_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """By kit, its parts and how many of each it needs; absent for what is no kit."""
    parts: dict[int, dict[int, int]] = defaultdict(dict)
    near = "SELECT 1 FROM kit_component WHERE kit_id BETWEEN ? AND ? LIMIT 1"
    if not kit_ids or cx.execute(near, (min(kit_ids), max(kit_ids))).fetchone() is None:
        return parts
    sql = "SELECT kit_id, component_id, needed FROM kit_component WHERE kit_id IN (SELECT value FROM json_each(?))"
    for kit, part, needed in cx.execute(sql, (json.dumps(list(kit_ids)),)):
        parts[kit][part] = needed
    return parts


def _write_parts(tx: sqlite3.Connection, kit: int, had: Mapping[int, int], needed: Mapping[int, int], seq: int) -> None:
    """Replace a kit's parts. Orders for the kit take units off its parts, so those that it lost are planned anew as well."""
    tx.execute("DELETE FROM kit_component WHERE kit_id = ?", (kit,))
    tx.executemany("INSERT INTO kit_component VALUES (?, ?, ?)", [(kit, part, units) for part, units in needed.items()])
    moved = [(seq, number) for number in (kit, *(had.keys() - needed.keys()))]
    tx.executemany("UPDATE product SET seq = ? WHERE id = ?", moved)


def ids_by_ref(cx: sqlite3.Connection, merchant_id: int, refs: Sequence[str]) -> dict[str, int]:
    """Product ids of the WMS's references; unknown references are absent."""
    rows = cx.execute(
        "SELECT ref, id FROM product WHERE merchant_id = ? AND ref IN (SELECT value FROM json_each(?))",
        (merchant_id, json.dumps(refs)),
    )
    return dict(rows.fetchall())


def refs_by_id(cx: sqlite3.Connection, ids: Sequence[int]) -> dict[int, str]:
    """The WMS's references of products."""
    rows = cx.execute("SELECT id, ref FROM product WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(ids),))
    return dict(rows.fetchall())


def present_refs(cx: sqlite3.Connection, merchant_id: int, refs: Sequence[str]) -> set[str]:
    """Those of some references whose product the last full download had."""
    rows = cx.execute(
        "SELECT ref FROM product WHERE merchant_id = ? AND missing_since IS NULL "
        "AND ref IN (SELECT value FROM json_each(?))",
        (merchant_id, json.dumps(refs)),
    )
    return {ref for (ref,) in rows}


def present_count(cx: sqlite3.Connection, merchant_id: int) -> int:
    """Products of the merchant that the last full download had and that are active."""
    sql = "SELECT count(*) FROM product WHERE merchant_id = ? AND missing_since IS NULL AND inactive = 0"
    return int(cx.execute(sql, (merchant_id,)).fetchone()[0])


def present_ids(cx: sqlite3.Connection, merchant_id: int) -> array[int]:
    """Ids, ascending, of the products that the last full download had."""
    sql = "SELECT id FROM product WHERE merchant_id = ? AND missing_since IS NULL ORDER BY id"
    return array("q", chain.from_iterable(cx.execute(sql, (merchant_id,))))


def flag_missing(tx: sqlite3.Connection, product_ids: Iterable[int], now: int, seq: int) -> int:
    """Mark products that a full download no longer had. Their codes stop matching; nothing is set to 0."""
    rows = [(now, seq, number) for number in product_ids]
    tx.executemany("UPDATE product SET missing_since = ?, seq = ? WHERE id = ? AND missing_since IS NULL", rows)
    return len(rows)


def marked_among(tx: sqlite3.Connection, merchant_id: int, seen: Set[int]) -> list[int]:
    """Products that are marked as missing and are among `seen`: new ones, and those that are back."""
    marked = tx.execute("SELECT id FROM product WHERE merchant_id = ? AND missing_since IS NOT NULL", (merchant_id,))
    return [number for (number,) in marked if number in seen]  # all rows at once would take 90 bytes each


def confirm_present(tx: sqlite3.Connection, merchant_id: int, seen: Set[int], seq: int) -> int:
    """Unmark products that a full download had; returns how many were new, or are back."""
    return unmark(tx, marked_among(tx, merchant_id, seen), seq)


def unmark(tx: sqlite3.Connection, product_ids: Sequence[int], seq: int) -> int:
    """The same for some that are known to be marked."""
    rows = [(seq, number) for number in product_ids]
    tx.executemany("UPDATE product SET missing_since = NULL, seq = ? WHERE id = ?", rows)
    return len(rows)
