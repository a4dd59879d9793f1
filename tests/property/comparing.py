"""Plays a script to the core and to the naive market, and compares every decision."""

from collections import Counter
from collections.abc import Iterator, Sequence

from strowger.contract.book import BookRead
from strowger.contract.commands import AnyCommand
from strowger.contract.decision import Decision
from strowger.contract.matches import OffersMatched
from strowger.contract.outbound import EventRefused, SessionEnded
from strowger.contract.sales import AcceptanceConfirmed
from strowger.market.markets import Markets
from tests.property.contracts import Contracts
from tests.property.naive_feed import FeedBroken, NaiveFeed
from tests.property.naive_market import NaiveMarket
from tests.property.naive_rows import Told
from tests.property.naive_rules import MORE
from tests.property.naive_words import Facts
from tests.property.script_director import Director
from tests.property.script_steps import Step


class Disagreement(AssertionError):
    """The core decided otherwise than the naive market, or broke what it promises of itself."""


def compare(script: Sequence[Step]) -> Counter[str]:
    """Play a script to both; count what was decided.

    Raises:
        Disagreement: a decision differs in anything but a refusal's words and the event's id.
    """
    comparison, director = Comparison(), Director()
    for step in script:
        director.heard(comparison.decide(*director.direct(step)))
    return comparison.outcomes


class Comparison:
    """The core and the naive market side by side; `outcomes` counts what was decided."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self._core, self._naive, self._ids = Markets(), NaiveMarket(), _Ids()
        self._contracts = Contracts()
        self._feed = NaiveFeed()
        self._offset = 0

    def decide(self, command: AnyCommand, at_ms: int) -> list[Decision]:
        """Let both decide a command; give what the core said.

        Raises:
            Disagreement: the naive market said otherwise.
        """
        decisions = self._core.apply(command, at_ms, self._offset)
        self._offset += 1
        if faults := self._core.faults():
            raise Disagreement(f"{command} failed: {faults!r}") from faults[0]
        core = [
            self._contracts.renamed(told(each, self._core.public_sale(each))) for each in decisions
        ]
        _agree(command, core, self._naive.decide(command, at_ms))
        self._follow(command)
        _learn_next(self._naive, decisions)
        self._ids.check(decisions)
        self.outcomes.update(name for each in decisions for name in _outcomes(each))
        return decisions

    def _follow(self, command: AnyCommand) -> None:
        """Hold what the feed told to the whole book as a scan gives it."""
        records = fed(self._core)
        followed = self._naive.followed()
        was_open = self._feed.standing != "closed"
        try:
            self._feed.take(records)
            self._feed.check_compacted()
        except FeedBroken as broken:
            raise Disagreement(f"to {command} the feed told what breaks it: {broken}") from None
        held = [entry for _, entry in sorted(self._feed.entries.items())]
        standing = "closed" if followed is None else "whole"
        if (self._feed.standing, held) != (standing, followed or []):
            raise Disagreement(
                f"after {command} the feed is {self._feed.standing} with {held}, "
                f"not {standing} with {followed}"
            )
        if followed is None and records and not was_open:
            raise Disagreement(f"to {command} a feed that is closed told {records}")
        self.outcomes.update(f"feed {value['type']}" for _, value in records if value)


def fed(markets: Markets) -> list[tuple[tuple[str, ...], Facts | None]]:
    """Give what was told to the feed since the last time, as a reader gets it."""
    return [
        (told.key, None if told.event is None else told.event.model_dump(mode="json"))
        for told in markets.drain_feed()
    ]


def told(decision: Decision, public: AcceptanceConfirmed | None) -> Told:
    """Give a decision of the core, and the sale it made public, as the naive market tells it."""
    event = decision.event.model_dump(mode="json")
    event.pop("message", None)
    if event.get("next") is not None:
        event["next"] = MORE
    return Told(
        event,
        decision.recipient,
        decision.participant,
        decision.command,
        decision.role,
        decision.repeat,
        decision.model_dump(mode="json")["at"],
        decision.sequence,
        [(each.subject, each.log_offset) for each in decision.rests_on],
        decision.rules_version,
        None if public is None else public.model_dump(mode="json"),
    )


def _learn_next(naive: NaiveMarket, decisions: Sequence[Decision]) -> None:
    for decision in decisions:
        match decision.event:
            case OffersMatched(next=str(token)) | BookRead(next=str(token)) if not decision.repeat:
                naive.learn_next(token)


def _agree(command: AnyCommand, core: list[Told], naive: list[Told]) -> None:
    if core != naive:
        lines = [f"to {command}", "the core said"]
        lines += [f"  {each}" for each in core] + ["the naive market"]
        lines += [f"  {each}" for each in naive]
        raise Disagreement("\n".join(lines))


def _outcomes(decision: Decision) -> Iterator[str]:
    """Name what a decision came to, so that a sample can show how far it reaches."""
    again = " again" if decision.repeat else ""
    match decision.event:
        case EventRefused(refusal=refusal):
            yield f"{refusal}{again}"
        case SessionEnded(ended_by=who):
            yield f"session ended by {who}{again}"
        case BookRead() as book:
            yield "a page of the book" if book.next else "the last page of the book"
            yield from ["withheld from the book"] if book.withheld else []
        case AcceptanceConfirmed() if decision.role == "notice":
            yield f"sale told at the end by {decision.command}"
        case OffersMatched() as matched:
            yield f"matched {min(len(matched.matches), 3)}{again}"
            yield from (f"{each.service.family} matched" for each in matched.matches)
            yield from (f"{each.clause} missed" for each in matched.near_misses)
            yield from (line.charge for each in matched.matches for line in each.lines)
            yield from ("renewal assumed" for each in matched.matches if each.renewal_assumed)
            yield from ("undetermined" for each in matched.matches if each.undetermined)
            yield "a page" if matched.next else "the last page"
        case AcceptanceConfirmed() as sale:
            yield f"{sale.type}{again}"
            yield f"{sale.service.family} sold"
            yield "excludes" if sale.excludes else "bound" if sale.ends_at else "for good"
        case other:
            yield f"{other.type}{again}"


class _Ids:
    """What was told under each event id: readers drop an id that they have seen."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[str | None, object]] = {}

    def check(self, decisions: Sequence[Decision]) -> None:
        """Hold every id to one recipient and one event, whenever it is told.

        Not what was read: a question that comes again is answered anew, and the first answer holds.
        """
        for decision in decisions:
            if isinstance(decision.event, BookRead):
                continue
            event = decision.event.model_dump(exclude={"at", "message"})
            known = self._told.setdefault(decision.event_id, (decision.recipient, event))
            if known != (decision.recipient, event):
                raise Disagreement(f"{decision} has the id of {known}")
