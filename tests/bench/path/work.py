"""The work that every loop does to a record: the request gateway's own verdict, and its command."""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pydantic import SecretStr

from strowger.broker.access import Access, Bootstrap, Credentials
from strowger.broker.consuming import Record
from strowger.broker.dead_letters import DeadLetter
from strowger.broker.registering import Registered
from strowger.contract.commands import encode
from strowger.contract.participants import Registration
from strowger.contract.signatures import PublicKey
from strowger.gateways.authentication import Key, Keys
from strowger.gateways.request_submitted import GATEWAY

PASSWORD: Final = "BENCH_PASSWORD"  # noqa: S105 - the variable, not what is in it
"""The variable in which a worker finds the broker's password; never on a command line."""


_ALL_AT_ONCE: Final = 1_000_000_000


@dataclass(frozen=True)
class Job:
    """What one worker is to do; `x` is the sender's public key, none where nothing is verified."""

    kind: str
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

    def work(self) -> Callable[[Record], tuple[bytes, bytes]]:
        """Give what a loop calls with each record: key and value of what it becomes."""
        keys = self.keys()

        def become(record: Record) -> tuple[bytes, bytes]:
            command = GATEWAY.verdict(record, keys)
            if isinstance(command, DeadLetter):
                raise TypeError(f"a good record was set aside: {command.detail}")
            return command.market.encode(), encode(command)

        return become


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
