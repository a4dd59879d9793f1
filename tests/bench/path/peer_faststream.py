"""The gateway's work in FastStream: records in batches, written without waiting for each."""

import asyncio
import os

from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.security import SASLPlaintext

from strowger.contract.topics import MARKET_LOG, REQUEST_SUBMITTED
from tests.bench.path.work import PASSWORD, Job, Meter


async def _undecoded(message: KafkaMessage) -> object:
    return message.body  # the work decodes, and once is enough


def run(job: Job, meter: Meter) -> None:
    """Serve until every record is written and acknowledged."""
    work = job.work()
    security = SASLPlaintext(username=job.username, password=os.environ[PASSWORD])
    broker = KafkaBroker(
        job.servers, security=security, enable_idempotence=True, acks="all", logger=None
    )
    app = FastStream(broker, logger=None)

    @broker.subscriber(
        REQUEST_SUBMITTED.name,
        group_id=job.group,
        batch=True,
        max_records=500,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.ACK,
        decoder=_undecoded,
    )
    async def handle(message: KafkaMessage) -> None:
        meter.begin()
        sent = []
        for record in message.raw_message:
            key, value = work(record)
            sent.append(
                await broker.publish(value, MARKET_LOG.name, key=key, partition=0, no_confirm=True)
            )
        await asyncio.gather(*sent)
        if meter.add(len(sent)):
            meter.tell()
            app.exit()

    asyncio.run(app.run(log_level=50))


if __name__ == "__main__":
    given = Job.given()
    run(given, Meter(given.records))
