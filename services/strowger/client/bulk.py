"""Many offers at once: hand-filled record batches out, answers counted in, no task for each."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner

from strowger.client.link import Link
from strowger.contract.event import OutboundEvent
from strowger.contract.inbound import OfferPublished, OfferWithdrawn
from strowger.contract.outbound import ChangeTaken, EventRefused, OfferRemoved, OfferStored
from strowger.contract.topics import OFFER_PUBLISHED

OfferEvent = OfferPublished | OfferWithdrawn
OfferAnswer = OfferStored | OfferRemoved | ChangeTaken | EventRefused

UNANSWERED_AT_MOST: Final = 2_000
_REFILL_BELOW: Final = UNANSWERED_AT_MOST // 2

Outcome = Literal["stored", "removed", "taken", "refused", "unknown", "unsent"]
_OUTCOMES: Final[dict[type[OutboundEvent], Outcome]] = {
    OfferStored: "stored",
    OfferRemoved: "removed",
    ChangeTaken: "taken",
    EventRefused: "refused",
}


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What became of one offer event.

    `stored` and `removed` are done, with the exchange's answer; `taken` takes effect when the
    market's policy lets it. `refused` carries the refusal: `report.answer.refusal`, `.message`.
    `unknown` was sent and not answered: send the same event
    again, which is safe. `unsent` was given up on because the exchange had fallen silent.
    """

    event: OfferEvent
    outcome: Outcome
    answer: OfferAnswer | None = None


class Bulk:
    """One run of many offers over a link; gives up after its timeout of silence."""

    def __init__(self, link: Link, on_report: Callable[[DeliveryReport], None] | None) -> None:
        self._link = link
        self._on_report = on_report
        self._reports: dict[int, DeliveryReport] = {}
        self._unanswered: dict[str, tuple[int, OfferEvent]] = {}
        self._arrived: deque[tuple[str, OfferAnswer | None]] = deque()
        self._progress = asyncio.Event()

    async def run(self, events: Iterable[OfferEvent]) -> list[DeliveryReport]:
        """Send the events and give their reports, in the order of the events."""
        source = enumerate(events)
        partitions = list(await self._link.producer.partitions_for(OFFER_PUBLISHED.name))
        try:
            more = await self._send_some(source, partitions)
            while self._unanswered:
                if not await self._hear():
                    self._give_up(source)
                elif more and len(self._unanswered) <= _REFILL_BELOW:
                    more = await self._send_some(source, partitions)
        finally:
            for event_id in self._unanswered:
                self._link.forget(event_id)
        return [self._reports[index] for index in sorted(self._reports)]

    def answered(self, event_id: str, event: OutboundEvent) -> bool:
        """Take an answer; it is reported by the run itself, not by the reader of the inbox."""
        if not isinstance(event, OfferStored | OfferRemoved | ChangeTaken | EventRefused):
            return False
        self._arrived.append((event_id, event))
        self._progress.set()
        return True

    def failed(self, event_id: str, problem: BaseException) -> None:
        """Take it that no answer will come."""
        del problem
        self._arrived.append((event_id, None))
        self._progress.set()

    async def _send_some(
        self, source: Iterator[tuple[int, OfferEvent]], partitions: Sequence[int]
    ) -> bool:
        """Fill the window; say whether there may be more."""
        filling: dict[int, _Filling] = {}
        more = True
        while len(self._unanswered) < UNANSWERED_AT_MOST:
            following = next(source, None)
            if following is None:
                more = False
                break
            index, event = following
            value = event.model_dump_json().encode()
            event_id, headers = self._link.headers(OFFER_PUBLISHED, event, value)
            key = event.offer_id.encode()
            # As a single `publish` chooses it, so that changes of an offer keep their order.
            partition = _PARTITIONER(key, partitions, partitions)
            batch = filling.setdefault(partition, _Filling(self._link))
            if not batch.add(event_id, key, value, headers):
                await self._send(filling[partition], partition)
                filling[partition] = batch = _Filling(self._link)
                batch.add(event_id, key, value, headers)
            self._link.wait_for(event_id, self)
            self._unanswered[event_id] = (index, event)
        for partition, batch in filling.items():
            await self._send(batch, partition)
        return more

    async def _send(self, batch: "_Filling", partition: int) -> None:
        try:
            delivery = await self._link.producer.send_batch(
                batch.builder, OFFER_PUBLISHED.name, partition=partition
            )
        except KafkaError as problem:
            self._undelivered(batch.event_ids, problem)
        else:
            delivery.add_done_callback(partial(self._delivered, batch.event_ids))

    def _delivered(self, event_ids: Sequence[str], delivery: "asyncio.Future[object]") -> None:
        problem = None if delivery.cancelled() else delivery.exception()
        if problem is not None:
            self._undelivered(event_ids, problem)

    def _undelivered(self, event_ids: Sequence[str], problem: BaseException) -> None:
        for event_id in event_ids:
            self._link.forget(event_id)
            self.failed(event_id, problem)

    async def _hear(self) -> bool:
        """Wait for answers and report them; say no when none came for the whole timeout."""
        try:
            async with asyncio.timeout(self._link.timeout_seconds):
                await self._progress.wait()
        except TimeoutError:
            return False
        self._progress.clear()
        while self._arrived:
            event_id, answer = self._arrived.popleft()
            # Undelivered and answered after all, or the other way round: what came first counts.
            if event_id in self._unanswered:
                index, event = self._unanswered.pop(event_id)
                outcome = "unknown" if answer is None else _OUTCOMES[type(answer)]
                self._report(index, DeliveryReport(event, outcome, answer))
        return True

    def _give_up(self, source: Iterator[tuple[int, OfferEvent]]) -> None:
        for event_id, (index, event) in self._unanswered.items():
            self._link.forget(event_id)
            self._report(index, DeliveryReport(event, "unknown"))
        self._unanswered.clear()
        for index, event in source:
            self._report(index, DeliveryReport(event, "unsent"))

    def _report(self, index: int, report: DeliveryReport) -> None:
        self._reports[index] = report
        if self._on_report is not None:
            self._on_report(report)


_PARTITIONER: Final = DefaultPartitioner()


class _Filling:
    """A record batch being filled, and the ids of the events in it."""

    def __init__(self, link: Link) -> None:
        self.builder = link.producer.create_batch()
        self.event_ids: list[str] = []

    def add(
        self, event_id: str, key: bytes, value: bytes, headers: list[tuple[str, bytes]]
    ) -> bool:
        """Append a record; say no when the batch is full."""
        added = self.builder.append(timestamp=None, key=key, value=value, headers=headers)
        if added is None:
            return False
        self.event_ids.append(event_id)
        return True
