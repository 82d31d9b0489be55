"""What the author of a connector needs: a numbered suite of checks against a server, and what such a server offers.

    from invsync_tui.kit import source_suite
    TestMine = source_suite(MySource, my_server)

`invsync connections new NAME` writes a package to begin with, `invsync connections verify NAME` runs the suite of one that is
installed, and docs/howto/add-a-connector.md goes through both.
"""

from invsync_tui.kit.pytest_suite import cart_suite, source_suite
from invsync_tui.kit.servers import CartServer, Server, SourceServer

__all__ = ["CartServer", "Server", "SourceServer", "cart_suite", "source_suite"]
