"""Plays a script to the core and to the naive market, and compares every decision."""

from collections import Counter
from collections.abc import Sequence

from strowger.contract.commands import AnyCommand
from strowger.contract.outbound import Decision, EventRefused, OffersMatched, SessionEnded
from strowger.market.markets import Markets
from tests.property.naive_market import NaiveMarket
from tests.property.naive_rows import Told
from tests.property.scripts import Director, Step


class Disagreement(AssertionError):
    """The core decided otherwise than the naive market, or broke what it promises of itself."""


def compare(script: Sequence[Step]) -> Counter[str]:
    """Play a script to both; count what was decided.

    Raises:
        Disagreement: a decision differs in anything but a refusal's words and the event's id.
    """
    core, naive, director = Markets(), NaiveMarket(), Director()
    ids = _Ids()
    outcomes: Counter[str] = Counter()
    for offset, step in enumerate(script):
        command, at_ms = director.direct(step)
        decisions = core.apply(command, at_ms, offset)
        if faults := core.faults():
            raise Disagreement(f"{command} failed: {faults!r}") from faults[0]
        _agree(command, [told(each) for each in decisions], naive.decide(command, at_ms))
        ids.check(decisions)
        director.heard(decisions)
        outcomes.update(_outcome(each) for each in decisions)
    return outcomes


def told(decision: Decision) -> Told:
    """Give a decision of the core as the naive market tells it."""
    event = decision.event.model_dump(mode="json")
    event.pop("message", None)
    return Told(
        event,
        decision.recipient,
        decision.participant,
        decision.command,
        decision.role,
        decision.repeat,
        decision.model_dump(mode="json")["at"],
        decision.sequence,
    )


def _agree(command: AnyCommand, core: list[Told], naive: list[Told]) -> None:
    if core != naive:
        lines = [f"to {command}", "the core said"]
        lines += [f"  {each}" for each in core] + ["the naive market"]
        lines += [f"  {each}" for each in naive]
        raise Disagreement("\n".join(lines))


def _outcome(decision: Decision) -> str:
    match decision.event:
        case EventRefused(refusal=refusal):
            name = str(refusal)
        case SessionEnded(reason=reason):
            name = str(reason)
        case OffersMatched(matches=matches):
            name = f"matched {min(len(matches), 3)}"
        case other:
            name = str(other.type)
    return f"{name} again" if decision.repeat else name


class _Ids:
    """What was told under each event id: readers drop an id that they have seen."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[str | None, object]] = {}

    def check(self, decisions: Sequence[Decision]) -> None:
        """Hold every id to one recipient and one event, whenever it is told."""
        for decision in decisions:
            event = decision.event.model_dump(exclude={"at", "message"})
            known = self._told.setdefault(decision.event_id, (decision.recipient, event))
            if known != (decision.recipient, event):
                raise Disagreement(f"{decision} has the id of {known}")
