"""What an audit came to, for people and for programs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from strowger.audit.findings import Finding


@dataclass(frozen=True)
class Audited:
    """One partition, audited from `first_offset` up to `next_offset` of the log.

    `audited_from` is where the audits began that this one goes on from. `became` counts what became
    of the commands, `agreed` by topic the records that are as they follow, `positions` the digests
    compared; `rows` those of the tables, none where they moved on meanwhile. `waiting` commands
    were not decided yet when it began.
    """

    partition: int
    first_offset: int
    next_offset: int
    audited_from: int
    waiting: int
    became: Mapping[str, int]
    agreed: Mapping[str, int]
    positions: int
    rows: int | None
    finding: Finding | None
    seconds: float

    @property
    def commands(self) -> int:
        """Count the commands decided again."""
        return self.next_offset - self.first_offset

    @property
    def sound(self) -> bool:
        """Say whether all that is recorded follows."""
        return self.finding is None


@dataclass(frozen=True)
class Trusted:
    """A checkpoint's file, and its SHA-256."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Report:
    """All partitions; `trusted` is the checkpoint that it began from, `saved` the one it left."""

    partitions: tuple[Audited, ...]
    seconds: float
    trusted: Trusted | None
    saved: Trusted | None

    @property
    def sound(self) -> bool:
        """Say whether all that is recorded follows from the log."""
        return all(each.sound for each in self.partitions)

    @property
    def commands(self) -> int:
        """Count the commands decided again."""
        return sum(each.commands for each in self.partitions)

    @property
    def records(self) -> int:
        """Count the records that are as they follow."""
        return sum(sum(each.agreed.values()) for each in self.partitions)

    @property
    def commands_per_second(self) -> int:
        """Give how fast commands were decided again and compared."""
        return round(self.commands / self.seconds) if self.seconds else 0

    def document(self) -> dict[str, object]:
        """Give all of it as one JSON object."""
        return {
            "sound": self.sound,
            "commands": self.commands,
            "records": self.records,
            "seconds": round(self.seconds, 2),
            "commands_per_second": self.commands_per_second,
            "trusted": None if self.trusted is None else asdict(self.trusted),
            "saved": None if self.saved is None else asdict(self.saved),
            "partitions": [
                {**asdict(each), "commands": each.commands, "seconds": round(each.seconds, 2)}
                for each in self.partitions
            ],
        }
