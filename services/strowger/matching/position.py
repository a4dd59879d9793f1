"""Where a partition of the log has been decided to, and the proof that its tables are whole."""

from typing import Final

import msgspec

from strowger.market.entities import encode_key

KIND: Final = "position"


STATE_VERSION: Final = 2
"""Of the rows that this release writes; a field or a kind that it did not know is of a new one."""


class StateTooNew(Exception):
    """A newer release has written the tables: deciding on them would lose what it knew."""


class Watermark(msgspec.Struct, frozen=True, array_like=True):
    """The last record of an inbound partition that was applied; redeliveries are not after it."""

    topic: str
    partition: int
    offset: int


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """One row a partition, written in the transaction of the batch that it describes."""

    next_offset: int
    digest: str
    rows: int
    watermarks: tuple[Watermark, ...]
    version: int = 1
    """The newest that any row of the tables is written in."""


_DECODER = msgspec.json.Decoder(Position)


def position_key(partition: int) -> bytes:
    """Give the key of a partition's row in `market-book`."""
    return encode_key((KIND, str(partition)))


def encode(position: Position) -> bytes:
    """Write a position as the value of its row."""
    return msgspec.json.encode(position)


def decode(value: bytes) -> Position:
    """Read a position row's value.

    Raises:
        StateTooNew: a newer release of matching wrote it.
        msgspec.MsgspecError: the table holds what matching did not write.
    """
    position = _DECODER.decode(value)
    if position.version > STATE_VERSION:
        raise StateTooNew(
            f"the tables are of version {position.version}, this release reads up to "
            f"{STATE_VERSION}: run the newer release of matching, which has owned them; there is "
            "no way back but to a copy of the topics from before"
        )
    return position
