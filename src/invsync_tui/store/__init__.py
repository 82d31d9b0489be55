"""The store: SQLModel tables, opening, migrations, and one module per kind of question.

Hot reads and bulk writes are prepared SQL through the driver; SQLModel defines the tables and serves settings and small
writes. Nothing here knows a WMS, a cart or a terminal.
"""
