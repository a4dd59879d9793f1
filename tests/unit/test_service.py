import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from strowger import service
from strowger.life import Life
from strowger.service import SERVICES, bootstrap_of, heartbeat_path, is_healthy, load, run_service
from strowger.settings import Settings, SettingsError
from tests.support import eventually

NAME = "matching"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Give settings with a run directory of this test's own."""
    return Settings(home=tmp_path, bootstrap="127.0.0.1:1")


@pytest.fixture
def plays(monkeypatch: pytest.MonkeyPatch) -> Callable[[service.Run], None]:
    """Give a way to say what the service named matching does."""

    def play(run: service.Run) -> None:
        monkeypatch.setattr(service, "load", lambda _name: run)

    return play


async def serve_until_stopped(_settings: Settings, life: Life) -> None:
    """Serve at once."""
    life.ready()
    await life.stop.wait()


async def test_a_service_is_healthy_while_it_serves(
    settings: Settings, plays: Callable[[service.Run], None]
) -> None:
    """From ready on, and no longer than it runs."""
    may_serve = asyncio.Event()

    async def run(given: Settings, life: Life) -> None:
        await may_serve.wait()
        await serve_until_stopped(given, life)

    plays(run)
    served = asyncio.create_task(run_service(NAME, settings))
    path = heartbeat_path(settings.run_dir, NAME)
    await eventually(path.exists)
    assert json.loads(path.read_text())["pid"] == os.getpid()
    assert not is_healthy(settings.run_dir, NAME)
    may_serve.set()
    await eventually(lambda: is_healthy(settings.run_dir, NAME))
    os.kill(os.getpid(), signal.SIGTERM)
    await served
    assert not path.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_lets_the_service_finish(
    settings: Settings, plays: Callable[[service.Run], None], number: signal.Signals
) -> None:
    """It hears of it through its life, and ends by returning."""
    finished = asyncio.Event()

    async def run(_settings: Settings, life: Life) -> None:
        life.ready()
        await life.stop.wait()
        finished.set()

    plays(run)
    served = asyncio.create_task(run_service(NAME, settings))
    await eventually(lambda: is_healthy(settings.run_dir, NAME))
    os.kill(os.getpid(), number)
    await served
    assert finished.is_set()


async def test_a_failure_comes_out(
    settings: Settings, plays: Callable[[service.Run], None]
) -> None:
    """Nothing is swallowed: whoever runs the service gets its exception, and no heartbeat stays."""

    async def run(_settings: Settings, life: Life) -> None:
        life.ready()
        raise ZeroDivisionError

    plays(run)
    with pytest.raises(ZeroDivisionError):
        await run_service(NAME, settings)
    assert not heartbeat_path(settings.run_dir, NAME).exists()


async def test_a_service_whose_heart_cannot_beat_is_stopped(
    settings: Settings, plays: Callable[[service.Run], None]
) -> None:
    """Unseen is unwell: it ends rather than run where nobody can tell."""
    settings.run_dir.mkdir(parents=True)
    heartbeat_path(settings.run_dir, NAME).mkdir()
    plays(serve_until_stopped)
    with pytest.raises(OSError, match=NAME):
        await run_service(NAME, settings)


def test_an_old_heartbeat_is_no_health(tmp_path: Path) -> None:
    """A process that hangs, or was killed, leaves one behind."""
    path = heartbeat_path(tmp_path, NAME)
    path.write_text(json.dumps({"pid": 1, "ready": True, "since": 0}))
    assert is_healthy(tmp_path, NAME, max_age_seconds=60)
    os.utime(path, (0, 0))
    assert not is_healthy(tmp_path, NAME, max_age_seconds=60)


def test_a_service_that_never_ran_is_not_healthy(tmp_path: Path) -> None:
    """No heartbeat, no health."""
    assert not is_healthy(tmp_path, NAME)


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_can_be_loaded(name: str) -> None:
    """The registry names a function that is there."""
    run: Callable[[Settings, Life], Awaitable[None]] = load(name)
    assert asyncio.iscoroutinefunction(run)


def test_no_broker_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    """A service does not guess where Kafka is."""
    with pytest.raises(SettingsError, match="STROWGER_BOOTSTRAP"):
        bootstrap_of(Settings(home=tmp_path), NAME)


def test_the_command_line_refuses_wrong_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says which key, and ends with 2."""
    monkeypatch.setenv("STROWGER_BOOTSTRAPS", "x")
    assert service.main([NAME]) == 2
    assert "STROWGER_BOOTSTRAPS" in capsys.readouterr().err
