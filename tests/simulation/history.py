"""What a simulated exchange leaves behind: all that participants sent, and all that came out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Event:
    """One record as it was appended, also one that compaction removed later."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    """The log's append time where the topic says so, else what its writer's clock said."""
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    committed: bool
    """False where its transaction was aborted: then it never was."""

    def header(self, name: str) -> str:
        """Give a header's text; nothing where it stands twice, is missing or is no text."""
        found = [value for each, value in self.headers if each == name]
        try:
            return (found[0] or b"").decode() if len(found) == 1 else ""
        except UnicodeDecodeError:
            return ""


@dataclass(frozen=True)
class History:
    """One seed's whole life."""

    seed: int
    records: Mapping[str, Sequence[Event]]
    """By topic; the records of a partition in the order of their offsets."""
    ledger_path: Path
    settled: bool
    unsettled: str = ""
    """What had not come to its end within the bound after all faults were healed."""
    market: str | None = None
    """The one market that it is a history of, where others were played beside it."""
    read_until: Mapping[int, int] | None = None
    """By partition up to where `decisions` was read, if the exchange and its ledger went on."""
    events_per_second: int | None = None
    """How many events gateways took of each sender within a second of a partition; none: all."""
    now_ms: int = 0
    faults: Sequence[str] = field(default=())
    """What was done to the exchange, in order, in words."""
    deaths: Sequence[str] = field(default=())
    """What services died of by themselves, but for the errors that Kafka's faults bring."""

    def committed(self, *topics: str) -> list[Event]:
        """Give the committed records of topics, partition by partition."""
        return [
            event for topic in topics for event in self.records.get(topic, ()) if event.committed
        ]

    def inboxes(self) -> dict[str, list[Event]]:
        """Give by participant what its inbox got."""
        prefix = "inbox."
        return {
            topic.removeprefix(prefix): self.committed(topic)
            for topic in self.records
            if topic.startswith(prefix)
        }
