"""Exit codes, and what each means to a script."""

from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """How a command ended."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        """Make a member of its number and its meaning."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    OK = 0, "done"
    REFUSED = 1, "refused by the exchange, or failed `doctor`; what to do is shown"
    USAGE = 2, "wrong usage, settings or file; nothing was sent"
    UNREACHABLE = 3, "no broker answers, or no exchange serves behind it"
    UNKNOWN = 4, "sent, but no answer came in time; ask with `strowger outcome`"
    PARTLY = 5, "done in part: some rows or events were left out, each is shown"
    UNHEALTHY = 6, "a service is not healthy, or the broker does not run"
    UNSOUND = 7, "a record, or a row of the ledger, does not follow from the log; it is shown"
    INTERRUPTED = 130, "stopped with Ctrl-C"


def table() -> str:
    """Write the codes as lines for `--help`."""
    return "\n\n".join(f"[bold]{code.value}[/bold]  {code.meaning}" for code in ExitCode)
