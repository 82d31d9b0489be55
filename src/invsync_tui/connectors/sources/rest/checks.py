"""What an operator should look at in a described REST system, told from what the last download counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from invsync_tui.connectors.checks import Review, SourceFacts
from invsync_tui.connectors.sources.rest.layout import CHANGED_PRODUCTS, CHANGES, LEVELS, PRODUCTS, WAREHOUSES
from invsync_tui.plain_text import counted
from invsync_tui.rules.merchant_checks import Verdict

RECORDS, REJECTED = "records", "rejected"
"""Products and levels of the last download, and those of them that could not be read."""
AT_ONCE: Mapping[str, str] = {
    name: f"{name}_at_once" for name in (WAREHOUSES, PRODUCTS, LEVELS, CHANGES, CHANGED_PRODUCTS)
}
"""By listing, the most records that came in one answer, where the description names no pages."""
ROUND = 50
"""Servers that cut their answers do it at a multiple of this."""


def review(facts: SourceFacts) -> Iterator[Review]:
    """Records that could not be read, and answers that may have been cut."""
    yield _records(facts)
    yield _complete(facts)


def _records(facts: SourceFacts) -> Review:
    records, rejected = facts.notes.get(RECORDS), facts.notes.get(REJECTED, 0)
    if records is None:
        return Review("rest.records", Verdict.SKIPPED, "nothing was read yet")
    evidence = f"{counted(records, 'record')} of the last download, {rejected} rejected"
    if not rejected:
        return Review("rest.records", Verdict.PASS, evidence)
    cause = "Some records cannot be read by the description; what they are about keeps its last stock."
    fix = f"Look at the warnings of the last download, correct the description, then: {facts.test()}"
    return Review("rest.records", Verdict.FAIL, evidence, cause, fix)


def _complete(facts: SourceFacts) -> Review:
    """A system with a limit of its own answers with the first hundred, and says nothing of the others."""
    if facts.notes.get(RECORDS) is None:
        return Review("rest.complete", Verdict.SKIPPED, "nothing was read yet")
    suspects = [
        f"{listing}: {facts.notes[name]}"
        for listing, name in AT_ONCE.items()
        if (count := facts.notes.get(name, 0)) and count % ROUND == 0
    ]
    if not suspects:
        return Review("rest.complete", Verdict.PASS, "no answer without pages has a round number of records")
    cause = "The system may cut its answers at a limit of its own: what is behind it is not read."
    fix = "If it has more, say how it pages in the description: style in [page], or total in the listing's table."
    return Review("rest.complete", Verdict.FAIL, f"records in one answer: {', '.join(suspects)}", cause, fix)
