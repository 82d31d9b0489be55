"""What the connector for REST systems says of itself."""

from __future__ import annotations

from invsync_tui.connectors.about import About, Option, OptionKind, Permission

REQUESTS_PER_SECOND = 5
MOST_REQUESTS = 100_000_000
"""Where the description says no other number."""
OVERLAP = 300
"""Seconds that a delta looks back."""

ABOUT = About(
    title="REST system",
    example="https://stock.example.com",
    versions="JSON over HTTP, as its description says",
    signs_in_as="the login name for auth basic; else nothing",
    signs_in_with="password, token or key, as auth in the description says",
    options=(
        Option("description", "TOML file that says what to ask and where each field is", required=True),
        Option("overlap", "seconds that a delta looks back, where the mark is a time", kind=OptionKind.NUMBER, most=86400,
               default=str(OVERLAP)),
    ),
    permissions=(Permission("read", "products, warehouses and stock levels"),),
    setup=(
        "Create a login or key that can only read.",
        "Write the description; docs/howto/connect-a-rest-system.md has a complete example and all that can be said in it.",
        "Test the connection: it shows the first products and levels as they are understood.",
    ),
    behavior=(
        "Only GET requests are sent, to the connection's own host, within requests_per_second of the description "
        f"({REQUESTS_PER_SECOND} without), and within requests_per_hour and requests_per_day where they are given. What was "
        "spent of these two is known after a restart; where they are spent the download ends and says when it continues.",
        "A field that the description names and a record lacks makes that record unreadable, and it is reported; a ? behind "
        "the path says that it may be missing.",
        "Fractions are rounded down. A quantity that is null or a text costs its record.",
        "Listings by page number or offset are read to their total, or to an empty page. Behind a full first page "
        "with its own size as the total the next page is asked for as well.",
        "An answer without content (204) has no records, and neither has a list that is null beside a total of 0.",
        "A product that the levels lack is unknown, or 0 with absent = \"zero\" in the description, for systems that list only "
        "what is in stock; how many levels there are is compared with the download before.",
        "Where records come on two pages the list moved while it was read: nothing of it is marked as missing then.",
    ),
    known_limits=(
        "Levels of all warehouses in one listing are read once for each warehouse; {warehouse} in path or query avoids it.",
        "Several records for one product must be added up by the system: they are refused where they are on one page.",
        "What a delta does not name, such as deleted records, is seen by the next full download only.",
        "XML, GraphQL and logins that take several steps cannot be described.",
    ),
    sources=("https://www.rfc-editor.org/rfc/rfc8288 (Link header)",),
)  # fmt: skip
