"""What one batch writes: records gathered until they are committed together."""

from collections.abc import Iterable

from strowger.broker.appending import Append
from strowger.broker.consuming import Record
from strowger.contract.decision import Decision
from strowger.contract.envelope import EXCHANGE_SOURCE, Envelope
from strowger.contract.sales import AcceptanceConfirmed
from strowger.contract.topics import ACCEPTANCE_CONFIRMED, BOOK_FEED, DECISIONS
from strowger.contract.tracing import header_of
from strowger.market.entities import TOPIC_OF_KIND, encode, encode_key
from strowger.market.feed import Told
from strowger.market.store import Change


class Output:
    """Records for one partition of matching's topics, in their order."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self.records: list[Append] = []
        self.bytes = 0
        self.taken: list[Record] = []
        """The records of the log that it follows from."""
        self.sent_at_ms: list[int] = []
        """When the events behind the commands that were decided were sent."""
        self.decisions: list[Decision] = []
        self._cause: tuple[str, bytes | None] = ("", None)

    def caused_by(self, causation_id: str, traceparent: bytes | None) -> None:
        """Let what names this event as its cause belong to the event's trace, and nothing else.

        Who is not told the cause is not told the trace, which would tell as much.
        """
        self._cause = (causation_id, traceparent)

    def take(self, record: Record) -> None:
        """Note a record of the log that what is added next follows from."""
        self.taken.append(record)

    def decide(self, decision: Decision) -> None:
        """Add a decision."""
        self.decisions.append(decision)
        envelope = Envelope(
            id=f"{decision.event_id}-{decision.log_offset}",
            source=EXCHANGE_SOURCE,
            type=Decision.TYPE,
            time=decision.at,
        )
        self._event(DECISIONS.name, decision, envelope, decision.event.causation_id)

    def sell(self, event_id: str, sale: AcceptanceConfirmed) -> None:
        """Add a sale to the public record."""
        envelope = Envelope(
            id=f"{event_id}-public", source=EXCHANGE_SOURCE, type=sale.TYPE, time=sale.at
        )
        self._event(ACCEPTANCE_CONFIRMED.name, sale, envelope, sale.causation_id)

    def feed(self, told: Told) -> None:
        """Add a record of a market's feed; without an event it is a tombstone."""
        key, event = encode_key(told.key), told.event
        if event is None:
            self.add(Append(BOOK_FEED.name, self._partition, key, None))
            return
        envelope = Envelope(
            id=f"{event.market}-{event.number}",
            source=EXCHANGE_SOURCE,
            type=event.TYPE,
            time=event.at,
        )
        value = event.model_dump_json().encode()
        self.add(Append(BOOK_FEED.name, self._partition, key, value, envelope.to_headers()))

    def change(self, changes: Iterable[Change]) -> None:
        """Add the rows that changed."""
        for key, _, new in changes:
            self.row(TOPIC_OF_KIND[key[0]], encode_key(key), None if new is None else encode(new))

    def row(self, topic: str, key: bytes, value: bytes | None) -> None:
        """Add one row."""
        self.add(Append(topic, self._partition, key, value))

    def add(self, record: Append) -> None:
        """Add a record."""
        self.records.append(record)
        self.bytes += len(record.key or b"") + len(record.value or b"")

    def _event(
        self,
        topic: str,
        event: Decision | AcceptanceConfirmed,
        envelope: Envelope,
        causation_id: str,
    ) -> None:
        key = event.market.encode()
        headers = envelope.to_headers()
        cause, traceparent = self._cause
        if traceparent is not None and causation_id == cause:
            headers += header_of(traceparent)
        self.add(Append(topic, self._partition, key, event.encoded, headers))
