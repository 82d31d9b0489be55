"""A configuration and a keymap of an earlier version still work: their ids and keys are a fixture that only grows."""

from __future__ import annotations

from pathlib import Path

import pytest

from invsync_tui.config import Flags, load
from invsync_tui.tui import keymap

FORMER = Path(__file__).parents[2] / "support" / "former"
IDS = (FORMER / "key_ids.txt").read_text().split()


@pytest.mark.parametrize("name", IDS)
def test_an_id_of_an_earlier_version_is_understood(name: str) -> None:
    usable, wrong = keymap.accepted({name: "ctrl+f12"})
    assert wrong == ()
    (present,) = usable
    assert present in keymap.ids()


def test_every_present_id_is_in_the_list_of_ids_that_work() -> None:
    missing = keymap.ids() - set(IDS)
    assert not missing, f"add them to {FORMER / 'key_ids.txt'}: {sorted(missing)}"


def test_ids_that_were_renamed_lead_to_ids_that_are() -> None:
    assert set(keymap.FORMER_IDS.values()) <= keymap.ids()
    assert not set(keymap.FORMER_IDS) & keymap.ids()


@pytest.mark.parametrize(
    ("former", "present"),
    [("drift.heal", "drift.correct"), ("drift.heal-all", "drift.correct-all"), ("drift.radar", "drift.verify")],
)
def test_the_words_of_before_have_the_keys_of_the_present_ones(former: str, present: str) -> None:
    assert keymap.accepted({former: "f7"}) == ({present: "f7"}, ())


def test_a_configuration_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    place = tmp_path / "invsync" / "config.toml"
    place.parent.mkdir()
    place.write_text((FORMER / "config.toml").read_text())
    config = load(Flags(), {"XDG_CONFIG_HOME": str(tmp_path)})
    assert (str(config.store), config.read_only, config.theme) == ("/srv/invsync/store.db", True, "high-contrast")
    usable, wrong = keymap.accepted(config.keys)
    assert (usable, wrong) == ({"sync.start": "f5,f6", "drift.correct": "f7", "drift.verify": "f8"}, ())
