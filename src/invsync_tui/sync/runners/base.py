"""What a runner is. A job is only a key ("push cart 7"), at least once; all state is in the store."""

from __future__ import annotations

from typing import Protocol


class Runner(Protocol):
    """Executes requested runs, each key one at a time, until told to stop."""

    async def run_forever(self) -> None:
        """Work until `stop`; takes over what a dead worker left."""
        ...

    async def run_until_idle(self, linger: float) -> None:
        """Work until nothing has been asked for during `linger` seconds."""
        ...

    def stop(self) -> None:
        """End in order: running runs are left as they are, for the next worker."""
        ...
