"""One loop in a process of its own: a bare loop, the gateway's, matching's, or a restore."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from strowger.broker import connections
from strowger.broker.appending import Appender
from strowger.broker.consuming import Fetched, Positions, Record, consume
from strowger.contract.topics import MARKET_LOG, REQUEST_SUBMITTED
from strowger.gateways.authentication import Directory
from strowger.gateways.gateway import MAX_BATCH_RECORDS, _Settling
from strowger.gateways.request_submitted import GATEWAY
from strowger.matching.deciding import Restored
from strowger.matching.following import Following
from strowger.matching.output import Output
from strowger.matching.owner import Owner
from strowger.telemetry.watching import Watch
from tests.bench.path.work import Job, Meter


async def gateway(job: Job, meter: Meter) -> None:
    """Run the gateway's own loop."""
    async with _connected(job) as (consumer, producer):
        known = None
        keys = job.keys()
        if keys is not None:
            known = Directory.__new__(Directory)  # of these keys alone: it never reads on
            known.keys = dict(keys)
        settling = _Settling(
            GATEWAY,
            Appender(producer),
            MARKET_LOG.partitions,
            None,
            known,
            job.bootstrap(),
            Watch("take", REQUEST_SUBMITTED.name),
        )
        stop = asyncio.Event()

        async def settle(fetched: Fetched) -> Positions:
            meter.begin()
            positions = await settling.settle(fetched)
            if meter.add(sum(map(len, fetched.values()))):
                stop.set()
            return positions

        await consume(consumer, REQUEST_SUBMITTED.name, settle, stop=stop, ready=lambda: None)
    meter.tell()


async def bare(job: Job, meter: Meter) -> None:
    """Hand the bytes on: consume, `send_batch`, commit."""
    await _bare(job, meter, lambda record: (b"voice", record.value or b""))


async def bare_work(job: Job, meter: Meter) -> None:
    """Do the gateway's work in the bare loop."""
    await _bare(job, meter, job.work())


async def _bare(job: Job, meter: Meter, work: Callable[[Record], tuple[bytes, bytes]]) -> None:
    async with _connected(job) as (consumer, producer), consumer:
        consumer.subscribe([REQUEST_SUBMITTED.name])
        last = False
        while not last:
            fetched = await consumer.getmany(timeout_ms=200)
            if fetched:
                meter.begin()
                batch = producer.create_batch()
                for records in fetched.values():
                    for record in records:
                        key, value = work(record)
                        if batch.append(timestamp=None, key=key, value=value) is None:
                            await (await producer.send_batch(batch, MARKET_LOG.name, partition=0))
                            batch = producer.create_batch()
                            batch.append(timestamp=None, key=key, value=value)
                await (await producer.send_batch(batch, MARKET_LOG.name, partition=0))
                await consumer.commit()
                last = meter.add(sum(map(len, fetched.values())))
    meter.tell()


@contextlib.asynccontextmanager
async def _connected(job: Job) -> AsyncIterator[tuple[AIOKafkaConsumer, AIOKafkaProducer]]:
    bootstrap = job.bootstrap()
    async with connections.producer(bootstrap, client_id=job.group) as producer:
        yield (
            connections.consumer(
                bootstrap,
                client_id=job.group,
                group_id=job.group,
                max_poll_records=MAX_BATCH_RECORDS,
            ),
            producer,
        )


class _AtLeastOnce(Owner):
    """Matching's loop with all its work and none of its transactions."""

    async def _commit(self, output: Output) -> None:
        await self._appender.append(output.records)


async def matching_once(job: Job, meter: Meter) -> None:
    """Decide the log with a transaction a batch, as matching does."""
    producer = connections.transactional_producer(job.bootstrap(), transactional_id="matching-0")
    await _decide(job, meter, Owner, producer)


async def matching_least(job: Job, meter: Meter) -> None:
    """Decide the log, write the same records, and commit the offset after them."""
    producer = connections.producer(job.bootstrap(), client_id=job.group)
    await _decide(job, meter, _AtLeastOnce, producer)


async def _decide(job: Job, meter: Meter, kind: type[Owner], producer: AIOKafkaProducer) -> None:
    place = TopicPartition(MARKET_LOG.name, 0)
    consumer = connections.consumer(
        job.bootstrap(), client_id=job.group, group_id=job.group, max_poll_records=1000
    )
    async with producer, consumer:
        following = Following(job.bootstrap(), 0)  # of nothing: it is not even started
        owner = kind(following, producer, Restored.of_nothing(), time.monotonic)
        consumer.assign([place])
        consumer.seek(place, 0)
        last = False
        while not last:
            records: list[Record] = (await consumer.getmany(timeout_ms=200)).get(place, [])
            if records:
                meter.begin()
                await owner.decide(records)
                if kind is _AtLeastOnce:
                    await consumer.commit({place: owner.next_offset})
                last = meter.add(len(records))
    meter.tell()


async def restoring(job: Job, meter: Meter) -> None:
    """Restore partition 0 from its tables, as whoever takes it over does."""
    meter.begin()
    following = Following(job.bootstrap(), 0)
    restored = await following.prove()
    await following.stop()
    if restored.position.rows < job.records:
        raise AssertionError(
            f"{job.records} offers were to be stored: {restored.position.rows} rows"
        )
    meter.add(job.records)
    meter.tell()


_KINDS = {
    "gateway": gateway,
    "bare": bare,
    "bare-work": bare_work,
    "matching-once": matching_once,
    "matching-least": matching_least,
    "restore": restoring,
}

if __name__ == "__main__":
    given = Job.given()
    asyncio.run(_KINDS[given.kind](given, Meter(given.records)))
