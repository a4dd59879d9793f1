"""A real single-node Kafka on this machine, from wheels and jars alone: no Docker, no system Java.

It runs as a process of its own session, so it outlives whoever started it; its data directory
tells every later process where it is.
"""

import asyncio
import contextlib
import fcntl
import os
import random
import shutil
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import structlog
from pydantic import ValidationError

from strowger.broker import kafka, processes
from strowger.broker.access import (
    BROKER,
    ROOT,
    Access,
    Bootstrap,
    Credentials,
    write_privately,
)
from strowger.broker.connections import wait_for_broker
from strowger.broker.errors import BrokerDied, BrokerStuck, BrokerUnavailable
from strowger.broker.server_properties import Node, Ports, server_properties
from strowger.settings import Settings

if TYPE_CHECKING:
    import subprocess

log = structlog.get_logger()

# Below what Linux (32768) and macOS (49152) hand to outgoing connections: a port from there could
# be in somebody's use at the next start.
_PORTS: Final = range(20_000, 32_000)
_ATTEMPTS: Final = 3
_HEAP_MB: Final = 512
_LOOK_SECONDS: Final = 0.02
_STOP_SECONDS: Final = 20
_TAIL_LINES: Final = 25


@dataclass(frozen=True)
class BrokerStatus:
    """What is known of an embedded broker; `pid` and `bootstrap` are None when it does not run."""

    data_dir: Path
    pid: int | None = None
    bootstrap: str | None = None

    @property
    def running(self) -> bool:
        """Say whether its process lives."""
        return self.pid is not None


class EmbeddedBroker:
    """One broker and its data directory; the jar cache may be shared by many."""

    def __init__(
        self,
        data_dir: Path,
        *,
        cache_dir: Path,
        secrets_dir: Path | None = None,
        repository: str | None = None,
        start_timeout_seconds: float = 60,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self._cache_dir = cache_dir
        self._secrets_dir = secrets_dir or self.data_dir / "secrets"
        self._repository = repository
        self._start_timeout_seconds = start_timeout_seconds
        self._properties = self.data_dir / "server.properties"
        self._record = self.data_dir / "process.json"
        self._log = self.data_dir / "server.log"
        self._store = self.data_dir / "store"
        self._child: subprocess.Popen[bytes] | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Give the broker of this home."""
        return cls(
            settings.broker_dir,
            cache_dir=settings.cache_dir,
            secrets_dir=settings.secrets_dir,
            repository=settings.maven_repository,
        )

    def start(self, *, wipe: bool = False) -> Bootstrap:
        """Serve, and give the address, met as root, once metadata is answered.

        A broker that runs already is left alone. What an earlier run stored is kept, unless
        `wipe`, which empties it, stopping a running broker first.

        Raises:
            JarsUnavailable: Kafka or its Java is not to be had.
            BrokerDied: the server ended; the message carries the end of its log.
            BrokerStuck: it did not serve in time, and was stopped.
        """
        with self._locked():
            if wipe:
                self._end(_STOP_SECONDS)
                shutil.rmtree(self._store, ignore_errors=True)
            process = processes.ServerProcess.find(self._record)
            ports = self._remembered_ports()
            if process is not None and ports is not None:
                with contextlib.suppress(BrokerDied):  # it was killed, and on its way out
                    self._wait_until_serving(process, ports)
                    return self._as_root(ports.bootstrap)
            return self._start_anew()

    def stop(self, *, timeout_seconds: float = _STOP_SECONDS) -> bool:
        """End the broker, politely first; say whether there was one to end.

        Raises:
            BrokerStuck: it lives on even after SIGKILL.
        """
        with self._locked():
            return self._end(timeout_seconds)

    def status(self) -> BrokerStatus:
        """Tell whether the broker's own process runs, and where it serves."""
        process = processes.ServerProcess.find(self._record)
        ports = self._remembered_ports()
        if process is None or ports is None:
            return BrokerStatus(self.data_dir)
        return BrokerStatus(self.data_dir, pid=process.pid, bootstrap=ports.bootstrap)

    def _start_anew(self) -> Bootstrap:
        self._reap()
        java = kafka.java(self._cache_dir, repository=self._repository, heap_mb=_HEAP_MB)
        for attempt in range(1, _ATTEMPTS + 1):
            ports = self._choose_ports(anew=attempt > 1)
            self._write_properties(ports)
            kafka.format_store(java, self._store, self._properties, kafka.fresh_cluster_id())
            self._child = processes.launch(
                [*java, "kafka.Kafka", str(self._properties)],
                cwd=self.data_dir,
                output=self._log,
                record=self._record,
            )
            process = processes.ServerProcess.model_validate_json(self._record.read_bytes())
            try:
                self._wait_until_serving(process, ports)
            except BrokerDied:
                self._end(_STOP_SECONDS)
                # Somebody took the port between our look and the server's bind: choose another.
                if attempt == _ATTEMPTS or "Address already in use" not in self._log.read_text():
                    raise
            except BaseException:
                self._end(_STOP_SECONDS)
                raise
            else:
                log.info("broker serves", bootstrap=ports.bootstrap, pid=process.pid)
                return self._as_root(ports.bootstrap)
        raise AssertionError("the last attempt returned or raised")

    def _write_properties(self, ports: Ports) -> None:
        root = Credentials.load(self._secrets_dir, ROOT)
        if root is None:
            root = Credentials.fresh(ROOT, "PLAIN")
            root.save(self._secrets_dir)
        itself = Credentials.fresh(BROKER, "PLAIN")
        text = server_properties(
            self._store,
            Node.alone(ports),
            broker=itself.password.get_secret_value(),
            root=root.password.get_secret_value(),
        )
        write_privately(self._properties, text)

    def as_root(self) -> Bootstrap:
        """Give the running broker's address, met as root.

        Raises:
            BrokerDied: it does not run.
        """
        servers = self.status().bootstrap
        if servers is None:
            raise BrokerDied("the embedded broker does not run: `strowger broker start`")
        return self._as_root(servers)

    def _as_root(self, servers: str) -> Bootstrap:
        root = Credentials.load(self._secrets_dir, ROOT)
        return Bootstrap(servers, Access("SASL_PLAINTEXT", root))

    def _wait_until_serving(self, process: processes.ServerProcess, ports: Ports) -> None:
        deadline = time.monotonic() + self._start_timeout_seconds
        # A thread, so that a caller may have an event loop of its own.
        with ThreadPoolExecutor(max_workers=1) as thread:
            while time.monotonic() < deadline:
                # Looked at first each time: a stranger on the port must not pass for a broker.
                if not process.lives():
                    raise BrokerDied(f"the embedded broker ended at once:\n{self._tail()}")
                try:
                    looking = wait_for_broker(self._as_root(ports.bootstrap), timeout_seconds=0.5)
                    thread.submit(asyncio.run, looking).result()
                except BrokerUnavailable:
                    continue
                if process.lives():
                    return
        raise BrokerStuck(
            f"the embedded broker did not serve within {self._start_timeout_seconds:g} s:\n"
            f"{self._tail()}"
        )

    def _end(self, timeout_seconds: float) -> bool:
        process = processes.ServerProcess.find(self._record)
        if process is not None:
            process.end(timeout_seconds)
        self._reap()
        self._record.unlink(missing_ok=True)
        return process is not None

    def _reap(self) -> None:
        """Take note of the end of a server that was started from here."""
        if self._child is not None:
            self._child.wait()
            self._child = None

    def _choose_ports(self, *, anew: bool) -> Ports:
        ports = None if anew else self._remembered_ports()
        if ports is None or not (_is_free(ports.broker) and _is_free(ports.controller)):
            free = free_ports()
            ports = Ports(broker=next(free), controller=next(free))
            (self.data_dir / "ports.json").write_text(ports.model_dump_json(), encoding="utf-8")
        return ports

    def _remembered_ports(self) -> Ports | None:
        try:
            return Ports.model_validate_json((self.data_dir / "ports.json").read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def _tail(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([*lines[-_TAIL_LINES:], f"(all of it: {self._log})"])

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process at a time start or stop this broker."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def free_ports() -> Iterator[int]:
    """Give ports that nobody listens on now, and that no outgoing connection is given."""
    return (port for port in random.sample(_PORTS, len(_PORTS)) if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the server will bind: a connection that lingers from the last run is no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
