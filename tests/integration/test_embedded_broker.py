import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from strowger.broker import connections, provisioning
from strowger.broker.embedded import EmbeddedBroker
from strowger.broker.errors import BrokerDied, BrokerUnavailable, JarsUnavailable
from strowger.contract.topics import Topic
from strowger.settings import Settings
from tests.support import unique


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """Give a broker that a test may stop, damage and wipe."""
    embedded = EmbeddedBroker.from_settings(Settings(home=tmp_path))
    yield embedded
    embedded.stop()


def _topic(name: str) -> Topic:
    return Topic(name, key="any", writers=(), readers=(), purpose="a test")


async def _write(bootstrap: str, topic: str, value: bytes) -> None:
    await provisioning.apply(bootstrap, [_topic(topic)])
    async with connections.producer(bootstrap, client_id="test") as producer:
        await producer.send_and_wait(topic, value)


async def _read(bootstrap: str, topic: str) -> bytes | None:
    async with connections.consumer(bootstrap, topic, client_id="test") as consumer:
        record = await consumer.getone()
    value: bytes | None = record.value
    return value


async def test_a_record_that_was_written_is_read(bootstrap: str) -> None:
    """What a producer sent before a consumer came is read by it: nobody starts at "latest"."""
    topic = unique("records")

    await _write(bootstrap, topic, b"hello")

    assert await _read(bootstrap, topic) == b"hello"


async def test_data_outlives_the_broker_until_it_is_wiped(own_broker: EmbeddedBroker) -> None:
    """Stop leaves no process, start serves every record at the same address, `wipe` none."""
    first = own_broker.start()
    await _write(first, "kept", b"before the stop")
    pid = own_broker.status().pid
    assert pid is not None

    assert own_broker.stop()
    assert not own_broker.status().running
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)

    second = own_broker.start()
    assert second == first
    assert await _read(second, "kept") == b"before the stop"

    third = own_broker.start(wipe=True)
    report = await provisioning.apply(third, [_topic("kept")])
    assert report.created == ("kept",)


def test_starting_a_running_broker_leaves_it_alone(broker: EmbeddedBroker, bootstrap: str) -> None:
    """`start` may be called by anyone at any time: the same process, the same address."""
    before = broker.status()

    assert broker.start() == bootstrap
    assert broker.status() == before


def test_stopping_a_broker_that_does_not_run_says_so(tmp_path: Path) -> None:
    """There is nothing to stop, and that is no error."""
    assert not EmbeddedBroker.from_settings(Settings(home=tmp_path)).stop()


def test_a_stranger_with_the_recorded_pid_is_never_signalled(own_broker: EmbeddedBroker) -> None:
    """After a reboot the pid on record may be anyone's: here it is this very test's."""
    own_broker.data_dir.mkdir(parents=True)
    (own_broker.data_dir / "process.json").write_text(
        f'{{"pid": {os.getpid()}, "last_argument": "{own_broker.data_dir}/server.properties"}}',
        encoding="utf-8",
    )

    assert not own_broker.status().running
    assert not own_broker.stop()


def test_a_taken_port_is_left_to_its_owner(own_broker: EmbeddedBroker) -> None:
    """When somebody else listens where the broker did, it serves elsewhere, with its data."""
    own_broker.data_dir.mkdir(parents=True)
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", 0))
        owner.listen()
        port = owner.getsockname()[1]
        (own_broker.data_dir / "ports.json").write_text(
            f'{{"broker": {port}, "controller": {port + 1}}}', encoding="utf-8"
        )

        assert own_broker.start() != f"127.0.0.1:{port}"


def test_a_broker_that_dies_shows_the_end_of_its_log(own_broker: EmbeddedBroker) -> None:
    """The error holds what the server said last, so that nobody has to look for it."""
    store = own_broker.data_dir / "store"
    store.mkdir(parents=True)
    (store / "meta.properties").write_text("version=1\nnode.id=7\ncluster.id=elsewhere\n")

    with pytest.raises(BrokerDied, match=r"(?s)7.*server\.log"):
        own_broker.start()
    assert not own_broker.status().running


def test_jars_that_can_not_be_had_name_the_way_out(tmp_path: Path) -> None:
    """Without the network and without a cache the error says how to use another Kafka."""
    offline = EmbeddedBroker(
        tmp_path / "broker", cache_dir=tmp_path / "cache", repository="http://127.0.0.1:9/maven2"
    )

    with pytest.raises(JarsUnavailable, match=r"(?s)127\.0\.0\.1.*STROWGER_BOOTSTRAP=host:port"):
        offline.start()
    assert list((tmp_path / "cache").glob("fetching-*")) == []


async def test_waiting_for_a_broker_that_is_not_there_ends_with_its_address() -> None:
    """A wrong address is told within the timeout, by name."""
    with pytest.raises(BrokerUnavailable, match=r"127\.0\.0\.1:9 .*is it running"):
        await connections.wait_for_broker("127.0.0.1:9", timeout_seconds=0.2)
