"""Participants as the log knows them: they write events, and read their inbox at least once."""

import asyncio
import json
from random import Random
from typing import Any, Final

from strowger.broker.appending import Append
from strowger.contract.envelope import Envelope, participant_source
from strowger.contract.fields import from_millis
from strowger.contract.inbound import InboundEvent
from strowger.contract.topics import INBOUND_TOPICS, inbox
from tests.simulation.cluster import Cluster
from tests.simulation.loop import now_ms, spawn

Answer = dict[str, Any]

_TOPIC_OF: Final = {event.TYPE: topic for topic in INBOUND_TOPICS for event in topic.events}


class Participant:
    """One participant: its market, its inbox, and its habit of sending things twice."""

    def __init__(self, name: str, market: str, cluster: Cluster, random: Random) -> None:
        self.name, self.market = name, market
        self.random = random
        self._log = cluster.log
        self._latency_seconds = cluster.chance.latency_seconds
        self._count = 0
        self._at = 0
        self._heard: dict[str, Answer] = {}
        self._waiting: dict[str, asyncio.Future[Answer]] = {}
        if inbox(name).name in self._log.topics:
            self._log.partition(inbox(name).name, 0).watchers.append(self._read)

    def new_id(self) -> str:
        """Give an id that this one has not given yet; others give the same ones."""
        self._count += 1
        return f"id-{self._count}"

    async def ask(self, event: InboundEvent, patience_seconds: float = 4.0) -> Answer | None:
        """Send an event; give the answer to it, or none if none comes in time."""
        sent = self.send(event)
        heard = self._waiting.setdefault(sent, asyncio.get_running_loop().create_future())
        await asyncio.wait({heard}, timeout=patience_seconds)
        return heard.result() if heard.done() else None

    def send(self, event: InboundEvent, event_id: str | None = None) -> str:
        """Send an event, at times twice, or with another's content after it; give its id."""
        event_id = event_id or self.new_id()
        skew_ms = self.random.choice((0, 0, -200, 200))
        moment = from_millis(now_ms() + skew_ms)
        value = event.model_dump_json().encode()
        headers = Envelope(event_id, participant_source(self.name), event.TYPE, moment).to_headers()
        topic = _TOPIC_OF[event.TYPE]
        place = (topic.name, self.random.randrange(topic.partitions))
        self.write(*place, value, headers)
        if self.random.random() < 0.08:
            self.write(*place, value, headers, later_seconds=self.random.choice((0.0, 0.3, 5.0)))
        return event_id

    def write(
        self,
        topic: str,
        partition: int,
        value: bytes | None,
        headers: list[tuple[str, bytes]],
        later_seconds: float = 0.0,
    ) -> None:
        """Append one record, whatever it is, some time from now."""

        async def append() -> None:
            await asyncio.sleep(later_seconds + self._latency_seconds())
            key = self.name.encode()
            self._log.append(topic, partition, [Append(topic, partition, key, value, headers)])

        spawn(append)

    def _read(self) -> None:
        """Take in what is new in the inbox; repeats are dropped by their id."""
        partition = self._log.partition(inbox(self.name).name, 0)
        records, self._at = partition.read(self._at, 10_000, committed=True)
        for record in records:
            answer: Answer = json.loads(record.value or b"")
            cause = answer["causation_id"]
            if answer["type"] == "offer-sold":
                continue
            heard = self._waiting.setdefault(cause, asyncio.get_running_loop().create_future())
            if not heard.done():
                heard.set_result(answer)
