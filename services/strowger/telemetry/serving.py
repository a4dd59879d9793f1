"""Health and metrics over HTTP, of one service or of all that a supervisor runs."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, Protocol

from aiohttp import web

from strowger.settings import SettingsError
from strowger.telemetry.exposition import CONTENT_TYPE

_OK: Final = 200
_NOT_NOW: Final = 503


class Told(Protocol):
    """What is told over HTTP."""

    def waiting(self) -> list[str]:
        """Name the services that do not serve, or not yet; none: it is ready."""

    def health(self) -> Mapping[str, object]:
        """Say how it is, as JSON has it."""

    async def metrics(self) -> str:
        """Give the page of metrics."""


@asynccontextmanager
async def telling(told: Told, host: str, port: int) -> AsyncIterator[int]:
    """Serve /health, /health/live, /health/ready and /metrics; give the port, chosen if it is 0.

    Raises:
        SettingsError: nothing can listen there.
    """
    runner = web.AppRunner(_app(told), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as problem:
            raise SettingsError(
                f"health and metrics can't be served at {host}:{port} ({problem.strerror}): set "
                "STROWGER_HTTP_PORT to a port that is free, and STROWGER_HTTP_HOST to an address "
                "of this machine"
            ) from problem
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


def _app(told: Told) -> web.Application:
    async def health(_: web.Request) -> web.Response:
        return web.json_response(dict(told.health()))

    async def live(_: web.Request) -> web.Response:
        # Whoever hears this hears it from the event loop that serves: it turns.
        return web.json_response({"live": True})

    async def ready(_: web.Request) -> web.Response:
        waiting = told.waiting()
        status = _NOT_NOW if waiting else _OK
        return web.json_response({"ready": not waiting, "waiting": waiting}, status=status)

    async def metrics(_: web.Request) -> web.Response:
        page = await told.metrics()
        return web.Response(body=page.encode(), headers={"Content-Type": CONTENT_TYPE})

    app = web.Application()
    app.router.add_get("/health", health)
    app.router.add_get("/health/live", live)
    app.router.add_get("/health/ready", ready)
    app.router.add_get("/metrics", metrics)
    return app
