"""Past runs and carts without a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from invsync_tui.operations.audit.audit import AuditFilter, AuditLine
from invsync_tui.operations.audit.audit_text import Changed
from invsync_tui.operations.diagnosis.sku_history import Happening, SkuHistory
from invsync_tui.operations.events import EventFilter, EventLine, Severity
from invsync_tui.operations.lists.filtering import FilteredRows, line_filter
from invsync_tui.operations.lists.list_views import CartLine, ListingLine, Point, RunDiff
from invsync_tui.operations.lists.rows import Count, Ordering, PlaceKey, Rows
from invsync_tui.operations.lists.sorted_lines import Value, in_order
from invsync_tui.operations.runs.changes import FILTERED, VALUES, ChangeLine
from invsync_tui.operations.runs.held import HeldLine
from invsync_tui.operations.runs.history import SKU_VALUES
from invsync_tui.operations.views import RunKind, RunRow, RunState
from invsync_tui.rules.listing_filter import CHANGES, HELD, LISTINGS, Language
from invsync_tui.rules.outcomes import Counts

RUNS = 400
HOUR = 3600
NOW = 1_790_000_000
STATES = (RunState.DONE, RunState.DONE, RunState.FAILED, RunState.DONE, RunState.CANCELLED)


def _number(line: Any) -> int:
    return int(line.n if isinstance(line, ChangeLine | EventLine) else line.id)


class FakeRows:
    """`Rows` over a list in its order, keyed by number."""

    def __init__(self, lines: Sequence[Any], *sortable: str) -> None:
        self.sortable = sortable
        self._lines = lines
        self._at = {_number(line): at for at, line in enumerate(lines)}

    def count(self) -> Count:
        return Count(len(self._lines), exact=True)

    def exact_count(self) -> int:
        return len(self._lines)

    def key(self, line: Any) -> PlaceKey:
        return (_number(line),)

    def position(self, key: PlaceKey) -> int | None:
        return self._at.get(key[0])

    def after(self, key: PlaceKey | None, limit: int) -> Sequence[Any]:
        first = 0 if key is None else self._at[key[0]] + 1
        return self._lines[first : first + limit]

    def before(self, key: PlaceKey | None, limit: int) -> Sequence[Any]:
        end = len(self._lines) if key is None else self._at[key[0]]
        return self._lines[max(end - limit, 0) : end]


Values = Mapping[str, Callable[[Any], Value]]
RUN_VALUES: Values = {"failed": lambda run: run.counts.failed, "state": lambda run: str(run.state)}
AUDIT_VALUES: Values = {"who": lambda line: line.who, "action": lambda line: line.action}
EVENT_VALUES: Values = {"severity": lambda line: list(Severity).index(line.severity), "text": lambda line: line.text}
HELD_VALUES: Values = {"target": lambda line: line.target, "group": lambda line: line.group}
HELD_FILTERED: Values = {
    **HELD_VALUES, "sku": lambda line: line.sku, "in-cart": lambda line: line.in_cart,
    "change": lambda line: line.change,
}  # fmt: skip
SKU_FILTERED: Values = {**SKU_VALUES, "diff": lambda line: line.difference, "in-cart": lambda line: line.in_cart}


def filtered(rows: Rows[Any], text: str, language: Language, values: Values) -> Rows[Any]:
    """The lines that fulfill a filter, as operations filter lines in memory."""
    fulfills = line_filter(text, language, values, lambda line: (line.sku,))
    return FilteredRows(rows, fulfills) if fulfills else rows


def newest_first(lines: Sequence[Any], own: str, values: Values, ordering: Ordering | None) -> Rows[Any]:
    """Lines that come newest first, which is the order `own` descending, in that order or in another."""
    rows: Rows[Any] = FakeRows(lines, own, *values)
    if ordering in (None, Ordering(own, descending=True)):
        return rows
    return in_order(rows, ordering, {own: _number, **values})


def past_run(number: int) -> RunRow:
    """A run of long ago: two merchants in turn, downloads and uploads, one in five failed."""
    pull, state = number % 3 == 0, STATES[number % len(STATES)]
    at = NOW - (RUNS - number) * HOUR
    failed = 40 if state is RunState.FAILED else 0
    return RunRow(
        id=number,
        kind=RunKind.PULL if pull else RunKind.PUSH,
        merchant_id=1 + number % 2,
        merchant=("Demo Outdoor", "Demo Books")[number % 2],
        cart_id=None if pull else 7 + number % 2,
        cart=None if pull else ("Demo Cart EU", "Demo Cart US")[number % 2],
        state=state,
        trigger=("schedule", "manual")[number % 4 == 0],
        requested_by=("demo", "demo-2")[number % 7 == 0],
        requested_at=at,
        started_at=at + 2,
        ended_at=at + 90,
        phase="verify",
        done=4812,
        total=4812,
        counts=Counts(total=4812, set=4812 - failed, failed=failed),
        error="The cart refused our login (401)." if failed else "",
    )


def cart_line(number: int, name: str, merchant: str = "Demo Outdoor", **changes: Any) -> CartLine:
    given: dict[str, Any] = {
        "id": number, "merchant_id": 1, "merchant": merchant, "name": name, "system": "vendure", "upload_on": True,
        "warehouses": ("WH-1",), "alias_type": "SKU", "minimum": 0, "listings": 4812, "last_push_at": NOW, "status": "success",
        "next_run_at": None, "latest_run": 11, "active_run": None,
    }  # fmt: skip
    return CartLine(**{**given, **changes})


def listing(number: int, sku: str, reason: str | None, **changes: Any) -> ListingLine:
    given: dict[str, Any] = {
        "id": number, "cart_id": 7, "cart": "Demo Cart EU", "merchant": "Demo Outdoor",
        "cart_listing_id": f"v-{number}", "sku": sku,
        "name": f"Product {sku}",
        "tracked": True, "product_id": None, "product_sku": None, "target": None, "confirmed": None, "in_cart": 3,
        "difference": None, "cart_count": 3, "cart_orders": 0, "synced_at": None,
        "outcome": "skipped", "reason": reason, "error": "", "run_id": 15, "override": None,
        "excluded": False, "locked": False, "drift": False,
    }  # fmt: skip
    return ListingLine(**{**given, **changes})


def change(number: int) -> ChangeLine:
    """A row that a run sent: most of them confirmed, some failed, with hostile words."""
    before, set_to, failed = 40 - number % 7, (0, 250, 41)[number % 3], number % 10 == 9
    return ChangeLine(
        1, number, number, f"L-{number}", f"DEMO-{number:05}", "Tent [red]\x1b[2J", number, f"DEMO-{number:05}",
        None if number % 11 == 10 else before, set_to, None if number % 11 == 10 else set_to - before, before, set_to,
        "failed" if failed else "set", "REJECTED_BY_CART" if failed else None, "no such \x1b[2Jvariant" if failed else "",
    )  # fmt: skip


def audit_line(number: int) -> AuditLine:
    """An entry: a change of settings, a release, or a freeze with hostile words."""
    at, who = NOW - (300 - number) * HOUR, ("demo", "[red]demo")[number % 7 == 0]
    if number % 3 == 0:
        change = Changed("Minimum Inventory Level", "0", str(number))
        return AuditLine(
            number, at, who, "cart settings", "cart:7", "cart Demo Cart EU", (change,),
            f"Minimum Inventory Level: 0 to {number}", "", 7, None,
        )  # fmt: skip
    if number % 3 == 1:
        return AuditLine(number, at, who, "release", "run:11", "run 11, Demo Cart EU", (), "", "looked at", None, 11)
    return AuditLine(
        number, at, who, "freeze", "cart:7", "cart Demo Cart EU", (), "frozen", "photo \x1b[2J\x1b[31mday", 7, None
    )


def event_line(number: int) -> EventLine:
    """An event: of a download or an upload, one in ten an error with hostile words."""
    at, pull = NOW - (300 - number) * 60, number % 3 == 0
    severity = (Severity.INFO, Severity.WARNING, Severity.ERROR)[(number % 5 == 0) + (number % 10 == 0)]
    text = (
        "The cart refused \x1b[2J[red]our login (401)."
        if severity is Severity.ERROR
        else f"Batch {number} of 300 accepted"
    )
    return EventLine(
        11, number, at, severity, text, RunKind.PULL if pull else RunKind.PUSH, 1, "Demo Outdoor", None if pull else 7,
        None if pull else "Demo Cart EU",
    )  # fmt: skip


EVERYTHING = AuditFilter()
ALL_EVENTS = EventFilter()


class FakeHistory:
    """Runs beyond a single one, newest first, and the past of a SKU."""

    def __init__(self) -> None:
        self.past = [past_run(number) for number in range(RUNS, 0, -1)]
        self.carts: tuple[CartLine, ...] = (
            cart_line(7, "Demo Cart EU"),
            cart_line(8, "Demo Cart US", warehouses=(), status="held", alias_type="UPC", minimum=2),
            cart_line(9, "Demo Closed", "Demo Café", merchant_id=3, upload_on=False, status="", last_push_at=None),
        )

    def runs(
        self,
        merchant_id: int | None = None,
        cart_id: int | None = None,
        state: str | None = None,
        trigger: str | None = None,
        who: str | None = None,
        since: int | None = None,
        until: int | None = None,
        ordering: Ordering | None = None,
    ) -> Rows[RunRow]:
        wanted = (merchant_id, cart_id, state, trigger, who)
        times = (since or 0, until or NOW)
        runs = [run for run in self.past if _matches(run, wanted) and times[0] <= run.requested_at <= times[1]]
        return newest_first(runs, "run", RUN_VALUES, ordering)

    def diff(self, run_id: int) -> RunDiff:
        if run_id <= 2:
            return RunDiff(run_id, None, (("total", 0, 4812), ("set", 0, 4812)), ())
        outcomes = (("total", 4800, 4812), ("set", 4100, 4060), ("equal", 700, 712), ("failed", 0, 40))
        return RunDiff(run_id, run_id - 2, outcomes, (("NOT_IN_WMS", 14, 14), ("REJECTED_BY_CART", 0, 40)))

    def skus(self, run_id: int, reason: str, ordering: Ordering | None = None, text: str = "") -> Rows[ListingLine]:
        lines = [listing(n, f"FRN-{1000 + n}", reason) for n in range(1, 15)]
        return in_order(filtered(FakeRows(lines, "", *SKU_VALUES), text, LISTINGS, SKU_FILTERED), ordering, SKU_VALUES)

    def of_outcome(
        self, run_id: int, outcome: str, ordering: Ordering | None = None, text: str = ""
    ) -> Rows[ListingLine]:
        lines = [listing(n, f"FRN-{1000 + n}", None, outcome=outcome, target=4, confirmed=4) for n in range(1, 15)]
        return in_order(filtered(FakeRows(lines, "", *SKU_VALUES), text, LISTINGS, SKU_FILTERED), ordering, SKU_VALUES)

    def changes(self, run_id: int, ordering: Ordering | None = None, text: str = "") -> Rows[ChangeLine]:
        rows = FakeRows([change(n) for n in range(400)], "", *VALUES)
        return in_order(filtered(rows, text, CHANGES, FILTERED), ordering, VALUES)

    def why_none(self, run_id: int) -> str:
        return f"Run {run_id} set nothing."

    def audit(self, wanted: AuditFilter = EVERYTHING, ordering: Ordering | None = None) -> Rows[AuditLine]:
        lines = [audit_line(n) for n in range(300, 0, -1)]
        wanted_words = (wanted.who, wanted.action)
        entries = [
            line
            for line in lines
            if all(a in (None, b) for a, b in zip(wanted_words, (line.who, line.action), strict=True))
        ]
        return newest_first(entries, "at", AUDIT_VALUES, ordering)

    def events(self, wanted: EventFilter = ALL_EVENTS, ordering: Ordering | None = None) -> Rows[EventLine]:
        lines = [event_line(n) for n in range(300, 0, -1)]
        levels = wanted.severity.and_worse if wanted.severity else ("info", "warning", "error")
        events = [line for line in lines if line.severity in levels and wanted.cart in (None, line.cart)]
        return newest_first(events, "at", EVENT_VALUES, ordering)

    def audit_actions(self) -> tuple[str, ...]:
        return ("cart settings", "freeze", "release")

    def held(
        self, run_id: int, group: str | None = None, ordering: Ordering | None = None, text: str = ""
    ) -> Rows[HeldLine]:
        groups = ("zero", "jump", "rest")
        lines = [
            HeldLine(n, f"L-{n}", f"DEMO-{n}", "Tent", 40, (0, 900, 41)[n % 3], groups[n % 3])
            for n in range(1, 400)
        ]  # fmt: skip
        changes = [line for line in lines if group in (None, line.group)]
        return in_order(filtered(FakeRows(changes, "", *HELD_VALUES), text, HELD, HELD_FILTERED), ordering, HELD_VALUES)

    def of_sku(self, word: str) -> tuple[SkuHistory, ...]:
        return (sku_history(word), sku_history(word, "Demo Cart US"))


def sku_history(asked: str, cart: str = "Demo Cart EU") -> SkuHistory:
    """A week of a SKU, with a lock of three days and hostile words in an order."""
    begin = NOW - 7 * 24 * HOUR
    source = tuple(Point(begin + n * 12 * HOUR, 40 - 3 * n) for n in range(14))
    desired = (*source[:4], *source[10:])
    happenings = tuple(
        Happening(point.at + 60, "demo, after pull", f"push {300 + n}: should show {point.value}", 300 + n)
        for n, point in enumerate(desired)
    )
    orders = (Happening(begin + 36 * HOUR, "[red]demo", "lock", reason="photo \x1b[2J\x1b[31mcleared day"),)
    history = tuple(sorted((*happenings, *orders), key=lambda entry: -entry.at))
    read = Point(NOW - HOUR, 6)
    in_cart = (*desired[:-1], Point(NOW - 9 * HOUR, 6))
    return SkuHistory(
        asked, "Demo Outdoor", cart, "v-42", begin, NOW, source, desired, desired[:-1], in_cart, history, read
    )


def _matches(run: RunRow, wanted: tuple[int | str | None, ...]) -> bool:
    traits = (run.merchant_id, run.cart_id, str(run.state), run.trigger, run.requested_by)
    return all(wanted_trait in (None, has) for wanted_trait, has in zip(wanted, traits, strict=True))
