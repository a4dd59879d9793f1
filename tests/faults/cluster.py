"""Three real brokers on this machine, each of which may be killed, frozen and started again."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from strowger.broker import connections, kafka, processes
from strowger.broker.access import BROKER, ROOT, Access, Bootstrap, Credentials, write_privately
from strowger.broker.embedded import free_ports
from strowger.broker.errors import BrokerDied
from strowger.broker.server_properties import Node, Ports, server_properties
from strowger.settings import Settings
from tests.support import eventually

BROKERS: Final = (1, 2, 3)
HEAP_MB: Final = 320
START_SECONDS: Final = 90
STOP_SECONDS: Final = 30


class Broker:
    """One broker of the cluster: a process, and a directory that outlives it."""

    def __init__(self, node: Node, directory: Path, java: list[str]) -> None:
        self.node = node
        self.record = directory / "process.json"
        self.log = directory / "server.log"
        self._directory = directory
        self._properties = directory / "server.properties"
        self._java = java
        self._child: subprocess.Popen[bytes] | None = None

    def prepare(self, broker: str, root: str, cluster_id: str) -> None:
        """Write its settings and format its store; `broker` and `root` are passwords."""
        self._directory.mkdir(parents=True)
        store = self._directory / "store"
        text = server_properties(store, self.node, broker=broker, root=root)
        write_privately(self._properties, text)
        kafka.format_store(self._java, store, self._properties, cluster_id)

    def launch(self) -> None:
        """Start its process."""
        self._child = processes.launch(
            [*self._java, "kafka.Kafka", str(self._properties)],
            cwd=self._directory,
            output=self.log,
            record=self.record,
        )

    def signal(self, number: signal.Signals) -> None:
        """Send its process a signal."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)

    def wait(self, timeout_seconds: float = STOP_SECONDS) -> None:
        """Wait until its process has ended; kill it if it takes longer."""
        if self._child is None:
            return
        try:
            self._child.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    @property
    def lives(self) -> bool:
        """Whether its process runs, or would if it were not frozen."""
        return self._child is not None and self._child.poll() is None


class Cluster:
    """Brokers that are all of them controllers, too; every topic of ours lives on all three.

    `met_at` says at which ports clients are sent to them, where these are not their own.
    """

    def __init__(self, settings: Settings, met_at: Mapping[int, int] | None = None) -> None:
        self._settings = settings
        free = free_ports()
        self.ports = {
            each: Ports(broker=next(free), controller=next(free), peers=next(free))
            for each in BROKERS
        }
        self._met_at = dict(met_at or {})
        self._brokers: dict[int, Broker] = {}

    def send_clients_to(self, ports: Mapping[int, int]) -> None:
        """Send clients to what stands before the brokers; before the start."""
        self._met_at |= ports

    @property
    def servers(self) -> str:
        """Give the address for clients."""
        return ",".join(
            f"127.0.0.1:{self._met_at.get(each, ports.broker)}"
            for each, ports in self.ports.items()
        )

    @property
    def records(self) -> list[Path]:
        """Give where each broker's process is written down."""
        return [broker.record for broker in self._brokers.values()]

    def as_root(self) -> Bootstrap:
        """Give the address, met as root."""
        root = Credentials.load(self._settings.secrets_dir, ROOT)
        return Bootstrap(self.servers, Access("SASL_PLAINTEXT", root))

    def broker(self, number: int) -> Broker:
        """Give one of the brokers."""
        return self._brokers[number]

    async def start(self) -> None:
        """Format and start all of them; return when each leads and follows what it should."""
        java = kafka.java(
            self._settings.cache_dir,
            repository=self._settings.maven_repository,
            heap_mb=HEAP_MB,
        )
        root = Credentials.fresh(ROOT, "PLAIN")
        root.save(self._settings.secrets_dir)
        itself = Credentials.fresh(BROKER, "PLAIN").password.get_secret_value()
        passwords = (itself, root.password.get_secret_value())
        cluster_id = kafka.fresh_cluster_id()
        for each in BROKERS:
            node = Node(each, self.ports, self._met_at.get(each))
            directory = self._settings.broker_dir / str(each)
            self._brokers[each] = Broker(node, directory, java)
        await asyncio.gather(
            *(
                asyncio.to_thread(broker.prepare, *passwords, cluster_id)
                for broker in self._brokers.values()
            )
        )
        for broker in self._brokers.values():
            broker.launch()
        await self.wait_until_whole()

    async def wait_until_whole(self, timeout_seconds: float = START_SECONDS) -> None:
        """Return when every broker serves and has a copy of all that it should.

        Raises:
            BrokerDied: one has ended; the message carries the end of its log.
        """

        async def whole() -> bool:
            for number, broker in self._brokers.items():
                if not broker.lives:
                    tail = broker.log.read_text(errors="replace")[-2000:]
                    raise BrokerDied(f"broker {number} ended:\n{tail}")
            return await self.is_whole()

        await eventually(whole, timeout_seconds=timeout_seconds, because="the cluster is whole")

    async def is_whole(self) -> bool:
        """Say whether no broker is missing anywhere."""
        try:
            await connections.wait_for_broker(self.as_root(), timeout_seconds=0)
            return await self._looks_whole()
        except Exception:  # noqa: BLE001 - whatever goes wrong while we look: it isn't
            return False

    async def _looks_whole(self) -> bool:
        admin = AIOKafkaAdminClient(
            **connections.to(self.as_root()), client_id="faults", request_timeout_ms=2_000
        )
        try:
            await admin.start()
            described = await admin.describe_cluster()
            if len(described["brokers"]) < len(BROKERS):
                return False
            return all(
                partition["leader"] >= 0 and set(partition["isr"]) == set(partition["replicas"])
                for topic in await admin.describe_topics()
                for partition in topic["partitions"]
            )
        finally:
            await admin.close()

    async def leader_of(self, topic: str, partition: int) -> int:
        """Say which broker leads a partition now."""
        admin = AIOKafkaAdminClient(**connections.to(self.as_root()), client_id="faults")
        await admin.start()
        try:
            (described,) = await admin.describe_topics([topic])
        finally:
            await admin.close()
        return next(
            int(each["leader"])
            for each in described["partitions"]
            if each["partition"] == partition
        )

    async def setting(self, topic: str, name: str) -> str:
        """Give what a topic has one of its settings at."""
        admin = AIOKafkaAdminClient(**connections.to(self.as_root()), client_id="faults")
        await admin.start()
        try:
            asked = ConfigResource(ConfigResourceType.TOPIC, topic)
            (response,) = await admin.describe_configs([asked])
        finally:
            await admin.close()
        ((*_, entries),) = response.resources
        return next(str(value) for key, value, *_ in entries if key == name)

    def end(self) -> None:
        """Kill all of them: what they stored is not wanted any more."""
        for broker in self._brokers.values():
            broker.signal(signal.SIGKILL)
        for broker in self._brokers.values():
            broker.wait()


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Let a process stand still while in the block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
