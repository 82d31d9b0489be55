"""Which tests `-m quick` selects: those that say most within three minutes."""

from __future__ import annotations

from pathlib import Path

import pytest

QUICK = (
    "rules", "store", "connectors", "operations", "sync/catalog/test_pull.py", "sync/pushes/test_push.py",
    "sync/plans/test_holds.py", "sync/listings/test_units_per_listing.py", "tui/keys/test_keys.py",
    "tui/runs/test_run_text.py", "tui/widgets/test_row_source.py", "tui/text/test_sanitize.py", "tui/test_screens.py",
    "tui/widgets/test_table.py", "cli/settings/test_config_writers.py", "test_docs.py", "test_layers.py",
)  # fmt: skip
"""Folders and files of `-m quick`. Left out by what they cost: tests of whole runs take about 0.7 s of a processor each,
those of screens about 0.6 s, those of commands start processes; here are those that say most about each."""
LONG = (
    "operations/test_sharing.py", "operations/runs/test_starting_worker.py", "operations/connections/test_connector_kit.py",
    "connectors/*/test_*_kit.py", "connectors/*/test_*_thread.py", "connectors/*/test_*_faults.py",
    "connectors/feed/test_feed_*.py", "connectors/sql/test_sql_*.py", "connectors/kit/test_kit.py",
    "connectors/network/test_download.py",
)  # fmt: skip
"""Files in these folders that start processes or servers of their own, or go through whole runs."""

LONG_TESTS = (
    "store/test_upgrade.py::test_a_killed_upgrade_is_done_by_the_next_one_without_another_backup",
    "store/test_upgrade.py::test_a_disk_that_is_full_at_any_page_leaves_the_store_as_before",
    "store/test_upgrade.py::test_killed_before_any_statement_the_store_is_as_before_or_as_after",
    "store/test_upgrade.py::test_killed_at_a_step_of_the_backup_the_next_upgrade_has_one_backup_and_no_draft",
    "store/file/test_backups.py::test_a_restored_store_starts_anew_and_the_former_one_is_kept",
    "rules/test_redaction.py::test_a_megabyte_of_anything_is_through_in_seconds",
    "rules/test_redaction.py::test_the_cost_of_a_text_grows_with_its_length_and_not_with_its_square",
)
"""Tests of these folders with so many examples that each takes more than five seconds of a processor."""


def is_quick(item: pytest.Item, path: Path) -> bool:
    """Whether a test of a file, by its path within `tests`, belongs to the selection."""
    marked = item.get_closest_marker("real") or item.get_closest_marker("slow")
    chosen = {path.as_posix(), *(folder.as_posix() for folder in path.parents)}
    long = any(path.match(pattern) for pattern in LONG)
    long = long or f"{path.as_posix()}::{item.name.partition('[')[0]}" in LONG_TESTS
    return not marked and not long and not chosen.isdisjoint(QUICK)
