"""What a connector says of its secrets is known to the gate as soon as the connector is loaded."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from invsync_tui.connectors import registry
from invsync_tui.connectors.network.http_log import BLACK, gate, redacted

ANSWER = '{"tpl_guid": "hunter22", "sku": "A-1"}'


class Made:
    """A connector whose logins carry a field that nobody else has."""

    secret_names = frozenset({"tpl_guid"})


def test_the_secret_names_of_a_connector_are_hidden_once_it_was_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    entry = EntryPoint("made", f"{__name__}:{Made.__name__}", registry.CARTS)
    monkeypatch.setattr(registry, "_entry_points", lambda group: {"made": entry})
    assert redacted(ANSWER) == ANSWER and not gate.tells("tpl_guid")
    # when
    assert registry.connector(registry.CARTS, "made") is Made
    # then
    assert redacted(ANSWER) == ANSWER.replace("hunter22", BLACK)
    assert gate.tells("TPL_GUID")
