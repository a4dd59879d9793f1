"""Bugs to plant in how matching owns a partition: fencing, restoring, deciding, committing."""

import itertools
from types import SimpleNamespace
from typing import Any, Final

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.structs import OffsetAndMetadata

from strowger.broker import connections
from strowger.contract.commands import decode
from strowger.contract.topics import DECISIONS
from strowger.market import entities
from strowger.market.digests import TableDigest
from strowger.market.markets import Markets
from strowger.matching import deciding, owner, position
from strowger.matching import restore as restoring
from strowger.matching.deciding import GROUP, Deciding, Restored
from strowger.matching.output import Output
from strowger.matching.owner import Owner
from strowger.matching.position import position_key
from tests.simulation.mutants.mutant import Mutant


def decide_redeliveries(patch: pytest.MonkeyPatch) -> None:
    """Decide what was redelivered to the log as if it came for the first time."""
    patch.setattr(Deciding, "_is_redelivery", lambda *_: False)


def forget_redeliveries_at_a_take_over(patch: pytest.MonkeyPatch) -> None:
    """Restore no record of how far each source was applied."""
    patch.setattr(deciding, "_by_place", lambda _: {})


def fence_nobody(patch: pytest.MonkeyPatch) -> None:
    """Start each producer under a name of its own."""
    numbers = itertools.count()

    def producer(bootstrap: str, *, transactional_id: str) -> AIOKafkaProducer:
        name = f"{transactional_id}-{next(numbers)}"
        return connections.transactional_producer(bootstrap, transactional_id=name)

    patch.setattr(owner, "connections", SimpleNamespace(transactional_producer=producer))


def restore_before_fencing(patch: pytest.MonkeyPatch) -> None:
    """Read the tables first, and end the old owner after that."""

    async def take_over(
        cls: type[Owner],
        bootstrap: str,
        partition: int,
        clock: Any = None,  # noqa: ANN401 - handed on
    ) -> Owner:
        restored = await restoring.restore(bootstrap, partition)
        producer = connections.transactional_producer(
            bootstrap, transactional_id=f"{GROUP}-{partition}"
        )
        await producer.start()
        taken = cls(partition, producer, restored, clock or (lambda: 0.0))
        await taken._commit(Output(partition))
        return taken

    patch.setattr(Owner, "take_over", classmethod(take_over))


def restore_short_of_the_end(patch: pytest.MonkeyPatch) -> None:
    """Leave the last rows of each table unread."""
    real = restoring._read_to_end  # noqa: SLF001 - a planted bug

    async def read_to_end(reader: Any, partition: int) -> Any:  # noqa: ANN401 - handed on
        ends = reader.end_offsets

        async def end_offsets(places: Any) -> Any:  # noqa: ANN401 - handed on
            return {place: max(0, end - 12) for place, end in (await ends(places)).items()}

        reader.end_offsets = end_offsets
        reader.getmany = _stop_at(reader, await end_offsets(reader.assignment()))
        return await real(reader, partition)

    _restore_unproven(patch)
    patch.setattr(restoring, "_read_to_end", read_to_end)


def _stop_at(reader: Any, ends: Any) -> Any:  # noqa: ANN401 - handed on
    real = reader.getmany

    async def getmany(**given: int) -> Any:  # noqa: ANN401 - handed on
        found = await real(**given)
        return {
            place: [each for each in records if each.offset < ends.get(place, 1 << 60)]
            for place, records in found.items()
        }

    return getmany


def lose_a_row_in_restoring(patch: pytest.MonkeyPatch) -> None:
    """Restore all rows but one session's."""
    real = restoring._read_to_end  # noqa: SLF001 - a planted bug

    async def read_to_end(reader: Any, partition: int) -> Any:  # noqa: ANN401 - handed on
        rows = await real(reader, partition)
        for key in [key for key in rows if key.startswith(b'["session"')][-1:]:
            del rows[key]
        return rows

    _restore_unproven(patch)
    patch.setattr(restoring, "_read_to_end", read_to_end)


def restore_what_was_never_committed(patch: pytest.MonkeyPatch) -> None:
    """Read the tables with what was aborted."""

    def consumer(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - handed on
        return connections.consumer(*given, **named, read_committed=False)

    _restore_unproven(patch)
    patch.setattr(restoring, "connections", SimpleNamespace(consumer=consumer))


def _restore_unproven(patch: pytest.MonkeyPatch) -> None:
    """Let a restore say that its rows add up, whatever they are."""

    async def restore(bootstrap: str, partition: int) -> Restored:
        rows = await restoring._read(bootstrap, partition)  # noqa: SLF001 - a planted bug
        row = rows.pop(position_key(partition), None)
        digest, markets = TableDigest(), Markets()
        for key, value in rows.items():
            digest.add(key, value)
            markets.load(entities.decode_key(key), entities.decode(value))
        nothing = Restored.of_nothing().position
        return Restored(markets, digest, nothing if row is None else position.decode(row))

    patch.setattr(owner, "restore", restore)


def commit_what_belongs_together_apart(patch: pytest.MonkeyPatch) -> None:
    """Commit each record of a batch by itself."""

    async def commit(self: Any, output: Output) -> None:  # noqa: ANN401 - handed on
        for record in output.records:
            async with self._producer.transaction():
                await self._appender.append([record])
        async with self._producer.transaction():
            offsets = {self._log: OffsetAndMetadata(self.next_offset, "")}
            await self._producer.send_offsets_to_transaction(offsets, GROUP)

    patch.setattr(Owner, "_commit", commit)


def write_outside_the_transaction(patch: pytest.MonkeyPatch) -> None:
    """Tell decisions before the transaction that keeps what they rest on."""
    real = Owner._commit  # noqa: SLF001 - a planted bug

    async def commit(self: Any, output: Output) -> None:  # noqa: ANN401 - handed on
        told = [each for each in output.records if each.topic == DECISIONS.name]
        async with self._producer.transaction():
            await self._appender.append(told)
        output.records = [each for each in output.records if each.topic != DECISIONS.name]
        await real(self, output)

    patch.setattr(Owner, "_commit", commit)


def publish_no_sale(patch: pytest.MonkeyPatch) -> None:
    """Leave sales out of the public record."""
    patch.setattr(Output, "sell", lambda *_: None)


def tell_a_batch_backwards(patch: pytest.MonkeyPatch) -> None:
    """Write the decisions of a batch in the order opposite to that they were made in."""
    real = Owner._commit  # noqa: SLF001 - a planted bug

    async def commit(self: Any, output: Output) -> None:  # noqa: ANN401 - handed on
        output.records.reverse()
        await real(self, output)

    patch.setattr(Owner, "_commit", commit)


def skip_a_command_at_a_take_over(patch: pytest.MonkeyPatch) -> None:
    """Go on one command behind where the tables say."""
    real = Deciding.__init__

    def init(self: Deciding, partition: int, restored: Any) -> None:  # noqa: ANN401 - handed on
        real(self, partition, restored)
        if self.next_offset:
            self.next_offset += 1

    patch.setattr(Deciding, "__init__", init)


def follow_the_writers_clock(patch: pytest.MonkeyPatch) -> None:
    """Decide by when an event says it was sent, not by when the log took it."""
    real = decode

    def decide(self: Deciding, record: Any, output: Output) -> Any:  # noqa: ANN401 - handed on
        try:
            command = real(record.value or b"")
        except msgspec.MsgspecError:
            return _decide(self, record, output)
        stamped = type(record)(
            *(record.topic, record.partition, record.offset, command.sent_at_ms),
            *(record.key, record.value, record.headers),
        )
        return _decide(self, stamped, output)

    _decide = Deciding.decide
    patch.setattr(Deciding, "decide", decide)


PLANTED: Final = (
    Mutant(decide_redeliveries, (10,)),
    Mutant(forget_redeliveries_at_a_take_over, (10,)),
    Mutant(fence_nobody, (10,)),
    Mutant(restore_before_fencing, (10,)),
    Mutant(restore_short_of_the_end, (9,)),
    Mutant(lose_a_row_in_restoring, (9,)),
    Mutant(restore_what_was_never_committed, (9,)),
    Mutant(commit_what_belongs_together_apart, (10,)),
    Mutant(write_outside_the_transaction, (10,)),
    Mutant(publish_no_sale, (10,)),
    Mutant(tell_a_batch_backwards, (9,)),
    Mutant(skip_a_command_at_a_take_over, (10,)),
    Mutant(follow_the_writers_clock, (9,)),
)
