"""What an operator should look at in a feed, told from what is already known."""

from __future__ import annotations

from collections.abc import Iterator

from invsync_tui import clock
from invsync_tui.connectors.checks import Review, SourceFacts
from invsync_tui.rules.merchant_checks import Verdict

DAY = 86_400


def review(facts: SourceFacts) -> Iterator[Review]:
    """Columns, age of the last file, rows that could not be read, how it is known that a file is complete, and which is the
    newest."""
    yield _columns(facts)
    yield _age(facts)
    yield _rows(facts)
    yield _complete(facts)
    yield _newest(facts)


def _columns(facts: SourceFacts) -> Review:
    options = facts.connection.options
    named = [name for name in ("sku", "available", "on_hand") if options.get(name, "").strip()]
    if "sku" in named and len(named) > 1:
        return Review("feed.columns", Verdict.PASS, f"named: {', '.join(f'{name}={options[name]}' for name in named)}")
    missing = "sku" if "sku" not in named else "available"
    evidence = f"the column for {missing} is found by its usual name"
    if facts.worked:
        return Review("feed.columns", Verdict.PASS, f"{evidence}; {facts.test()} shows which")
    cause = "The columns are not named in the options."
    return Review("feed.columns", Verdict.UNKNOWN, evidence, cause, facts.set(f"--option {missing}=NAME"))


def _age(facts: SourceFacts) -> Review:
    written = facts.notes.get("file_time", 0)
    if not written:
        return Review("feed.age", Verdict.SKIPPED, "no file with a known time was read yet")
    hours = max(0, clock.seconds() - written) // 3600
    evidence = f"the last file was written {hours} hours ago"
    if hours * 3600 <= DAY:
        return Review("feed.age", Verdict.PASS, evidence)
    cause = "The WMS has written no new file for more than a day."
    fix = f"Look at the export of the WMS, then: {facts.test()}"
    return Review("feed.age", Verdict.FAIL, evidence, cause, fix)


def _newest(facts: SourceFacts) -> Review:
    """Whether it is known which of several files is the newest."""
    doubt = facts.notes.get("newest_in_doubt")
    if doubt is None:
        return Review("feed.newest", Verdict.SKIPPED, "no file was read yet")
    if not doubt:
        return Review("feed.newest", Verdict.PASS, "names and times say the same of which file is the newest")
    evidence = f"the last download was not sure which file is the newest; {facts.test()} says which was taken and why"
    cause = "The numbers in the names do not grow with the time, or a file with a lower name was written later."
    return Review("feed.newest", Verdict.UNKNOWN, evidence, cause, facts.set("--option name_date=DD-MM-YYYY"))


def _rows(facts: SourceFacts) -> Review:
    rows, rejected = facts.notes.get("rows"), facts.notes.get("rejected", 0)
    if rows is None:
        return Review("feed.rows", Verdict.SKIPPED, "no file was read yet")
    evidence = f"{rows} rows were read, {rejected} rejected"
    if names := facts.notes.get("repaired_names", 0):
        evidence += f", {names} names have bytes that could not be decoded (option encoding)"
    if not rejected:
        return Review("feed.rows", Verdict.PASS, evidence)
    cause = "Some rows of the file cannot be read; what they are about keeps its last stock."
    fix = f"Look at the warnings of the last download, or: {facts.set('--option rejects=FOLDER')}"
    return Review("feed.rows", Verdict.FAIL, evidence, cause, fix)


def _complete(facts: SourceFacts) -> Review:
    options = facts.connection.options
    way = options.get("complete", "").strip() or "stable"
    if way == "any" and not options.get("last_line", "").strip():
        cause = "A file that is still being written would be read as if it were complete."
        return Review(
            "feed.complete", Verdict.FAIL, "files are read at once", cause, facts.set("--option complete=marker")
        )
    return Review(
        "feed.complete",
        Verdict.PASS,
        {"marker": "a marker file says when a file is complete"}.get(
            way,
            "a file is read once its size no longer changes"
            if way == "stable"
            else "the last line shows that it is complete",
        ),
    )
