"""How the naive market reads commands and writes money and time: by hand, sharing no code."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from strowger.contract import commands as said

Facts = dict[str, object]

_NOT_SAID = ("causation_id", "sent_at_ms", "origin")


def content(command: said.AnyCommand) -> Facts:
    """Give what a participant said: not when, by which event, or what a gateway looked up."""
    facts: Facts = {"command": type(command).__name__}
    for name in command.__struct_fields__:
        if name not in _NOT_SAID:
            facts[name] = getattr(command, name)
    if isinstance(command, said.SubmitRequest):
        need = command.service
        facts["service"] = (need.destination, need.minutes, need.call_seconds)
    return facts


def subject(command: said.AnyCommand) -> str:
    """Give the kind and id of what a command is about."""
    match command:
        case said.PublishOffer() | said.WithdrawOffer():
            return f"offer {command.offer_id}"
        case said.OpenSession() | said.CloseSession():
            return f"session {command.session_id}"
        case said.SubmitRequest():
            return f"request {command.request_id}"
        case said.AcceptOffer() | said.TellOutcome():
            return f"acceptance {command.acceptance_id}"
        case said.DeclareMarket():
            return f"market {command.market}"
        case said.RefuseEvent():
            return command.subject


def own_id(command: said.AnyCommand) -> tuple[str, str]:
    """Give whose id it is, and the id."""
    return command.participant, subject(command)


def instant(moment_ms: int) -> str:
    """Write a time as RFC 3339 in UTC with milliseconds."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment_ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment_ms % 1000:03d}Z"


def written(amount: Fraction) -> str:
    """Write an amount of at most nine decimals: `0.0125`, `12`."""
    billionths = amount * 10**9
    assert billionths.denominator == 1, amount
    whole, rest = divmod(int(billionths), 10**9)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".")
