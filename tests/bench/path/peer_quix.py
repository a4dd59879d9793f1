"""A half's work in Quix Streams: a dataframe that makes several records of one, and produces them.

A gateway's is committed every 5 seconds, its default, or at the end; that flushes what was
produced. Matching's is exactly once: a transaction for as many records as one of ours may have, in
which the rows stand that follow from them. It says no partition: what goes where follows from keys.
"""

import os
from types import SimpleNamespace
from typing import Final

from quixstreams import Application
from quixstreams.kafka import ConnectionConfig
from quixstreams.models.serializers import BytesDeserializer, BytesSerializer

from strowger.broker.appending import Append
from tests.bench.path.work import PASSWORD, Job, Meter

_SECONDS_BETWEEN_COMMITS: Final = 5.0
_NEVER_SECONDS: Final = 600.0


class _Value(BytesSerializer):
    """Writes the value of what is to be appended."""

    def __call__(self, value: Append, ctx: object) -> bytes:  # noqa: ARG002 - its name
        return value.value  # type: ignore[return-value]  # its own types know no tombstone


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
        processing_guarantee="exactly-once" if work.is_atomic else "at-least-once",
        commit_every=work.most if work.is_atomic else 0,
        commit_interval=_NEVER_SECONDS if work.is_atomic else _SECONDS_BETWEEN_COMMITS,
        loglevel="ERROR",
    )
    source = app.topic(work.source, value_deserializer=BytesDeserializer())
    targets = {
        name: app.topic(name, value_serializer=_Value(), key_serializer=BytesSerializer())
        for name in work.targets
    }

    def become(
        value: bytes, _key: object, timestamp: int, headers: list[tuple[str, bytes]] | None
    ) -> list[Append]:
        meter.begin()
        record = SimpleNamespace(
            topic=work.source,
            partition=0,
            offset=meter.done,
            timestamp=timestamp,
            value=value,
            headers=headers or (),
        )
        written = [*work.take(record)]  # type: ignore[arg-type]  # it has what is used of a record
        last = meter.add(1)
        if last or meter.done % work.most == 0:
            written += work.settle()
        if last:
            app.stop()  # once these are produced, and with a commit
        return written

    frame = app.dataframe(source).apply(become, expand=True, metadata=True)
    frame = frame.set_headers(lambda made, *_: list(made.headers))
    frame.to_topic(lambda made, *_: targets[made.topic], key=lambda made: made.key)
    app.run()
    meter.tell()


if __name__ == "__main__":
    given = Job.given()
    run(given, Meter(given.records))
