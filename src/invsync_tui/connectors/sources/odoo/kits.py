"""Kits: bills of materials of type `phantom`, taken apart into whole units of the products that Odoo counts.

Which bill holds for a product and which of its lines do is decided as Odoo does (`_bom_find`, `explode` and
`_skip_bom_line` of mrp 19): the first by sequence, one of the variant before one of its template; lines for attribute
values count for variants that have one value of each attribute named. A component that is a kit is taken apart in turn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from invsync_tui.connectors.base import ComponentRow
from invsync_tui.connectors.record_lists import Row
from invsync_tui.connectors.sources.odoo.quantities import many_to_one
from invsync_tui.connectors.sources.odoo.rpc import OdooRpc
from invsync_tui.connectors.values import NEEDED_MOST, describe_value

DEEPEST = 10
"""Kits inside kits that are taken apart."""
BOM_FIELDS = ("product_tmpl_id", "product_id", "product_qty", "product_uom_id")
LINE_FIELDS = ("bom_id", "product_id", "product_qty", "product_uom_id", "bom_product_template_attribute_value_ids")
PART_FIELDS = ("product_tmpl_id", "uom_id", "product_template_attribute_value_ids")
"""What is read of a product that may be a kit or in one, beside what tells whether it is counted."""


@dataclass(slots=True)
class Kits:
    """Bills of some products and of everything inside them."""

    bills: dict[int, list[Row]] = field(default_factory=lambda: defaultdict(list))
    """By template, in the order in which Odoo looks through them."""
    lines: dict[int, list[Row]] = field(default_factory=lambda: defaultdict(list))
    """By bill."""
    parts: dict[int, Row] = field(default_factory=dict)
    """Products by id."""
    attributes: dict[int, int] = field(default_factory=dict)
    """The attribute of each attribute value that a line names."""
    unread: set[int] = field(default_factory=set)
    """Templates whose bills were not read, since they are too deep inside."""
    counted: Mapping[int, bool] = field(default_factory=dict)
    """Whether Odoo keeps stock of a part."""

    def bill(self, product: Row) -> Row | None:
        """The bill that holds for a product; None where it is no kit."""
        template = many_to_one(product["product_tmpl_id"])
        for bill in self.bills.get(template or 0, ()):
            if many_to_one(bill["product_id"]) in (None, product["id"]):
                return bill
        return None

    def components(self, product: Row) -> tuple[ComponentRow, ...] | None:
        """What one unit of a kit needs; None for a product that is no kit. ValueError where that is no whole number."""
        if self.bill(product) is None:
            return None
        needed: dict[int, Fraction] = defaultdict(Fraction)
        self._explode(product, Fraction(1), needed, DEEPEST)
        return tuple(ComponentRow(str(part), _units(part, amount)) for part, amount in sorted(needed.items()))

    def _explode(self, product: Row, times: Fraction, needed: dict[int, Fraction], depth: int) -> None:
        bill = self.bill(product)
        if bill is None and many_to_one(product["product_tmpl_id"]) not in self.unread:
            if self.counted.get(product["id"]):
                needed[product["id"]] += times
            return
        if bill is None or depth == 0 or many_to_one(product["product_tmpl_id"]) in self.unread:
            raise ValueError(f"Its kit is more than {DEEPEST} deep.")
        _same_unit(bill, product, "the bill of materials of the kit")
        makes = _amount(bill["product_qty"])
        if makes <= 0:
            raise ValueError("Its bill of materials makes 0 units.")
        for line in self.lines.get(bill["id"], ()):
            amount = _amount(line["product_qty"])
            if amount and self._holds(line, product):
                part = self._part(line)
                _same_unit(line, part, f"the component {part['id']}")
                self._explode(part, times * amount / makes, needed, depth - 1)

    def _part(self, line: Row) -> Row:
        number = many_to_one(line["product_id"])
        if number not in self.parts:
            raise ValueError(f"Its component {number} cannot be read.")
        return self.parts[number]

    def _holds(self, line: Row, product: Row) -> bool:
        """Whether a line counts for a variant: it has one of the line's values of each attribute."""
        values_by_attribute: dict[int, set[int]] = defaultdict(set)
        for value in line["bom_product_template_attribute_value_ids"]:
            values_by_attribute[self.attributes.get(value, 0)].add(value)
        has = set(product["product_template_attribute_value_ids"])
        return all(values & has for values in values_by_attribute.values())


def _same_unit(record: Row, product: Row, what: str) -> None:
    if many_to_one(record["product_uom_id"]) != many_to_one(product["uom_id"]):
        raise ValueError(f"In its kit {what} is in another unit of measure than the product.")


def _amount(value: Any) -> Fraction:
    if type(value) not in (int, float) or not 0 <= value <= NEEDED_MOST:
        raise ValueError(f"The amount {describe_value(value)} in its kit is not between 0 and {NEEDED_MOST}.")
    return Fraction(str(value))


def _units(part: int, amount: Fraction) -> int:
    if amount.denominator != 1 or amount > NEEDED_MOST:
        raise ValueError(
            f"Its kit needs {float(amount):g} units of the product {part}; only whole units can be counted."
        )
    return int(amount)


async def read_kits(
    rpc: OdooRpc, company: int, products: Iterable[Row], part_fields: Sequence[str], context: Mapping[str, Any]
) -> Kits:
    """The kits among some products (with PART_FIELDS), and what is inside them. `part_fields` are read of each part."""
    kits = Kits()
    seen: set[int] = set()
    waiting = {template for row in products if (template := many_to_one(row["product_tmpl_id"])) is not None}
    for _ in range(DEEPEST + 1):
        if not waiting:
            break
        seen |= waiting
        bills = await rpc.search_read(
            "mrp.bom",
            [
                ["type", "=", "phantom"],
                ["product_tmpl_id", "in", sorted(waiting)],
                ["company_id", "in", [False, company]],
            ],
            BOM_FIELDS,
            {**context, "active_test": True},
            order="sequence, product_id, id",
        )
        parts = await _inside(rpc, kits, bills, part_fields, context) if bills else []
        waiting = {t for row in parts if (t := many_to_one(row["product_tmpl_id"])) is not None} - seen
    kits.unread = waiting
    return kits


async def _inside(
    rpc: OdooRpc, kits: Kits, bills: Sequence[Row], part_fields: Sequence[str], context: Mapping[str, Any]
) -> list[Row]:
    """Note some bills with their lines; the products that these name."""
    for bill in bills:
        template = many_to_one(bill["product_tmpl_id"])
        if template is not None:
            kits.bills[template].append(bill)
    domain = [["bom_id", "in", [bill["id"] for bill in bills]]]
    lines = await rpc.search_read("mrp.bom.line", domain, LINE_FIELDS, context)
    for line in lines:
        kits.lines[many_to_one(line["bom_id"]) or 0].append(line)
    values = sorted({value for line in lines for value in line["bom_product_template_attribute_value_ids"]})
    if values:
        domain = [["id", "in", values]]
        rows = await rpc.search_read("product.template.attribute.value", domain, ["attribute_id"], context)
        kits.attributes |= {row["id"]: many_to_one(row["attribute_id"]) or 0 for row in rows}
    ids = sorted({number for line in lines if (number := many_to_one(line["product_id"])) is not None})
    parts = await rpc.search_read("product.product", [["id", "in", ids]], part_fields, context)
    kits.parts |= {row["id"]: row for row in parts}
    return parts
