"""Decide a partition's commands: the core, what was redelivered, and what each batch writes.

No I/O: the owner of a partition feeds it from the log and commits what it gives; an audit feeds it
the same log again and holds what was committed against it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

import msgspec

from strowger.broker.consuming import Record
from strowger.broker.dead_letters import DeadLetter
from strowger.contract.commands import AnyCommand, decode
from strowger.contract.refusals import DeadLetterReason
from strowger.contract.topics import MARKET_BOOK
from strowger.contract.tracing import traceparent_of
from strowger.market.digests import TableDigest
from strowger.market.markets import Markets
from strowger.matching.output import Output
from strowger.matching.position import STATE_VERSION, Position, Watermark, encode, position_key

GROUP: Final = "matching"


class LogGap(Exception):
    """The log does not go on where the tables say it was decided to: nothing may be skipped."""


class Became(Enum):
    """What became of a record of the log."""

    DECIDED = "decided"
    REDELIVERED = "redelivered"
    NO_COMMAND = "no command"


@dataclass(frozen=True)
class Restored:
    """A partition's markets as they stood after its last committed batch."""

    markets: Markets
    digest: TableDigest
    position: Position

    @classmethod
    def of_nothing(cls) -> Self:
        """Give a partition of which nothing is decided yet."""
        digest = TableDigest()
        return cls(Markets(), digest, Position(0, digest.hex(), digest.rows, ()))


class Deciding:
    """One partition's markets, from where they were restored on."""

    def __init__(self, partition: int, restored: Restored) -> None:
        self.partition = partition
        self.markets = restored.markets
        self._digest = restored.digest
        self._watermarks = _by_place(restored.position.watermarks)
        self.next_offset = restored.position.next_offset
        """The first command that is not decided yet."""

    def decide(self, record: Record, output: Output) -> Became:
        """Decide the next record of the log, and add what is told of it.

        Raises:
            LogGap: the record does not go on from the last one decided.
            CommandTooNew: a newer release wrote it; nothing has become of it.
        """
        if record.offset != self.next_offset:
            raise LogGap(
                f"{record.topic}-{self.partition}: expected {self.next_offset}, got {record.offset}"
            )
        try:
            command = decode(record.value or b"")
        except msgspec.MsgspecError as problem:
            self._take(record, output)
            # Only our own services write here; whatever this is must not stop the market.
            reason = DeadLetterReason.NOT_A_COMMAND
            output.add(DeadLetter(record, reason, str(problem), GROUP).to_append())
            return Became.NO_COMMAND
        self._take(record, output)
        if self._is_redelivery(command):
            return Became.REDELIVERED
        output.sent_at_ms.append(command.sent_at_ms)
        output.caused_by(command.causation_id, traceparent_of(record.headers))
        for decision in self.markets.apply(command, record.timestamp, record.offset):
            output.decide(decision)
            sale = self.markets.public_sale(decision)
            if sale is not None:
                output.sell(decision.event_id, sale)
        for told in self.markets.drain_feed():
            output.feed(told)
        return Became.DECIDED

    def _take(self, record: Record, output: Output) -> None:
        self.next_offset += 1
        output.take(record)

    def settle(self, output: Output) -> Position:
        """Add the rows that changed since the last time, and the position that they lead to."""
        changes = self.markets.drain()
        self._digest.follow(changes)
        output.change(changes)
        marks = (Watermark(*place, offset) for place, offset in sorted(self._watermarks.items()))
        position = Position(
            self.next_offset, self._digest.hex(), self._digest.rows, tuple(marks), STATE_VERSION
        )
        output.row(MARKET_BOOK.name, position_key(self.partition), encode(position))
        return position

    def _is_redelivery(self, command: AnyCommand) -> bool:
        """Say whether the record behind the command was applied before; note it if it was not."""
        origin = command.origin
        if origin is None:
            return False
        place = (origin.topic, origin.partition)
        if origin.offset <= self._watermarks.get(place, -1):
            return True
        self._watermarks[place] = origin.offset
        return False


def _by_place(watermarks: Iterable[Watermark]) -> dict[tuple[str, int], int]:
    return {(mark.topic, mark.partition): mark.offset for mark in watermarks}
