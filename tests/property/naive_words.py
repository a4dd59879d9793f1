"""How the naive market reads commands and writes money and time: by hand, sharing no code."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from strowger.contract import commands as said
from strowger.contract.attributes import Value
from strowger.contract.normal import Need

Facts = dict[str, object]

_NOT_SAID = ("causation_id", "sent_at_ms", "origin", "key_id", "needs_version")


def content(command: said.AnyCommand) -> Facts:
    """Give what a participant said: not when, by which event, or what a gateway looked up."""
    facts: Facts = {"command": type(command).__name__}
    for name in command.__struct_fields__:
        if name not in _NOT_SAID:
            facts[name] = getattr(command, name)
    if isinstance(command, said.SubmitRequest):
        facts["service"] = asked_for(command.service)
    return facts


def asked_for(need: Need) -> Facts:
    """Give what a buyer said of a service: its country was looked up."""
    facts: Facts = {name: getattr(need, name) for name in need.__struct_fields__}
    del facts["looked_up"]
    return facts


def subject(command: said.AnyCommand) -> str:  # noqa: C901, PLR0911 - one a command
    """Give the kind and id of what a command is about."""
    match command:
        case said.PublishOffer() | said.WithdrawOffer():
            return f"offer {command.offer_id}"
        case said.PublishCapacity():
            return f"capacity {command.pool}"
        case said.OpenSession() | said.CloseSession():
            return f"session {command.session_id}"
        case said.SubmitRequest():
            return f"request {command.request_id}"
        case said.AcceptOffer() | said.TellOutcome():
            return f"acceptance {command.acceptance_id}"
        case said.DeclareMarket() | said.ControlMarket():
            return f"market {command.market}"
        case said.ControlAccess():
            return f"access {command.subject}"
        case said.DeclareRates():
            return f"rates {command.version}"
        case said.ReadBook():
            return f"book {command.read_id}"
        case said.RefuseEvent():
            return command.subject


def own_id(command: said.AnyCommand) -> tuple[str, str]:
    """Give whose id it is, and the id."""
    return command.participant, subject(command)


def moment(moment_ms: int) -> datetime:
    """Turn milliseconds into a time in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment_ms)


def instant(moment_ms: int) -> str:
    """Write a time as RFC 3339 in UTC with milliseconds."""
    return f"{moment(moment_ms):%Y-%m-%dT%H:%M:%S}.{moment_ms % 1000:03d}Z"


def months_later(moment_ms: int, months: int) -> str:
    """Write the same day and time of a later month, or that month's last day if it is shorter."""
    start = moment(moment_ms)
    years, month0 = divmod(start.month - 1 + months, 12)
    day = start.day
    while True:
        try:
            end = start.replace(year=start.year + years, month=month0 + 1, day=day)
        except ValueError:
            day -= 1
        else:
            return f"{end:%Y-%m-%dT%H:%M:%S}.{moment_ms % 1000:03d}Z"


def written(amount: Fraction) -> str:
    """Write an amount of at most nine decimals: `0.0125`, `12`."""
    billionths = amount * 10**9
    assert billionths.denominator == 1, amount
    whole, rest = divmod(int(billionths), 10**9)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".")


def nano(amount_nano: int) -> str:
    """Write an amount of 1e-9 currency units."""
    return written(Fraction(amount_nano, 10**9))


def spelled(value: Value, scale: int = 0) -> str:
    """Write a value of an attribute: `99.95`, `g729`, `ipv4, ipv6`."""
    if isinstance(value, int):
        return written(Fraction(value, 10**scale))
    return value if isinstance(value, str) else ", ".join(value)


def exactly(quantity: Fraction) -> str:
    """Write an exact quantity: `5`, `100/3`."""
    if quantity.denominator == 1:
        return str(quantity.numerator)
    return f"{quantity.numerator}/{quantity.denominator}"
