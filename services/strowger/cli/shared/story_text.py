"""Write a story for people, at 80 columns: offset, market time, what was decided and why."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Final

from strowger.cli.shared.output import amount
from strowger.cli.shared.services import bought, phrase, traits, where
from strowger.contract.charges import CostLine
from strowger.contract.commands import AcceptOffer, AnyCommand, SubmitRequest
from strowger.contract.fields import from_nano
from strowger.contract.matches import HIDDEN, Match, NearMiss, OffersMatched
from strowger.contract.outbound import (
    CapacityStored,
    ChangeTaken,
    EventRefused,
    OfferRemoved,
    OfferStored,
    SessionEnded,
    SessionGranted,
)
from strowger.contract.sales import AcceptanceConfirmed, OfferSold
from strowger.ledger.stories import Step, Story
from strowger.market.clauses import spelled
from strowger.market.registry import FAMILIES

WIDTH: Final = 80

_MARGIN: Final = 21
"""The width of an offset and a time."""

_TESTS: Final[Mapping[str, str]] = {
    "floor": "at least ",
    "ceiling": "at most ",
    "cover": "all of ",
    "same": "",
}
_ENDED_BY: Final[Mapping[str, str]] = {
    "buyer": "by its buyer",
    "time": "by time: its deadline had come",
    "operator": "by the operator, who closed the market",
}

Commands = Mapping[int, AnyCommand]
"""What stands in the log, by offset, as far as it could be read."""


def text(story: Story, commands: Commands) -> str:
    """Write a story, every line at most 80 columns wide."""
    first = story.steps[0].decided.at
    heading = f"{story.kind} {story.id} of {story.buyer}, market {story.market}"
    lines = [*_wrapped(heading, 0), *_wrapped(_outcome(story.answer), 2), ""]
    lines.append(f"{'log offset':>10} {'time':<9} market time of {first:%Y-%m-%d}, UTC")
    for step in story.steps:
        lines += _told(step, commands)
    lines += ["", *_grounds(story.answer)]
    return "\n".join(lines)


def _outcome(answer: Step) -> str:
    match answer.event:
        case EventRefused() as no:
            return f"refused: {no.refusal}. {no.message}"
        case AcceptanceConfirmed() as sale:
            return (
                f"confirmed: {bought(sale.quantity, sale.service)} from {sale.provider} for "
                f"{amount(sale.cost)} {sale.currency}, contract {sale.contract_id}"
            )
        case OffersMatched() as found:
            return f"answered: {found.able:,} able, {len(found.matches):,} shown"
        case SessionGranted() as granted:
            return f"granted until {granted.deadline:%H:%M:%S}"
        case _:
            return answer.decided.event_type


def _told(step: Step, commands: Commands) -> Iterator[str]:
    decided = step.decided
    at = f"{decided.log_offset:>10,} {decided.at:%H:%M:%S}  "
    said = _wrapped(_said(step), _MARGIN)
    yield at + said[0][_MARGIN:]
    yield from said[1:]
    for detail in _details(step, commands.get(decided.log_offset)):
        yield from _wrapped(detail, _MARGIN + 2)


def _said(step: Step) -> str:  # noqa: C901, PLR0911 - one return an event
    decided, event = step.decided, step.event
    again = " again" if decided.is_repeat else ""
    match event:
        case EventRefused():
            return f"{event.subject} refused{again}: {event.refusal}. {event.message}"
        case OfferStored():
            return f"offer {event.offer_id} of {decided.participant}, revision {event.revision}"
        case OfferRemoved():
            return f"offer {event.offer_id} of {decided.participant} withdrawn"
        case ChangeTaken():
            return f"{event.subject} of {decided.participant}, revision {event.revision}, taken"
        case CapacityStored():
            return f"pool {event.pool} of {decided.participant}, revision {event.revision}"
        case SessionGranted():
            ends = f"{event.deadline:%H:%M:%S}"
            return (
                f"session {event.session_id} of {decided.participant} opened{again}, until {ends}"
            )
        case SessionEnded():
            return f"session {event.session_id} ended{again} {_ENDED_BY.get(event.ended_by, '')}"
        case OffersMatched():
            shown = f"{event.able:,} able, {len(event.matches):,} shown"
            return f"request {event.request_id} answered{again}: {shown}"
        case AcceptanceConfirmed() if decided.role == "notice":
            return f"sale {event.contract_id} made public"
        case AcceptanceConfirmed():
            return f"acceptance {event.acceptance_id} confirmed{again}: {event.contract_id}"
        case OfferSold():
            left = "" if event.remaining is None else f", {event.remaining:,} left"
            return f"{decided.recipient} told of the sale {event.contract_id}{left}"
        case _:
            return f"{decided.command}: {decided.event_type}"


def _details(step: Step, command: AnyCommand | None) -> Iterator[str]:
    if step.decided.is_repeat or step.decided.role == "notice":
        return
    if isinstance(command, SubmitRequest):
        yield f"asked: {_asked(command)}"
    if isinstance(command, AcceptOffer) and isinstance(step.event, EventRefused):
        yield f"accepted: {command.offer_id} of {command.provider}, revision {command.revision}"
    match step.event:
        case OffersMatched() as found:
            names = _names(step, found)
            count = len(found.matches)
            yield from chain.from_iterable(
                _match(each, names[at], found.currency) for at, each in enumerate(found.matches)
            )
            for at, miss in enumerate(found.near_misses, start=count):
                yield _miss(miss, names[at])
        case AcceptanceConfirmed() as sale:
            yield f"offer {sale.offer_id} of {sale.provider}, revision {sale.revision}"
            yield from _lines(sale.lines)
            yield f"cost {amount(sale.cost)} {sale.currency}"


def _asked(command: SubmitRequest) -> str:
    """Say what a request asked for, as a gateway normalised it."""
    need, wish = command.service, command.wish
    family = FAMILIES[need.family]
    parts = [f"{need.family} {' '.join(need.scope)}", f"{need.quantity:,} {family.unit}"]
    for each in need.clauses:
        mark = family.attributes.get(each.attribute)
        value = spelled(each.value, 0 if mark is None else mark.scale)
        parts.append(f"{each.attribute} {_TESTS[each.test]}{value}")
    if need.channels:
        parts.append(f"{need.channels:,} channels")
    if wish.comparison_months > 1:
        parts.append(f"over {wish.comparison_months} months")
    if wish.max_cost_nano is not None:
        parts.append(f"for at most {amount(from_nano(wish.max_cost_nano))}")
    if wish.exclude_providers:
        parts.append(f"not from {' '.join(wish.exclude_providers)}")
    ranking = wish.ranking
    by = [*ranking.attributes, *(name for name, _ in ranking.weights)]
    parts.append(f"ranked by {', '.join((*by, 'cost'))}")
    return "; ".join(parts)


def _names(step: Step, found: OffersMatched) -> list[str]:
    """Name the offers that were shown, then those that missed; by its grounds, where it hid whose.

    An answer rests on them in this order.
    """
    told: list[Match | NearMiss] = [*found.matches, *found.near_misses]
    grounds = [each.subject for each in step.decided.rests_on]
    offers = [each.removeprefix("offer ") for each in grounds if each.startswith("offer ")]
    if len(offers) != len(told) or all(each.provider != HIDDEN for each in told):
        return [f"{each.offer_id} of {each.provider}" for each in told]
    return [f"{each.offer_id}, {name}" for each, name in zip(told, offers, strict=True)]


def _match(shown: Match, name: str, currency: str) -> Iterator[str]:
    compared = "" if shown.currency == currency else f" ({amount(shown.ranking_cost)} {currency})"
    revision = "" if shown.provider == HIDDEN else f", revision {shown.revision}"
    term = "" if shown.term_months is None else f", {shown.term_months} months"
    yield (
        f"{shown.rank}. {name}{revision}, for "
        f"{where(shown.service)}: {amount(shown.cost)} {shown.currency}{compared}{term}"
    )
    told = ", ".join(phrase(name, value) for name, value in traits(shown.service).items())
    if told:
        yield f"   {told}"
    if shown.undetermined:
        yield f"   says nothing of {' '.join(shown.undetermined)}"
    yield from (f"   {line}" for line in _lines(shown.lines))


def _lines(lines: Iterable[CostLine]) -> Iterator[str]:
    for line in lines:
        yield (
            f"{line.charge}: {line.quantity} {line.unit} x {amount(line.price)} "
            f"= {amount(line.amount)}"
        )


def _miss(miss: NearMiss, name: str) -> str:
    offered = "says nothing" if miss.offered is None else f"offers {miss.offered}"
    short = f", short by {miss.short_by} {miss.unit}".rstrip() if miss.short_by else ""
    return (
        f"near miss: {name} {offered} where {miss.clause} was asked "
        f"{_TESTS[miss.test]}{miss.asked}{short}"
    )


def _grounds(answer: Step) -> list[str]:
    grounds = answer.decided.rests_on
    if not grounds:
        return ["what it rests on was not told when it was decided"]
    named = ", ".join(f"{each.subject} at {each.log_offset:,}" for each in grounds)
    return _wrapped(f"decided at log offset {answer.decided.log_offset:,}; rests on {named}", 0)


def _wrapped(said: str, margin: int) -> list[str]:
    """Break a sentence into lines behind a margin; what goes on stands two columns further in."""
    inner = len(said) - len(said.lstrip())
    return textwrap.wrap(
        said.strip(),
        WIDTH,
        initial_indent=" " * (margin + inner),
        subsequent_indent=" " * (margin + inner + 2),
        break_on_hyphens=False,
    )
