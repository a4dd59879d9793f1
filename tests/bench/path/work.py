"""The work that all loops of a half do to a record, whoever reads it and writes what it becomes."""

import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from pydantic import SecretStr

from strowger.broker.access import Access, Bootstrap, Credentials
from strowger.broker.appending import Append
from strowger.broker.consuming import Record
from strowger.broker.dead_letters import DeadLetter
from strowger.broker.registering import Registered
from strowger.contract.commands import encode
from strowger.contract.participants import Registration
from strowger.contract.signatures import PublicKey
from strowger.contract.topics import (
    ACCEPTANCE_CONFIRMED,
    BOOK_FEED,
    DECISIONS,
    MARKET_BOOK,
    MARKET_LOG,
    OFFER_BOOK,
    REQUEST_SUBMITTED,
    SESSION_BOOK,
)
from strowger.gateways.authentication import Key, Keys
from strowger.gateways.gateway import MAX_BATCH_RECORDS
from strowger.gateways.request_submitted import GATEWAY
from strowger.matching import service as matching
from strowger.matching.deciding import Became, Deciding, Restored
from strowger.matching.output import Output

PASSWORD: Final = "BENCH_PASSWORD"  # noqa: S105 - the variable, not what is in it
"""The variable in which a worker finds the broker's password; never on a command line."""


_ALL_AT_ONCE: Final = 1_000_000_000


class Work(Protocol):
    """What becomes of the records of one topic, in their order."""

    source: str
    targets: tuple[str, ...]
    """The topics that it may write to."""

    most: int
    """How many records a batch has at most."""

    is_atomic: bool
    """Whether a batch is one transaction, of whoever has transactions."""

    def take(self, record: Record) -> Sequence[Append]:
        """Do the work of one record; give what is to be written of it."""
        ...

    def settle(self) -> Sequence[Append]:
        """Give what is to be written at the end of a batch beside that."""
        ...


class Verdicts:
    """The request gateway's work: verdict by verdict, a command each."""

    source = REQUEST_SUBMITTED.name
    targets: tuple[str, ...] = (MARKET_LOG.name,)
    most = MAX_BATCH_RECORDS
    is_atomic = False

    def __init__(self, keys: Keys | None) -> None:
        self._keys = keys

    def take(self, record: Record) -> Sequence[Append]:
        """Read, verify and normalise a request."""
        command = GATEWAY.verdict(record, self._keys)
        if isinstance(command, DeadLetter):
            raise TypeError(f"a good record was set aside: {command.detail}")
        return (Append(MARKET_LOG.name, 0, command.market.encode(), encode(command)),)

    def settle(self) -> Sequence[Append]:
        """Give nothing: a gateway has no state."""
        return ()


class Decisions:
    """Matching's work: decisions and feed of each command, and the rows that a batch changed."""

    source = MARKET_LOG.name
    targets: tuple[str, ...] = tuple(
        topic.name
        for topic in (
            DECISIONS,
            ACCEPTANCE_CONFIRMED,
            BOOK_FEED,
            OFFER_BOOK,
            SESSION_BOOK,
            MARKET_BOOK,
        )
    )
    most = matching.MAX_BATCH_RECORDS
    is_atomic = True

    def __init__(self) -> None:
        self._deciding = Deciding(0, Restored.of_nothing())
        self._output = Output(0)

    def take(self, record: Record) -> Sequence[Append]:
        """Decide a command."""
        written = len(self._output.records)
        became = self._deciding.decide(record, self._output)
        if became is not Became.DECIDED:
            raise TypeError(f"a good command was not decided: {became.value}")
        return self._output.records[written:]

    def settle(self) -> Sequence[Append]:
        """Give the rows that changed, and the position."""
        output, self._output = self._output, Output(0)
        written = len(output.records)
        self._deciding.settle(output)
        return output.records[written:]


@dataclass(frozen=True)
class Job:
    """What one worker is to do; `x` is the sender's public key, none where nothing is verified."""

    kind: str
    half: str
    servers: str
    username: str
    group: str
    records: int
    participant: str
    x: str | None

    @classmethod
    def given(cls) -> "Job":
        """Read it from the command line."""
        return cls(**json.loads(sys.argv[1]))

    def bootstrap(self) -> Bootstrap:
        """Give the broker's address, met as its root."""
        user = Credentials(
            username=self.username, password=SecretStr(os.environ[PASSWORD]), mechanism="PLAIN"
        )
        return Bootstrap(self.servers, Access("SASL_PLAINTEXT", user))

    def keys(self) -> Keys | None:
        """Give the sender's key as a gateway knows it."""
        if self.x is None:
            return None
        public = PublicKey(self.x)
        registration = Registration(
            self.participant, public.id, ("buyer",), self.x, events_per_second=_ALL_AT_ONCE
        )
        return {(self.participant, public.id): Key(Registered.of(registration, 0), public)}

    def work(self) -> Work:
        """Give the work of its half, from the topic's first record on."""
        return Decisions() if self.half == "matching" else Verdicts(self.keys())


@dataclass
class Meter:
    """Processor and wall time from the first record that a loop was given to the last it wrote."""

    records: int
    done: int = 0
    _since: tuple[float, float] = field(default=(0.0, 0.0))

    def begin(self) -> None:
        """Note the start, once."""
        if not self.done and self._since == (0.0, 0.0):
            self._since = (_cpu_seconds(), time.perf_counter())

    def add(self, count: int) -> bool:
        """Count records that are acknowledged where they went; say whether these were the last."""
        self.done += count
        return self.done >= self.records

    def tell(self) -> None:
        """Print what it took, for whoever started this process."""
        cpu, wall = _cpu_seconds() - self._since[0], time.perf_counter() - self._since[1]
        said = {"cpu_per_1000": 1000 * cpu / self.done, "per_second": self.done / wall}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
