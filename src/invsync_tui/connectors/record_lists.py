"""Lists of records with numbers as ids, as the search of an ERP answers with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from invsync_tui.connectors.errors import ContractError
from invsync_tui.connectors.values import name_of

Row = dict[str, Any]


class Records(NamedTuple):
    """Records of an answer: those that can be read, and (id as far as it has one, why) of the others."""

    rows: list[Row]
    rejected: list[tuple[str, str]]


def records_in(result: Any, names: Sequence[str], where: str, id_most: int) -> Records:
    """`result` by record; readable is one with an id below `id_most` and every plain field of `names`. ContractError if
    there is none.

    A name with a dot is of another record, and where it stands in the answer depends on the system.
    """
    needed = [name for name in names if "." not in name]
    fields = {*needed}
    if not isinstance(result, list):
        raise ContractError(f"The answer is not a list of records with {', '.join(names)}.", where=where)
    rows: list[Row] = []
    rejected: list[tuple[str, str]] = []
    for row in result:
        if isinstance(row, dict) and type(row.get("id")) is int and 0 < row["id"] < id_most and fields <= row.keys():
            rows.append(row)
        else:
            rejected.append((name_of(row), f"it is not a record with an id and {', '.join(needed)}"))
    if rejected and not rows:
        raise ContractError(f"The answer is not a list of records with {', '.join(names)}.", where=where)
    return Records(rows, rejected)
