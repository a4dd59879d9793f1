"""What the doctor finds: one line a thing, each with what to do where it isn't well."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from strowger.settings import Settings


class Level(StrEnum):
    """How well something is; only what has failed makes the whole unsound."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """What was found of one thing; `advice` says what to do, where there is something to do."""

    check: str
    level: Level
    said: str
    advice: str | None = None


@dataclass(frozen=True)
class Exchange:
    """The exchange that is looked at: this home, and the broker by how it is met as a user.

    `meet` raises NoCredentials where the user's password isn't kept here.
    """

    settings: Settings
    meet: Callable[[str], str]


def ok(check: str, said: str) -> Finding:
    """Say that a thing is well."""
    return Finding(check, Level.OK, said)


def warning(check: str, said: str, advice: str) -> Finding:
    """Say that a thing may become a trouble."""
    return Finding(check, Level.WARNING, said, advice)


def failed(check: str, said: str, advice: str) -> Finding:
    """Say that a thing is in trouble."""
    return Finding(check, Level.FAILED, said, advice)


RUNS: Final = "does it run? `strowger health`, and its log"
"""What to do about a service that stands still."""
