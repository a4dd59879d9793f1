"""An event as it travels, and who plays in the examples.

Built from the models, so that each is valid by construction. The number is of a range that Ofcom
keeps free for drama; the participants and the prices are made up.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

from strowger.contract.book import FeedEvent
from strowger.contract.decision import Decision
from strowger.contract.envelope import EXCHANGE_SOURCE, Envelope, participant_source
from strowger.contract.event import OutboundEvent
from strowger.contract.fields import Inbound
from strowger.contract.generate.schemas import AnyEvent
from strowger.contract.inbound import InboundEvent

PROVIDER: Final = "tandem"
BUYER: Final = "globex"
REVISION: Final = 1_769_860_800_000
DATA_MARKET: Final = "data-eur"
GUARDED_MARKET: Final = "voice-guarded"
DATA_SESSION: Final = "s-20260131-2"

_NOON: Final = datetime(2026, 1, 31, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Example:
    """An event as it travels; `key` is the Kafka key that its sender would choose."""

    event: AnyEvent
    id: str
    source: str
    time: datetime
    key: str

    @property
    def headers(self) -> dict[str, str]:
        """Give the headers as text."""
        envelope = Envelope(self.id, self.source, self.event.TYPE, self.time)
        return {name: value.decode() for name, value in envelope.to_headers()}

    @property
    def body(self) -> Any:  # noqa: ANN401 - any JSON
        """Give the value; a sender need not write what it leaves out, the exchange writes all."""
        said = isinstance(self.event, Inbound)
        return json.loads(self.event.model_dump_json(exclude_unset=said))


def at(seconds: float) -> datetime:
    """Give an instant so many seconds past noon."""
    return _NOON + timedelta(seconds=seconds)


def sent(sender: str, number: int, seconds: float, key: str, event: InboundEvent) -> Example:
    """Give an event that a participant sends, so many seconds past noon, as its so-manieth."""
    return Example(event, f"{sender}-{number}", participant_source(sender), at(seconds), key)


def emitted(event: OutboundEvent | Decision, label: str = "") -> Example:
    """Give an event that the exchange emits; `label` tells it from others of its type."""
    return Example(event, emitted_id(event, label), EXCHANGE_SOURCE, event.at, event.market)


def fed(event: FeedEvent, key: tuple[str, ...]) -> Example:
    """Give a record of the feed, under its key."""
    written = json.dumps(key, separators=(",", ":"))
    return Example(event, f"{event.market}-{event.number}", EXCHANGE_SOURCE, event.at, written)


def emitted_id(event: OutboundEvent | Decision, label: str = "") -> str:
    """Give the id of an emitted event."""
    return blake2b((event.TYPE + label).encode(), digest_size=16).hexdigest()
