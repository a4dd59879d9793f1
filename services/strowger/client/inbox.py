"""A participant's inbox: where it begins, what its records say, and which were read before."""

from collections import OrderedDict
from typing import Final, Protocol

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from pydantic import ValidationError
from pydantic_core import from_json

from strowger.broker import connections
from strowger.client.errors import InboxGap, InboxMissing
from strowger.client.tracing import traced
from strowger.contract.envelope import Envelope
from strowger.contract.event import OutboundEvent
from strowger.contract.outbound import OUTBOUND, EventRefused
from strowger.contract.refusals import Refusal
from strowger.contract.topics import inbox

log = structlog.get_logger()

_MODELS: Final = {model.TYPE: model for model in OUTBOUND}
_REMEMBERED_IDS: Final = 50_000
"""Several times what the notifier can repeat after a restart."""


class Reader(Protocol):
    """Who takes what is read."""

    def take(self, event: OutboundEvent) -> None:
        """Take an event that was not read before."""

    def unreadable(self, causation_id: str, problem: Exception) -> None:
        """Learn that the answer to an event has come, but can't be read."""


class Inbox:
    """One participant's inbox, read without a group from its end, or from a given position."""

    def __init__(self, participant: str, *, bootstrap: str, position: int | None) -> None:
        self._participant = participant
        self._partition = TopicPartition(inbox(participant).name, 0)
        self._consumer: AIOKafkaConsumer = connections.consumer(
            bootstrap, client_id=participant, read_committed=False, start="none"
        )
        self._position = position
        self._seen = _Seen(_REMEMBERED_IDS)

    @property
    def position(self) -> int:
        """Give the position of the next record to read; known once the inbox is open."""
        return self._position or 0

    async def open(self) -> None:
        """Find the position to read from: what is sent after this is answered behind it.

        Raises:
            InboxMissing: the participant was not added.
            InboxGap: the given position is not in the inbox.
        """
        await self._consumer.start()
        # Ask for all topics: asking for one makes it, where the broker creates topics unasked.
        if self._partition.topic not in await self._consumer.topics():
            raise InboxMissing(self._participant)
        self._consumer.assign([self._partition])
        end = (await self._consumer.end_offsets([self._partition]))[self._partition]
        first = (await self._consumer.beginning_offsets([self._partition]))[self._partition]
        if self._position is None:
            self._position = end
        elif not first <= self._position <= end:
            raise InboxGap(self._position, first, end)
        self._consumer.seek(self._partition, self._position)

    async def close(self) -> None:
        """Stop reading."""
        await self._consumer.stop()

    async def read(self, reader: Reader) -> None:
        """Hand on every record, for ever; a broker that is lost is waited for."""
        while True:
            batches = await self._consumer.getmany(timeout_ms=1000)
            for records in batches.values():
                for record in records:
                    self._hand_on(record, reader)

    def _hand_on(self, record: "ConsumerRecord[bytes, bytes]", reader: Reader) -> None:
        self._position = record.offset + 1
        envelope = Envelope.from_headers(record.headers)
        if self._seen.before(envelope.id):
            return
        model = _MODELS.get(envelope.type)
        if model is None:
            # A newer exchange may tell more than this SDK knows of; no answer is of a new type.
            log.debug("inbox event of an unknown type", type=envelope.type, id=envelope.id)
            return
        try:
            event = _event(model, record.value or b"")
        except ValidationError as problem:
            log.warning("inbox event unreadable", type=envelope.type, id=envelope.id)
            reader.unreadable(_causation_id(record.value or b""), problem)
        else:
            reader.take(traced(event, record.headers))


class _Seen:
    """The ids read last, as many as `capacity`."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._ids: OrderedDict[str, None] = OrderedDict()

    def before(self, event_id: str) -> bool:
        """Say whether the id was seen before, and remember it."""
        if event_id in self._ids:
            return True
        if len(self._ids) == self._capacity:
            self._ids.popitem(last=False)
        self._ids[event_id] = None
        return False


def _event(model: type[OutboundEvent], value: bytes) -> OutboundEvent:
    """Read an event; refusals may be named that only a newer exchange knows.

    Raises:
        ValidationError: it breaks its schema.
    """
    try:
        return model.model_validate_json(value)
    except ValidationError as problem:
        if model is not EventRefused or [each["loc"] for each in problem.errors()] != [
            ("refusal",)
        ]:
            raise
    data = from_json(value)
    known = EventRefused.model_validate({**data, "refusal": Refusal.INTERNAL_FAULT})
    return known.model_copy(update={"refusal": str(data.get("refusal", ""))})


def _causation_id(value: bytes) -> str:
    try:
        data = from_json(value)
    except ValueError:
        return ""
    return str(data.get("causation_id", "")) if isinstance(data, dict) else ""
