"""What the naive market keeps, in lists, and what it tells."""

import math
from dataclasses import dataclass, field

from strowger.contract import commands as said
from tests.property.naive_words import Facts


@dataclass(frozen=True)
class Told:
    """One decision: the event as its JSON reads, whom it is for, and what it is about."""

    event: Facts
    recipient: str | None
    participant: str
    command: str
    role: str
    repeat: bool
    at: str
    sequence: int


class Refused(Exception):
    """A rule said no; its text is the refusal's value."""


@dataclass
class Stored:
    """An offer; `latest` made its present revision: a withdrawal if it is out of the book."""

    publication: said.PublishOffer
    latest: said.PublishOffer | said.WithdrawOffer
    since: int
    sold: int = 0
    replaced: list[tuple[said.AnyCommand, int]] = field(default_factory=list)
    forget_at_ms: float = math.inf


@dataclass
class Sitting:
    """A session; `ended` says why and when."""

    opening: said.OpenSession
    deadline_ms: int
    forget_at_ms: int
    ended: tuple[str, int] | None = None


@dataclass
class Asked:
    """A request, and its answer: what was shown."""

    request: said.SubmitRequest
    matches: list[Facts]
    valid_until_ms: float
    forget_at_ms: int


@dataclass
class Answer:
    """The final answer to what a participant said under an id of its own."""

    command: said.AnyCommand
    event: Facts
    forget_at_ms: int
