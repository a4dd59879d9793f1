"""A half's work in Faust: an agent that takes records and sends what they become."""

import asyncio
import os
from collections.abc import Sequence
from typing import Any

import faust
from faust.types import Message

from strowger.broker.appending import Append
from tests.bench.path.work import PASSWORD, Job, Meter


def run(job: Job, meter: Meter) -> None:
    """Serve until every record is written and acknowledged."""
    asyncio.run(_run(job, meter))


async def _run(job: Job, meter: Meter) -> None:
    work = job.work()
    app = faust.App(
        job.group,
        broker=f"kafka://{job.servers}",
        broker_credentials=faust.SASLCredentials(
            mechanism="PLAIN", username=job.username, password=os.environ[PASSWORD]
        ),
        store="memory://",
        topic_disable_leader=True,
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=10.0,
        broker_request_timeout=15.0,
        producer_acks=-1,
        stream_wait_empty=False,
    )
    source = app.topic(work.source, value_serializer="raw", internal=False)
    targets = {
        name: app.topic(name, value_serializer="raw", key_serializer="raw") for name in work.targets
    }
    done = asyncio.Event()

    @app.agent(source)
    async def take(stream: faust.StreamT[bytes]) -> None:
        sent: list[Any] = []
        taken = 0

        async def send(written: Sequence[Append]) -> None:
            for topic, partition, key, value, headers in written:
                sent.append(
                    await targets[topic].send(
                        key=key,
                        value=value,
                        partition=partition,
                        headers=dict(headers),  # type: ignore[arg-type]  # none is without a value
                    )
                )

        async for event in stream.events():
            meter.begin()
            await send(work.take(_Record(event.message)))  # type: ignore[arg-type]
            taken += 1
            if taken == work.most or meter.done + taken >= meter.records:
                await send(work.settle())
                await asyncio.gather(*sent)
                if meter.add(taken):
                    meter.tell()
                    done.set()
                sent.clear()
                taken = 0

    async with app:
        await done.wait()
    os._exit(0)  # a worker that was not started from its own command line does not end


class _Record:
    """A message of Faust's with the fields of a record."""

    def __init__(self, message: Message) -> None:
        self.topic = message.topic
        self.partition = message.partition
        self.offset = message.offset
        self.timestamp = round(message.timestamp * 1000)
        self.value = message.value
        headers = message.headers or {}
        self.headers = list(headers.items() if isinstance(headers, dict) else headers)


if __name__ == "__main__":
    given = Job.given()
    run(given, Meter(given.records))
