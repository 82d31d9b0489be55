"""What the SQL connector says of itself."""

from __future__ import annotations

from invsync_tui.connectors.about import About, Option, OptionKind, Permission

MARIADB = ("mariadb", "mysql")
"""Schemes of addresses that are read by `mariadb`."""
TLS = ("verify", "off")

PAGE_SIZE = 5000
AGAIN = (0.5, 2.0)
"""Seconds to wait before a database that is not connected any more is connected to again: a restart takes a moment."""
LOCKED_MOST = 5.0
"""Seconds that a SQLite file that another program has locked is waited for, within the request timeout."""
OVERLAP = 300
"""Seconds that a delta looks back: a row is stamped when it is written, but seen only when its transaction commits."""

ABOUT = About(
    title="SQL database",
    schemes=("postgresql", *MARIADB, "sqlite"),
    example="postgresql://db.example.com/wms",
    versions="PostgreSQL 12 and later (tested with 15), MariaDB 10.2 and later (tested with 10.11), MySQL 8.0.17 and later "
    "(not tested), SQLite 3.35 and later",
    signs_in_as="a database login with SELECT only; nothing for SQLite",
    signs_in_with="its password; nothing for SQLite",
    options=(
        Option("queries", "TOML file with the queries", required=True),
        Option("overlap", "seconds that a delta looks back", kind=OptionKind.NUMBER, most=86400, default=str(OVERLAP)),
        Option("tls", "verify the server's certificate, or off: everything travels in the clear", label="TLS",
               kind=OptionKind.CHOICE, choices=TLS, default="verify"),
    ),
    permissions=(Permission("SELECT on what the queries read", "levels, products, warehouses"),),
    setup=(
        "PostgreSQL needs its driver: pip install 'psycopg[binary]'. MariaDB and MySQL need theirs: pip install pymysql. For "
        "a MySQL login by caching_sha2_password on this machine, or with tls=off: pip install 'pymysql[rsa]'.",
        "Create a login that can only read. PostgreSQL: CREATE ROLE invsync LOGIN PASSWORD '...'; GRANT SELECT ON stock TO "
        "invsync; MariaDB and MySQL: CREATE USER invsync IDENTIFIED BY '...'; GRANT SELECT ON wms.stock TO invsync;",
        "The address is postgresql://HOST/DATABASE, mariadb://HOST/DATABASE (mysql:// is the same), or "
        "sqlite:///path/to/file.",
        "Write the queries into a TOML file; docs/howto/connect-a-database.md has complete examples. The shortest: a table "
        "[levels] with query = 'SELECT sku, name, available, ean FROM stock' and key = 'sku'.",
        "Columns of levels: sku (or id, the product's own), warehouse, available, on_hand, committed, incoming; where there "
        "is no table [products] also name and the codes ean, upc, gtin, asin, mpn, isbn, custom or alias_KIND. Name columns "
        "with AS. For deltas, changed = the column that says when a row changed.",
        "Where wanted, a table [products] with a query of id, sku, name, active and codes, and its key; and a table "
        "[warehouses] with a query of warehouse, name, active.",
        "Put an index on the key, or on warehouse and key where there are several warehouses.",
        "Test the connection: it shows the columns and the first rows as they are understood.",
    ),
    behavior=(
        f"Each query is read as a table, page by page: WHERE key > the last one ORDER BY key LIMIT {PAGE_SIZE + 1}, in a "
        "read-only transaction with the request timeout as its time limit. More than one statement is refused.",
        f"A lost connection is opened again, after {AGAIN[0]:g} and after {AGAIN[1]:g} seconds, and the page is read again. A "
        f"SQLite file that another program has locked is waited for, {LOCKED_MOST:g} seconds at most; one that is shorter "
        "than it says is refused.",
        "Without the column available it is on_hand less committed. Fractions are rounded down. A quantity that is NULL or a "
        "text costs its row, which is reported.",
        "Two rows for one product in one warehouse are both refused, never added up: use SUM and GROUP BY in the query.",
        "A blank warehouse is Default. Times without a zone are in the database's time zone, or in time_zone of the file; "
        "those of SQLite are in UTC.",
        "MariaDB and MySQL: texts are compared as they are, also where the table ignores case or spaces at the end.",
    ),
    known_limits=(
        "Rows that were deleted, or whose changed column is NULL, are seen by the next full download only.",
        "A query that groups or sorts is worked out again for each page: make it a materialized view if it is slow.",
        "A key with a collation that takes different texts for equal (nondeterministic, PostgreSQL) can skip rows.",
        "MariaDB and MySQL sort a key of texts again for each page: declare a whole number as key of a large table.",
        "The changed column of products is not needed: levels of a new product cause a full download.",
    ),
    sources=(
        "A PostgreSQL 15 server, a MariaDB 10.11 server and SQLite files of our own",
        "https://www.postgresql.org/docs/current/sql-set-transaction.html",
        "https://mariadb.com/docs/server/reference/data-types/string-data-types/character-sets/supported-character-sets-and-collations",
        "https://dev.mysql.com/doc/refman/8.4/en/charset-unicode-sets.html",
        "https://www.sqlite.org/c3ref/set_authorizer.html",
    ),
)  # fmt: skip
