"""CloudEvents 1.0 in Kafka's binary mode: attributes in `ce_` headers, the value is the data.

Source: CloudEvents specification 1.0.2 and its Kafka protocol binding 1.0.2.
"""

import contextlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self

from strowger.contract import tracing
from strowger.contract.fields import SLUG_PATTERN

Headers = Sequence[tuple[str, bytes]]

PARTICIPANTS: Final = "/participants/"
SERVICES: Final = "/services/"
EXCHANGE_SOURCE: Final = "/services/exchange"

MAX_ID_LENGTH: Final = 100

_SLUG = re.compile(SLUG_PATTERN)
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_ID = re.compile(rf"[\x21-\x7e]{{1,{MAX_ID_LENGTH}}}")


class NotACloudEvent(ValueError):
    """The headers do not hold a CloudEvents 1.0 envelope that the exchange takes."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The attributes of one event; `time` is an instant, set by whoever made the event."""

    id: str
    source: str
    type: str
    time: datetime

    def to_headers(self) -> list[tuple[str, bytes]]:
        """Write the attributes as Kafka headers."""
        time = self.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return [
            ("ce_specversion", b"1.0"),
            ("ce_id", self.id.encode()),
            ("ce_source", self.source.encode()),
            ("ce_type", self.type.encode()),
            ("ce_time", time.encode()),
            ("content-type", b"application/json"),
        ]

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[str, bytes | None]]) -> Self:
        """Read the attributes from Kafka headers; of what trace it is, `tracing` reads.

        Raises:
            NotACloudEvent: an attribute is missing, stands twice, or cannot be read.
        """
        attributes: dict[str, str] = {}
        for name, value in headers:
            if not name.startswith("ce_") or name == tracing.HEADER:
                continue
            if name in attributes:
                message = f"header {name} stands twice"
                raise NotACloudEvent(message)
            try:
                attributes[name] = (value or b"").decode()
            except UnicodeDecodeError:
                message = f"header {name} is not UTF-8"
                raise NotACloudEvent(message) from None
        if attributes.get("ce_specversion") != "1.0":
            message = "header ce_specversion is not 1.0"
            raise NotACloudEvent(message)
        identity = attributes.get("ce_id", "")
        if not _ID.fullmatch(identity):
            message = f"header ce_id is not 1 to {MAX_ID_LENGTH} visible ASCII characters"
            raise NotACloudEvent(message)
        return cls(
            identity,
            attributes.get("ce_source", ""),
            attributes.get("ce_type", ""),
            _instant(attributes.get("ce_time", "")),
        )

    @property
    def sender(self) -> str | None:
        """Who sent it: a participant's id, `service:<name>` for one of ours, else none."""
        for prefix, written in ((PARTICIPANTS, ""), (SERVICES, "service:")):
            if self.source.startswith(prefix) and _SLUG.fullmatch(self.source[len(prefix) :]):
                return written + self.source[len(prefix) :]
        return None


def _instant(text: str) -> datetime:
    # The pattern decides, since what fromisoformat takes differs between versions of Python.
    if _RFC3339.fullmatch(text):
        with contextlib.suppress(ValueError):
            return datetime.fromisoformat(text.upper())
    raise NotACloudEvent("header ce_time is not an RFC 3339 time with its offset")


def participant_source(participant: str) -> str:
    """Give the `ce_source` of a participant's events."""
    return PARTICIPANTS + participant


def service_source(service: str) -> str:
    """Give the `ce_source` of one of the exchange's own services."""
    return SERVICES + service
