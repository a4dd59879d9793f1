"""Ends what a play of faults started when the play itself is gone, in whatever way it went.

`python -m tests.faults.guard HOME RECORD…` waits until its standard input ends, which the operating
system sees to; then it kills the servers that were recorded, and removes the home. Services need no
guard: they watch their own standard input.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from strowger.broker.processes import ServerProcess


@contextmanager
def guarded(home: Path, records: Sequence[Path]) -> Iterator[None]:
    """Have the servers of these records killed, and the home removed, after the block."""
    guard = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "tests.faults.guard", str(home), *map(str, records)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield
    finally:
        if guard.stdin is not None:
            guard.stdin.close()
        guard.wait()


def main(arguments: Sequence[str]) -> int:
    """Wait, then clear away."""
    home, *records = map(Path, arguments)
    sys.stdin.buffer.read()
    for record in records:
        process = ServerProcess.find(record)
        if process is not None:
            process.end(0)
    shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
