"""The table of settings holds against the tables of the store, the reasons, and everything that is made of it."""

from __future__ import annotations

import pytest

from invsync_tui.cli import main
from invsync_tui.operations.lists.list_views import FieldKind
from invsync_tui.operations.plans.replay import SETTINGS_OF
from invsync_tui.operations.settings import fields, forms
from invsync_tui.operations.settings import views as settings_views
from invsync_tui.operations.settings.fields import CART, MERCHANT
from invsync_tui.operations.settings.setting import Section, Setting
from invsync_tui.rules.outcomes import REASONS
from invsync_tui.rules.quantity import CHAIN
from invsync_tui.store import models
from invsync_tui.store.settings.write import RULE_SETTINGS
from tests.support.stores.products_store import Shelf

STATE = {
    "cart": {
        "id", "merchant_id", "system", "rules_rev", "pushed_rules_rev", "matched_rev", "watermark", "match_mark",
        "listed_at", "observed_at", "last_error", "last_reason", "created_at", "rev", "frozen_at", "frozen_by", "frozen_why",
        "notices", "shop", "location", "of_cart", "clock_offset", "gone_accepted", "identity", "relist_every",
        "observe_every", "batch_most", "batch_most_at", "listing_cursor", "listing_cursor_at",
    },
    "merchant": {"id", "created_at", "rev", "frozen_at", "frozen_by", "frozen_why"},
    "source": {
        "id", "merchant_id", "system", "mark", "last_full_at", "confirmed_at", "clock_offset", "last_error", "identity",
        "notes", "notices", "last_reason",
    },
}  # fmt: skip
"""Columns that are no settings: what the program itself keeps of a cart, a merchant and a source."""
ELSEWHERE = {"combine_all": "warehouses", "secrets": "secret"}
"""Columns that a setting of another name is kept in as well: `secrets` has the parts of the secret after the first."""
MODELS = {"cart": models.Cart, "merchant": models.Merchant, "source": models.Source}


@pytest.mark.parametrize("table", list(MODELS))
def test_every_column_is_a_setting_or_state(table: str) -> None:
    settings = {one.column for one in (*CART, *MERCHANT) if one.table == table}
    columns = {name for name in MODELS[table].model_fields if name not in ELSEWHERE}
    assert settings | STATE[table] == columns
    assert not settings & STATE[table]


@pytest.mark.parametrize("settings", [CART, MERCHANT])
def test_a_setting_is_there_once(settings: tuple[Setting, ...]) -> None:
    for told in (
        [setting.name for setting in settings],
        [one.flag for one in settings],
        [one.label for one in settings],
    ):
        assert len(told) == len(set(told))
    assert all(setting.help and setting.label and setting.section for setting in settings)


def test_the_settings_that_change_rules_are_those_that_the_store_plans_anew_for() -> None:
    told = {one.column for one in CART if one.changes_rules}
    assert told == (RULE_SETTINGS - ELSEWHERE.keys()) | {"warehouses"}
    assert {limit.column for limit in fields.LIMITS} == set(models.SafetyRules.model_fields)


def test_a_default_is_shown_as_it_is_read() -> None:
    for one in (*CART, *MERCHANT):
        if one.table in MODELS and not one.resolved:
            default = MODELS[one.table].model_fields[one.column].get_default()
            text = "Name" if one.name == "name" else "https://x.example" if one.name == "url" else one.show(default)
            stored = one.read(one.name, text)
            assert one.show(stored) == text, one.name
            assert one.kind is not FieldKind.NUMBER or isinstance(stored, int | None), one.name


def test_steps_and_reasons_name_settings_that_are_there() -> None:
    names = {one.name for one in CART}
    assert {info.setting for info in REASONS.values()} - {""} <= names
    steps = {step for one in (*CART, *MERCHANT) for step in (one.step, *one.bears_on)} - {""}
    assert steps <= {*CHAIN, "switch"}
    assert SETTINGS_OF["cutoff"] == ("cutoff_below", "end_at_or_below")
    assert SETTINGS_OF["skip"] == ("stale_after", "warehouses")
    assert SETTINGS_OF["switch"] == ("inventory_sync", "upload_enabled", "warehouses")


@pytest.mark.parametrize("order", ["add", "set"])
def test_every_setting_is_an_option_of_its_command(order: str) -> None:
    parser = main.parser()
    for command, settings, words in (
        ("carts", CART, ["M", "N", "--system", "s"]),
        ("merchants", MERCHANT, ["N", "--source", "s"]),
    ):
        for setting in settings:
            if setting.name == "name" and order == "add":
                continue
            first = words if order == "add" else ["N"]
            args = parser.parse_args([command, order, *first, setting.flag, "x"])
            assert getattr(args, setting.dest) == (["x"] if setting.repeated else "x")


def test_every_setting_is_in_the_form_and_in_the_document(acme: Shelf) -> None:
    form = forms.form(acme.session, f"cart:{acme.cart}")
    # the options of the connector stand each for itself in the place of all of them together
    names = ["options" if field.name.startswith("option-") else field.name for field in form.fields]
    assert list(dict.fromkeys(names)) == [one.name for one in CART]
    assert {field.section: form.sections[field.section] for field in form.fields} == dict(form.sections)
    assert [field.section for field in form.fields] == sorted(
        (field.section for field in form.fields), key=[str(section) for section in Section].index
    )
    (cart,) = settings_views.carts(acme.session, acme.merchant)
    assert cart.values.keys() == {one.name for one in CART}
    document = fields.document(CART, cart.values)
    assert document["safety_rules"].keys() == {limit.json_key for limit in fields.LIMITS}
    assert document.keys() == fields.schemas(CART).keys()
    assert document["upload_on"] is True
