import asyncio
import json
from collections.abc import Iterator

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from strowger.broker import connections
from strowger.broker.appending import partition_of
from strowger.broker.provisioning import apply
from strowger.contract.commands import (
    OpenSession,
    PublishOffer,
    RefuseEvent,
)
from strowger.contract.inbound import OfferPublished, SessionOpened
from strowger.contract.topics import (
    ALL,
    MARKET_LOG,
    MAX_INBOUND_BYTES,
    OFFER_PUBLISHED,
    SESSION_OPENED,
)
from strowger.gateways import brake, offer_published, session_opened
from strowger.settings import Settings
from tests.integration.topics import dead, headers, logged, producing, send
from tests.running import running
from tests.support import eventually, unique


@pytest.fixture(scope="module", autouse=True)
def _topics(bootstrap: str) -> None:
    asyncio.run(apply(bootstrap, ALL))


@pytest.fixture
def market() -> str:
    """Give a market of this test's own."""
    return unique("voice")


def session(market: str, session_id: str) -> bytes:
    """Write the body of a session-opened event."""
    return json.dumps({"market": market, "session_id": session_id, "ttl_seconds": 60}).encode()


def offer(market: str, offer_id: str) -> bytes:
    """Write the body of an offer-published event."""
    service = {"prefix": "44", "rate_per_minute": "0.0125"}
    body = {"market": market, "offer_id": offer_id, "revision": 1, "currency": "EUR"}
    return json.dumps({**body, "service": service}).encode()


async def test_an_event_becomes_a_command_with_its_origin(
    bootstrap: str, settings: Settings, market: str
) -> None:
    """What a participant sent stands in the market's log, normalised, and says where it was."""
    given = headers(SessionOpened.TYPE, "globex", "e-1")
    async with running(settings, session_opened.GATEWAY.name):
        (origin,) = await send(bootstrap, SESSION_OPENED.name, (given, session(market, "s-1")))
        (command,) = await eventually(logged(bootstrap, market, 1))
    assert command == OpenSession(
        market=market,
        participant="globex",
        causation_id="e-1",
        sent_at_ms=1769860800000,
        origin=origin,
        session_id="s-1",
        ttl_seconds=60,
    )


async def test_poison_between_good_records_stalls_nothing(
    bootstrap: str, settings: Settings, market: str
) -> None:
    """Each bad record is refused or dead-lettered, and the good ones around it go on in order."""
    good = headers(SessionOpened.TYPE)
    undecodable = b"\xff\xfe\x00"
    poison: list[tuple[list[tuple[str, bytes]], bytes | None, str]] = [
        (good, undecodable, "not_json"),
        (good, None, "not_json"),
        (good, b"[1]", "no_market"),
        (good, b" " * (MAX_INBOUND_BYTES + 1), "too_large"),
        (good, b"x" * 1_000_000, "too_large"),
        ([], session(market, "s"), "not_a_cloudevent"),
        ([*good, ("ce_id", b"again")], session(market, "s"), "not_a_cloudevent"),
        ([("ce_id", b"\xff"), *good[2:]], session(market, "s"), "not_a_cloudevent"),
        ([*good, ("big", b"h" * 500_000)], undecodable, "not_json"),
        (headers("strowger.unheard-of.v1"), session(market, "s"), "unknown_type"),
        ([*good[:2], ("ce_source", b"urn:x"), *good[3:]], session(market, "s"), "unknown_sender"),
    ]
    extra = json.loads(session(market, "s-extra")) | {"colour": "red"}
    records = [
        (headers(SessionOpened.TYPE), session(market, "s-before")),
        *((given, value) for given, value, _ in poison),
        (headers(SessionOpened.TYPE), json.dumps(extra).encode()),
        (headers(SessionOpened.TYPE), session(market, "s-after")),
    ]
    async with running(settings, session_opened.GATEWAY.name):
        origins = await send(bootstrap, SESSION_OPENED.name, *records)
        before, refused, after = await eventually(logged(bootstrap, market, 3))
    assert isinstance(before, OpenSession)
    assert isinstance(refused, RefuseEvent)
    assert isinstance(after, OpenSession)
    assert (before.session_id, after.session_id) == ("s-before", "s-after")
    assert (refused.refusal, refused.subject) == ("malformed", "session s-extra")
    assert "colour" in refused.detail
    for origin, (_, _, reason) in zip(origins[1:-2], poison, strict=True):
        (letter,) = await dead(bootstrap, origin)()
        assert dict(letter.headers)["dl_reason"] == reason.encode()


async def test_a_dead_letter_says_all_of_where_it_came_from(
    bootstrap: str, settings: Settings
) -> None:
    """The operator finds the value as received, the reason, the place, and each original header."""
    given: list[tuple[str, bytes]] = [("traceparent", b"00-1"), ("odd", b"\xff"), ("odd", b"2")]
    async with running(settings, session_opened.GATEWAY.name):
        (origin,) = await send(bootstrap, SESSION_OPENED.name, (given, b"\x00raw"))
        (letter,) = await eventually(dead(bootstrap, origin))
    assert letter.value == b"\x00raw"
    assert letter.key == SESSION_OPENED.name.encode()
    found = list(letter.headers)
    assert [each for each in found if each[0].startswith("original_")] == [
        ("original_traceparent", b"00-1"),
        ("original_odd", b"\xff"),
        ("original_odd", b"2"),
    ]
    provenance = dict(found)
    assert provenance["ce_type"] == b"strowger.dead-letter.v1"
    assert provenance["ce_source"] == b"/services/gateway-session-opened"
    assert provenance["content-type"] == b"application/octet-stream"
    assert provenance["dl_topic"] == SESSION_OPENED.name.encode()
    assert provenance["dl_partition"] == b"0"
    assert provenance["dl_offset"] == str(origin.offset).encode()
    assert (provenance["dl_timestamp_ms"] or b"").isdigit()
    assert provenance["dl_detail"] == b"header ce_specversion is not 1.0"


async def test_a_crash_between_append_and_commit_repeats_the_same_command(
    bootstrap: str, settings: Settings, market: str
) -> None:
    """The repeat carries the same origin, which is how matching knows to take it once."""
    record = (headers(SessionOpened.TYPE), session(market, "s-1"))
    async with running(settings, session_opened.GATEWAY.name):
        (origin,) = await send(bootstrap, SESSION_OPENED.name, record)
        await eventually(logged(bootstrap, market, 1))
    # As a process leaves it that died after the append: what was read is not committed.
    group = session_opened.GATEWAY.name
    async with connections.consumer(bootstrap, client_id="test", group_id=group) as consumer:
        place = TopicPartition(origin.topic, origin.partition)
        consumer.assign([place])
        await consumer.commit({place: origin.offset})
    async with running(settings, session_opened.GATEWAY.name):
        first, second = await eventually(logged(bootstrap, market, 2))
    assert first == second
    assert first.origin == origin


async def test_events_of_a_partition_keep_their_order(
    bootstrap: str, settings: Settings, market: str
) -> None:
    """Over many batches the market's log holds a sender's events as they were sent."""
    count = 3_000
    async with running(settings, session_opened.GATEWAY.name):
        async with producing(bootstrap) as producer:
            for number in range(count):
                await producer.send(
                    SESSION_OPENED.name,
                    session(market, f"s-{number}"),
                    partition=1,
                    headers=headers(SessionOpened.TYPE),
                )
            await producer.flush()
        found = await eventually(logged(bootstrap, market, count), timeout_seconds=30)
    assert [each.session_id for each in found if isinstance(each, OpenSession)] == [
        f"s-{number}" for number in range(count)
    ]


async def test_offers_wait_while_matching_lags(
    bootstrap: str, settings: Settings, market: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bulk load stops at the bound, for its own partition, and goes on later; nothing is lost."""
    monkeypatch.setattr(brake, "MAX_LAG_COMMANDS", 10)
    monkeypatch.setattr(brake, "_CHECK_SECONDS", 0)
    await matching_reaches_the_end(bootstrap)
    elsewhere = next(each for each in names() if log_partition(each) != log_partition(market))
    async with running(settings, offer_published.GATEWAY.name):
        await publish(bootstrap, market, *(f"o-{each}" for each in range(20)))
        await eventually(logged(bootstrap, market, 11))
        await publish(bootstrap, market, "late")
        await publish(bootstrap, elsewhere, "free", partition=1)
        await eventually(logged(bootstrap, elsewhere, 1))
        assert not any(each.offer_id == "late" for each in await offers_of(bootstrap, market))

        async def all_there() -> bool:
            await matching_reaches_the_end(bootstrap)
            return len(await offers_of(bootstrap, market)) == 21

        await eventually(all_there)
    found = [each.offer_id for each in await offers_of(bootstrap, market)]
    assert found == [*(f"o-{each}" for each in range(20)), "late"]


def names() -> Iterator[str]:
    """Give market names without end."""
    while True:
        yield unique("voice")


def log_partition(market: str) -> int:
    """Say where a market's log is."""
    return partition_of(market.encode(), MARKET_LOG.partitions)


async def publish(bootstrap: str, market: str, *offer_ids: str, partition: int = 0) -> None:
    """Publish offers."""
    given = headers(OfferPublished.TYPE)
    records = [(given, offer(market, each)) for each in offer_ids]
    await send(bootstrap, OFFER_PUBLISHED.name, *records, partition=partition)


async def offers_of(bootstrap: str, market: str) -> list[PublishOffer]:
    """Read the offers that a market's log holds."""
    return [each for each in await logged(bootstrap, market, 0)() if isinstance(each, PublishOffer)]


async def matching_reaches_the_end(bootstrap: str) -> None:
    """Commit, as matching does, that everything in the log was decided."""
    places = [TopicPartition(MARKET_LOG.name, each) for each in range(MARKET_LOG.partitions)]
    async with connections.consumer(
        bootstrap, client_id="test", group_id=brake.MATCHING_GROUP
    ) as consumer:
        consumer.assign(places)
        await consumer.commit(await consumer.end_offsets(places))


class NotUtf8(str):
    """A header name as a client in another language may write it."""

    __slots__ = ()

    def encode(self, _encoding: str = "utf-8", _errors: str = "strict") -> bytes:
        """Give bytes that are no UTF-8."""
        return b"\xff\xfe"


async def test_a_header_name_that_is_not_utf8_stalls_nothing(
    bootstrap: str, settings: Settings, market: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client library fails on such a record; here it is read as any other, in its order."""
    monkeypatch.setattr(fetcher, "MemoryRecords", fetcher.MemoryRecords)  # put back afterwards
    odd = [*headers(SessionOpened.TYPE), (NotUtf8("x"), b"1")]
    async with running(settings, session_opened.GATEWAY.name):
        await send(
            bootstrap, SESSION_OPENED.name, (headers(SessionOpened.TYPE), session(market, "s-0"))
        )
        async with AIOKafkaProducer(**connections.to(bootstrap)) as producer:
            batch = producer.create_batch()
            # The compiled builder would not take it; this is the same in Python.
            batch._builder = _DefaultRecordBatchBuilderPy(  # noqa: SLF001 - no public way writes it
                2,
                0,
                is_transactional=0,
                producer_id=-1,
                producer_epoch=-1,
                base_sequence=0,
                batch_size=16384,
            )
            for session_id, given in (
                ("s-1", headers(SessionOpened.TYPE)),
                ("s-2", odd),
                ("s-3", odd),
                ("s-4", headers(SessionOpened.TYPE)),
            ):
                batch.append(
                    timestamp=None, key=b"k", value=session(market, session_id), headers=given
                )
            await (await producer.send_batch(batch, SESSION_OPENED.name, partition=0))
        found = await eventually(logged(bootstrap, market, 5))
    assert [each.session_id for each in found if isinstance(each, OpenSession)] == [
        f"s-{number}" for number in range(5)
    ]


@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
async def test_a_sender_may_compress_as_it_likes(
    bootstrap: str, settings: Settings, market: str, compression: str
) -> None:
    """A codec that the gateway could not read would stop its partition for good."""
    async with (
        running(settings, session_opened.GATEWAY.name),
        AIOKafkaProducer(**connections.to(bootstrap), compression_type=compression) as producer,
    ):
        await producer.send_and_wait(
            SESSION_OPENED.name, session(market, "s-1"), headers=headers(SessionOpened.TYPE)
        )
        await eventually(logged(bootstrap, market, 1))
