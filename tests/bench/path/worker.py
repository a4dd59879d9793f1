"""One loop in a process of its own: a bare loop, the gateway's, matching's, or a restore."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from strowger.broker import connections
from strowger.broker.appending import Append, Appender
from strowger.broker.consuming import Fetched, Positions, Record, consume
from strowger.contract.topics import MARKET_LOG, REQUEST_SUBMITTED
from strowger.gateways.authentication import Directory
from strowger.gateways.gateway import MAX_BATCH_RECORDS, _Settling
from strowger.gateways.request_submitted import GATEWAY
from strowger.matching.deciding import Restored
from strowger.matching.following import Following
from strowger.matching.output import Output
from strowger.matching.owner import Owner
from strowger.matching.service import MAX_BATCH_RECORDS as MOST_COMMANDS
from strowger.telemetry.watching import Watch
from tests.bench.path.work import Job, Meter, Work


async def gateway(job: Job, meter: Meter) -> None:
    """Run the gateway's own loop."""
    async with _connected(job, MAX_BATCH_RECORDS) as (consumer, producer):
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


class Unread:
    """Reads and writes where the work of its half does, and does none of it."""

    def __init__(self, work: Work) -> None:
        self.source, self.targets, self.most = work.source, work.targets, work.most
        self.is_atomic = False

    def take(self, record: Record) -> Sequence[Append]:
        """Hand the bytes on."""
        return (Append(MARKET_LOG.name, 0, b"voice", record.value),)

    def settle(self) -> Sequence[Append]:
        """Give nothing."""
        return ()


class Prepared(Unread):
    """Writes records that were made before anything is measured, spread evenly over those read."""

    def __init__(self, work: Work, made: Sequence[Append], records: int) -> None:
        super().__init__(work)
        self._made = made
        self._records = records

    def take(self, record: Record) -> Sequence[Append]:
        """Give the next of what was made: as many, of as many bytes, as the work would write."""
        begin = record.offset * len(self._made) // self._records
        return self._made[begin : (record.offset + 1) * len(self._made) // self._records]


async def bare(job: Job, meter: Meter) -> None:
    """Hand bytes on that nobody reads: consume, `send_batch`, commit."""
    work = job.work()
    if job.half == "matching":
        await _bare(job, meter, Prepared(work, await _made(job, work), job.records))
    else:
        await _bare(job, meter, Unread(work))


async def bare_work(job: Job, meter: Meter) -> None:
    """Do the work of the half in the bare loop."""
    await _bare(job, meter, job.work())


async def _bare(job: Job, meter: Meter, work: Work) -> None:
    async with _connected(job, work.most) as (consumer, producer), consumer:
        consumer.subscribe([work.source])
        last = False
        while not last:
            fetched = await consumer.getmany(timeout_ms=200)
            if fetched:
                meter.begin()
                written: list[Append] = []
                for records in fetched.values():
                    for record in records:
                        written += work.take(record)
                written += work.settle()
                await _send(producer, written)
                await consumer.commit()
                last = meter.add(sum(map(len, fetched.values())))
    meter.tell()


async def _send(producer: AIOKafkaProducer, written: Iterable[Append]) -> None:
    batches: dict[tuple[str, int], Any] = {}
    sent = []
    for topic, partition, key, value, headers in written:
        batch = batches.get((topic, partition))
        kept = batch and batch.append(timestamp=None, key=key, value=value, headers=list(headers))
        if kept is None:
            if batch is not None:
                sent.append(await producer.send_batch(batch, topic, partition=partition))
            batch = batches[topic, partition] = producer.create_batch()
            batch.append(timestamp=None, key=key, value=value, headers=list(headers))
    for (topic, partition), batch in batches.items():
        sent.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*sent)


async def _made(job: Job, work: Work) -> list[Append]:
    """Do the work over the whole topic; give what is written of it."""
    place = TopicPartition(work.source, 0)
    made: list[Append] = []
    consumer = connections.consumer(
        job.bootstrap(), client_id=job.group, max_poll_records=work.most
    )
    async with consumer:
        consumer.assign([place])
        consumer.seek(place, 0)
        left = job.records
        while left:
            records = (await consumer.getmany(timeout_ms=200, max_records=left)).get(place, [])
            for record in records:
                made += work.take(record)
            if records:
                made += work.settle()
            left -= len(records)
    return made


@contextlib.asynccontextmanager
async def _connected(
    job: Job, most: int
) -> AsyncIterator[tuple[AIOKafkaConsumer, AIOKafkaProducer]]:
    bootstrap = job.bootstrap()
    async with connections.producer(bootstrap, client_id=job.group) as producer:
        yield (
            connections.consumer(
                bootstrap, client_id=job.group, group_id=job.group, max_poll_records=most
            ),
            producer,
        )


class _AtLeastOnce(Owner):
    """Matching's loop with all its work and none of its transactions."""

    async def _commit(self, output: Output) -> None:
        await self._appender.append(output.records)


async def matching(job: Job, meter: Meter) -> None:
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
        job.bootstrap(), client_id=job.group, group_id=job.group, max_poll_records=MOST_COMMANDS
    )
    following = Following(job.bootstrap(), 0)  # of nothing, and nothing of it is read
    async with producer, consumer, contextlib.AsyncExitStack() as while_deciding:
        await following.start()
        while_deciding.push_async_callback(following.stop)
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
    "matching": matching,
    "matching-least": matching_least,
    "restore": restoring,
}

if __name__ == "__main__":
    given = Job.given()
    asyncio.run(_KINDS[given.kind](given, Meter(given.records)))
