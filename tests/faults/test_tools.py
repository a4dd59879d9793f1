"""The tools of the faults do what they say: else a fault that never was would be survived."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from strowger.broker import processes
from strowger.broker.embedded import free_ports
from tests.faults.exchange import clocks_from
from tests.faults.faults import every_fault, plan, plans
from tests.faults.guard import guarded
from tests.faults.proxy import Proxy
from tests.support import eventually

_SLEEPER: Final = "import time; time.sleep(60)"


def test_every_fault_has_its_turn() -> None:
    """As many seeds as there are faults meet each kind and each victim; a seed has one plan."""
    count = len(every_fault())
    met = {
        (fault.kind, fault.victim)
        for seed in range(count)
        for fault in plan(seed, window_seconds=10)
    }
    assert met == set(every_fault())
    assert plan(7, window_seconds=10) == plan(7, window_seconds=10)


def test_in_every_fourth_group_only_the_owner_dies() -> None:
    """So a standstill can be told that nothing else has a part in."""
    groups = [plans(range(first, first + 5), window_seconds=10) for first in range(0, 40, 5)]
    alone = [
        group
        for group in groups
        if [fault.kind for some in group.values() for fault in some] == ["kill-owner"]
    ]
    assert len(alone) == 2


@asynccontextmanager
async def _echoing() -> AsyncIterator[int]:
    """Serve a port that says again what it hears."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await reader.read(100):
            writer.write(said)
        writer.close()

    port = next(free_ports())
    async with await asyncio.start_server(echo, "127.0.0.1", port):
        yield port


async def _echo(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"hello")
        async with asyncio.timeout(0.5):
            return await reader.read(100)
    finally:
        writer.close()


async def _is_answered(port: int) -> bool:
    try:
        return await _echo(port) == b"hello"
    except (OSError, TimeoutError):
        return False


async def _is_not_answered(port: int) -> bool:
    return not await _is_answered(port)


async def test_the_proxy_refuses_stalls_slows_and_cuts() -> None:
    """Each lasts until it is taken back, and then all is as before."""
    door = next(free_ports())
    async with _echoing() as port, Proxy({door: port}) as proxy:
        assert await _is_answered(door)
        for order in ({"refuse": True}, {"stall": True}, {"slow_seconds": 1.0}):
            proxy.order(door, **order)
            await eventually(lambda: _is_not_answered(door), because=f"{order} is felt")
            proxy.order(door)
            await eventually(lambda: _is_answered(door), because=f"{order} is taken back")
        reader, writer = await asyncio.open_connection("127.0.0.1", door)
        writer.write(b"hello")
        assert await reader.read(100) == b"hello"
        proxy.order(door, cut=True)
        with suppress(ConnectionResetError):
            assert await reader.read(100) == b""
        writer.close()
        assert await _is_answered(door)


def test_a_clock_is_off_in_the_one_service_and_in_nothing_else(tmp_path: Path) -> None:
    """The child whose name is in the directory tells another time; others tell the true one."""
    (tmp_path / "ledger").write_text("-3600", encoding="ascii")
    fake = tmp_path / "strowger"
    fake.mkdir()
    (fake / "__init__.py").touch()
    (fake / "service.py").write_text("import time; print(time.time())", encoding="ascii")
    with clocks_from(tmp_path):
        times = [
            float(
                subprocess.run(  # noqa: S603 - our own command
                    [sys.executable, "-m", "strowger.service", name],
                    cwd=tmp_path,
                    check=True,
                    capture_output=True,
                    text=True,
                ).stdout
            )
            for name in ("ledger", "notifier")
        ]
    assert times[0] == pytest.approx(time.time() - 3600, abs=30)
    assert times[1] == pytest.approx(time.time(), abs=30)


async def test_what_was_started_ends_with_who_started_it(tmp_path: Path) -> None:
    """When the guard's standard input ends, the server is killed and its home is gone."""
    home = tmp_path / "home"
    home.mkdir()
    record = home / "process.json"
    with guarded(home, [record]):
        child = processes.launch(
            [sys.executable, "-c", _SLEEPER, str(home / "server.properties")],
            cwd=home,
            output=home / "server.log",
            record=record,
        )
        assert child.poll() is None
    assert child.wait(10) < 0
    assert not home.exists()
