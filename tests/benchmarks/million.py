"""Questions of operators on 1,000,000 products x 5 warehouses x 3 carts: p95 of each, in milliseconds.

The store is made once and kept in ${INVSYNC_TEST_CACHE:-~/.cache/invsync-tests}. Run: python -m tests.benchmarks.million
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from invsync_tui.operations.catalog import aliases, stock
from invsync_tui.operations.catalog.search import exact_count, search
from invsync_tui.operations.catalog.sku import view
from invsync_tui.operations.demo.demo import Scale, generate
from invsync_tui.operations.diagnosis.doctor import doctor
from invsync_tui.operations.diagnosis.why import why
from invsync_tui.operations.listings import carts, product_sync
from invsync_tui.operations.lists.list_views import ListingFilter
from invsync_tui.operations.lists.rows import Ordering, Rows
from invsync_tui.operations.runs import history as run_history
from invsync_tui.operations.session import Session
from invsync_tui.operations.settings import forms
from invsync_tui.store.connection import VERSION
from invsync_tui.store.database import open_store
from invsync_tui.store.demo import generate as demo_generate
from invsync_tui.store.demo import generated_rows
from invsync_tui.store.migrations.versions import v0003_diagnosis, v0004_second_thoughts
from tests.benchmarks import planning, written
from tests.benchmarks.searches import ASKED, SEED, p95, texts, timed
from tests.benchmarks.table import Figure

PRODUCTS, WAREHOUSES, CARTS = 1_000_000, 5, 3
PAGE = 128
"""What a windowed table asks for at once."""
OPEN_MOST, KEY_MOST, SCROLL_MOST = 150.0, 50.0, 15.0
WHY_MOST, DOCTOR_MOST = 100.0, 1000.0
"""Budgets: opening a list, a keystroke of a search, a page while scrolling."""


def cached_store(products: int = PRODUCTS) -> Path:
    """The generated store, made if this version of it is not there."""
    folder = Path(os.environ.get("INVSYNC_TEST_CACHE", Path.home() / ".cache" / "invsync-tests"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"generated-{VERSION}-{_recipe()}-{products}.db"
    if not path.exists():
        generate(path, Scale(products, WAREHOUSES, CARTS, SEED, int(time.time())), print)
    return path


def _recipe() -> str:
    """Changes with the code that makes the rows."""
    import hashlib

    texts = [
        Path(module.__file__ or "").read_bytes()
        for module in (demo_generate, generated_rows, v0003_diagnosis, v0004_second_thoughts)
    ]
    return hashlib.blake2b(b"".join(texts), digest_size=4).hexdigest()


def _figure(name: str, times: Sequence[float], budget: float | None, note: str = "") -> Figure:
    return Figure(name, p95(times), "ms", budget, f"{note} max {max(times):.0f}".strip())


def _searches(session: Session) -> Iterator[Figure]:
    for name, typed in texts(random.Random(SEED), PRODUCTS):
        search(session, typed[0])
        yield _figure(f"search: {name}", [timed(lambda t=text: search(session, t)) for text in typed], KEY_MOST)
    times = [timed(lambda t=text: exact_count(session, t)) for text in ("demo", "tent", "000", "4711")]
    yield _figure("search: exact count (in a worker)", times, None)


Lists = dict[str, Callable[[Session], Rows]]  # type: ignore[type-arg]
LISTS: Lists = {
    "levels by SKU": lambda s: stock.levels(s, 2),
    "levels by available, descending": lambda s: stock.levels(s, 2, "", Ordering("available", descending=True)),
    "levels by time": lambda s: stock.levels(s, 2, "", Ordering("loaded_at")),
    "levels of a small warehouse": lambda s: stock.levels(s, WAREHOUSES),
    "levels, rare filter": lambda s: stock.levels(s, 2, "0001234"),
    "levels, common filter": lambda s: stock.levels(s, 2, "tent"),
    "summary": lambda s: stock.summary(s, 1),
    "summary, rare filter": lambda s: stock.summary(s, 1, "0001234"),
    "summary, common filter": lambda s: stock.summary(s, 1, "tent"),
    "listings": lambda s: product_sync.listings(s, 1),
    "listings by last synced": lambda s: product_sync.listings(s, 1, ordering=Ordering("synced_at")),
    "listings, rare filter": lambda s: product_sync.listings(s, 1, text="0001234"),
    "listings, common filter": lambda s: product_sync.listings(s, 1, text="tent"),
    **{
        f"listings: {tab}": lambda s, tab=tab: product_sync.listings(s, 2, tab) for tab in ListingFilter if tab != "all"
    },
    "alias collisions": lambda s: aliases.collisions(s, 1, generated_rows.UPC),
    "alias missing": lambda s: aliases.missing(s, 1, generated_rows.UPC),
    "runs": run_history.runs,
    "SKUs of a run's reason": lambda s: run_history.skus(s, generated_rows.OLD_RUNS + 2, "UNCHANGED"),
}


def _lists(session: Session) -> Iterator[Figure]:
    for name, make in LISTS.items():
        opening = [timed(lambda m=make: (m(session).after(None, PAGE), m(session).count())) for _ in range(5)]
        yield _figure(f"open {name}", opening, OPEN_MOST)
        scrolling, ends = _scrolled(make(session))
        yield _figure(f"  a page of {PAGE} further on", scrolling, SCROLL_MOST)
        yield _figure("  End", ends, OPEN_MOST)


def _scrolled(rows: Rows) -> tuple[list[float], list[float]]:  # type: ignore[type-arg]
    """Pages from the top, from the end upwards, and the jump to the end."""
    times: list[float] = []
    ends = [timed(lambda: rows.before(None, PAGE)) for _ in range(3)]
    page = rows.after(None, PAGE)
    back = rows.before(None, PAGE)
    for _ in range(20):
        if page:
            times.append(timed(lambda p=page: rows.after(rows.key(p[-1]), PAGE)))
            page = rows.after(rows.key(page[-1]), PAGE)
        if back:
            times.append(timed(lambda p=back: rows.before(rows.key(p[0]), PAGE)))
            back = rows.before(rows.key(back[0]), PAGE)
    return times or [0.0], ends


def _screens(session: Session) -> Iterator[Figure]:
    dice = random.Random(SEED)
    some = [dice.randint(1, PRODUCTS) for _ in range(ASKED)] + [100 * n for n in range(1, 20)]
    yield _figure("SKU screen", [timed(lambda p=product: view(session, p)) for product in some], KEY_MOST)
    questions: dict[str, Callable[[], object]] = {
        "warehouses": lambda: stock.warehouses(session, 1),
        "carts": lambda: carts.carts(session),
        "tabs of Product Sync": lambda: product_sync.tabs(session, 2),
        "alias types with counts": lambda: aliases.types(session, 1),
        "form of a cart": lambda: forms.form(session, "cart:1"),
        "preview of settings, one chunk": lambda: forms.preview(session, 1, {"minimum": "7", "warehouses": "EAST"}),
        "preview of another alias, one chunk": lambda: forms.preview(session, 1, {"alias": "UPC"}),
    }
    for name, ask in questions.items():
        ask()  # whatever is imported or read from the disk by the first one
        yield _figure(name, [timed(ask) for _ in range(8)], OPEN_MOST + 100 if "preview" in name else OPEN_MOST)


def _diagnoses(session: Session) -> Iterator[Figure]:
    dice = random.Random(SEED)
    some = [generated_rows.sku(dice.randint(1, PRODUCTS), SEED) for _ in range(ASKED)]
    why(session, some[0])
    yield _figure("why", [timed(lambda s=sku: why(session, s)) for sku in some], WHY_MOST)
    yield _figure("doctor of a SKU", [timed(lambda s=sku: doctor(session, sku=s)) for sku in some], DOCTOR_MOST)
    yield _figure("doctor of a cart", [timed(lambda: doctor(session, 1, 2)) for _ in range(8)], DOCTOR_MOST)
    yield _figure("doctor of everything", [timed(lambda: doctor(session)) for _ in range(8)], DOCTOR_MOST)


def figures(products: int = PRODUCTS) -> list[Figure]:
    """All of them."""
    session = Session(open_store(cached_store(products), read_only=True), "benchmark", read_only=True)
    try:
        found = [*_searches(session), *_lists(session), *_screens(session), *_diagnoses(session)]
    finally:
        session.close()
    found += planning.figures(cached_store(products), products)
    found += written.figures(cached_store(products), products)
    return found


if __name__ == "__main__":
    from tests.benchmarks.table import show

    show(figures())
