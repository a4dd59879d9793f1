"""The anatomy of a service: its name, how it is run, told to stop, and seen to be well.

A service is `async def run(settings, life)`. It calls `life.ready()` once it really serves, returns
when `life.stop` is set after finishing what it has in hand, and raises on any fault of ours: the
process then exits, whoever supervises it starts it again, and Kafka redelivers.
"""

import argparse
import asyncio
import contextlib
import importlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

import structlog

from strowger import logs
from strowger.broker.access import Bootstrap, meet, user_of
from strowger.life import Life
from strowger.profile import Profile, ProfileDamaged, effective
from strowger.settings import Settings, SettingsError

log = structlog.get_logger("strowger.service")  # also where it runs as __main__

SERVICES: Final = MappingProxyType(
    {
        "matching": "strowger.matching.service:run",
        "ledger": "strowger.ledger.service:run",
        "notifier": "strowger.notifier.service:run",
        "session-timeout": "strowger.session_timeout.service:run",
        "gateway-offer-published": "strowger.gateways.offer_published:run",
        "gateway-session-opened": "strowger.gateways.session_opened:run",
        "gateway-request-submitted": "strowger.gateways.request_submitted:run",
        "gateway-offer-accepted": "strowger.gateways.offer_accepted:run",
        "gateway-session-closed": "strowger.gateways.session_closed:run",
        "gateway-book-requested": "strowger.gateways.book_requested:run",
    }
)
"""Every service by name, in the order of starting; imported only when it is run."""

STANDBY: Final = "matching-standby"
RUNNABLE: Final = MappingProxyType({**SERVICES, STANDBY: SERVICES["matching"]})
"""And what runs only where it is named: another process of matching, which follows the first."""

HEARTBEAT_SECONDS: Final = 1.0
MAX_HEARTBEAT_AGE_SECONDS: Final = 10.0
"""An older heartbeat means that the event loop hangs, or that the process is gone."""

STOP_SECONDS: Final = 15.0
"""How long a service may take over finishing its batch once it was told to stop."""

_SUPERVISED: Final = "--supervised"


Run = Callable[[Settings, Life], Awaitable[None]]


def load(name: str) -> Run:
    """Import a service's `run`.

    Raises:
        KeyError: no service has this name.
    """
    module, _, function = RUNNABLE[name].partition(":")
    run: Run = getattr(importlib.import_module(module), function)
    return run


def bootstrap_of(settings: Settings, name: str) -> Bootstrap:
    """Give the broker's address, to be met as the service of this name.

    Raises:
        SettingsError: none is set, and a service cannot guess one.
        NoCredentials: the service's password isn't kept here.
    """
    if settings.bootstrap is None:
        raise SettingsError(
            "no broker is named: set STROWGER_BOOTSTRAP=host:port, or start the embedded one "
            "with `strowger broker start`"
        )
    return meet(settings, settings.bootstrap, user_of(name))


async def run_service(name: str, settings: Settings) -> None:
    """Run one service until SIGTERM or SIGINT, or until it fails, with its heartbeat.

    Raises:
        Exception: whatever the service raised; the process is to exit with it.
    """
    await _live(name, settings, Life())


async def _live(name: str, settings: Settings, life: Life) -> None:
    run = load(name)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, life.stop.set)
    async with _observed(name, settings, life):
        await _serve(run, name, settings, life)
    log.info("service stopped", service=name)


@contextlib.asynccontextmanager
async def _observed(name: str, settings: Settings, life: Life) -> AsyncIterator[None]:
    """Serve health and metrics, and send spans, where the settings say so."""
    if settings.http_port is None and settings.traces_endpoint is None:
        yield
        return
    # Here, since neither the SDK nor the command line by itself brings in what these need.
    from strowger.telemetry.of_service import observed  # noqa: PLC0415

    async with observed(name, settings, life):
        yield


async def _serve(run: Run, name: str, settings: Settings, life: Life) -> None:
    heart = asyncio.ensure_future(_beat(settings.run_dir, name, life))
    service = asyncio.ensure_future(run(settings, life))
    try:
        await asyncio.wait((heart, service), return_when=asyncio.FIRST_COMPLETED)
        if heart.done():
            heart.result()  # it only ever ends by failing
        await service
    finally:
        for task in (heart, service):
            task.cancel()
        await asyncio.gather(heart, service, return_exceptions=True)
        _remove_heartbeat(settings.run_dir, name)


def heartbeat_path(run_dir: Path, name: str) -> Path:
    """Say where a service leaves its heartbeat."""
    return run_dir / f"{name}.alive"


async def _beat(run_dir: Path, name: str, life: Life) -> None:
    path = heartbeat_path(run_dir, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        ready = life.is_ready.is_set()
        said = {"pid": os.getpid(), "ready": ready, "since": life.since, "http": life.http_port}
        beat = json.dumps(said)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(beat, encoding="utf-8")
        part.replace(path)
        if ready:
            await asyncio.sleep(HEARTBEAT_SECONDS)
        else:
            # Not wait_for: before Python 3.12 it can swallow a cancellation.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await life.is_ready.wait()


def _remove_heartbeat(run_dir: Path, name: str) -> None:
    """Remove our heartbeat, but not that of a successor that is already up."""
    if pid_if_alive(run_dir, name, max_age_seconds=float("inf")) == os.getpid():
        heartbeat_path(run_dir, name).unlink(missing_ok=True)


def pid_if_alive(run_dir: Path, name: str, max_age_seconds: float) -> int | None:
    """Give the process id that the heartbeat names; none if there is no heartbeat that young."""
    beat = _read_heartbeat(run_dir, name, max_age_seconds)
    return None if beat is None else int(beat["pid"] or 0)


def is_healthy(
    run_dir: Path, name: str, max_age_seconds: float = MAX_HEARTBEAT_AGE_SECONDS
) -> bool:
    """Say whether the service is ready and its event loop was seen turning that recently."""
    beat = _read_heartbeat(run_dir, name, max_age_seconds)
    return beat is not None and bool(beat["ready"])


def http_port(run_dir: Path, name: str) -> int | None:
    """Give the port that the service tells of itself on; none if it doesn't, or seems gone."""
    beat = _read_heartbeat(run_dir, name, MAX_HEARTBEAT_AGE_SECONDS)
    port = None if beat is None else beat.get("http")
    return None if port is None else int(port)


def _read_heartbeat(
    run_dir: Path, name: str, max_age_seconds: float
) -> dict[str, float | None] | None:
    path = heartbeat_path(run_dir, name)
    try:
        age_seconds = time.time() - path.stat().st_mtime
        beat: dict[str, float | None] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return beat if age_seconds <= max_age_seconds else None


def _stop_with_parent(loop: asyncio.AbstractEventLoop, life: Life) -> None:
    """Stop when standard input ends, which it does when the supervisor is gone, however it went.

    A thread, so that it also works while the event loop hangs; then the process is ended for it.
    """

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        with contextlib.suppress(RuntimeError):  # the loop is closed: we are leaving anyhow
            loop.call_soon_threadsafe(life.stop.set)
        time.sleep(STOP_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


async def _supervised(name: str, settings: Settings) -> None:
    life = Life()
    _stop_with_parent(asyncio.get_running_loop(), life)
    await _live(name, settings, life)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one service as a process of its own: `python -m strowger.service matching`."""
    parser = argparse.ArgumentParser(prog="python -m strowger.service", description=main.__doc__)
    parser.add_argument("name", choices=list(RUNNABLE))
    parser.add_argument(_SUPERVISED, action="store_true", help="stop when standard input ends")
    chosen = parser.parse_args(arguments)
    try:
        settings = Settings.load()
        settings = effective(settings, Profile.load(settings.home))
    except (SettingsError, ProfileDamaged) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logs.configure(settings, service=chosen.name)
    import uvloop  # noqa: PLC0415 - who has the SDK alone reads this module for its names

    live = _supervised if chosen.supervised else run_service
    try:
        uvloop.run(live(chosen.name, settings))
    except Exception:
        log.exception("service failed")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
