"""Gateways that authenticate, on the real broker: keys as they come, and poison by the thousand."""

import asyncio
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from strowger.broker import connections
from strowger.broker.appending import Append, Appender
from strowger.broker.consuming import Record
from strowger.broker.provisioning import apply
from strowger.broker.registering import RegisteredOtherwise, register, registered
from strowger.contract.commands import OpenSession, RefuseEvent
from strowger.contract.decision import Decision
from strowger.contract.envelope import Envelope, participant_source
from strowger.contract.inbound import SessionOpened
from strowger.contract.outbound import EventRefused, SessionGranted
from strowger.contract.participants import Role
from strowger.contract.signatures import HEADER, SigningKey
from strowger.contract.topics import ALL, DEAD_LETTERS, DECISIONS, SESSION_OPENED
from strowger.enrolment import registration_of
from strowger.gateways import session_opened
from strowger.settings import Settings
from tests.integration.topics import logged, records_of, send
from tests.integration.trading import market_at
from tests.running import running
from tests.support import eventually, unique

POISON = 10_000
GOOD_EVERY = 100
GOOD = POISON // GOOD_EVERY + 1

Headers = list[tuple[str, bytes]]


@pytest.fixture(scope="module", autouse=True)
def _topics(bootstrap: str) -> None:
    asyncio.run(apply(bootstrap, ALL))


@pytest.fixture
def authenticating(settings: Settings) -> Settings:
    """Give settings as they are by default."""
    return settings.model_copy(update={"authentication": "required"})


def opened(market: str, buyer: str, session_id: str, key: SigningKey) -> tuple[Headers, bytes]:
    """Give a signed event of this moment."""
    event = SessionOpened(market=market, session_id=session_id, ttl_seconds=60)
    source, value = participant_source(buyer), event.model_dump_json().encode()
    headers = Envelope(unique("e"), source, event.TYPE, datetime.now(UTC)).to_headers()
    return [*headers, key.sign(SESSION_OPENED.name, headers, value)], value


async def test_a_key_that_is_registered_while_a_gateway_serves_counts(
    authenticating: Settings, bootstrap: str
) -> None:
    """Nothing is started anew: the gateway reads on when it meets a key that it does not know."""
    market, buyer, key = unique("voice"), unique("globex"), SigningKey.new()
    async with running(authenticating, session_opened.GATEWAY.name):
        await send(bootstrap, SESSION_OPENED.name, opened(market, buyer, "too-early", key))
        await register(bootstrap, [registration_of(buyer, key.public, [Role.BUYER])])
        await send(bootstrap, SESSION_OPENED.name, opened(market, buyer, "s-1", key))
        (command,) = await eventually(logged(bootstrap, market, 1))
    assert isinstance(command, OpenSession)
    assert (command.session_id, command.key_id) == ("s-1", key.id)


async def test_a_registration_is_never_changed(bootstrap: str) -> None:
    """The same again is no new one; with other roles it is refused, and the first stands."""
    buyer, key = unique("globex"), SigningKey.new()
    first = registration_of(buyer, key.public, [Role.BUYER])
    assert await register(bootstrap, [first], until_they_count=False) == [first]
    assert await register(bootstrap, [first], until_they_count=False) == []
    with pytest.raises(RegisteredOtherwise):
        await register(bootstrap, [registration_of(buyer, key.public, [Role.PROVIDER])])
    found = [each.registration for each in await registered(bootstrap)]
    assert [each for each in found if each.participant == buyer] == [first]


def _poison(chance: random.Random, good: tuple[Headers, bytes], other: SigningKey) -> Record:
    """Spoil a good record in one of many ways."""
    headers, value = good
    topic, bare = SESSION_OPENED.name, headers[:-1]
    spoiled: tuple[Headers, bytes] = chance.choice(
        [
            (headers, value.replace(b": ", b":") + b" "),
            (headers, bytes(byte ^ (chance.random() < 0.05) for byte in value) + b"\x00"),
            (bare, value),
            ([], value),
            ([], chance.randbytes(chance.randrange(200))),
            ([*bare, (HEADER, chance.randbytes(chance.randrange(300)))], value),
            ([*bare, other.sign(topic, bare, value)], value),
            ([*headers, headers[-1]], value),
            ([("ce_id", b"\xff"), *headers[1:]], value),
            ([*headers[:4], ("ce_time", b"2001-01-01T00:00:00Z"), *headers[5:]], value),
            (headers, b"[" * chance.randrange(1, 5000)),
            (headers, b'{"a":' * 3000),
            (headers, b"x" * 70_000),
            (headers, b""),
        ]
    )
    return Record(topic, 0, 0, 0, b"k", spoiled[1], list(spoiled[0]))


def _flood(market: str, buyer: str, key: SigningKey) -> Iterator[Append]:
    """Give the poison, a good record before each hundred of it, and a last good one."""
    chance, other = random.Random(1891), SigningKey.new()  # noqa: S311 - a script
    for number in range(POISON):
        if number % GOOD_EVERY == 0:
            headers, value = opened(market, buyer, f"s-{number // GOOD_EVERY:03}", key)
            yield Append(SESSION_OPENED.name, 0, b"k", value, headers)
        if number % (POISON // 200) == 0:
            # Signed as it should be, and wrong: refused by name, through the market.
            headers, value = opened(market, buyer, "s", key)
            wrong = json.dumps({"market": market, "session_id": f"wrong-{number}"}).encode()
            bare = headers[:-1]
            signature = key.sign(SESSION_OPENED.name, bare, wrong)
            yield Append(SESSION_OPENED.name, 0, b"k", wrong, [*bare, signature])
            continue
        record = _poison(chance, opened(market, buyer, "poison", key), other)
        yield Append(record.topic, 0, b"k", record.value, record.headers)
    headers, value = opened(market, buyer, f"s-{GOOD - 1:03}", key)
    yield Append(SESSION_OPENED.name, 0, b"k", value, headers)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_ten_thousand_poison_records_hold_up_nothing(
    authenticating: Settings, bootstrap: str
) -> None:
    """Each ends as one dead letter or one refusal; the good between them are decided in order."""
    place = await market_at(bootstrap)
    key = SigningKey.new()
    await register(
        bootstrap,
        [registration_of(place.globex, key.public, [Role.BUYER], events_per_second=POISON)],
    )
    dead_before = len(await records_of(bootstrap, DEAD_LETTERS.name))
    flood = list(_flood(place.market, place.globex, key))
    async with connections.producer(bootstrap, client_id="poison") as producer:
        await Appender(producer).append(flood)

    async def decided() -> list[Decision]:
        found = [
            Decision.model_validate_json(record.value or b"")
            for record in await records_of(bootstrap, DECISIONS.name)
            if record.key == place.market.encode()
        ]
        opened_at = [each for each in found if isinstance(each.event, SessionGranted)]
        assert len(opened_at) == GOOD
        return found

    async with running(authenticating, session_opened.GATEWAY.name, "matching"):
        found = await eventually(decided, timeout_seconds=300)
    granted = [each.event.session_id for each in found if isinstance(each.event, SessionGranted)]
    assert granted == [f"s-{number:03}" for number in range(GOOD)]
    refused = [each for each in found if isinstance(each.event, EventRefused)]
    dead = len(await records_of(bootstrap, DEAD_LETTERS.name)) - dead_before
    assert dead + len(refused) == POISON
    assert len(refused) == 200
    assert {each.command for each in refused} == {RefuseEvent.__struct_config__.tag}
