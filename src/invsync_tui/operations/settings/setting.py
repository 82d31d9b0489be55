"""What a setting is: its name, its place in the store, how its value is entered, checked and shown. The settings: `fields`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from invsync_tui.operations.lists.list_views import FieldKind


class Section(StrEnum):
    """Where a setting stands in the form."""

    SYNC = "Sync"
    QUANTITY = "Quantity rules"
    SAFETY = "Safety rules"
    DRIFT = "Drift"
    CONNECTION = "Connection"


SECTION_HELP = {
    Section.SYNC: "what is synced, from where, how often",
    Section.QUANTITY: "how the cart's number is made of the stock",
    Section.SAFETY: "when a push is held for review, and how old stock data may be",
    Section.DRIFT: "what happens when somebody else changes the cart's numbers",
    Section.CONNECTION: "the address of the system, and how to log in",
}
"""One line for each section, in the order of the form."""


@dataclass(frozen=True, slots=True)
class Value:
    """How the value of a setting is entered, checked and shown."""

    kind: FieldKind
    read: Callable[[str, str], Any]
    """From (field, text) to the stored value; InvalidError says what is allowed."""
    show: Callable[[Any], str]
    """From the stored value to the text that `read` takes."""
    metavar: str
    schema: Mapping[str, Any]
    """Its JSON Schema, without a description."""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a merchant or a cart: name, type, place in the store, in the form and in documents."""

    name: str
    """As the form and `invsync settings` call it."""
    column: str
    table: str
    """Where it is kept: cart, merchant or source (their own column), cart_warehouse, schedule."""
    section: Section
    label: str
    value: Value
    help: str
    """One line."""
    optional: bool = False
    changes_rules: bool = False
    """A change of it makes the next push look at every listing; a cart's is held until an operator has looked at it."""
    step: str = ""
    """The step of the quantity chain that it makes."""
    bears_on: tuple[str, ...] = ()
    """Other steps that it can change."""
    group: str = ""
    """The object that holds it in JSON documents; '' for the document itself."""
    json_name: str = ""
    """Its name there where it is not that of the form."""
    listed: str = ""
    """Its label in the lists of the command line; '' leaves it out."""
    listing: str = "{}"
    """Its value there."""
    listed_none: str = ""
    """What it says there without a value; '' leaves it out."""
    option: str = ""
    """Its option on the command line where that is not the name."""
    option_help: str = ""
    """The help of that where it is not the form's."""
    default: str = ""
    """What a new one gets, where the help does not say."""
    repeated: bool = False
    """Its option is given once for each of its parts."""
    off_means: str = ""
    """What happens where its value is the word off, said beside it; '' where that is clear."""
    resolved: bool = False
    """What may be given depends on what is loaded: `choices` makes it for a cart."""

    @property
    def kind(self) -> FieldKind:
        return self.value.kind

    @property
    def show(self) -> Callable[[Any], str]:
        return self.value.show

    @property
    def flag(self) -> str:
        """Its option on the command line."""
        return f"--{self.option or self.name}"

    @property
    def dest(self) -> str:
        """The name of the parsed argument."""
        return self.flag.removeprefix("--").replace("-", "_")

    @property
    def json_key(self) -> str:
        """Its name in JSON documents."""
        return self.json_name or self.name.replace("-", "_")

    @property
    def in_json(self) -> bool:
        """Whether documents have it as a value of its own; the others are in `connection`, or are told in words."""
        return (
            self.table in ("cart", "merchant", "source")
            and not self.resolved
            and self.section is not Section.CONNECTION
        )

    def read(self, at: str, text: str) -> Any:
        """The stored value of a text; `at` is what an error names: the setting or its option."""
        return self.value.read(at, text)

    def json_value(self, stored: Any) -> Any:
        """The stored value as JSON has it."""
        return bool(stored) if self.kind is FieldKind.SWITCH else stored

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema of its value."""
        unit = "seconds; " if self.kind is FieldKind.DURATION else ""
        return {**self.value.schema, "description": f"{unit}{self.help}"}
