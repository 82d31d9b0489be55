"""A Tryton and a Vendure of their own for each module: these tests live with them and change everything in them."""

from tests.support.runs.real_servers import tryton, vendure

__all__ = ["tryton", "vendure"]
