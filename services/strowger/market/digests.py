"""Digests: of what a participant said, of a cause, and of the whole table.

All are BLAKE2b (RFC 7693) over canonical bytes, so that any machine gets the same.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

import msgspec

from strowger.contract.commands import AnyCommand, SubmitRequest, encode
from strowger.market.entities import encode as encode_entity
from strowger.market.entities import encode_key
from strowger.market.store import Change

_BITS: Final = 128
_MODULUS: Final = 1 << _BITS


def content_digest(command: AnyCommand) -> str:
    """Digest what the participant said: not when, by which event and key, or what was looked up."""
    bare = msgspec.structs.replace(
        command, causation_id="", sent_at_ms=0, origin=None, key_id="", needs_version=1
    )
    if isinstance(bare, SubmitRequest):
        bare = msgspec.structs.replace(
            bare, service=msgspec.structs.replace(bare.service, looked_up=None)
        )
    return blake2b(encode(bare), digest_size=8).hexdigest()


def event_id(*cause: str) -> str:
    """Give the id of an event from its cause, so that a repeat carries the same."""
    return blake2b("\x1f".join(cause).encode(), digest_size=16).hexdigest()


class TableDigest:
    """A digest of a set of rows that follows each change: the sum of the rows' digests, mod 2^128.

    Equal sets of rows have equal digests in any order, so a restore proves itself by it. It guards
    against loss and damage, not against somebody who may write the table.
    """

    def __init__(self, value: int = 0, rows: int = 0) -> None:
        self.value = value
        self.rows = rows

    def follow(self, changes: Iterable[Change]) -> None:
        """Follow the core's changes."""
        for key, old, new in changes:
            encoded_key = encode_key(key)
            if old is not None:
                self.remove(encoded_key, encode_entity(old))
            if new is not None:
                self.add(encoded_key, encode_entity(new))

    def add(self, key: bytes, value: bytes) -> None:
        """Count a row in."""
        self.value = (self.value + _row_digest(key, value)) % _MODULUS
        self.rows += 1

    def remove(self, key: bytes, value: bytes) -> None:
        """Count a row out."""
        self.value = (self.value - _row_digest(key, value)) % _MODULUS
        self.rows -= 1

    def hex(self) -> str:
        """Give the digest as 32 hexadecimal digits."""
        return f"{self.value:032x}"


def _row_digest(key: bytes, value: bytes) -> int:
    size = len(key).to_bytes(4, "big")
    return int.from_bytes(blake2b(size + key + value, digest_size=_BITS // 8).digest(), "big")
