"""Lets a test have a connector of its own under a name, as if it was installed."""

from __future__ import annotations

import pytest

from invsync_tui.connectors import registry


def install(monkeypatch: pytest.MonkeyPatch, group: str, name: str, made: type) -> None:
    """`made` is found under `name` in a group of entry points, beside those that are installed."""
    connector, systems = registry.connector, registry.systems

    def found(asked: str, system: str) -> type:
        return made if (asked, system) == (group, name) else connector(asked, system)

    def named(asked: str) -> list[str]:
        return sorted({*systems(asked), *([name] if asked == group else [])})

    monkeypatch.setattr(registry, "connector", found)
    monkeypatch.setattr(registry, "systems", named)
