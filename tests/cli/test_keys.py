"""`invsync keys`: the sheet, with the configuration's own keys."""

from __future__ import annotations

from tests.support.processes.shell import Shell


def test_the_sheet_names_every_screen(shell: Shell) -> None:
    document = shell.json("keys")
    titles = {group["title"] for group in document["groups"]}
    assert {"Everywhere", "Merchants", "Run", "Edit Setup", "SKU search"} <= titles
    assert document["problems"] == []


def test_the_sheet_shows_the_keys_of_the_configuration_and_what_is_wrong_with_them(shell: Shell) -> None:
    config = shell.home / "config.toml"
    config.write_text('[keys]\nsync.start = "f5"\n"run.cansel" = "f6"\n')
    document = shell.json("keys", "--config", str(config))
    entries = {entry["id"]: entry["keys"] for group in document["groups"] for entry in group["entries"]}
    assert entries["sync.start"] == ["f5"]
    assert "Did you mean run.cancel?" in document["problems"][0]


def test_a_part_of_the_sheet_with_ids(shell: Shell) -> None:
    text = shell.ok("keys", "edit setup", "--ids").out
    assert "settings.save" in text and "Merchants\n" not in text


def test_a_theme_that_is_not_known_is_told(shell: Shell) -> None:
    answer = shell.run("keys", env={"INVSYNC_THEME": "pink"})
    assert answer.code == 2 and "dark, light, high-contrast, color-blind, 16" in answer.error
