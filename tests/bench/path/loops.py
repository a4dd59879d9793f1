"""Parts a, c and d: fill the topics once, then let one process after another read them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from strowger import keys
from strowger.broker import connections
from strowger.broker.access import Bootstrap, access_of
from strowger.broker.appending import Append, Appender
from strowger.contract.commands import encode
from strowger.contract.envelope import Envelope, participant_source
from strowger.contract.inbound import RequestSubmitted
from strowger.contract.topics import MARKET_LOG, REQUEST_SUBMITTED
from strowger.contract.voice import VoiceDemand
from strowger.settings import Settings
from tests.bench.path.exchange import BUYER, MARKET
from tests.bench.path.work import PASSWORD, Job
from tests.commands import Commands

_ROOT: Final = Path(__file__).parents[3]
_PEERS: Final = _ROOT / ".venv-peers" / "bin" / "python"
_OURS: Final = Path(sys.executable)
_WORKER: Final = ("worker", _OURS)
_MODULES: Final = {
    "faststream": ("peer_faststream", _PEERS),
    "quix": ("peer_quix", _PEERS),
    "faust": ("peer_faust", _OURS),
}
_WORKER_SECONDS: Final = 1200

Line = dict[str, float]
Lines = dict[str, list[Line]]


class Loops:
    """Starts one worker after another on what stands in the topics."""

    def __init__(self, settings: Settings, root: Bootstrap) -> None:
        self._settings = settings
        self._root = root
        self._started = 0

    def alternate(self, kinds: Sequence[str], records: int, *, signed: bool = True) -> Lines:
        """Run every kind once in the order given, and once in the other."""
        lines: Lines = {kind: [] for kind in kinds}
        for kind in (*kinds, *reversed(kinds)):
            lines[kind].append(self.run(kind, records, signed=signed))
        return lines

    def run(self, kind: str, records: int, *, signed: bool = True) -> Line:
        """Run one worker in a process and a consumer group of its own; give what it measured."""
        self._started += 1
        user = access_of(self._root).credentials
        if user is None:
            raise TypeError("the broker is met without a user")
        key = keys.kept(self._settings.keys_dir, BUYER)
        job = Job(
            kind,
            str(self._root),
            user.username,
            f"bench-{kind}-{self._started}",
            records,
            BUYER,
            key.public.x if signed and key is not None else None,
        )
        module, python = _MODULES.get(kind, _WORKER)
        done = subprocess.run(  # noqa: S603 - our own module
            [python, "-m", f"tests.bench.path.{module}", json.dumps(asdict(job))],
            cwd=_ROOT,
            env={
                **os.environ,
                PASSWORD: user.password.get_secret_value(),
                "PYTHONPATH": f"{_ROOT / 'services'}{os.pathsep}{_ROOT}",
                "PYTHONWARNINGS": "ignore",
            },
            stdout=subprocess.PIPE,
            timeout=_WORKER_SECONDS,
            check=True,
        )
        told: Line = json.loads(done.stdout.splitlines()[-1])
        sys.stderr.write(f"... {kind} {told}\n")
        return told

    async def fill_requests(self, records: int) -> None:
        """Write signed requests into one partition of their topic."""
        key = keys.kept_or_new(self._settings.keys_dir, BUYER)
        await self._fill(
            Append(REQUEST_SUBMITTED.name, 0, b"k", value, [*headers, key.sign(*said)])
            for said in _requests(records)
            for _, headers, value in (said,)
        )

    async def fill_log(self, offers: int) -> None:
        """Write a market's declaration and so many offers into one partition of the log."""
        make = Commands(MARKET, sent_at_ms=time.time_ns() // 1_000_000)
        codes = (f"{44 + index % 50}{index // 50 % 1000:03d}" for index in range(offers))
        commands = (
            make.publish(f"of-{index}", prefix=code, deck=f"d-{index % 7}", capacity_minutes=10_000)
            for index, code in enumerate(codes)
        )
        key = MARKET.encode()
        await self._fill(
            Append(MARKET_LOG.name, 0, key, encode(command))
            for source in ((make.declare(),), commands)
            for command in source
        )

    async def _fill(self, appends: Iterator[Append]) -> None:
        async with connections.producer(self._root, client_id="bench-fill") as producer:
            appender = Appender(producer)
            waiting: list[Append] = []
            for append in appends:
                waiting.append(append)
                if len(waiting) == 5000:
                    await appender.append(waiting)
                    waiting.clear()
            await appender.append(waiting)


def _requests(records: int) -> Iterator[tuple[str, list[tuple[str, bytes]], bytes]]:
    service = VoiceDemand(destination="+442079460000", minutes=100)
    for index in range(records):
        event = RequestSubmitted(market=MARKET, request_id=f"r-{index}", service=service)
        envelope = Envelope(f"e-{index}", participant_source(BUYER), event.TYPE, datetime.now(UTC))
        value = event.model_dump_json(exclude_none=True).encode()
        yield REQUEST_SUBMITTED.name, envelope.to_headers(), value
