"""Dead letters: records that nobody could be told about, as received, with where they came from.

A dead letter depends on its record alone, so that a redelivery writes the very same one again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from strowger.broker.appending import Append
from strowger.broker.consuming import Record
from strowger.contract.envelope import Envelope, service_source
from strowger.contract.fields import from_millis, to_millis
from strowger.contract.refusals import DeadLetterReason
from strowger.contract.topics import DEAD_LETTERS

TYPE: Final = "strowger.dead-letter.v1"
ORIGINAL: Final = "original_"

MAX_VALUE_BYTES: Final = 786_432
MAX_HEADERS_BYTES: Final = 131_072
"""What is kept of a record that, with its provenance, would not fit the topic's record limit."""

_MAX_DETAIL_LENGTH: Final = 1000
_LAST_INSTANT_MS: Final = to_millis(datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that goes to the dead letters, why, and which service sent it there."""

    record: Record
    reason: DeadLetterReason
    detail: str
    service: str

    def to_append(self) -> Append:
        """Write it as a record of `dead-letters`, which has one partition."""
        value = self.record.value
        kept, cut = _kept_headers(self.record)
        if value is not None and len(value) > MAX_VALUE_BYTES:
            cut.append(f"value: the first {MAX_VALUE_BYTES} of {len(value)} bytes")
            value = value[:MAX_VALUE_BYTES]
        headers: list[tuple[str, bytes | None]] = [*self._provenance(), *kept]
        if cut:
            headers.append(("dl_cut", "; ".join(cut).encode()))
        return Append(DEAD_LETTERS.name, 0, self.record.topic.encode(), value, headers)

    def _provenance(self) -> list[tuple[str, bytes | None]]:
        record = self.record
        envelope = Envelope(
            id=f"{record.topic}/{record.partition}/{record.offset}",
            source=service_source(self.service),
            type=TYPE,
            time=from_millis(min(max(record.timestamp, 0), _LAST_INSTANT_MS)),
        )
        attributes = [each for each in envelope.to_headers() if each[0] != "content-type"]
        return [
            *attributes,
            ("content-type", b"application/octet-stream"),
            ("dl_reason", self.reason.value.encode()),
            ("dl_detail", self.detail[:_MAX_DETAIL_LENGTH].encode()),
            ("dl_topic", record.topic.encode()),
            ("dl_partition", str(record.partition).encode()),
            ("dl_offset", str(record.offset).encode()),
            ("dl_timestamp_ms", str(record.timestamp).encode()),
        ]


def _kept_headers(record: Record) -> tuple[list[tuple[str, bytes | None]], list[str]]:
    """Give the original headers that fit, in order, and what is to be said of the others."""
    kept: list[tuple[str, bytes | None]] = []
    room = MAX_HEADERS_BYTES
    for name, value in record.headers:
        # The name of a header is counted at its longest in UTF-8, plus the lengths that frame it.
        room -= len(ORIGINAL) + 4 * len(name) + len(value or b"") + 10
        if room < 0:
            return kept, [f"headers: the first {len(kept)} of {len(record.headers)}"]
        kept.append((ORIGINAL + name, value))
    return kept, []
