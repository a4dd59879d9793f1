"""A detached server process that later processes can find, and never mistake for another."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from strowger.broker.errors import BrokerStuck

_LOOK_SECONDS: Final = 0.02
_KILL_SECONDS: Final = 10
_PROC: Final = Path("/proc")


class ServerProcess(BaseModel):
    """The process that was started, as its record on disk tells.

    A pid alone may since belong to a stranger, so its command is compared too: the last argument
    lies in our own data directory, which no stranger's does. A start time would tell as much, but
    what the kernel says of it moves when the machine's clock is set.
    """

    model_config = ConfigDict(frozen=True)

    pid: int
    last_argument: str

    @classmethod
    def find(cls, record: Path) -> Self | None:
        """Give the recorded process if it still lives."""
        try:
            process = cls.model_validate_json(record.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        return process if process.lives() else None

    def lives(self) -> bool:
        """Say whether it runs; one that ended and was not waited for does not."""
        return _command_line(self.pid).endswith(self.last_argument)

    def end(self, timeout_seconds: float) -> None:
        """Ask it to end; kill it if it has not within the timeout.

        Raises:
            BrokerStuck: it lives on even so.
        """
        for number, patience_seconds in (
            (signal.SIGTERM, timeout_seconds),
            (signal.SIGKILL, _KILL_SECONDS),
        ):
            if not self.lives():
                return
            os.kill(self.pid, number)
            deadline = time.monotonic() + patience_seconds
            while self.lives() and time.monotonic() < deadline:
                time.sleep(_LOOK_SECONDS)
        if self.lives():
            raise BrokerStuck(f"the broker (process {self.pid}) does not end, not even killed")


def launch(
    command: Sequence[str], *, cwd: Path, output: Path, record: Path
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, its output in a file, and record it for others."""
    with output.open("wb") as file:
        child = subprocess.Popen(  # noqa: S603 - the command is ours, and no shell reads it
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process = ServerProcess(pid=child.pid, last_argument=command[-1])
    # The kernel shows a new command a moment after the child was made.
    while not process.lives() and child.poll() is None:
        time.sleep(_LOOK_SECONDS)
    part = record.with_suffix(".part")
    part.write_text(process.model_dump_json(), encoding="utf-8")
    part.replace(record)
    return child


def _command_line(pid: int) -> str:
    """Give a process's command, or an empty text if there is none or it has ended."""
    if _PROC.joinpath("self").exists():
        try:
            return _PROC.joinpath(str(pid), "cmdline").read_text().rstrip("\0").replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    shown = subprocess.run(  # noqa: S603 - a number is all that varies
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)],
        check=False,
        capture_output=True,
        text=True,
    )
    return shown.stdout.strip()
