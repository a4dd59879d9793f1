"""What the naive market keeps, in lists, and what it tells."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from strowger.contract import commands as said
from tests.property.naive_words import Facts, own_id

HORIZON_MS = 24 * 60 * 60 * 1000
SKEW_MS = 5 * 60 * 1000
KNOWN_REVISIONS = 16


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
    rests_on: Sequence[tuple[str, int]] = ()
    """Earlier commands, by what each was of and where it stands in the log."""

    rules: int = 2
    public: Facts | None = None
    """The record of the sale that everybody may read, if this made one public."""


class Refused(Exception):
    """A rule said no; its text is the refusal's value."""


@dataclass
class Revision:
    """One revision of an offer, from when it counts; `gone_ms`: when it was put aside for good.

    Its `place`, as that of other rows, is that of its command in the log.

    It was `dropped` if another was to count from then on, or from before.
    """

    command: said.PublishOffer | said.WithdrawOffer
    from_ms: int
    since: int
    place: int
    gone_ms: int | None = None
    dropped: bool = False
    forgotten: bool = False

    @property
    def number(self) -> int:
        """Give the revision's number."""
        return self.command.revision


@dataclass
class Stored:
    """An offer: every revision that was ever stored, those put aside too."""

    provider: str
    offer_id: str
    revisions: list[Revision] = field(default_factory=list)
    sold: int = 0
    forget_at_ms: float = math.inf

    @property
    def kept(self) -> list[Revision]:
        """Give the revisions that were not put aside."""
        return [each for each in self.revisions if each.gone_ms is None]

    def at(self, now_ms: int) -> Revision | None:
        """Give the greatest revision whose time had come by then; none if none had."""
        come = [each for each in self.revisions if not each.dropped and each.from_ms <= now_ms]
        return max(come, key=lambda each: each.number, default=None)

    def put(self, revision: Revision, now_ms: int, views: Sequence[int] = ()) -> None:
        """Put a revision in; what it replaces, and what was replaced by time, is put aside.

        What stood at one of some other times is seen by somebody still, and stays.
        """
        seen = [self.at(view_ms) for view_ms in (now_ms, *views)]
        self.forget_at_ms = math.inf
        if isinstance(revision.command, said.WithdrawOffer):
            self.forget_at_ms = revision.from_ms + HORIZON_MS + SKEW_MS
        for each in self.kept:
            counts = any(each is stood for stood in seen) or each.from_ms > now_ms
            each.dropped = each.from_ms >= revision.from_ms
            if not counts or each.dropped:
                each.gone_ms = now_ms
        aside = sorted((each for each in self.known if each.gone_ms), key=lambda each: -each.number)
        for place, each in enumerate(aside):
            if place >= KNOWN_REVISIONS or (each.gone_ms or 0) + HORIZON_MS + SKEW_MS <= now_ms:
                each.forgotten = True
        self.revisions.append(revision)

    def copy(self) -> "Stored":
        """Give the same again, to see what would become of it."""
        return replace(self, revisions=[replace(each) for each in self.revisions])

    @property
    def known(self) -> list[Revision]:
        """Give the revisions kept and those remembered; what is old is forgotten at a new one."""
        return [each for each in self.revisions if not each.forgotten]


@dataclass
class Sitting:
    """A session; `ended` says why and when."""

    opening: said.OpenSession
    opened_ms: int
    deadline_ms: int
    forget_at_ms: int
    place: int
    ended: tuple[str, int] | None = None
    ended_place: int | None = None


@dataclass
class Asked:
    """A request, and its answer: what was shown, when, and at which rates."""

    request: said.SubmitRequest
    matches: list[Facts]
    at_ms: int
    rates_version: int | None
    valid_until_ms: float
    forget_at_ms: int
    place: int


@dataclass
class Answer:
    """The final answer to what a participant said under an id of its own."""

    command: said.AnyCommand
    event: Facts
    forget_at_ms: int
    place: int


@dataclass
class Waiting:
    """A provider's change that was taken and has no effect yet.

    It was overtaken if a later change of the offer is to take effect no later: it never will.
    """

    command: said.PublishOffer | said.WithdrawOffer | said.PublishCapacity
    since: int
    taken_ms: int
    place: int
    overtaken_ms: int | None = None

    def is_of(self, provider: str, kind: str, name: str) -> bool:
        """Say whether it changes an `offer` or the `capacity` of a pool."""
        return own_id(self.command) == (provider, f"{kind} {name}")


@dataclass(frozen=True)
class Sold:
    """A sale to be told to the public and to its provider when a buyer's session ends."""

    buyer: str
    session_id: str
    confirmed: Facts
    provider: str
    notice: Facts
    place: int


@dataclass(frozen=True)
class Hold:
    """Capacity kept for a session's request until the session ends, or buys what it was shown."""

    buyer: str
    session_id: str
    request_id: str
    offer: tuple[str, str]
    pool: str | None
    units: int
    channels: int


@dataclass(frozen=True)
class BookPage:
    """Where a page of the stored set ended: at its how manyeth change, at what time, after whom."""

    changes: int
    as_of_ms: int
    last: tuple[str, str]


@dataclass(frozen=True)
class Page:
    """Where a page ended: for whom, for what, after which place in the order, after how many."""

    buyer: str
    need: Facts
    wish: Facts
    place: tuple[object, ...]
    shown: int
    asked: int | None = None
    """Where in the log its request stands, if the page is only known as long as that is."""
