"""The gateway's work in Faust: an agent that takes records and sends what they become."""

import asyncio
import os
from typing import Any

import faust
from faust.types import Message

from strowger.contract.topics import MARKET_LOG, REQUEST_SUBMITTED
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
    source = app.topic(REQUEST_SUBMITTED.name, value_serializer="raw", internal=False)
    target = app.topic(MARKET_LOG.name, value_serializer="raw", key_serializer="raw")
    done = asyncio.Event()

    @app.agent(source)
    async def gateway(stream: faust.StreamT[bytes]) -> None:
        sent: list[Any] = []
        async for event in stream.events():
            meter.begin()
            key, value = work(_Record(event.message))  # type: ignore[arg-type]
            sent.append(await target.send(key=key, value=value, partition=0))
            if len(sent) == 500 or meter.done + len(sent) >= meter.records:
                await asyncio.gather(*sent)
                if meter.add(len(sent)):
                    meter.tell()
                    done.set()
                sent.clear()

    async with app:
        await done.wait()
    os._exit(0)  # a worker that was not started from its own command line does not end


class _Record:
    """A message of Faust's with the fields of a record."""

    def __init__(self, message: Message) -> None:
        self.topic = message.topic
        self.partition = message.partition
        self.offset = message.offset
        self.timestamp = int(message.timestamp * 1000)
        self.value = message.value
        headers = message.headers or {}
        self.headers = list(headers.items() if isinstance(headers, dict) else headers)


if __name__ == "__main__":
    given = Job.given()
    run(given, Meter(given.records))
