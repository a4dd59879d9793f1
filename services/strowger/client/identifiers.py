"""The ids that the SDK makes up: unique anywhere, and sorted by when they were made."""

import secrets
import time
from hashlib import blake2b
from typing import Final

_RANDOM_BYTES: Final = 9
_SEPARATOR: Final = "~"


def fresh() -> str:
    """Make an id of 30 characters: the milliseconds of its making, then 72 random bits, in hex.

    A UUID would be too long: a market's id of 48 characters, a separator and 32 more make 81, and a
    reference holds 80.
    """
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(_RANDOM_BYTES)}"


def fresh_acceptance(market: str) -> str:
    """Make an acceptance id that names its market, so that the id is enough to ask about it."""
    return f"{market}{_SEPARATOR}{fresh()}"


def acceptance_of(market: str, cause: str) -> str:
    """Make the acceptance id that belongs to a cause: the same one each time it is asked for."""
    digest = blake2b(cause.encode(), digest_size=15).hexdigest()
    return f"{market}{_SEPARATOR}{digest}"


def market_of(acceptance_id: str) -> str | None:
    """Read the market off an acceptance id that the SDK made; none off any other."""
    market, separator, _ = acceptance_id.partition(_SEPARATOR)
    return market if separator else None
