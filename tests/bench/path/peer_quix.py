"""The gateway's work in Quix Streams: a dataframe of one step, produced to the log.

It commits every 5 seconds, its default, or at the end; that flushes what was produced.
"""

import os
from types import SimpleNamespace

from quixstreams import Application
from quixstreams.kafka import ConnectionConfig
from quixstreams.models.serializers import BytesDeserializer, BytesSerializer

from strowger.contract.topics import MARKET_LOG, REQUEST_SUBMITTED
from tests.bench.path.work import PASSWORD, Job, Meter


class _Second(BytesSerializer):
    """Writes the value of a pair of key and value."""

    def __call__(self, value: tuple[bytes, bytes], ctx: object) -> bytes:  # noqa: ARG002 - its name
        return bytes(value[1])


def run(job: Job, meter: Meter) -> None:
    """Serve until every record is written and acknowledged."""
    work = job.work()
    app = Application(
        broker_address=ConnectionConfig(
            bootstrap_servers=job.servers,
            security_protocol="sasl_plaintext",
            sasl_mechanism="PLAIN",
            sasl_username=job.username,
            sasl_password=os.environ[PASSWORD],
        ),
        consumer_group=job.group,
        auto_offset_reset="earliest",
        auto_create_topics=False,
        producer_extra_config={"enable.idempotence": True, "acks": "all"},
        loglevel="ERROR",
    )
    source = app.topic(REQUEST_SUBMITTED.name, value_deserializer=BytesDeserializer())
    target = app.topic(
        MARKET_LOG.name, value_serializer=_Second(), key_serializer=BytesSerializer()
    )

    def become(
        value: bytes, _key: object, timestamp: int, headers: list[tuple[str, bytes]] | None
    ) -> tuple[bytes, bytes]:
        meter.begin()
        record = SimpleNamespace(
            topic=REQUEST_SUBMITTED.name,
            partition=0,
            offset=meter.done,
            timestamp=timestamp,
            value=value,
            headers=headers or (),
        )
        meter.add(1)
        return work(record)  # type: ignore[arg-type]  # it has what is used of a record

    frame = app.dataframe(source).apply(become, metadata=True)
    frame.to_topic(target, key=lambda made: made[0])
    app.run(count=job.records)
    meter.tell()


if __name__ == "__main__":
    given = Job.given()
    run(given, Meter(given.records))
