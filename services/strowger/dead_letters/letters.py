"""Read the dead letters, and what was done with each."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Final, Literal, Self

import msgspec
import structlog
from aiokafka import TopicPartition

from strowger.broker.consuming import Record
from strowger.broker.dead_letters import ORIGINAL
from strowger.cli.shared import topic_reader
from strowger.contract.handled import Handled, decode
from strowger.contract.topics import DEAD_LETTERS, DEAD_LETTERS_HANDLED, NOTICES_REPLAYED

log = structlog.get_logger(__name__)

State = Literal["unhandled", "replayed", "dropped"]

HANDLED: Final = TopicPartition(DEAD_LETTERS_HANDLED.name, 0)
NOTICES: Final = TopicPartition(NOTICES_REPLAYED.name, 0)


class NotALetter(ValueError):
    """A record of `dead-letters` that none of our services wrote."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter; `record` is what was received, but for its key, which is not kept."""

    record: Record
    reason: str
    detail: str
    service: str
    cut: str | None
    """What of it was too large to be kept; none where all is there."""

    @property
    def id(self) -> str:
        """Name it by where it was received: topic/partition/offset."""
        return f"{self.record.topic}/{self.record.partition}/{self.record.offset}"

    @property
    def came(self) -> tuple[int, str, int, int]:
        """Sort by when the broker took it; within a partition, by its offset."""
        record = self.record
        return record.timestamp, record.topic, record.partition, record.offset

    @classmethod
    def of(cls, written: Record) -> Self:
        """Read a record of `dead-letters`.

        Raises:
            NotALetter: it lacks what every dead letter says of itself.
        """
        said: dict[str, str] = {}
        original: list[tuple[str, bytes | None]] = []
        for name, value in written.headers:
            if name.startswith(ORIGINAL):
                original.append((name.removeprefix(ORIGINAL), value))
            else:
                said.setdefault(name, (value or b"").decode("utf-8", "replace"))
        try:
            record = Record(
                said["dl_topic"],
                int(said["dl_partition"]),
                int(said["dl_offset"]),
                int(said["dl_timestamp_ms"]),
                None,
                written.value,
                original,
            )
            service = said["ce_source"].rpartition("/")[2]
            return cls(record, said["dl_reason"], said["dl_detail"], service, said.get("dl_cut"))
        except (KeyError, ValueError) as problem:
            raise NotALetter(f"offset {written.offset}: {problem}") from None


@dataclass(frozen=True)
class Wanted:
    """Which letters are meant: those with these ids, or all that fit what else is said."""

    ids: frozenset[str] = frozenset()
    reason: str | None = None
    topic: str | None = None
    since_ms: int = 0

    def takes(self, letter: Letter) -> bool:
        """Say whether a letter is meant."""
        if self.ids:
            return letter.id in self.ids
        return (
            self.reason in {None, letter.reason}
            and self.topic in {None, letter.record.topic}
            and letter.record.timestamp >= self.since_ms
        )


async def read_letters(bootstrap: str, wanted: Wanted) -> AsyncIterator[Letter]:
    """Give the letters that are meant, each once, in the order in which they were set aside.

    A redelivered record is set aside twice, as the very same letter.
    """
    seen: set[str] = set()
    since = await topic_reader.starts(bootstrap, [DEAD_LETTERS.name])
    until = await topic_reader.ends(bootstrap, [DEAD_LETTERS.name])
    async for record in topic_reader.read(bootstrap, since, until):
        try:
            letter = Letter.of(record)
        except NotALetter as problem:
            log.warning("no dead letter", topic=DEAD_LETTERS.name, problem=str(problem))
            continue
        if letter.id not in seen and wanted.takes(letter):
            seen.add(letter.id)
            yield letter


@dataclass(frozen=True, slots=True)
class Noted:
    """A record of `dead-letters-handled`, and where it stands."""

    offset: int
    handled: Handled


@dataclass(frozen=True)
class Standing:
    """What was done with which letter."""

    commands: dict[str, Noted]
    """By letter: the first replay as a command, the one that counts; in the order of offsets."""
    dropped: frozenset[str]
    notices: frozenset[str] = frozenset()
    """The letters whose notice was sent."""

    @classmethod
    def of(cls, noted: Iterable[Noted], notices: Iterable[str] = ()) -> Self:
        """Read it off the records, given in their order, and the letters whose notices went."""
        commands: dict[str, Noted] = {}
        dropped: set[str] = set()
        for each in noted:
            if each.handled.action == "replay":
                commands.setdefault(each.handled.letter, each)
            else:
                dropped.add(each.handled.letter)
        return cls(commands, frozenset(dropped), frozenset(notices))

    @property
    def replayed(self) -> frozenset[str]:
        """Give every letter that was replayed."""
        return self.notices.union(self.commands)

    def state(self, letter: str) -> State:
        """Say what became of a letter: a replay is the last word."""
        if letter in self.replayed:
            return "replayed"
        return "dropped" if letter in self.dropped else "unhandled"


async def read_standing(bootstrap: str) -> Standing:
    """Read what was done with the letters, up to where the topics end now.

    Raises:
        msgspec.MsgspecError: a topic holds what no release up to this one writes.
    """
    handled = [each async for each in _noted(bootstrap, HANDLED.topic)]
    return Standing.of(handled, await read_notices(bootstrap))


async def read_notices(bootstrap: str) -> frozenset[str]:
    """Read which letters' notices were sent; nothing else that the notifier writes is heeded.

    Raises:
        msgspec.MsgspecError: as `read_standing`.
    """
    return frozenset([each.handled.letter async for each in _noted(bootstrap, NOTICES.topic)])


async def _noted(bootstrap: str, topic: str) -> AsyncIterator[Noted]:
    since = await topic_reader.starts(bootstrap, [topic])
    until = await topic_reader.ends(bootstrap, [topic])
    async for record in topic_reader.read(bootstrap, since, until):
        try:
            yield Noted(record.offset, decode(record.value or b""))
        except msgspec.MsgspecError as problem:
            problem.add_note(f"{record.topic}, offset {record.offset}")
            raise
