"""Rules of market control: the operator pauses and closes a market, suspends, changes rules."""

from dataclasses import replace
from typing import Final

import msgspec

from strowger.contract.commands import (
    OPERATOR,
    AcceptOffer,
    AnyCommand,
    ControlMarket,
    OpenSession,
    PublishCapacity,
    PublishOffer,
    ReadBook,
    SubmitRequest,
    WithdrawOffer,
)
from strowger.contract.outbound import MarketControlled
from strowger.contract.refusals import Refusal
from strowger.market.book import Book
from strowger.market.entities import MarketState
from strowger.market.rules import KNOWN_RULES, RULES
from strowger.market.sessions import end_all, settle_policy
from strowger.market.verdict import Denied, Granted, Notice, Verdict

_TRADE: Final = (
    PublishOffer,
    WithdrawOffer,
    PublishCapacity,
    OpenSession,
    SubmitRequest,
    AcceptOffer,
    ReadBook,
)
"""What is refused while trade is halted; to end a session or learn an outcome never is."""

_POLICIES: Final = frozenset({"open", "guarded", "sealed", "snapshot"})
_RULES: Final = {str(version): version for version in RULES}
_STANDING: Final = {"pause": "paused", "resume": "trading", "close": "closed"}


def halted(book: Book, command: AnyCommand) -> Denied | None:
    """Say why a participant's command cannot be decided now; none if it can."""
    if not isinstance(command, _TRADE):
        return None
    state = book.state
    if state.standing == "closed":
        return Denied(Refusal.MARKET_CLOSED)
    if state.standing == "paused":
        return Denied(Refusal.MARKET_PAUSED)
    if command.participant in book.suspended:
        return Denied(Refusal.SUSPENDED)
    return None


def control(book: Book, command: ControlMarket) -> Verdict:
    """Do what the operator says; the same again changes nothing. A closed market stays closed."""
    if command.participant != OPERATOR:
        return Denied(Refusal.NOT_ALLOWED, "only the operator controls markets")
    state = book.state
    if command.action == "rules" and command.subject not in _RULES:
        return Denied(Refusal.UNKNOWN_RULES, f"known are {KNOWN_RULES}")
    changed = _controlled(state, command)
    if changed is None:
        return Denied(Refusal.MALFORMED, f"{command.action} is no action, or lacks its subject")
    if state.standing == "closed" and changed.standing != "closed":
        return Denied(Refusal.MARKET_CLOSED)
    book.state = changed
    notices: list[Notice] = []
    if changed.standing == "closed":
        for ended in end_all(book):
            # Two buyers may send under the same ids: what they did is told apart by whose it is.
            subject = f"session {ended.event.session_id} of {ended.buyer}"
            notices.append(Notice(ended.buyer, ended.event, subject, ended.grounds))
            notices += [replace(each, subject=each.subject or subject) for each in ended.notices]
    settle_policy(book)
    repeat = book.state == state
    if not repeat:
        book.state = msgspec.structs.replace(book.state, log_offset=book.log_offset)
    event = MarketControlled(
        **book.stamp(command), action=command.action, participant=command.subject
    )
    return Granted(event, tuple(notices), repeat=repeat)


def _controlled(state: MarketState, command: ControlMarket) -> MarketState | None:
    """Give the market as it stands afterwards; none for what is no action."""
    changed = msgspec.structs.replace
    match command.action, command.subject:
        case "pause" | "resume" | "close", None:
            return changed(state, standing=_STANDING[command.action])
        case "policy", str(subject) if subject in _POLICIES:
            return changed(state, next_policy=subject)
        case "rules", str(subject):
            return changed(state, rules_version=_RULES[subject])
        case "suspend", str(subject):
            return changed(state, suspended=tuple(sorted({*state.suspended, subject})))
        case "readmit", str(subject):
            return changed(
                state, suspended=tuple(each for each in state.suspended if each != subject)
            )
    return None
