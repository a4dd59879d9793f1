import asyncio
import os
import signal
import sys
import textwrap
from pathlib import Path

import pytest

from strowger.broker.processes import ServerProcess
from strowger.broker.provisioning import apply
from strowger.contract.topics import ALL
from strowger.service import heartbeat_path, pid_if_alive
from strowger.settings import Settings
from strowger.supervisor import AlreadySupervised, Supervisor, environment_of
from tests.support import eventually

NAMES = ("notifier", "gateway-session-opened")


@pytest.fixture
def own(settings: Settings, bootstrap: str, tmp_path: Path) -> Settings:
    """Give settings with a run directory of this test's own, on the run's broker."""
    asyncio.run(apply(bootstrap, ALL))
    return settings.model_copy(update={"home": tmp_path, "run_dir": tmp_path / "run"})


def is_gone(pid: int) -> bool:
    """Say whether no such process runs any more; one that only waits to be reaped does not."""
    return not ServerProcess(pid=pid, last_argument="--supervised").lives()


async def test_services_start_restart_and_stop(own: Settings) -> None:
    """Each is its own process; one that is killed comes back ready; none is left behind."""
    lines: list[tuple[str, str]] = []
    async with Supervisor(own, NAMES, sink=lambda *line: lines.append(line)) as supervisor:
        await supervisor.ready(60)
        pids = {name: supervisor.pid(name) for name in NAMES}
        assert len({*pids.values(), os.getpid()}) == 3
        assert not any(is_gone(pid) for pid in pids.values() if pid is not None)

        supervisor.kill("notifier")
        await eventually(lambda: supervisor.restarts("notifier") == 1)
        await supervisor.ready(60)
        assert supervisor.pid("notifier") not in (None, pids["notifier"])
        assert supervisor.pid("gateway-session-opened") == pids["gateway-session-opened"]
        assert supervisor.restarts("gateway-session-opened") == 0
        everyone = [*pids.values(), supervisor.pid("notifier")]
    assert all(is_gone(pid) for pid in everyone if pid is not None)
    assert not any(heartbeat_path(own.run_dir, name).exists() for name in NAMES)
    assert ("notifier", True) in [(name, "service stopped" in line) for name, line in lines]


async def test_a_service_has_one_supervisor_in_a_home(own: Settings) -> None:
    """A second one is turned away and starts nothing; when the first is gone it may."""
    async with Supervisor(own, ["notifier"]) as first:
        with pytest.raises(AlreadySupervised, match="notifier"):
            await Supervisor(own, NAMES).__aenter__()
        await first.ready(60)
        assert first.restarts("notifier") == 0
        assert pid_if_alive(own.run_dir, NAMES[1], max_age_seconds=60) is None
    async with Supervisor(own, ["notifier"]) as second:
        await second.ready(60)


async def test_no_child_outlives_a_killed_supervisor(own: Settings) -> None:
    """Also SIGKILL, which lets it do nothing, leaves no process behind."""
    program = """
        import asyncio
        from strowger.settings import Settings
        from strowger.supervisor import supervise
        asyncio.run(supervise(Settings.load(), ["notifier"]))
    """
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(program),
        env=environment_of(own),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        child = await eventually(
            lambda: pid_if_alive(own.run_dir, "notifier", 10), timeout_seconds=60
        )
    finally:
        supervisor.send_signal(signal.SIGKILL)
        await supervisor.wait()
    assert child is not None
    await eventually(lambda: is_gone(child), timeout_seconds=20)


async def test_a_service_that_cannot_run_is_tried_again_and_named(tmp_path: Path) -> None:
    """Waiting for readiness ends with an error that says which service, and how often it fell."""
    nowhere = Settings(home=tmp_path, bootstrap="127.0.0.1:1")
    lines: list[str] = []
    async with Supervisor(
        nowhere, ["notifier"], sink=lambda _name, line: lines.append(line)
    ) as supervisor:
        await eventually(lambda: supervisor.restarts("notifier") >= 1, timeout_seconds=30)
        with pytest.raises(TimeoutError, match=r"notifier \(\d+ restarts\)"):
            await supervisor.ready(0)
    assert any("service failed" in line for line in lines)


def test_an_unknown_service_is_refused(tmp_path: Path) -> None:
    """Before anything is started."""
    with pytest.raises(ValueError, match="no such service: mtaching"):
        Supervisor(Settings(home=tmp_path), ["mtaching", "notifier"])
