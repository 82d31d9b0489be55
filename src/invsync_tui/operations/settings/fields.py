"""The one table of settings: how each setting of a merchant or a cart is called, typed, checked, shown and kept.

The form, the options of the command line, the JSON documents with their schema, the lists, the audit's texts, the limits
of a merchant's carts and docs/reference/settings.md are made of it. A new setting of a cart is a column of
`store.models.Cart` (in `CartRules` where it changes quantities), a migration, a line here, and the rule that reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from invsync_tui.operations.errors import InvalidError
from invsync_tui.operations.lists.list_views import FieldKind
from invsync_tui.operations.settings import value_kinds as kinds
from invsync_tui.operations.settings import values
from invsync_tui.operations.settings.setting import Section, Setting, Value
from invsync_tui.plain_text import did_you_mean
from invsync_tui.rules.words import ALL_LOCATIONS

# --- the settings that merchants and carts share ---------------------------------------------------------------------


def _connection(table: str, *, changes_rules: bool) -> tuple[Setting, ...]:
    """Where the WMS or the cart is, and how to log in."""
    section = Section.CONNECTION
    return (
        Setting("url", "url", table, section, "Address", kinds.text(values.address, "URL"),
                "address of the system"),
        Setting("login", "login", table, section, "Login", kinds.text(values.line, "NAME"), "login name", optional=True),
        Setting("secret", "secret", table, section, "Secret reference",
                kinds.text(values.secret, "REF", FieldKind.SECRET_REF),
                "reference to the secret: env:NAME, file:PATH or command:ARGV", optional=True, repeated=True,
                option_help="reference to the secret: env:NAME, file:PATH or command:ARGV; NAME=REF, repeatable, for one of "
                "several that the connector names, and NAME= takes it away"),
        Setting("deadline", "deadline_ms", table, section, "Request timeout",
                kinds.time(values.DEADLINE_LEAST, values.DEADLINE_MOST, factor=1000),
                "how long to wait for an answer to one request, 1s to 10m (default 30s)"),
        Setting("options", "options", table, section, "Connector options",
                Value(FieldKind.TEXT, kinds.read_options, kinds.show_options, "K=V", {"type": "object"}),
                "settings of this connector, as K=V, K=V",
                optional=True, changes_rules=changes_rules, option="option", repeated=True,
                option_help="a setting of the connector, repeatable; K= takes it away"),
    )  # fmt: skip


def _name(table: str) -> Setting:
    value = kinds.text(values.name, "NAME")
    text = "what invsync calls it on screens and in commands"
    return Setting(
        "name", "name", table, Section.CONNECTION, "Display name", value, text, option_help="another display name"
    )


def _every(label: str, sentence: str, option_help: str, off_means: str, default: str = "") -> Setting:
    value = kinds.time_or(values.OFF, values.SCHEDULE_LEAST, values.SCHEDULE_MOST)
    return Setting(
        "every", "every", "schedule", Section.SYNC, label, value, sentence, optional=True, option_help=option_help,
        default=default, off_means=off_means,
    )  # fmt: skip


_HOLD_ZERO = "a push is held for review when more than N listings and more than P percent of those in stock go to 0"
_HOLD_LARGE = (
    "a push is held for review when more than N listings and more than P percent of those in stock change that much"
)

# --- the tables ------------------------------------------------------------------------------------------------------

MERCHANT: tuple[Setting, ...] = (
    Setting("sync", "inventory_sync", "merchant", Section.SYNC, "Synchronization With WMS - Inventory", kinds.switch(),
            "Synchronization With WMS - Inventory", changes_rules=True, bears_on=("switch",), json_name="sync_on"),
    _every("Inventory download every", "15m, 1h, ...; off: only when somebody starts one",
           "time between inventory downloads, or off", "on request only", default="1h"),
    Setting("full-every", "full_every", "source", Section.SYNC, "Full download every",
            kinds.time_or(values.OFF, values.SCHEDULE_LEAST, values.SCHEDULE_MOST),
            "time between full downloads where the WMS can report changes (default 24h)"),
    Setting("orders-within", "orders_within", "source", Section.SYNC, "Orders reach the WMS within",
            kinds.time(0, values.ORDERS_MOST),
            "how long a cart's order takes to reach the WMS, 0s to 7d; until then its units are deducted (default 15m)"),
    Setting("stale-after", "stale_after", "merchant", Section.SAFETY, "Max age of stock data",
            kinds.time_or(values.NONE, values.STALE_LEAST, values.STALE_MOST),
            "stock data that is older than this is not pushed; none for no limit (default 24h)", optional=True,
            changes_rules=True),
    *_connection("source", changes_rules=False),
    _name("merchant"),
)  # fmt: skip
"""In the order of the form."""

CART: tuple[Setting, ...] = (
    Setting("upload", "upload_enabled", "cart", Section.SYNC, "Inventory Upload Service", kinds.switch(),
            "Inventory Upload Service", changes_rules=True, bears_on=("switch",), json_name="upload_on",
            listed="Inventory Upload Service"),
    Setting("warehouses", "warehouses", "cart_warehouse", Section.SYNC, "Sync Inventory With Warehouse",
            Value(FieldKind.CHOICES, kinds.unresolved, kinds.plain, "CODE", {}),
            f"one or more warehouses; none means {ALL_LOCATIONS}", optional=True, changes_rules=True, step="sum",
            bears_on=("kit", "pending", "skip", "switch"), listed="Sync Inventory With Warehouse",
            option="warehouse", option_help=f"Sync Inventory With Warehouse, repeatable; none means {ALL_LOCATIONS}",
            repeated=True, resolved=True),
    Setting("alias", "push_kind", "cart", Section.SYNC, "Push Inventory Using Alias",
            Value(FieldKind.CHOICE, kinds.unresolved, kinds.plain, "TYPE", {}),
            "SKU, or the alias type that the cart uses as its codes; products without one are not pushed", changes_rules=True,
            listed="Push Inventory Using Alias", resolved=True,
            option_help="Push Inventory Using Alias: SKU, UPC, EAN, ... (default SKU)"),
    _every("Push every", "15m, 1h, ...: at this interval only; off: after each scheduled inventory download",
           "time between pushes; off: after each scheduled inventory download", "with each download"),
    Setting("minimum", "cutoff_below", "cart", Section.QUANTITY, "Minimum Inventory Level", kinds.number("units"),
            "Minimum Inventory Level: below it the cart gets 0", changes_rules=True, step="cutoff",
            listed="Minimum Inventory Level"),
    Setting("buffer", "buffer", "cart", Section.QUANTITY, "Buffer", kinds.number("units"),
            "units that are never offered in the cart", changes_rules=True, step="buffer", listed="Buffer"),
    Setting("share", "share_percent", "cart", Section.QUANTITY, "Share of stock (%)", kinds.percent(),
            "how much of the stock this cart may sell, 0 to 100 percent", changes_rules=True, step="share",
            listed="Share of stock", listing="{} %"),
    Setting("max", "max_quantity", "cart", Section.QUANTITY, "Maximum", kinds.number_or_none("units"),
            "the cart never shows more units than this; none for no limit", optional=True, changes_rules=True, step="cap",
            listed="Maximum", listed_none="none"),
    Setting("end-at", "end_at_or_below", "cart", Section.QUANTITY, "Show 0 at or below", kinds.number_or_none("units"),
            "the cart gets 0 at this quantity or less; none turns it off", optional=True, changes_rules=True, step="cutoff",
            listed="Show 0 at or below"),
    Setting("units-per-listing", "units_per_listing", "cart", Section.QUANTITY, "Units per listing",
            kinds.number("units", 1), "units of stock in one unit of the listing: 12 for a case of 12 (default 1)",
            changes_rules=True, step="units", listed="Units per listing"),
    Setting("inactive-products", "inactive_products", "cart", Section.QUANTITY, "Inactive products: keep or zero",
            kinds.word(values.INACTIVE_PRODUCTS, "WHAT"),
            "what the cart shows for products that are inactive in the WMS: keep (its last number) or zero",
            changes_rules=True, step="inactive"),
    Setting("stale-after", "stale_after", "cart", Section.SAFETY, "Max age of stock data",
            kinds.time_or(values.NONE, values.STALE_LEAST, values.STALE_MOST),
            "stock data that is older than this is not pushed; none takes the merchant's limit", optional=True,
            changes_rules=True, bears_on=("skip",), listed="Max age of stock data",
            listed_none="the merchant's"),
    Setting("zero-count", "zero_count", "cart", Section.SAFETY, "Hold when more than N go to 0", kinds.number("listings"),
            f"N: {_HOLD_ZERO}", group="safety_rules"),
    Setting("zero-percent", "zero_percent", "cart", Section.SAFETY, "Hold when more than P % go to 0", kinds.percent(),
            f"P: {_HOLD_ZERO}", group="safety_rules"),
    Setting("shrink-percent", "shrink_percent", "cart", Section.SAFETY,
            "Hold when the catalog shrinks by more than (%)", kinds.percent(),
            "hold a push for review when the WMS reports that many percent fewer products than before",
            group="safety_rules"),
    Setting("large-change-factor", "jump_factor", "cart", Section.SAFETY, "Large change: factor", kinds.number(""),
            "a change by more than this factor, up or down, is a large change; 0: no change is (default 10)",
            group="safety_rules"),
    Setting("large-change-count", "jump_count", "cart", Section.SAFETY, "Hold when more than N change that much",
            kinds.number("listings"), f"N: {_HOLD_LARGE}", group="safety_rules"),
    Setting("large-change-percent", "jump_percent", "cart", Section.SAFETY, "Hold when more than P % change that much",
            kinds.percent(), f"P: {_HOLD_LARGE}", group="safety_rules"),
    Setting("correct-drift", "heal", "cart", Section.DRIFT, "Correct drift automatically", kinds.word(values.HEAL, "WHEN"),
            "what a drift check corrects without asking: never (nothing), oversell (what is oversold), always (all)"),
    *_connection("cart", changes_rules=True),
    _name("cart"),
)  # fmt: skip
"""In the order of the form."""

LIMITS: tuple[Setting, ...] = tuple(row for row in CART if row.group == "safety_rules")
"""The limits above which a push is held; a merchant's form has them for all its carts."""
ADDRESS = "url"
ALIAS, WAREHOUSES = "alias", "warehouses"
"""Settings whose choices depend on what is loaded; see `choices`."""


FORMER_NAMES = {
    "jump-factor": "large-change-factor",
    "jump-count": "large-change-count",
    "jump-percent": "large-change-percent",
    "heal": "correct-drift",
}
"""What settings were called before, to their name of now: scripts and kept plans have them still."""


def setting(settings: Sequence[Setting], name: str) -> Setting:
    """The setting of this name; KeyError if there is none."""
    return {row.name: row for row in settings}[name]


def of_system(settings: Sequence[Setting], group: str, system: str) -> tuple[Setting, ...]:
    """The settings with an address that has to be one of this system."""

    def read(at: str, text: str) -> str:
        return values.address_of(group, system, at, text)

    return tuple(
        replace(setting, value=replace(setting.value, read=read)) if setting.name == ADDRESS else setting
        for setting in settings
    )


def refuse_unknown(settings: Sequence[Setting], given: Iterable[str], also: Iterable[str] = ()) -> None:
    """InvalidError for a name that is none of these: a setting that nobody knows is not to be dropped silently."""
    known = [*(setting.name for setting in settings), *also]
    for name in given:
        if name not in known:
            raise unknown(name, known)


def unknown(name: str, known: Sequence[str]) -> InvalidError:
    """There is no setting of this name; the error guesses which one was meant."""
    return InvalidError(name, f"there is no such setting.{did_you_mean(name, known)} Known: {', '.join(known)}.")


def read_all(table: str, settings: Sequence[Setting], given: Mapping[str, str]) -> dict[str, Any]:
    """Column to value for the settings of a table that were given, by name; those that `choices` makes are left out."""
    mine = [row for row in settings if row.table == table and not row.resolved and row.name in given]
    return {row.column: row.read(row.flag, given[row.name]) for row in mine}


def document(settings: Sequence[Setting], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Stored values, by the name of the setting, as JSON has them."""
    result: dict[str, Any] = {}
    for row in settings:
        if row.in_json:
            within = result.setdefault(row.group, {}) if row.group else result
            within[row.json_key] = row.json_value(stored[row.name])
    return result


def schemas(settings: Sequence[Setting]) -> dict[str, Any]:
    """The JSON Schemas of `document`, by name."""
    result: dict[str, Any] = {}
    for row in settings:
        if row.in_json and not row.group:
            result[row.json_key] = row.json_schema()
        elif row.in_json:
            whole = result.setdefault(row.group, {"type": "object", "properties": {}, "additionalProperties": False})
            whole["properties"][row.json_key] = row.json_schema()
            whole["required"] = list(whole["properties"])
    return result
