"""Checkpoints: where an audit came to, with the tables as they follow, to go on from later.

A file of JSON lines, gzipped: a heading, then of each partition one line and its rows. It proves
itself against damage, by the digest of its rows; against forgery nothing in it can: its SHA-256 is
told when it is saved and when it is used, to be kept and compared elsewhere.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final, Self

import msgspec

from strowger.audit.errors import CheckpointUnusable
from strowger.market.digests import TableDigest
from strowger.market.entities import decode, decode_key
from strowger.market.markets import Markets
from strowger.market.store import Row
from strowger.matching.deciding import Restored
from strowger.matching.position import Position

FORM: Final = 1
_LEVEL: Final = 6
_CHUNK_BYTES: Final = 1 << 20


class Heading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a checkpoint is, and of which partitions."""

    strowger_checkpoint: int
    saved_at: datetime
    partitions: tuple[int, ...]


class Reached(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one partition's audit came to.

    `audited_from` is the first command that audits one after the other have decided again, `since`
    by topic the first record that none has compared.
    """

    partition: int
    audited_from: int
    position: Position
    since: dict[str, int]


class _Row(msgspec.Struct, frozen=True, array_like=True):
    key: msgspec.Raw
    value: msgspec.Raw


class Writer:
    """Writes a checkpoint beside its place, and puts it there when it is whole."""

    def __init__(self, path: Path, partitions: Sequence[int]) -> None:
        self._path = path
        self._beside = path.with_name(f"{path.name}.part")
        self._file = gzip.GzipFile(
            filename="", mode="wb", fileobj=self._open(), mtime=0, compresslevel=_LEVEL
        )
        self._write(Heading(FORM, datetime.now(UTC), tuple(partitions)))

    def add(self, reached: Reached, rows: Iterable[tuple[bytes, bytes]]) -> None:
        """Add a partition with its rows."""
        self._write(reached)
        for key, value in rows:
            self._write(_Row(msgspec.Raw(key), msgspec.Raw(value)))

    def keep(self) -> str:
        """Put the checkpoint in its place; give its SHA-256."""
        self._close()
        self._beside.replace(self._path)
        return sha256(self._path)

    def drop(self) -> None:
        """Leave nothing of it behind; a checkpoint that was there before stays."""
        self._close()
        self._beside.unlink(missing_ok=True)

    def _open(self) -> IO[bytes]:
        self._plain = self._beside.open("wb")
        return self._plain

    def _close(self) -> None:
        self._file.close()
        if not self._plain.closed:
            self._plain.flush()
            os.fsync(self._plain.fileno())
            self._plain.close()

    def _write(self, line: msgspec.Struct) -> None:
        self._file.write(msgspec.json.encode(line) + b"\n")


class Checkpoint:
    """A checkpoint's file, read a partition at a time."""

    def __init__(self, path: Path, heading: Heading) -> None:
        self.path = path
        self.sha256 = sha256(path)
        self._heading = heading

    @classmethod
    def at(cls, path: Path) -> Self:
        """Open a checkpoint.

        Raises:
            CheckpointUnusable: it is none, or of a release that writes another form.
        """
        for heading in _lines(path):
            try:
                found = msgspec.json.decode(heading, type=Heading)
            except msgspec.MsgspecError:
                break
            if found.strowger_checkpoint != FORM:
                raise CheckpointUnusable(
                    f"{path} has form {found.strowger_checkpoint}, this release reads {FORM}: use "
                    "the release that saved it, or audit from the log's start"
                )
            return cls(path, found)
        raise CheckpointUnusable(f"{path} is no checkpoint of an audit")

    def partition(self, number: int) -> tuple[Reached, Restored] | None:
        """Give a partition as it stood, proven whole; none where it is of others.

        Raises:
            CheckpointUnusable: the file is damaged.
        """
        if number not in self._heading.partitions:
            return None
        digest, lines = TableDigest(), self._body()
        try:
            reached = _found(lines, number)
            markets = Markets.restore(_rows(lines, digest))
        except (msgspec.MsgspecError, ValueError) as wrong:
            raise self._damaged(str(wrong)) from None
        if reached is None:
            raise self._damaged(f"partition {number} is not in it")
        if (digest.hex(), digest.rows) != (reached.position.digest, reached.position.rows):
            raise self._damaged(f"the rows of partition {number} do not add up to their digest")
        return reached, Restored(markets, digest, reached.position)

    def _body(self) -> Iterator[bytes]:
        lines = _lines(self.path)
        next(lines, None)
        return lines

    def _damaged(self, how: str) -> CheckpointUnusable:
        return CheckpointUnusable(
            f"{self.path} is damaged ({how}): use another, or the log's start"
        )


def _found(lines: Iterator[bytes], number: int) -> Reached | None:
    """Go on to a partition's rows, and say how far they are; none if it is not there."""
    for line in lines:
        if line.startswith(b"{"):
            found = msgspec.json.decode(line, type=Reached)
            if found.partition == number:
                return found
    return None


def _rows(lines: Iterator[bytes], digest: TableDigest) -> Iterator[Row]:
    """Give the rows up to the next partition's, digested."""
    for line in lines:
        if line.startswith(b"{"):
            return
        row = msgspec.json.decode(line, type=_Row)
        digest.add(bytes(row.key), bytes(row.value))
        yield decode_key(bytes(row.key)), decode(bytes(row.value))


def sha256(path: Path) -> str:
    """Digest a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") as file:
            yield from file
    except (gzip.BadGzipFile, EOFError, zlib.error) as wrong:
        raise CheckpointUnusable(f"{path} cannot be read to its end ({wrong})") from None
