"""Lists in the order of any of their columns, both ways, against lines that Python sorts by what the line itself says."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from invsync_tui.operations import events
from invsync_tui.operations.audit import audit
from invsync_tui.operations.catalog import aliases, stock
from invsync_tui.operations.errors import OperationError
from invsync_tui.operations.listings import drift, identity, links
from invsync_tui.operations.lists import sorted_lines
from invsync_tui.operations.lists.rows import Ordering, Rows
from invsync_tui.operations.runs import changes, held, history
from invsync_tui.rules.match_suggestions import FILED_UNDER
from invsync_tui.rules.outcomes import Reason
from tests.support.operations.paged_lists import holds, walked
from tests.support.stores.merchant_store import NOW
from tests.support.stores.products_store import Shelf, Thing, shelf
from tests.support.stores.small_writes import BATCHES

HELD, SENT = 701, 702
"""The runs that held listings, and that sent changes."""
Read = Callable[[Shelf, Ordering | None], Rows[Any]]
Model = Mapping[str, Callable[[Any], Any]]


def known(value: Any) -> tuple[bool, Any]:
    """What is unknown in front of everything else."""
    return (False, 0) if value is None else (True, value)


class Case(NamedTuple):
    """A list, by what each of its columns is sorted, and what makes two lines of one value different."""

    read: Read
    model: Model
    tie: Callable[[Any], Any]


def by_id(line: Any) -> int:
    return int(line.id)


CASES = {
    "runs": Case(
        lambda made, order: history.runs(made.session, ordering=order),
        {
            "run": lambda run: run.id,
            "merchant": lambda run: run.merchant,
            "cart": lambda run: known(run.cart),
            "state": lambda run: str(run.state),
            "trigger": lambda run: run.trigger,
            "by": lambda run: run.requested_by,
            "asked": lambda run: run.requested_at,
            "took": lambda run: known(run.took),
            "skus": lambda run: run.counts.total,
            "updated": lambda run: run.counts.set,
            "failed": lambda run: run.counts.failed,
        },
        by_id,
    ),
    "audit": Case(
        lambda made, order: audit.entries(made.session, ordering=order),
        {
            "at": by_id,
            "who": lambda line: line.who,
            "action": lambda line: line.action,
            "about": lambda line: (line.subject.split(":")[0], int((line.subject + ":0").split(":")[1])),
            "reason": lambda line: line.reason,
        },
        by_id,
    ),
    "events": Case(
        lambda made, order: events.events(made.session, ordering=order),
        {
            "at": lambda line: line.at,
            "severity": lambda line: ("info", "warning", "error").index(line.severity),
            "merchant": lambda line: line.merchant,
            "cart": lambda line: known(line.cart),
            "run": lambda line: (line.run_id, line.n),
            "text": lambda line: line.text,
        },
        lambda line: (line.at, line.run_id, line.n),
    ),
    "held": Case(
        lambda made, order: held.held(made.session, HELD, None, order),
        {
            "": by_id,
            "sku": lambda line: line.sku.lower(),
            "name": lambda line: line.name,
            "in_cart": lambda line: known(line.in_cart),
            "target": lambda line: line.target,
            "change": lambda line: known(None if line.in_cart is None else line.target - line.in_cart),
            "group": lambda line: line.group,
        },
        by_id,
    ),
    "drift": Case(
        lambda made, order: drift.drifted(made.session, made.cart, None, order),
        {
            "": by_id,
            "sku": lambda line: line.sku.casefold(),
            "class": lambda line: line.drift,
            "exposure": lambda line: line.exposure,
            "confirmed": lambda line: known(line.confirmed),
            "in_cart": lambda line: known(line.in_cart),
            "target": lambda line: known(line.target),
            "correct": lambda line: line.to_correct,
        },
        by_id,
    ),
    "changes": Case(
        lambda made, order: changes.changes(made.session, SENT, order),
        {
            "": lambda line: (line.batch, line.n),
            "sku": lambda line: line.sku.casefold(),
            "name": lambda line: line.name.casefold(),
            "before": lambda line: known(line.before),
            "set_to": lambda line: line.set_to,
            "change": lambda line: known(line.change),
            "result": lambda line: line.result,
            "reason": lambda line: line.reason or "",
        },
        lambda line: (line.batch, line.n),
    ),
    "SKUs of a run": Case(
        lambda made, order: history.of_outcome(made.session, HELD, "held", order),
        {
            "": by_id,
            "sku": lambda line: line.sku.casefold(),
            "name": lambda line: line.name.casefold(),
            "tracked": lambda line: known(line.tracked),
            "target": lambda line: known(line.target),
            "confirmed": lambda line: known(line.confirmed),
            "in_cart": lambda line: known(line.in_cart),
            "difference": lambda line: known(line.difference),
            "synced_at": lambda line: known(line.synced_at),
            "outcome": lambda line: line.outcome,
        },
        by_id,
    ),
    "levels": Case(
        lambda made, order: stock.levels(made.session, made.default, "", order),
        {
            "sku": lambda line: line.sku,
            "name": lambda line: line.name,
            "available": lambda line: line.available,
            "loaded_at": lambda line: line.loaded_at,
            "on_hand": lambda line: known(line.on_hand),
            "committed": lambda line: known(line.committed),
            "incoming": lambda line: known(line.incoming),
            "missing": lambda line: known(line.missing_since),
        },
        lambda line: line.product_id,
    ),
    "collisions": Case(
        lambda made, order: aliases.collisions(made.session, made.merchant, upc(made), order),
        {
            "code": lambda line: line.code,
            "products": lambda line: len(line.products),
            "skus": lambda line: ", ".join(sku for _, sku in line.products).casefold(),
        },
        lambda line: line.code,
    ),
    "products without a code": Case(
        lambda made, order: aliases.missing(made.session, made.merchant, upc(made), order),
        {
            "sku": lambda line: line.sku,
            "name": lambda line: line.name.casefold(),
            "total": lambda line: known(line.total),
        },
        lambda line: (line.sku, line.product_id),
    ),
    "listings without a product": Case(
        lambda made, order: identity.unmatched(made.session, made.cart, ordering=order),
        {
            "sku": lambda line: line.sku.lower(),
            "suggestion": lambda line: (line.product_sku or "").casefold(),
            "why": lambda line: line.words.casefold(),
            "kind": lambda line: FILED_UNDER.index(line.kind),
            "name": lambda line: line.product_name.casefold(),
        },
        lambda line: (line.sku.lower(), line.id),
    ),
    "links": Case(
        lambda made, order: identity.link_list(made.session, made.cart, ordering=order),
        {
            "ref": lambda line: line.cart_listing_id,
            "listing": lambda line: line.sku.casefold(),
            "product": lambda line: line.product_sku.casefold(),
            "kind": lambda line: line.kind.casefold(),
            "state": lambda line: line.state.casefold(),
            "by": lambda line: line.made_by,
            "made_at": lambda line: line.made_at,
        },
        lambda line: line.cart_listing_id,
    ),
    "renames": Case(
        lambda made, order: identity.renamed(made.session, made.cart, ordering=order),
        {
            "at": lambda line: line.at,
            "before": lambda line: line.before.casefold(),
            "after": lambda line: line.after.casefold(),
            "means": lambda line: (line.product_sku or "").casefold(),
            "meant": lambda line: (line.former_sku or "").casefold(),
        },
        lambda line: (line.at, line.id),
    ),
}


def upc(made: Shelf) -> int:
    return next(line.kind for line in aliases.types(made.session, made.merchant) if line.name == "UPC")


def filled(folder: Path) -> Shelf:
    """A store in which every list has rows that differ in each of their columns, and some that do not."""
    made, dice = shelf(folder), random.Random(5)
    things = [
        Thing(f"r{n}", f"Sku-{n % 7}{n}", dice.choice(("boot", "Lamp", "")), [("UPC", str(n // 4))] if n % 2 else [])
        for n in range(16)
    ]
    ids = made.put(things)
    made.stock(made.default, [(number, dice.randrange(4)) for number in ids[:11]])
    with made.bench.store.transaction() as tx:
        for number in ids[:11]:
            values = (dice.choice((None, 0, 3)), dice.choice((None, 0, 3)), dice.choice((None, NOW)), number)
            tx.execute("UPDATE level SET committed = ?, incoming = ?, missing_since = ? WHERE product_id = ?", values)
    matched = made.list([thing.sku for thing in things[:12]], shown=3)
    made.list(["sku000", "sku11", "Sku1-8", "no such thing", "other", "Other ", "SKU_22", "sku-2-2x", "zz"], shown=3)
    put_listings(made, matched, dice)
    put_batches(made, matched, dice)
    put_renames(made, matched)
    for line in walked(identity.unmatched(made.session, made.cart), 9)[:3]:
        links.link(made.session, made.cart, line.cart_listing_id, ids[-1 - line.id % 2])
    put_runs(made, dice)
    put_audit(made, dice)
    return made


def put_listings(made: Shelf, numbers: Sequence[int], dice: random.Random) -> None:
    for number in numbers:
        acked = dice.choice((0, 2, 5))
        made.set(
            number, run_id=HELD, outcome="held", reason=Reason.HELD_FOR_REVIEW.stored, acked=acked, shown=acked,
            desired=dice.choice((0, 2, 90)),
            observed=dice.choice((0, 1, 2, 9)), allocated=dice.choice((0, 1)), tracked=dice.choice((0, 1)),
            synced_at=dice.choice((NOW, NOW + 5)), heal=dice.choice((0, 1)), name=dice.choice(("Boot", "lamp", "Änne")),
        )  # fmt: skip
    made.set(numbers[0], observed=None, acked=None)
    with made.bench.store.transaction() as tx:
        tx.execute("UPDATE cart SET jump_factor = 10 WHERE id = ?", (made.cart,))


def put_batches(made: Shelf, numbers: Sequence[int], dice: random.Random) -> None:
    with made.bench.store.transaction() as tx:
        for batch, part in enumerate((numbers[::2], numbers[1::2])):
            items = [
                [number, f"L{number}", desired, desired + 1, dice.choice((None, 2, 7))]
                for number in part
                for desired in [dice.choice((0, 4, 8))]
            ]
            values = (f"b-{batch}", made.cart, SENT, json.dumps(items), ("answered", "in_doubt")[batch])
            tx.execute(f"{BATCHES} (?, ?, ?, 1, ?, x'', ?, 1, 1)", values)


def put_renames(made: Shelf, numbers: Sequence[int]) -> None:
    with made.bench.store.transaction() as tx:
        for n, number in enumerate(numbers[:5]):
            values = (number, NOW + n // 2, f"Sku-{n}{n + 7}", f"{'abcd'[n % 4]}-{n}")
            tx.execute("INSERT INTO listing_rename (listing_id, at, before, after) VALUES (?, ?, ?, ?)", values)


RUN = (
    "INSERT INTO run (id, kind, key, merchant_id, state, trigger, requested_by, requested_at, started_at, ended_at, counts) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def put_runs(made: Shelf, dice: random.Random) -> None:
    other = made.another_cart("acme two")
    with made.bench.store.transaction() as tx:
        for n, number in enumerate((HELD, SENT, *range(703, 716))):
            kind = "push" if number in (HELD, SENT) else ("pull", "push", "radar")[n % 3]
            key = made.merchant if kind == "pull" else (made.cart, other)[n % 2] if number > SENT else made.cart
            begun = dice.choice((None, NOW - 90, NOW - 30))
            counts = {"total": dice.randrange(4), "set": dice.randrange(3), "failed": dice.randrange(2)}
            tx.execute(
                RUN,
                (
                    number, kind, key, made.merchant, dice.choice(("done", "failed", "cancelled")),
                    dice.choice(("manual", "schedule")), dice.choice(("ada", "bo")), NOW + n, begun,
                    dice.choice((None, NOW, NOW - 60)), json.dumps(counts),
                ),
            )  # fmt: skip
            for event in range(2):
                level = dice.choice(("info", "warning", "error"))
                text = dice.choice(("batch accepted", "Refused"))
                tx.execute("INSERT INTO run_event VALUES (?, ?, ?, ?, ?)", (number, event, NOW + n % 4, level, text))


def put_audit(made: Shelf, dice: random.Random) -> None:
    subjects = ("run:9", "run:10", f"cart:{made.cart}", "store", "plan:3")
    with made.bench.store.transaction() as tx:
        for n in range(20):
            values = (
                NOW + n,
                dice.choice(("ada", "bo")),
                dice.choice(("thaw", "heal", "release")),
                dice.choice(subjects),
            )
            tx.execute(
                "INSERT INTO audit (at, who, action, subject, reason) VALUES (?, ?, ?, ?, ?)", (*values, "xy"[n % 2])
            )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    shown = filled(tmp_path_factory.mktemp("orders"))
    yield shown
    shown.bench.store.close()


@pytest.mark.parametrize("descending", [False, True], ids=["up", "down"])
@pytest.mark.parametrize(("name", "column"), [(name, column) for name, case in CASES.items() for column in case.model])
def test_a_list_is_in_the_order_of_a_column(made: Shelf, name: str, column: str, descending: bool) -> None:
    # given
    case = CASES[name]
    lines = walked(case.read(made, None), 99)
    assert len(lines) > 2
    # when
    rows = case.read(made, Ordering(column, descending))
    # then
    value = case.model[column]
    wanted = sorted(lines, key=lambda line: (value(line), case.tie(line)), reverse=descending)
    for step in (1, 4, 99):
        holds(rows, [case.tie(line) for line in wanted], case.tie, step)


@pytest.mark.parametrize("name", CASES)
def test_every_column_that_a_list_says_it_has_is_tried_here(made: Shelf, name: str) -> None:
    assert set(CASES[name].read(made, None).sortable) == set(CASES[name].model)


@pytest.mark.parametrize("name", CASES)
def test_a_long_list_has_its_own_order_alone_both_ways(made: Shelf, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invsync_tui.store.paging.stock.SMALL", 1)
    monkeypatch.setattr("invsync_tui.store.paging.identity.QUICK", 1)
    monkeypatch.setattr(drift, "COUNTED", 1)
    case = CASES[name]
    lines = walked(case.read(made, None), 99)
    own, *_ = case.read(made, None).sortable
    if own:
        wanted = sorted(lines, key=lambda line: (case.model[own](line), case.tie(line)))
        assert [case.tie(line) for line in walked(case.read(made, Ordering(own)), 3)] == [
            case.tie(line) for line in wanted
        ]
    other = next(column for column in case.model if column not in case.read(made, None).sortable)
    with pytest.raises(OperationError, match=f"cannot be sorted by '{other}' at its size"):
        case.read(made, Ordering(other))


def test_the_place_of_a_line_that_is_gone_is_where_it_stood(made: Shelf) -> None:
    for descending in (False, True):
        rows = drift.drifted(made.session, made.cart, None, Ordering("exposure", descending))
        lines = walked(rows, 99)
        gone = (*rows.key(lines[2])[:-1], rows.key(lines[2])[-1] + (0.5 if not descending else -0.5))
        assert rows.position(gone) is None
        assert list(rows.after(gone, 2)) == lines[3:5]
        assert list(rows.before(gone, 2)) == lines[1:3]


def test_unknown_comes_first_numbers_by_size_and_texts_without_case() -> None:
    values = ["b", 10, None, "A", 9, True]
    assert sorted(values, key=sorted_lines.comparable) == [None, True, 9, 10, "A", "b"]
