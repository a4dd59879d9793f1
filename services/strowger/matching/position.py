"""Where a partition of the log has been decided to, and the proof that its tables are whole."""

from typing import Final

import msgspec

from strowger.market.entities import encode_key

KIND: Final = "position"


class Watermark(msgspec.Struct, frozen=True, array_like=True):
    """The last record of an inbound partition that was applied; redeliveries are not after it."""

    topic: str
    partition: int
    offset: int


class Position(msgspec.Struct, frozen=True):
    """One row a partition, written in the transaction of the batch that it describes."""

    next_offset: int
    digest: str
    rows: int
    watermarks: tuple[Watermark, ...]


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
        msgspec.MsgspecError: the table holds what matching did not write.
    """
    return _DECODER.decode(value)
