"""Topics as the registry says, made and kept so; running it again changes nothing.

A partition count never changes: the order of a market, and every stored position, hang on it.
"""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from strowger.broker.connections import to, wait_for_broker
from strowger.broker.errors import BrokerError, BrokerUnavailable
from strowger.contract.topics import Topic, inbox

# A controller takes a request as one batch of at most 10,000 records; a topic needs about five.
_TOPICS_PER_REQUEST: Final = 500
_LOOK_SECONDS: Final = 0.05
_VISIBLE_SECONDS: Final = 15
_LEAST_COPIES: Final = "min.insync.replicas"
_SET_ON_TOPIC: Final = 1
"""DescribeConfigs' config source for a value that the topic itself carries (KIP-226)."""


@dataclass(frozen=True)
class Report:
    """What became of each topic, by name; `refused` says why."""

    created: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    changed_config: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


class ProvisioningRefused(BrokerError):
    """Some topics can't be as the registry says; the rest are. `report` tells which."""

    def __init__(self, report: Report) -> None:
        super().__init__("\n".join(f"{name}: {why}" for name, why in report.refused.items()))
        self.report = report


async def apply(bootstrap: str, topics: Iterable[Topic], *, replication_factor: int = 1) -> Report:
    """Make the topics that are missing, give all of them the registry's settings, say what changed.

    Raises:
        BrokerUnavailable: no broker answers, or the new topics don't appear.
        ProvisioningRefused: a topic has another partition count, or the broker said no.
    """
    wanted = {topic.name: topic for topic in topics}
    async with _admin(bootstrap) as admin:
        existing = await _made(admin)
        missing = [topic for name, topic in wanted.items() if name not in existing]
        created, refused = await _create(admin, missing, replication_factor)
        await _until(lambda: _lead(admin, created))

        # Asked again, since somebody else may have made a topic between our look and our request.
        existing = await _made(admin) if len(created) < len(missing) else existing
        kept = [topic for name, topic in wanted.items() if name in existing]
        refused |= {
            topic.name: (
                f"has {existing[topic.name].partitions} partitions, the registry says "
                f"{topic.partitions}; a partition count is never changed: keep its topic aside "
                "and start anew"
            )
            for topic in kept
            if existing[topic.name].partitions != topic.partitions
        }
        sound = [
            _with_copies(topic, existing[topic.name].copies)
            for topic in kept
            if topic.name not in refused
        ]
        drifted = await _drifted(admin, sound)
        refused |= await _set_configs(admin, drifted)
        await _until(
            lambda: _carry(admin, [topic for topic in drifted if topic.name not in refused])
        )

    changed = {topic.name for topic in drifted}
    report = Report(
        created=tuple(created),
        unchanged=tuple(topic.name for topic in sound if topic.name not in changed),
        changed_config=tuple(name for name in sorted(changed) if name not in refused),
        refused=refused,
    )
    if refused:
        raise ProvisioningRefused(report)
    return report


async def difference(bootstrap: str, topics: Iterable[Topic]) -> dict[str, str]:
    """Say of each topic that is not as the registry says what is wrong with it; change nothing.

    Raises:
        BrokerUnavailable: no broker answers.
    """
    wanted = {topic.name: topic for topic in topics}
    async with _admin(bootstrap) as admin:
        made = await _made(admin)
        there = [
            _with_copies(topic, made[topic.name].copies)
            for topic in wanted.values()
            if topic.name in made
        ]
        drifted = {topic.name for topic in await _drifted(admin, there)}
    wrong: dict[str, str] = {}
    for name, topic in wanted.items():
        if name not in made:
            wrong[name] = "is missing"
        elif made[name].partitions != topic.partitions:
            wrong[name] = f"has {made[name].partitions} partitions instead of {topic.partitions}"
        elif name in drifted:
            wrong[name] = "has other settings"
    return wrong


async def ensure_inboxes(
    bootstrap: str, participants: Iterable[str], *, replication_factor: int = 1
) -> Report:
    """Make the inboxes of these participants; as `apply`."""
    return await apply(
        bootstrap,
        [inbox(participant) for participant in participants],
        replication_factor=replication_factor,
    )


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    await wait_for_broker(bootstrap, timeout_seconds=15)
    admin = AIOKafkaAdminClient(**to(bootstrap), client_id="strowger-provisioning")
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


class _Made(NamedTuple):
    """A topic as it stands on the broker."""

    partitions: int
    copies: int


async def _made(admin: AIOKafkaAdminClient) -> dict[str, _Made]:
    # Every topic, not ours by name: naming one would create it where a broker auto-creates.
    return {
        described["topic"]: _Made(
            len(described["partitions"]),
            min(len(partition["replicas"]) for partition in described["partitions"]),
        )
        for described in await admin.describe_topics()
        if all(partition["leader"] >= 0 for partition in described["partitions"])
    }


def _with_copies(topic: Topic, copies: int) -> Topic:
    """Say of a topic that is kept in several copies how many must have a record to acknowledge it.

    All but one: so one broker may be lost, and what was acknowledged is never on that one alone.
    """
    if copies == 1:
        return topic
    return replace(topic, config={**topic.config, _LEAST_COPIES: str(copies - 1)})


async def _create(
    admin: AIOKafkaAdminClient, topics: Sequence[Topic], replication_factor: int
) -> tuple[list[str], dict[str, str]]:
    created: list[str] = []
    refused: dict[str, str] = {}
    for some in _in_batches(topics):
        new = [
            NewTopic(
                topic.name,
                num_partitions=topic.partitions,
                replication_factor=replication_factor,
                topic_configs=dict(_with_copies(topic, replication_factor).config),
            )
            for topic in some
        ]
        response = await admin.create_topics(new)
        for name, code, *message in response.topic_errors:
            if code == 0:
                created.append(name)
            elif code != TopicAlreadyExistsError.errno:
                refused[name] = _reason(code, message)
    return created, refused


async def _until(shown: Callable[[], Awaitable[bool]]) -> None:
    """Wait until the broker shows what its controller has acknowledged: it lags a little."""
    try:
        async with asyncio.timeout(_VISIBLE_SECONDS):
            while not await shown():  # noqa: ASYNC110 - Kafka has no event for it
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        raise BrokerUnavailable("the broker accepted a change but does not show it") from None


async def _lead(admin: AIOKafkaAdminClient, names: Sequence[str]) -> bool:
    return not names or set(names) <= (await _made(admin)).keys()


async def _carry(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> bool:
    return not await _drifted(admin, topics)


async def _drifted(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> list[Topic]:
    """Pick the topics that carry other settings than the registry's, more of them, or fewer."""
    carried: dict[str, dict[str, str]] = {}
    for some in _in_batches(topics):
        resources = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in some]
        for response in await admin.describe_configs(resources):
            for _code, _message, _type, name, entries in response.resources:
                carried[name] = {
                    key: value
                    for key, value, _read_only, source, *_ in entries
                    if source == _SET_ON_TOPIC
                }
    return [topic for topic in topics if carried[topic.name] != dict(topic.config)]


async def _set_configs(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> dict[str, str]:
    refused: dict[str, str] = {}
    for some in _in_batches(topics):
        resources = [
            ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=dict(topic.config))
            for topic in some
        ]
        for response in await admin.alter_configs(resources):
            for code, message, _type, name in response.resources:
                if code != 0:
                    refused[name] = _reason(code, [message])
    return refused


def _in_batches(topics: Sequence[Topic]) -> Iterator[Sequence[Topic]]:
    for start in range(0, len(topics), _TOPICS_PER_REQUEST):
        yield topics[start : start + _TOPICS_PER_REQUEST]


def _reason(code: int, message: Sequence[Any]) -> str:
    words = " ".join(str(part) for part in message if part)
    return f"the broker refused: {words} ({for_code(code).__name__})"
