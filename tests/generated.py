"""What is made of the tables of the program: `python -m tests.generated` writes it anew, a test says when it is stale."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlmodel import SQLModel

from invsync_tui.operations.connections import connector_pages
from invsync_tui.operations.settings import fields
from invsync_tui.operations.settings.setting import SECTION_HELP, Section, Setting
from invsync_tui.rules.outcomes import REASONS
from invsync_tui.store import models
from tests.support.repository import checklist, declared, manual_page, packages, reference_pages, role_table
from tests.support.repository.reference_pages import cells as _cells

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "src" / "invsync_tui" / "cli" / "schemas"
REFERENCE = ROOT / "docs" / "reference"
DECLARED = ROOT / "tests" / "declared"
MODELS: Mapping[str, type[SQLModel]] = {"cart": models.Cart, "merchant": models.Merchant, "source": models.Source}


def _records(schema: Any, mark: str) -> list[dict[str, Any]]:
    """The objects in a schema that have a property of this name."""
    found: list[dict[str, Any]] = []
    if isinstance(schema, dict):
        if mark in schema.get("properties", {}):
            found.append(schema)
        for part in schema.values():
            found += _records(part, mark)
    elif isinstance(schema, list):
        for part in schema:
            found += _records(part, mark)
    return found


def _schema(name: str, settings: Sequence[Setting], mark: str) -> str:
    """The schema of a command with the settings' part made anew."""
    document = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    made = fields.schemas(settings)
    for record in _records(document, mark):
        record["properties"] |= made
        record["required"] = list(dict.fromkeys((*record["required"], *made)))
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _settings(title: str, settings: Sequence[Setting], command: str) -> list[str]:
    lines = [f"## {title}", ""]
    for section in Section:
        mine = [one for one in settings if one.section is section]
        if mine:
            lines += [
                f"### {section.value}",
                "",
                _sentence(SECTION_HELP[section]),
                "",
                _cells("setting", "what it is", "option", "unit", "default"),
                "|---|---|---|---|---|",
            ]
            lines += [_setting(one, command) for one in mine]
            lines += [""]
    return lines


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _setting(setting: Setting, command: str) -> str:
    follows = " A change holds the next push." if setting.changes_rules and command == "carts" else ""
    text, option = f"{_sentence(setting.help)}{follows}", f"`{setting.flag} {setting.value.metavar}`"
    return _cells(f"`{setting.name}` {setting.label}", text, option, setting.value.unit or "-", _default(setting))


def _default(setting: Setting) -> str:
    """What a new merchant or cart has, as the form shows it; `-` where it has to be given."""
    if setting.default or setting.table not in MODELS or setting.resolved:
        return setting.default or "-"
    field = MODELS[setting.table].model_fields[setting.column]
    if field.is_required() or field.default == "":
        return "-"
    return setting.show(field.default) or "none"


def _manual() -> str:
    mends: Mapping[str, list[str]] = {
        one.name: [reason.value for reason, info in REASONS.items() if info.setting == one.name] for one in fields.CART
    }
    lines = [
        "# Settings",
        "",
        "Made of `invsync_tui/operations/settings/fields.py` by `python -m tests.generated`; do not edit it here. The form in",
        "the control room (`E`), `invsync settings`, `invsync merchants set` and `invsync carts set` have these settings.",
        "",
        *_settings("Merchants", fields.MERCHANT, "merchants"),
        *_settings("Carts", fields.CART, "carts"),
        "## Reasons that a setting of the cart corrects",
        "",
        _cells("setting", "reasons"),
        "|---|---|",
        *(_cells(f"`{name}`", ", ".join(f"`{one}`" for one in reasons)) for name, reasons in mends.items() if reasons),
    ]
    return "\n".join(lines) + "\n"


def made() -> dict[Path, str]:
    """Each file that is made, with its text."""
    schemas = {
        SCHEMAS / "carts.json": _schema("carts", fields.CART, "upload_on"),
        SCHEMAS / "merchants.json": _schema("merchants", fields.MERCHANT, "sync_on"),
    }
    return schemas | {
        REFERENCE / "commands.md": reference_pages.commands(),
        REFERENCE / "invsync.1": manual_page.page(),
        REFERENCE / "settings.md": _manual(),
        REFERENCE / "reasons.md": reference_pages.reasons(),
        REFERENCE / "json.md": reference_pages.documents(SCHEMAS, schemas),
        REFERENCE / "keys.md": reference_pages.keys(),
        ROOT / "docs" / "checklist.md": checklist.page(),
        packages.PAGE: packages.page(),
        role_table.PAGE: role_table.page(),
        **{DECLARED / f"{room}.txt": declared.text(room) for room in declared.ROOMS},
        **{
            REFERENCE / "connectors" / f"{page.system}-{page.kind}.md": connector_pages.markdown(page)
            for page in connector_pages.pages()
            if page.system != "sandbox"
        },
    }


if __name__ == "__main__":
    for path, text in made().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
