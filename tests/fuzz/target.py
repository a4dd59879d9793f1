"""What atheris drives: one record of any inbound topic, its headers and value from the fuzzer.

Every verdict must be one command or one dead letter that can be written, the same each time, and
soon. `python -m tests.fuzz.target CORPUS -max_total_time=60` runs it alone.
"""

import contextlib
import sys
import time
from typing import Final

import atheris  # type: ignore[import-untyped]  # it has no types

with atheris.instrument_imports(include=["strowger.contract", "strowger.gateways", "pydantic"]):
    from strowger.broker.consuming import Record
    from strowger.broker.dead_letters import DeadLetter
    from strowger.contract import commands
    from tests.gateway_records import GATEWAYS, NOON_MS
    from tests.signing import Cast

SEPARATOR: Final = b"\x00"
"""Between the parts of an input: topic and signer, then each header's value, then the value."""

HEADERS: Final = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "signature")
SLOW_SECONDS: Final = 1.0

_CAST: Final = Cast(acme=["provider", "buyer"])


class TooSlow(Exception):
    """A verdict took so long that its participant could hold up the others."""


def _record(data: bytes) -> tuple[int, Record]:
    """Make a record; half of them are signed, so that what is behind a signature is reached."""
    head, *parts = data.split(SEPARATOR, len(HEADERS) + 1)
    parts += [b""] * (len(HEADERS) + 1 - len(parts))
    topic = head[0] % len(GATEWAYS) if head else 0
    headers = list(zip(HEADERS, parts, strict=False))
    record = Record("t", 0, 0, NOON_MS, None, parts[-1], headers)
    if len(head) > 1 and head[1] % 2:
        with contextlib.suppress(UnicodeError):  # our own signer takes text alone
            record = _CAST.sign(record, GATEWAYS[topic].topic.name, "acme")
    return topic, record


def decide(data: bytes) -> None:
    """Decide one input twice, and write what became of it.

    Raises:
        TooSlow: it took longer than anybody should wait for another's event.
    """
    number, record = _record(data)
    began = time.perf_counter()
    verdict = GATEWAYS[number].verdict(record, _CAST.known)
    took = time.perf_counter() - began
    if took > SLOW_SECONDS:
        raise TooSlow(f"{took:.2f} s")
    assert GATEWAYS[number].verdict(record, _CAST.known) == verdict
    if isinstance(verdict, DeadLetter):
        verdict.to_append()
    else:
        assert commands.decode(commands.encode(verdict)) == verdict


def main() -> None:
    """Fuzz as libFuzzer's own arguments say."""
    atheris.Setup(sys.argv, decide)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
