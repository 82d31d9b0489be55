"""Files as warehouse systems, spreadsheets and people write them, read by a real download into a store.

Each has one outcome that is written down here: the stock that is known afterwards, and what was refused with which words.
"""

from __future__ import annotations

import gzip
import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from invsync_tui.connectors.base import Connection
from invsync_tui.connectors.errors import ConnectorError
from invsync_tui.connectors.sources.feed import FeedSource
from tests.support.connectors.feed_files import Levels, bench_with, known


@dataclass
class Case:
    """A file, how it is read, and what is known afterwards. `refused` are words of the run's error: nothing is known."""

    data: bytes
    levels: Levels = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    rejected: int = 0
    words: tuple[str, ...] = ()
    refused: str = ""
    file: str = "stock.csv"


def default(**stock: int) -> Levels:
    """Levels in Default by SKU; `_` stands for `-`."""
    return {("Default", sku.replace("_", "-")): number for sku, number in stock.items()}


def csv(*lines: str, end: str = "\n", encoding: str = "utf-8") -> bytes:
    return "".join(line + end for line in lines).encode(encoding)


PLAIN = default(A_1=5, A_2=7)
HEAD = "SKU,Available"

CASES: dict[str, Case] = {
    # --- bytes and encodings
    "plain": Case(csv(HEAD, "A-1,5", "A-2,7"), PLAIN),
    "byte order mark of Excel": Case(b"\xef\xbb\xbf" + csv(HEAD, "A-1,5", "A-2,7"), PLAIN),
    "two byte order marks": Case(b"\xef\xbb\xbf" * 2 + csv('"SKU","Available"', '"A-1","5"', '"A-2","7"'), PLAIN),
    "what DOS and a copied disk leave at the end": Case(csv(HEAD, "A-1,5", "A-2,7") + b"\x1a\0\0\0", PLAIN),
    "line ends of Windows": Case(csv(HEAD, "A-1,5", "A-2,7", end="\r\n"), PLAIN),
    "line ends of old Macs": Case(csv(HEAD, "A-1,5", "A-2,7", end="\r"), PLAIN),
    "mixed line ends": Case(b"SKU,Available\r\nA-1,5\nA-2,7\r", PLAIN),
    "UTF-16 with its mark": Case(csv(HEAD, "A-1,5", "A-2,7", encoding="utf-16"), PLAIN),
    "UTF-16 big endian without its mark": Case(csv(HEAD, "A-1,5", "A-2,7", encoding="utf-16-be"), PLAIN),
    "Unicode text of Excel": Case(csv("SKU\tAvailable", "A-1\t5", "A-2\t7", encoding="utf-16"), PLAIN, file="stock.txt"),
    "Windows code page, as declared": Case(
        csv(HEAD, "MÜ-1,5", encoding="cp1252"), {("Default", "MÜ-1"): 5}, {"encoding": "windows-1252"}
    ),
    "Windows code page, not declared: the code": Case(
        csv(HEAD, "MÜ-1,5", "A-2,7", encoding="cp1252"), default(A_2=7), rejected=1,
        words=("line 2", "byte 0xDC", "option encoding"),
    ),
    "Windows code page, not declared: the name only": Case(
        csv("SKU,Name,Available", "A-1,Müll,5", "A-2,Mug,7", encoding="cp1252"), PLAIN
    ),
    "a NUL in a code": Case(b"SKU,Available\nA\x00-1,5\nA-2,7\n", default(A_2=7), rejected=1, words=("control characters",)),
    "a NUL in a quantity": Case(b"SKU,Available\nA-1,5\x00\nA-2,7\n", default(A_2=7), rejected=1, words=("A-1", "not a number")),
    "packed with gzip": Case(gzip.compress(csv(HEAD, "A-1,5", "A-2,7")), PLAIN, file="stock.csv.gz"),
    "half of a gzip file": Case(gzip.compress(csv(HEAD, "A-1,5", "A-2,7"))[:-9], refused="cannot be"),
    # --- separators and quotes
    "semicolons": Case(csv("SKU;Available", "A-1;5", "A-2;7"), PLAIN),
    "tabs": Case(csv("SKU\tAvailable", "A-1\t5", "A-2\t7"), PLAIN, file="stock.tsv"),
    "pipes": Case(csv("SKU|Available", "A-1|5", "A-2|7"), PLAIN),
    "semicolons with a decimal comma": Case(
        csv("SKU;Available", "A-1;5,5", "A-2;7,0"), PLAIN, {"decimal": "comma"}
    ),
    "the separator told to Excel": Case(csv("sep=;", "SKU;Available", "A-1;5", "A-2;7"), PLAIN),
    "a line break in quotes": Case(csv("SKU,Name,Available", 'A-1,"Mug,\nred",5', "A-2,Cup,7", "A-3,Cup,x"), PLAIN,
                                   rejected=1, words=("line 5",)),
    "a doubled quote": Case(csv("SKU,Name,Available", 'A-1,"Mug 5"" high",5', "A-2,Cup,7"), PLAIN),
    "a quote that never ends": Case(
        csv("SKU,Name,Available", "A-1,Mug,5", 'A-2,"Cup,7', "A-3,Jar,9"), default(A_1=5), rejected=1,
        words=("lines 3 to 4", "wrong quotes"),
    ),
    "an inch sign at the beginning": Case(
        csv("SKU,Name,Available", 'A-1,"5" pipe,5', "A-2,Cup,7"), default(A_2=7), rejected=1, words=("line 2", "quotes")
    ),
    "inch signs, without quotes": Case(
        csv("SKU\tName\tAvailable", 'A-1\t"5" pipe\t5', "A-2\tCup\t7"), PLAIN, {"quotes": "none"}, file="stock.tsv"
    ),
    "an inch sign inside": Case(csv("SKU,Name,Available", 'A-1,pipe 5",5', "A-2,Cup,7"), PLAIN),
    # --- header and columns
    "no header": Case(csv("A-1,x,5", "A-2,y,7"), PLAIN, {"header": "no", "sku": "1", "available": "3"}),
    "no header and no numbers": Case(csv("A-1,5"), options={"header": "no"}, refused="without a header"),
    "header in capitals with spaces": Case(csv(" sku , QTY_AVAILABLE ", "A-1,5", "A-2,7"), PLAIN),
    "header called otherwise": Case(csv("Item no.,Free", "A-1,5", "A-2,7"), PLAIN, {"sku": "Item no.", "available": "free"}),
    "no such column": Case(csv("Foo,Bar", "A-1,5"), refused="has no column for a code. Its columns: 'Foo', 'Bar'"),
    "a declared column is gone": Case(csv("SKU,Qty", "A-1,5"), options={"available": "Free"}, refused="a column 'Free'"),
    "two columns of one name": Case(csv("SKU,Qty,Qty", "A-1,5,9"), refused="columns 2 and 3 are both called 'qty'"),
    "two columns of one name, by number": Case(csv("SKU,Qty,Qty", "A-1,5,9", "A-2,7,9"), PLAIN, {"available": "2"}),
    "extra columns": Case(csv("Color,SKU,Price,Available,Note", "red,A-1,1.99,5,", "blue,A-2,2.99,7,new"), PLAIN),
    "lines above the header": Case(csv("Stock of the day", "", HEAD, "A-1,5", "A-2,7"), PLAIN, {"skip_lines": "1"}),
    "the header again in the middle": Case(csv(HEAD, "A-1,5", HEAD, "A-2,7"), PLAIN),
    "empty lines at the end": Case(csv(HEAD, "A-1,5", "A-2,7", "", "", ",", " , "), PLAIN),
    "an empty line in the middle": Case(csv(HEAD, "A-1,5", "", "A-2,7"), PLAIN),
    "a short row": Case(csv(HEAD, "A-1,5", "A-3", "A-2,7"), PLAIN, rejected=1, words=("line 3", "1 columns, 2 are needed")),
    "a comma in a name without quotes": Case(
        csv("SKU,Name,Available", "A-1,Mug,5", "A-3,Mug, 12,30", "A-2,Cup,7"), PLAIN, rejected=1,
        words=("line 3", "has 4 columns"),
    ),
    "separators at the end of rows": Case(csv(HEAD, "A-1,5,,", "A-2,7,,"), PLAIN),
    # --- files that are not what they should be
    "an empty file": Case(b"", refused="stock.csv is empty"),
    "empty lines alone": Case(b"\n\r\n \n", refused="stock.csv is empty"),
    "a header alone": Case(csv(HEAD), refused="has no rows"),
    "only rows that cannot be read": Case(csv(HEAD, "A-1,x", "A-2,y"), refused="Not one row"),
    "a web page": Case(b"<!DOCTYPE html><html><body>Log in</body></html>", refused="web page"),
    "a workbook of 1997": Case(b"\xd0\xcf\x11\xe0" + b"\0" * 600, options={"format": "csv"}, refused="is a workbook"),
    "a broken workbook": Case(b"PK\x03\x04" + b"x" * 600, file="stock.xlsx", refused="workbook"),
    "a line without end": Case(csv(HEAD, "A-1," + "5" * 1_100_000), refused="more than 1000000 characters"),
    "the last line is half": Case(b"SKU,Name,Available\nA-1,Mug,5\nA-2,Cup,7\nA-3,Ja", PLAIN, rejected=1, words=("line 4",)),
    "the declared last line is missing": Case(
        b"SKU,Available\nA-1,5\nA-2,7\nA-3,1", options={"last_line": "TOTAL"}, refused="not complete"
    ),
    "a line of totals, declared": Case(csv(HEAD, "A-1,5", "A-2,7", "TOTAL,12"), PLAIN, {"last_line": "TOTAL"}),
    "a line of totals, not declared": Case(csv(HEAD, "A-1,5", "A-2,7", ",12"), PLAIN, rejected=1, words=("no code",)),
    "rows behind the last line": Case(
        csv(HEAD, "A-1,5", "TOTAL,5", "A-2,7"), options={"last_line": "TOTAL"}, refused="rows behind"
    ),
    # --- codes
    "leading zeros": Case(csv(HEAD, "00123,5", "123,7"), {("Default", "00123"): 5, ("Default", "123"): 7}),
    "leading zeros put back": Case(
        csv(HEAD, "123,5", "A-1,7"), {("Default", "00123"): 5, ("Default", "A-1"): 7}, {"code_width": "5"}
    ),
    "spaces around codes": Case(csv(HEAD, "  A-1 ,5", "\u00a0A-2\u00a0, 7 "), PLAIN),
    "codes kept from Excel": Case(csv(HEAD, '"=""00123""",5', '="0045",7'), {("Default", "00123"): 5, ("Default", "0045"): 7}),
    "a code rounded by Excel": Case(
        csv(HEAD, "4.00638E+12,5", "A-2,7"), default(A_2=7), rejected=1, words=("line 2", "rounded by a spreadsheet")
    ),
    "other codes rounded by Excel": Case(
        csv("SKU,EAN,Available", "A-1,4.00638E+12,5", "A-2,4006381333931,7", ",4.00638E+12,9"), PLAIN, rejected=2,
        words=("Record A-1: line 2", "rounded by a spreadsheet", "line 4"),
    ),
    "upper and lower case are two codes": Case(csv(HEAD, "A-1,5", "a-1,7"), {("Default", "A-1"): 5, ("Default", "a-1"): 7}),
    "a code without end": Case(csv(HEAD, "A" * 600 + ",5", "A-2,7"), default(A_2=7), rejected=1, words=("500 characters",)),
    "an equal row twice": Case(csv(HEAD, "A-1,5", "A-2,7", "A-1,5"), PLAIN),
    "a different row twice": Case(
        csv(HEAD, "A-1,5", "A-2,7", "A-1,6"), default(A_2=7), rejected=1,
        words=("A-1", "line 2 and line 4 give different quantities"),
    ),
    # --- quantities
    "negative numbers": Case(
        csv(HEAD, "A-1,-5", "A-2,7-", "A-3,(9)", "A-4,\u22121"), default(A_1=-5, A_2=-7, A_3=-9, A_4=-1)
    ),
    "parts of a unit": Case(csv(HEAD, "A-1,5.999", "A-2,7.0", "A-3,-0.5", "A-4,.5"), default(A_1=5, A_2=7, A_3=-1, A_4=0)),
    "a huge number": Case(csv(HEAD, "A-1,5", "A-2,7", "A-3,9" + "9" * 30), PLAIN, rejected=1, words=("larger than any stock",)),
    "a text": Case(csv(HEAD, "A-1,5", "A-3,lots", "A-2,7"), PLAIN, rejected=1, words=("A-3", "line 3", "'lots' is not a number")),
    "not a number": Case(csv(HEAD, "A-1,5", "A-3,NaN", "A-4,inf", "A-5,1e3", "A-2,7"), PLAIN, rejected=3, words=("NaN",)),
    "a blank": Case(csv(HEAD, "A-1,5", "A-3,", "A-2,7"), PLAIN, rejected=1, words=("A-3", "blank")),
    "a blank that is 0": Case(csv(HEAD, "A-1,5", "A-3,", "A-2,7"), {**PLAIN, ("Default", "A-3"): 0}, {"blank": "zero"}),
    "thousands, declared": Case(
        csv("SKU;Available", "A-1;1.234,5", "A-2;1.234.567"), default(A_1=1234, A_2=1234567),
        {"decimal": "comma", "thousands": "point"},
    ),
    "thousands, not declared": Case(
        csv(HEAD, 'A-1,"1,234"', "A-2,7"), default(A_2=7), rejected=1, words=("A-1", "options decimal and thousands")
    ),
    "a point that may stand between thousands": Case(
        csv("SKU;Available", "A-1;1.000", "A-2;7", "A-3;0.500", "A-4;1.5"), default(A_2=7, A_3=0, A_4=1), rejected=1,
        words=("A-1", "may be 1000 or 1.000", "option decimal"),
    ),
    "a point that is said to be the decimal sign": Case(
        csv("SKU;Available", "A-1;5.000", "A-2;7"), PLAIN, {"decimal": "point"}
    ),
    # frappe/erpnext#7578, jasp-stats/jasp-desktop#403: 1.000 for a thousand, read as one
    "a point in some numbers of a file of tabs": Case(
        csv("SKU\tAvailable", "A-1\t1.000", "A-2\t7", "A-3\t0.500"), default(A_2=7, A_3=0), rejected=1,
        words=("A-1", "may be 1000 or 1.000", "option decimal"), file="stock.txt",
    ),
    "a point in some numbers in quotes": Case(
        csv('"SKU","Available"', '"A-1","1.250"', '"A-2","7"'), default(A_2=7), rejected=1, words=("may be 1250 or 1.250",)
    ),
    "a point in each number": Case(csv("SKU\tAvailable", "A-1\t5.000", "A-2\t7.000", "A-3\t0"), {
        **PLAIN, ("Default", "A-3"): 0}, file="stock.txt",
    ),
    "a point in some numbers and other fractions": Case(
        csv("SKU,Available", "A-1,5.125", "A-2,7", "A-3,1.5"), default(A_1=5, A_2=7, A_3=1)
    ),
    "a point in some numbers that is said to be the decimal sign": Case(
        csv("SKU,Available", "A-1,5.000", "A-2,7"), PLAIN, {"decimal": "point"}
    ),
    "a point beside another sign between thousands": Case(
        csv("SKU;Available", "A-1;5.000", "A-2;7"), PLAIN, {"thousands": "space"}
    ),
    "thousands in wrong places": Case(
        csv(HEAD, 'A-1,"1,23"', 'A-2,"7,000"'), default(A_2=7000), {"thousands": "comma"}, rejected=1, words=("groups of three",)
    ),
    "spaces between thousands": Case(csv(HEAD, "A-1,1\u00a0234", "A-2,7"), default(A_1=1234, A_2=7), {"thousands": "space"}),
    "a unit behind": Case(csv(HEAD, "A-1,5 pcs", "A-2,7"), PLAIN, {"unit": "pcs"}),
    "a unit that is not declared": Case(csv(HEAD, "A-1,5 pcs", "A-2,7"), default(A_2=7), rejected=1, words=("'5 pcs'",)),
    "parts of packs": Case(
        csv("SKU,Available,Pack", "A-1,2.5,12", "A-2,2.5,3", "A-3,0.0833333333,12", "A-4,0.08,12", "A-5,5,1000000000000"),
        default(A_1=30, A_2=7, A_3=1, A_4=0), {"pack_size": "Pack"}, rejected=1, words=("larger than any stock",),
    ),
    "parts of packs less parts of packs": Case(
        csv("SKU,On hand,Committed,Pack", "A-1,5,2.5,12", "A-2,2.5,0.5,3"), default(A_1=30, A_2=6), {"pack_size": "Pack"}
    ),
    "packs": Case(csv("SKU,Available,Pack", "A-1,5,12", "A-2,7,1"), default(A_1=60, A_2=7), {"pack_size": "Pack"}),
    "digits of another script": Case(csv(HEAD, "A-1,\u0665", "A-2,7"), default(A_2=7), rejected=1, words=("not a number",)),
    # --- warehouses and other columns
    "on hand less committed": Case(csv("SKU,On hand,Committed", "A-1,8,3", "A-2,7,0"), PLAIN),
    "on hand alone": Case(csv("SKU,On hand", "A-1,5", "A-2,7"), PLAIN),
    "committed is blank": Case(
        csv("SKU,On hand,Committed", "A-1,8,", "A-2,7,0"), default(A_2=7), rejected=1, words=("A-1", "committed is blank")
    ),
    # libracore/WooCommerceConnector#41, OCA/connector-magento#226: what is reserved was sold again
    "stock beside what is reserved may be either": Case(
        csv("SKU;Stock;Reserved", "A-1;8;3", "A-2;7;0"),
        refused="'Stock' may be what is for sale or what is in the warehouse, of which 'Reserved' is reserved",
    ),
    "stock that is said to be in the warehouse": Case(
        csv("SKU;Stock;Reserved", "A-1;8;3", "A-2;7;0"), PLAIN, {"on_hand": "Stock"}
    ),
    "stock in the warehouse by its column's number": Case(
        csv("SKU;Stock;Reserved", "A-1;8;3", "A-2;7;0"), PLAIN, {"on_hand": "2"}
    ),
    "stock that is said to be for sale": Case(
        csv("SKU;Stock;Reserved", "A-1;5;3", "A-2;7;0"), PLAIN, {"available": "Stock"}
    ),
    "stock beside what is in the warehouse is for sale": Case(
        csv("SKU;On hand;Stock;Reserved", "A-1;8;5;3", "A-2;7;7;0"), PLAIN
    ),
    "quantities that are expected are not for sale": Case(
        csv("SKU;Qty;Stock", "A-1;90;5", "A-2;0;7"), PLAIN, {"incoming": "Qty"}
    ),
    "what is reserved, by longer names": Case(csv("SKU;Qty On Hand;Qty_Committed", "A-1;8;3", "A-2;7;0"), PLAIN),
    "what is reserved, by the other order": Case(csv("SKU;On hand;Reserved Quantity", "A-1;8;3", "A-2;7;0"), PLAIN),
    "stock beside reserved stock": Case(
        csv("SKU;Stock;Allocated Stock", "A-1;8;3", "A-2;7;0"), refused="of which 'Allocated Stock' is reserved"
    ),
    # Pinelab-studio/shops#46, medusajs/medusa#12401: reserved below 0 made more than there is
    "less than nothing is committed": Case(
        csv("SKU,On hand,Committed", "A-1,8,-3", "A-2,7,0"), default(A_2=7), rejected=1, words=("A-1", "committed is below 0")
    ),
    "a named warehouse": Case(csv(HEAD, "A-1,5", "A-2,7"), {("EAST", "A-1"): 5, ("EAST", "A-2"): 7}, {"warehouse": "EAST"}),
    "a column of warehouses": Case(
        csv("SKU,Warehouse,Available", "A-1,EAST,5", "A-1,WEST,2", "A-2,EAST,7", "A-1, WEST ,2"),
        {("EAST", "A-1"): 5, ("WEST", "A-1"): 2, ("EAST", "A-2"): 7},
    ),
    "absent is 0 where the file names the warehouse": Case(
        csv("SKU,Warehouse,Available", "A-1,EAST,5", "A-1,WEST,2", "A-2,EAST,7", "A-3,WEST,x"),
        {("EAST", "A-1"): 5, ("WEST", "A-1"): 2, ("EAST", "A-2"): 7, ("WEST", "A-2"): 0, ("EAST", "A-3"): 0},
        {"absent": "zero"}, rejected=1,
    ),
    "absent stays unknown while a row names no product": Case(
        csv("SKU,Warehouse,Available", "A-1,EAST,5", "A-1,WEST,2", "A-2,EAST,7", ",WEST,4"),
        {("EAST", "A-1"): 5, ("WEST", "A-1"): 2, ("EAST", "A-2"): 7}, {"absent": "zero"}, rejected=3,
    ),
    "both ways to say the warehouse": Case(
        csv(HEAD, "A-1,5"), options={"warehouse": "EAST", "warehouse_column": "Site"}, refused="Both warehouse"
    ),
    "a price column taken for the warehouse": Case(
        csv("SKU,Price,Available", *(f"A-{n},{n}.99,5" for n in range(1100))), options={"warehouse_column": "Price"},
        refused="more than 1000 warehouses",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_a_file_ends_in_what_is_written_here(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    folder = tmp_path / "feed"
    folder.mkdir()
    (folder / case.file).write_bytes(case.data)
    bench = bench_with(folder / case.file, tmp_path, **case.options)
    run = await bench.pull()
    told = " | ".join(bench.events(run.id)) + " | " + str(run.error)
    assert run.state == ("failed" if case.refused else "done"), told
    assert known(bench) == case.levels
    assert case.refused in told
    if not case.refused:
        # A row that names no product counts with the products and with the levels.
        failed = bench.counts(run)["failed"]
        assert failed in (case.rejected, case.rejected + 1), told
        assert bool(failed) == bool(case.rejected)
    for words in case.words:
        assert words in told


PIECES = (b"", b'"', b"\0", b"\xff\xfe", b",", b";\n")


@pytest.mark.parametrize("seed", range(6))
async def test_no_bytes_are_a_defect_of_ours(seed: int, tmp_path: Path) -> None:
    """Files from above with some bytes changed, doubled or taken away: each is read, or refused with an advice."""
    dice = random.Random(seed)
    for number in range(25):
        case = dice.choice(list(CASES.values()))
        data = bytearray(case.data[:5000])
        for _ in range(dice.randint(1, 6)):
            at = dice.randrange(len(data) + 1)
            data[at : at + dice.choice((0, 1, 4))] = dice.choice(
                (b"", b'"', b"\0", b"\xff\xfe", b",", b";\n", bytes(data[at : at + 9]))
            )
        path = tmp_path / f"{number}_{case.file}"
        path.write_bytes(data)
        feed_source = FeedSource(Connection("Demo", "feed", str(path), options={"complete": "any", **case.options}))
        try:
            await feed_source.open()
            products = {row.ref for row in (await feed_source.products_page(None)).rows}
            for warehouse in await feed_source.warehouses():
                page = await feed_source.levels_page(warehouse, None)
                assert {row.product_ref for row in page.rows} <= products
                assert all(isinstance(row.available, int) for row in page.rows)
        except ConnectorError as error:
            assert error.advice
        finally:
            await feed_source.close()
