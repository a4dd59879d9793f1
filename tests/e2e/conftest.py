"""The whole exchange as its users meet it: a broker and every service as a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import pytest

from strowger import keys
from strowger.broker.access import Bootstrap, meet, path_of
from strowger.broker.embedded import EmbeddedBroker
from strowger.service import SERVICES, is_healthy, pid_if_alive
from strowger.settings import Settings
from strowger.supervisor import environment_of
from tests.support import unique

START_SECONDS: Final = 90
STOP_SECONDS: Final = 30
ADDED_AT_ONCE: Final = 24


class Exchange:
    """An exchange on this machine, run by the commands that an operator types."""

    market = "voice-eu"
    """A declared market in EUR, sessions optional, ttl 1 to 3600 seconds."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home, authentication="required")
        self._broker = EmbeddedBroker.from_settings(self.settings)
        self._services: subprocess.Popen[bytes] | None = None
        self.log_path = home / "exchange.log"
        self._newcomers: defaultdict[str, list[str]] = defaultdict(list)

    @property
    def bootstrap(self) -> Bootstrap:
        """Give the broker's address, met as its root: what a checker reads by."""
        return self._broker.as_root()

    def credentials(self, participant: str) -> Path:
        """Say where a participant's password lies, as the operator hands it over."""
        return path_of(self.settings.secrets_dir, participant)

    def met_by(self, participant: str) -> Bootstrap:
        """Give the broker's address, met as a participant that was added."""
        return meet(self.settings, self.bootstrap, participant)

    def start(self) -> None:
        """Start the broker and every service; return when all of them serve."""
        self._broker.start()
        self.settings = self.settings.model_copy(update={"bootstrap": str(self.bootstrap)})
        self.command("topics", "apply")
        with self.log_path.open("ab") as written:
            self._services = subprocess.Popen(
                [sys.executable, "-m", "strowger", "run", "all"],
                env=self.environment,
                stdout=written,
                stderr=subprocess.STDOUT,
            )
        self.wait_until_healthy()

    def stop(self) -> None:
        """Stop every service, then the broker; the data stays."""
        services, self._services = self._services, None
        try:
            if services is not None:
                services.send_signal(signal.SIGTERM)
                assert services.wait(STOP_SECONDS) == 0, self.log()
        finally:
            if services is not None and services.poll() is None:
                services.kill()
                services.wait()
            self._broker.stop()

    @property
    def environment(self) -> dict[str, str]:
        """Give the environment that makes a command act on this exchange."""
        return environment_of(self.settings)

    def command(self, *words: str, codes: tuple[int, ...] = (0,)) -> str:
        """Run a `strowger` command and give what it wrote to standard output."""
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "strowger", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode in codes, f"{words}: {done.returncode}\n{done.stderr}"
        return done.stdout

    def newcomer(self, kind: Literal["provider", "buyer", "analyst"]) -> str:
        """Give a participant who was added to the exchange, with a key, and whom no test knows.

        Many are added at once: the command takes longer to start than to add them.
        """
        waiting = self._newcomers[kind]
        if not waiting:
            names = [unique(kind) for _ in range(ADDED_AT_ONCE)]
            self.command("participant", "add", *names, "--role", kind)
            waiting += names
        return waiting.pop()

    def key(self, participant: str) -> Path:
        """Say where a participant's key is."""
        return keys.path_of(self.settings.keys_dir, participant)

    def kill(self, service: str) -> None:
        """End a service with SIGKILL; the supervisor starts it again."""
        pid = pid_if_alive(self.settings.run_dir, service, float("inf"))
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    def wait_until_healthy(self) -> None:
        """Return when every service serves."""
        deadline = time.monotonic() + START_SECONDS
        while waiting := [name for name in SERVICES if not is_healthy(self.settings.run_dir, name)]:
            assert time.monotonic() < deadline, f"not ready: {waiting}\n{self.log()}"
            time.sleep(0.1)

    def log(self) -> str:
        """Give the end of the services' log."""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-60:])


@pytest.fixture(scope="session")
def exchange(
    tmp_path_factory: pytest.TempPathFactory, _no_settings_from_outside: None
) -> Iterator[Exchange]:
    """Start one exchange for all tests that use it; each has markets or participants of its own."""
    started = Exchange(tmp_path_factory.mktemp("exchange"))
    try:
        started.start()
        started.command(
            "market", "declare", started.market, "--currency", "EUR", "--sessions", "optional"
        )
        yield started
    finally:
        started.stop()
