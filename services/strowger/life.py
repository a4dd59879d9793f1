"""What a service hears from its process, and what it tells of itself."""

import asyncio
import time


class Life:
    """What a service hears from its process, and tells it; make one by hand to run it in a test."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        """Set when the service is to finish its batch, commit, close and return."""
        self.is_ready = asyncio.Event()
        self.since = time.time()
        """When it began, in seconds since 1970."""
        self.http_port: int | None = None
        """Where its health and metrics are served, if they are."""

    def ready(self) -> None:
        """Say that the service serves now: connected, restored, partitions assigned."""
        self.is_ready.set()
