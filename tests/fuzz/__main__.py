"""`make fuzz`: fuzz for a while from the contract's examples; the last line is one JSON object."""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from itertools import chain
from pathlib import Path
from typing import Final

from strowger.contract.generate.examples import examples_of
from strowger.contract.inbound import INBOUND
from tests.gateway_records import GATEWAY_OF, GATEWAYS

_HEADERS: Final = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time")
_EXECUTED: Final = re.compile(r"stat::number_of_executed_units:\s+(\d+)")


def seeds() -> list[bytes]:
    """Give the inbound examples as inputs, signed and unsigned, and some that are too much."""
    made: list[bytes] = []
    for example in chain.from_iterable(examples_of(event) for event in INBOUND):
        number = GATEWAYS.index(GATEWAY_OF[example.event.TYPE])
        headers = dict(example.headers)
        value = example.event.model_dump_json(exclude_unset=True).encode()
        envelope = [headers[name].encode() for name in _HEADERS]
        envelope[2] = b"/participants/acme"
        bodies = (value, value[:-1] + b',"x":' + b"[" * 200 + b"]" * 200 + b"}", b"[" * 10_000)
        made += [
            b"\0".join([bytes((number, signed)), *envelope, b"", body])
            for signed in (2, 1)
            for body in bodies
        ]
    return made


def main() -> int:
    """Fuzz; fail if an input broke a promise, which is then kept in the present directory."""
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--seconds", type=int, default=60)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="strowger-fuzz-") as folder:
        for number, seed in enumerate(seeds()):
            Path(folder, f"seed-{number:03}").write_bytes(seed)
        fuzzing = [sys.executable, "-m", "tests.fuzz.target", folder]
        flags = [f"-max_total_time={seconds}", "-max_len=20000", "-timeout=10"]
        done = subprocess.run(  # noqa: S603 - our own command
            [*fuzzing, *flags, "-print_final_stats=1", "-artifact_prefix=fuzz-"],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    said = done.stdout + done.stderr
    found = _EXECUTED.search(said)
    crashes = int(done.returncode != 0)
    if crashes or found is None:
        sys.stdout.write(said[-5000:] + "\n")
    figures = {"executions": int(found[1]) if found else 0, "crashes": crashes}
    sys.stdout.write(json.dumps(figures) + "\n")
    return crashes or found is None


if __name__ == "__main__":
    sys.exit(main())
