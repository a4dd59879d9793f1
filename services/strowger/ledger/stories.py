"""Stories of a session, a request or an acceptance: what it rests on, what came of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, Self

from pydantic import TypeAdapter

from strowger.contract.outbound import Event, EventRefused
from strowger.ledger.errors import NotInLedger, SeveralOfThem
from strowger.ledger.queries import Ledger
from strowger.ledger.results import Decided

Kind = Literal["acceptance", "request", "session"]

_ASKED_BY: Final = {
    "acceptance": "accept-offer",
    "request": "submit-request",
    "session": "open-session",
}
"""The command that each begins with."""

_EVENTS: Final[TypeAdapter[Event]] = TypeAdapter(Event)


@dataclass(frozen=True)
class Step:
    """One decision of a story, and what it told."""

    decided: Decided
    event: Event


@dataclass(frozen=True)
class Story:
    """A buyer's session, request or acceptance, by id, and every step of it in the order decided.

    `answer` is the last that the buyer got, repeats of it aside: a refusal that could be retried is
    a step before it.
    """

    kind: Kind
    id: str
    market: str
    buyer: str
    answer: Step
    steps: tuple[Step, ...]


async def tell(
    ledger: Ledger, kind: Kind, of: str, *, market: str | None = None, buyer: str | None = None
) -> Story:
    """Tell a story, by the id that its buyer gave it.

    Raises:
        NotInLedger: nothing of that kind was decided under that id.
        SeveralOfThem: several buyers, or markets, have it.
    """
    named = [_step(each) for each in await ledger.story(of, market)]
    answers = [each for each in named if _answers(each, kind, of, buyer)]
    whose = sorted({(each.decided.market, each.decided.participant) for each in answers})
    if not whose:
        raise NotInLedger(
            f"the ledger has no {kind} {of}: check the id, and that the ledger has caught up"
        )
    if len(whose) > 1:
        said = ", ".join(f"{who} in {where}" for where, who in whose)
        raise SeveralOfThem(f"there is more than one {kind} {of}: {said}; say --market and --buyer")
    ((where, who),) = whose
    first = [each for each in answers if not each.decided.is_repeat] or answers
    links = _Links.of(kind, of, first)
    found = [*named, *map(_step, await ledger.decided_at(where, links.offsets))]
    for session in sorted(links.sessions):
        found += map(_step, await ledger.story(session, where))
    told = {
        each.decided.sequence: each
        for each in found
        if each.decided.market == where and links.has(each.decided)
    }
    in_order = tuple(told[sequence] for sequence in sorted(told))
    return Story(kind, of, where, who, first[-1], in_order)


def _step(decided: Decided) -> Step:
    return Step(decided, _EVENTS.validate_json(decided.event))


def _answers(step: Step, kind: Kind, of: str, buyer: str | None) -> bool:
    """Say whether this is an answer to what the buyer sent under the id."""
    decided, event = step.decided, step.event
    if decided.role != "answer" or decided.command != _ASKED_BY[kind]:
        return False
    if buyer is not None and decided.participant != buyer:
        return False
    if isinstance(event, EventRefused):
        return event.subject == f"{kind} {of}"
    return of == getattr(event, f"{kind}_id", None)


@dataclass(frozen=True)
class _Links:
    """By which commands of the log a decision is known to be of a story."""

    command: str
    own: frozenset[int]
    """Where the commands stand that were answered."""
    grounds: frozenset[int]
    """Where those stand that made what the answers rest on."""
    itself: frozenset[tuple[str, int]]
    """What a later decision rests on, if it is one on what was answered."""
    sittings: frozenset[tuple[str, int]]
    """The sessions that it took place in, or that it is."""

    @classmethod
    def of(cls, kind: Kind, of: str, answers: Iterable[Step]) -> Self:
        """Give what links decisions to these answers."""
        own = frozenset(each.decided.log_offset for each in answers)
        rests_on = {
            (ground.subject, ground.log_offset)
            for each in answers
            for ground in each.decided.rests_on
            if not ground.subject.startswith(("market ", "end of "))
        }
        itself = frozenset((f"{kind} {of}", offset) for offset in own)
        sessions = {each for each in rests_on | itself if each[0].startswith("session ")}
        return cls(
            command=_ASKED_BY[kind],
            own=own,
            grounds=frozenset(offset for _, offset in rests_on),
            itself=itself,
            sittings=frozenset(sessions),
        )

    @property
    def offsets(self) -> frozenset[int]:
        """Give where in the log it was decided on, or on what it rests on."""
        return self.own | self.grounds

    @property
    def sessions(self) -> frozenset[str]:
        """Give the ids of its sessions."""
        return frozenset(subject.removeprefix("session ") for subject, _ in self.sittings)

    def has(self, decided: Decided) -> bool:
        """Say whether a decision is of the story.

        What a command led to is, what time brought while it was decided is not.
        """
        if decided.log_offset in self.own and decided.command == self.command:
            return True
        if decided.log_offset in self.grounds and decided.role == "answer":
            return True
        rests_on = {(ground.subject, ground.log_offset) for ground in decided.rests_on}
        ended = decided.event_type == "session-ended" and rests_on & self.sittings
        return bool(rests_on & self.itself or ended)
