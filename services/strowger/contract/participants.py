"""What the compacted topic `participants` holds: the keys that the operator registered, for whom.

A registration is never changed and never taken back: whether a key counts for a record follows from
the registration and two append times, whenever that is asked. What changes (a key is revoked, a
participant suspended) is a command in the markets' logs instead.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final

import msgspec

from strowger.contract.fields import SLUG_PATTERN

_SLUG: Final = SLUG_PATTERN.removeprefix("^").removesuffix("$")

COUNTS_AFTER_MS: Final = 1_000
"""How long after its registration a key begins to count, by the broker's append times.

A gateway that has not seen a key looks again before it says so. The second is what the clocks of
two brokers may differ by, for that look to find every key that counts for the record in hand.
"""

MAX_AGE_MS: Final = 3_600_000
"""How old an event may be when the broker takes it: a signature is good for no longer."""

MAX_AHEAD_MS: Final = 300_000
"""How far ahead of the broker's append time an event may say that it was made."""

REFUSED_ABOVE: Final = 2
"""Up to so many times its limit a participant's events are refused, beyond they are dead letters.

A refusal costs a command in the market's log and an answer; a dead letter costs neither.
"""

QUOTAS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "producer_byte_rate": 2_097_152.0,
        "consumer_byte_rate": 16_777_216.0,
        "request_percentage": 100.0,
    }
)
"""What the broker grants each participant: bytes a second, and percent of a thread's time.

Above it the broker makes the participant wait, and nobody else. 2 MiB are some
2,500 offers a second, which is about what the exchange decides of them.
"""


class Role(StrEnum):
    """What a participant may do; the value is what the topic registry names as writer or reader."""

    PROVIDER = "provider"
    BUYER = "buyer"
    ANALYST = "analyst"
    OPERATOR = "operator"


class Registration(msgspec.Struct, frozen=True, omit_defaults=True):
    """A public key of a participant, what it may be used for, and within which append times.

    `roles` are names of the topic registry: a participant's are those of `Role`, a service's is its
    own name.

    `x` is the key's 32 bytes in base64url. `not_after_ms` is the first moment at which it counts no
    more; without it, it counts until it is revoked. `events_per_second` is how many events signed
    with it a gateway takes within a second from each partition; without it, as many as of anybody.
    """

    participant: Annotated[str, msgspec.Meta(pattern=rf"^(service:)?{_SLUG}\Z")]
    key_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{43}\Z")]
    roles: tuple[str, ...]
    x: str
    not_before_ms: int = 0
    not_after_ms: int | None = None
    events_per_second: Annotated[int, msgspec.Meta(ge=1)] | None = None

    @property
    def key(self) -> bytes:
        """Give the key of its record: a second registration of a key never hides the first's."""
        return f"{self.participant}/{self.key_id}".encode()


_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_DECODER: Final = msgspec.json.Decoder(Registration)


def encode(registration: Registration) -> bytes:
    """Write a registration as the value of its record."""
    return _ENCODER.encode(registration)


def decode(value: bytes) -> Registration:
    """Read the value of a record.

    Raises:
        msgspec.MsgspecError: it is no registration.
    """
    return _DECODER.decode(value)
