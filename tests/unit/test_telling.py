"""Health and metrics of one service over HTTP, met as whoever watches it meets them."""

import asyncio
import os
import signal
from collections.abc import Awaitable
from pathlib import Path

import aiohttp
import pytest

from strowger import service
from strowger.life import Life
from strowger.service import http_port, run_service
from strowger.settings import Settings, SettingsError
from tests.scraping import value
from tests.support import eventually

NAME = "notifier"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Give settings with a run directory of this test's own, and any free port."""
    return Settings(home=tmp_path, bootstrap="127.0.0.1:1", http_port=0)


async def test_a_service_tells_of_itself(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lives from the start, is ready once it serves, and not while it stops."""
    may_serve, may_end = asyncio.Event(), asyncio.Event()

    async def run(_settings: Settings, life: Life) -> None:
        await may_serve.wait()
        life.ready()
        await life.stop.wait()
        await may_end.wait()

    monkeypatch.setattr(service, "load", lambda _name: run)
    served = asyncio.create_task(run_service(NAME, settings))
    port = await eventually(lambda: http_port(settings.run_dir, NAME))
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:

        async def status(path: str) -> int:
            async with session.get(path) as answer:
                return answer.status

        assert await status("/health/live") == 200
        assert await status("/health/ready") == 503
        may_serve.set()
        await eventually(lambda: _is(status("/health/ready"), 200))
        async with session.get("/health") as answer:
            said = await answer.json()
        assert (said["service"], said["state"], said["pid"]) == (NAME, "serving", os.getpid())
        async with session.get("/metrics") as answer:
            assert answer.content_type == "text/plain"
            page = await answer.text()
        assert value(page, "process_resident_memory_bytes", service=NAME) > 0
        os.kill(os.getpid(), signal.SIGTERM)
        await eventually(lambda: _is(status("/health/ready"), 503))
        assert await status("/health/live") == 200
    may_end.set()
    await served


async def _is(status: Awaitable[int], wanted: int) -> bool:
    return await status == wanted


async def test_a_port_that_is_taken_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says which, and what to set."""
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]

    async def run(_settings: Settings, life: Life) -> None:
        await life.stop.wait()

    monkeypatch.setattr(service, "load", lambda _name: run)
    async with taken:
        with pytest.raises(SettingsError, match=rf"127.0.0.1:{port}.*STROWGER_HTTP_PORT"):
            await run_service(NAME, settings.model_copy(update={"http_port": port}))


async def test_nothing_is_told_unless_it_is_asked_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a port nothing listens, and the heartbeat names none."""

    async def run(_settings: Settings, life: Life) -> None:
        life.ready()
        await life.stop.wait()

    monkeypatch.setattr(service, "load", lambda _name: run)
    quiet = settings.model_copy(update={"http_port": None})
    served = asyncio.create_task(run_service(NAME, quiet))
    await eventually(lambda: service.is_healthy(settings.run_dir, NAME))
    assert http_port(settings.run_dir, NAME) is None
    os.kill(os.getpid(), signal.SIGTERM)
    await served
