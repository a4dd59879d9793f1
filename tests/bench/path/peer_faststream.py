"""A half's work in FastStream: records in batches, written without waiting for each.

Its own batches give all their records the same headers: only those without any go out in one.
"""

import asyncio
import os
from collections.abc import Iterable, Sequence
from typing import Any, Final

from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker, KafkaMessage, KafkaPublishMessage
from faststream.kafka.exceptions import BatchBufferOverflowException
from faststream.security import SASLPlaintext

from strowger.broker.appending import Append
from tests.bench.path.work import PASSWORD, Job, Meter

_BATCH_BYTES: Final = 262_144
"""As many as ours has; without it the batches are of 16 KiB."""


async def _undecoded(message: KafkaMessage) -> object:
    return message.body  # the work decodes, and once is enough


def run(job: Job, meter: Meter) -> None:
    """Serve until every record is written and acknowledged."""
    work = job.work()
    security = SASLPlaintext(username=job.username, password=os.environ[PASSWORD])
    broker = KafkaBroker(
        job.servers,
        security=security,
        enable_idempotence=True,
        acks="all",
        max_batch_size=_BATCH_BYTES,
        logger=None,
    )
    app = FastStream(broker, logger=None)
    failed: list[Exception] = []

    @broker.subscriber(
        work.source,
        group_id=job.group,
        batch=True,
        max_records=work.most,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.ACK,
        decoder=_undecoded,
    )
    async def handle(message: KafkaMessage) -> None:
        meter.begin()
        try:
            written: list[Append] = []
            for record in message.raw_message:
                written += work.take(record)
            written += work.settle()
            await _publish(broker, written)
        except Exception as error:  # noqa: BLE001 - it would only be logged, and the batch passed over
            failed.append(error)
            app.exit()
            return
        if meter.add(len(message.raw_message)):
            meter.tell()
            app.exit()

    asyncio.run(app.run(log_level=50))
    for error in failed:
        raise error


async def _publish(broker: KafkaBroker, written: Iterable[Append]) -> None:
    sent: list[Any] = []
    alike: dict[tuple[str, int], list[KafkaPublishMessage]] = {}
    for topic, partition, key, value, headers in written:
        if headers or value is None:
            said = {name: (each or b"").decode() for name, each in headers}
            sent.append(
                await broker.publish(
                    value, topic, key=key, partition=partition, headers=said, no_confirm=True
                )
            )
        else:
            alike.setdefault((topic, partition), []).append(KafkaPublishMessage(value, key=key))
    for (topic, partition), messages in alike.items():
        sent += await _publish_alike(broker, messages, topic, partition)
    await asyncio.gather(*sent)


async def _publish_alike(
    broker: KafkaBroker, messages: Sequence[KafkaPublishMessage], topic: str, partition: int
) -> list[Any]:
    """Publish as many batches as it takes: where one is full, it is told and nothing was sent."""
    sent: list[Any] = []
    most = len(messages)
    while messages:
        try:
            sent.append(
                await broker.publish_batch(
                    *messages[:most], topic=topic, partition=partition, no_confirm=True
                )
            )
        except BatchBufferOverflowException as full:
            most = full.message_position
        else:
            messages = messages[most:]
    return sent


if __name__ == "__main__":
    given = Job.given()
    run(given, Meter(given.records))
