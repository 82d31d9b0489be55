"""What the feed connector says of itself."""

from __future__ import annotations

from invsync_tui.connectors.about import SECRET, About, Option, OptionKind, Preview, SecretPart
from invsync_tui.connectors.base import Absent

PASSPHRASE = "passphrase"  # noqa: S105 (a name)
SETTLE = 2.0
"""Seconds between two looks at files."""
RESTS = 60.0
"""Seconds without a change after which a file on a disk of this machine is taken to be whole."""
DIGITS_MOST = 15
"""Digits of a number that a spreadsheet keeps; it puts zeros for the others."""
SECRETS = (
    SecretPart(SECRET, "Secret", "the password, or a bearer token; for SFTP with a key file the key's passphrase, where "
               "that is not given by itself", required=False),
    SecretPart(PASSPHRASE, "Passphrase", "the passphrase of the key file for SFTP; the password is then asked for as well "
               "where the server wants both", required=False),
)  # fmt: skip
FORMATS = ("auto", "csv", "tsv", "xlsx")
ENCODINGS = (
    "auto",
    "utf-8",
    "windows-1252",
    "iso-8859-1",
    "iso-8859-15",
    "windows-1250",
    "utf-16",
    "shift_jis",
    "gb18030",
)
DELIMITERS = ("auto", "comma", "semicolon", "tab", "pipe")
THOUSANDS = ("none", "comma", "point", "space", "apostrophe")
WHICH = ("newest", "newest_by_time", "all")
COMPLETE = ("stable", "marker", "any")


def _choice(name: str, what: str, choices: tuple[str, ...], default: str = "") -> Option:
    return Option(name, what, kind=OptionKind.CHOICE, choices=choices, default=default or choices[0])


def _number(name: str, what: str, least: int, most: int, default: str) -> Option:
    return Option(name, what, kind=OptionKind.NUMBER, least=least, most=most, default=default)


_FILES = (
    Option("file", "name of the stock file in the folder of the address, or a pattern such as stock_*.csv"),
    Option("products_file", "name or pattern of a file of its own with names and codes, in the same folder"),
    _choice(
        "which",
        "of the files that match: the newest by its name (see name_date), the one written last, or all",
        WHICH,
    ),
    Option(
        "name_date",
        "where the names have their date, with YYYY or YY, MM or MMM, DD, hh, mm, ss: DD-MM-YYYY; without it the numbers in "
        "names are compared from left to right",
    ),
    _choice(
        "complete",
        "when a file is complete: its size no longer changes, a marker file FILE.done is there, or always",
        COMPLETE,
    ),
    Option("last_line", "text that the last line begins with, such as TOTAL; a file without it is not complete"),
    _number("max_age", "hours after which a file is too old to be read; 0 for never", 0, 100_000, "0"),
    _number("max_size", "megabytes of a file at most", 1, 100_000, "1000"),
    Option("archive", "folder that a stock file is moved to once it was read (disk, SFTP, FTP)"),
    Option("key_file", "private key for SFTP; its passphrase is the secret passphrase, or the secret"),
    Option("known_hosts", "file with the host keys of SFTP servers", default="~/.ssh/known_hosts"),
    Option("rejects", "folder on this machine for a file with the rows that could not be read"),
)
_FORMAT = (
    _choice("format", "kind of file; auto goes by the file's name and beginning", FORMATS),
    _choice("encoding", "encoding of the text; auto takes the byte order mark, else UTF-8", ENCODINGS),
    _choice("delimiter", "what separates columns; auto goes by the first line", DELIMITERS),
    _choice("quotes", "whether a field may be in double quotes", ("standard", "none")),
    _choice(
        "decimal",
        "decimal sign of quantities; with semicolons between columns, and where only some quantities have a point, 1.000 is "
        "refused unless it is given",
        ("point", "comma"),
    ),
    _choice("thousands", "sign between groups of three digits", THOUSANDS),
    _choice("header", "whether the first line has the columns' names", ("yes", "no")),
    _number("skip_lines", "lines before the header, or before the first row", 0, 1000, "0"),
    Option("sheet", "name of the sheet of a workbook; else the first"),
)
_COLUMNS = (
    Option("sku", "column of the SKU: its name, or its number such as 1", label="SKU column"),
    Option("id", "column of an id that never changes; else the SKU is the product's reference", label="ID column"),
    Option("available", "column of what is for sale", label="Available column"),
    Option("on_hand", "column of what is in the warehouse", label="On hand column"),
    Option("committed", "column of what is reserved", label="Committed column"),
    Option("incoming", "column of what is expected", label="Incoming column"),
    Option("warehouse_column", "column of the warehouse"),
    Option("warehouse", "name of the warehouse that the whole file is of"),
    Option("name", "column of the product's name", label="Name column"),
    Option("aliases", "other codes as TYPE=column, such as EAN=Barcode, MPN=Part no"),
    Option("pack_size", "column of the units in a pack, where quantities are in packs"),
)
_MEANING = (
    Option("unit", "word that may stand behind a quantity, such as pcs"),
    _choice("blank", "what a blank quantity means: the row is rejected, or 0", ("reject", "zero")),
    _choice(
        "absent",
        "what it means that a known product has no row for a warehouse that the file names: unknown, 0, or nothing, for files "
        "that hold only changes",
        tuple(Absent),
    ),
    Option(
        "covers",
        "beginnings of the SKUs that the file is about, such as ACME-, BOLT-, for a file of one supplier; the stock of others "
        "stays when they have no row",
    ),
    _number("code_width", "digits that a SKU of digits is filled up to with leading zeros; 0 for none", 0, 40, "0"),
)

ABOUT = About(
    title="CSV, TSV or Excel file",
    schemes=("file", "sftp", "https", "http", "ftps", "ftp"),
    example="/srv/feeds",
    versions="CSV, TSV and XLSX, on a disk or a server",
    signs_in_as="a user of the server; none for a disk, nor where the secret is a bearer token of a web server",
    signs_in_with="the password, the passphrase of a key, or a bearer token",
    secrets=SECRETS,
    options=(*_FILES, *_FORMAT, *_COLUMNS, *_MEANING),
    setup=(
        "Let the WMS write a file with one row per product, or per product and warehouse, and all of its stock in it.",
        "Let it write under another name and rename the file at the end, or write a marker file FILE.done after it: then "
        "a file that is half written is never read.",
        "Give the folder as the address and the file's name or pattern as the option file; or the file's whole path as the "
        "address.",
        'Workbooks need: pip install "invsync-tui[xlsx]"; SFTP needs: pip install "invsync-tui[sftp]"',
        "For SFTP add the server's host key to known_hosts after you have compared its fingerprint; sftp://HOST/~/FOLDER is a "
        "folder of the user's home.",
        "Name the columns in the options. Columns with usual names (SKU, Available, On hand, Warehouse, EAN, UPC) are found "
        "without; the connection test shows what was found and the first rows as they were understood.",
    ),
    previews=(
        Preview(
            "columns",
            "Shows the file that would be read, what each column is taken for, and the first rows as they are understood.",
        ),
    ),
    behavior=(
        f"Whether a file is complete is seen by two looks at it, {SETTLE:g} seconds apart. On a disk of this machine a file "
        f"that did not change for {RESTS:g} seconds is read at once.",
        "Each download reads the whole file, checks it and only then writes the first page.",
        "The SKU is the product's reference, or the ID column where one is named. A row without SKU is known by its first "
        "other code.",
        "A quantity that cannot be read is reported with its line and never becomes 0. A part of a unit is rounded down. "
        "Negative numbers are taken as they are: -5, 5- and (5).",
        "Two rows for one product and warehouse with different quantities are both rejected, with their line numbers; equal "
        "ones count once.",
        "Where on hand is known and available is not, available is on hand less committed. A row with less than 0 committed is "
        "rejected.",
        "A column Quantity, Qty or Stock beside one of reserved goods may be either number: an option has to say which it is, "
        "available or on_hand.",
        "With which=newest the name decides: with name_date by the date in it, else by its numbers from left to right. Names "
        "that begin with the day or the month (31-12-2026), have the month in words or no year cannot be compared so: without "
        "name_date the file that was written last is read. The connection test says which file was taken and why.",
        "The time of the file is the time of the reading. A file that is older than the one before is refused until a full "
        "download is started.",
        "With absent=zero a product that is no longer in the file has 0 in each warehouse that the file names; in others "
        "its stock stays. While some row names no product nothing is set to 0 for being absent. How many rows the file has is "
        "compared with the one before: a push is held where it lacks more than the cart allows its catalog to shrink by.",
        "With absent=unchanged the file holds only what has changed: nothing is marked as missing or set to 0, and a file "
        "without rows changes nothing. With which=all later files count before earlier ones, by the order that which=newest "
        "has, and files in the archive are not read again. The first file has to have everything.",
        "With covers only products whose SKU (or ID, where a column for it is named) begins so are marked as missing or set to "
        "0; rows of others are read all the same.",
        "By HTTP the time of the file is what the server says (Last-Modified); where it says none, that of the download.",
        "A file without a row, or without a row that can be read, changes nothing.",
        f"A code that a spreadsheet has rounded (4.01E+12, or a number of more than {DIGITS_MOST} digits in a workbook) is "
        "rejected by its line or cell. Of other codes than the SKU it costs the code alone, not the row.",
    ),
    known_limits=(
        "A file is read as a whole. Files with changes alone need absent=unchanged; one that is overwritten before it was read "
        "is lost, so let each have a name of its own and choose which=all with an archive.",
        "Each download has to have all warehouses. With one file for each warehouse choose which=all, "
        "which has an archive for files with changes alone.",
        "A workbook is read into memory as a whole; write CSV where it has more than some hundred thousand rows.",
        "An archive is kept on a disk, by SFTP and by FTP, not by HTTP. A web server has no patterns.",
        "FTP without TLS (ftp://) sends the password in the clear.",
        "Leading zeros that a spreadsheet has removed from a code cannot be seen; code_width puts them back.",
    ),
    sources=(
        "https://www.rfc-editor.org/rfc/rfc4180",
        "Files of spreadsheets and warehouse systems with the faults that users of other importers have reported",
    ),
)
