"""Limits that need the real broker: its quotas, and events a second counted again after a start."""

import asyncio

import pytest
from aiokafka import TopicPartition
from confluent_kafka import Producer, ThrottleEvent

from strowger.broker import authorisation, connections, provisioning, quotas
from strowger.broker.access import access_of, meet
from strowger.broker.appending import Append, Appender
from strowger.broker.registering import register
from strowger.contract.commands import AnyCommand, RefuseEvent
from strowger.contract.participants import QUOTAS, Role
from strowger.contract.refusals import DeadLetterReason, Refusal
from strowger.contract.signatures import SigningKey
from strowger.contract.topics import ALL, DEAD_LETTERS, OFFER_PUBLISHED, SESSION_OPENED
from strowger.enrolment import registration_of
from strowger.gateways import session_opened
from strowger.settings import Settings
from tests.integration.test_gateways_signed import opened
from tests.integration.topics import logged, records_of
from tests.running import running
from tests.support import eventually, unique

LIMIT = 5
SENT = 20
READ_BEFORE = 7


@pytest.fixture(scope="module", autouse=True)
def _topics(bootstrap: str) -> None:
    asyncio.run(provisioning.apply(bootstrap, ALL))


async def test_a_participant_has_the_quotas_of_the_contract(
    bootstrap: str, settings: Settings
) -> None:
    """It gets them when it is added; others are told of and put right; they go when it goes."""
    name, secrets_dir = unique("globex"), settings.secrets_dir
    granted = await authorisation.grant(bootstrap, name, ["buyer"], secrets_dir=secrets_dir)
    assert granted.quotas == (name,)
    assert (await quotas.described(bootstrap))[name] == QUOTAS
    await quotas.put(bootstrap, [name], {"producer_byte_rate": 1.0})

    async def told() -> bool:
        return name in (await authorisation.difference(bootstrap)).quotas

    await eventually(told)
    assert name in (await authorisation.apply(bootstrap, secrets_dir)).quotas
    assert (await quotas.described(bootstrap))[name] == QUOTAS
    await authorisation.withdraw(bootstrap, name)

    async def gone() -> bool:
        return name not in await quotas.described(bootstrap)

    await eventually(gone)


async def test_the_broker_itself_slows_down_who_is_above_its_quota(
    bootstrap: str, settings: Settings
) -> None:
    """It answers that it made the participant wait."""
    name = unique("acme")
    await authorisation.grant(bootstrap, name, ["provider"], secrets_dir=settings.secrets_dir)
    await quotas.put(bootstrap, [name], {"producer_byte_rate": 1000.0})
    throttled: list[ThrottleEvent] = []
    met = meet(settings, bootstrap, name)
    producer = Producer(
        {
            "bootstrap.servers": str(met),
            **access_of(met).for_librdkafka(),
            "throttle_cb": throttled.append,
        }
    )

    async def seen() -> bool:
        producer.produce(OFFER_PUBLISHED.name, b"no event, and long".ljust(5000))
        producer.flush(5)
        return bool(throttled)

    await eventually(seen)
    assert throttled[0].throttle_time > 0


async def test_a_gateway_that_starts_within_a_second_goes_on_counting(
    settings: Settings, bootstrap: str
) -> None:
    """What was read before it counts: the rest is refused and put away as if it had read all."""
    market, buyer, key = unique("voice"), unique("globex"), SigningKey.new()
    await register(
        bootstrap, [registration_of(buyer, key.public, [Role.BUYER], events_per_second=LIMIT)]
    )
    place = TopicPartition(SESSION_OPENED.name, 1)
    events = [opened(market, buyer, f"s-{number}", key) for number in range(SENT)]
    group = session_opened.GATEWAY.name
    async with connections.producer(bootstrap, client_id="test") as producer:
        # One batch: all of it is appended at one time.
        await Appender(producer).append(
            Append(place.topic, place.partition, b"k", value, headers) for headers, value in events
        )
    async with connections.consumer(bootstrap, client_id="test", group_id=group) as consumer:
        end = (await consumer.end_offsets([place]))[place]
        consumer.assign([place])
        await consumer.commit({place: end - SENT + READ_BEFORE})

    async def put_away() -> list[bytes | None]:
        letters = [dict(each.headers) for each in await records_of(bootstrap, DEAD_LETTERS.name)]
        source = f"/participants/{buyer}".encode()
        found = [each for each in letters if each.get("original_ce_source") == source]
        assert len(found) == SENT - 2 * LIMIT
        return [each["dl_reason"] for each in found]

    required = settings.model_copy(update={"authentication": "required"})
    async with running(required, group):
        reasons = await eventually(put_away)
        commands: list[AnyCommand] = await eventually(logged(bootstrap, market, 1))
    assert set(reasons) == {DeadLetterReason.TOO_MANY_EVENTS.value.encode()}
    refused = [each.refusal for each in commands if isinstance(each, RefuseEvent)]
    assert refused == [Refusal.TOO_MANY_EVENTS.value] * (2 * LIMIT - READ_BEFORE)
    assert len(commands) == len(refused)
