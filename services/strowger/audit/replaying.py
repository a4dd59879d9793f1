"""Decide a partition of the log again: what follows from each command, and from all so far."""

from collections import Counter
from collections.abc import Iterator, Mapping

from strowger.audit.comparing import Expected
from strowger.broker.consuming import Record
from strowger.contract.topics import MARKET_BOOK
from strowger.market.digests import TableDigest
from strowger.market.entities import TOPIC_OF_KIND, encode, encode_key
from strowger.matching.deciding import Became, Deciding, Restored
from strowger.matching.output import Output
from strowger.matching.position import Position

Follows = tuple[str, Expected]
"""The topic that a record belongs in, and the record."""


class Replay:
    """One partition, from its beginning or from a checkpoint on: the core, and no I/O."""

    def __init__(self, partition: int, restored: Restored) -> None:
        self._partition = partition
        self._deciding = Deciding(partition, restored)
        self._settled_at = restored.position.next_offset
        self._position = restored.position
        self.became: Counter[Became] = Counter()

    @property
    def next_offset(self) -> int:
        """The first command that is not decided again yet."""
        return self._deciding.next_offset

    def decide(self, command: Record) -> Iterator[Follows]:
        """Decide the next command; give the records that follow from it, in order.

        Raises:
            LogGap: the log does not go on from the last command.
        """
        output = Output(self._partition)
        self.became[self._deciding.decide(command, output)] += 1
        self._deciding.markets.faults()  # they were alarms when it was decided first
        for each in output.records:
            yield each.topic, Expected(each.key, each.value, each.headers, command)

    def settle(self) -> Position:
        """Give the position that follows from all commands so far."""
        if self._settled_at != self.next_offset:
            self._position = self._deciding.settle(Output(self._partition))
            self._settled_at = self.next_offset
        return self._position

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """Give every row that the tables hold but the position, as their records hold them."""
        for key, entity in self._deciding.markets.dump():
            yield encode_key(key), encode(entity)

    def table_difference(self, digests: Mapping[bytes, int]) -> tuple[str, str] | None:
        """Hold the digest of each row that a table holds against what follows.

        Gives the first row that differs: which topic it is in, and what is wrong; or none.
        """
        left = dict(digests)
        for key, entity in self._deciding.markets.dump():
            encoded = encode_key(key)
            found = left.pop(encoded, None)
            if found != row_digest(encoded, encode(entity)):
                wrong = "is not there" if found is None else "is not as it follows"
                return TOPIC_OF_KIND[key[0]], f"row {encoded.decode()} {wrong}"
        for extra in left:
            return MARKET_BOOK.name, f"row {extra.decode('utf-8', 'replace')} follows from nothing"
        return None


def row_digest(key: bytes, value: bytes) -> int:
    """Digest one row of a table, as the digest of all sums them."""
    table = TableDigest()
    table.add(key, value)
    return table.value
