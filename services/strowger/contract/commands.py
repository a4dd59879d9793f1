"""Commands: what gateways and the operator append to `market-log`, normalised and internal.

Amounts are integers of 1e-9 currency units, times are milliseconds since 1970-01-01T00:00Z, numbers
are digits without `+`. The log is the one input of the market core, and of every replay of it.
"""

from typing import Annotated, Final

import msgspec

from strowger.contract.fields import SLUG_PATTERN
from strowger.contract.normal import Need, Terms, Wish

_SLUG: Final = SLUG_PATTERN.removeprefix("^").removesuffix("$")

# What every decision is made of: a command without them could not even be refused.
_Market = Annotated[str, msgspec.Meta(pattern=rf"^{_SLUG}\Z")]
_Sender = Annotated[str, msgspec.Meta(pattern=rf"^(service:)?{_SLUG}\Z")]

EXCHANGE: Final = "exchange"
"""Stands for every market, where a command is of none; no market may be declared under it."""

OPERATOR: Final = "service:operator"
SESSION_TIMEOUT: Final = "service:session-timeout"


COMMANDS_VERSION: Final = 2
"""The newest version of commands that this release decides as they were meant.

A kind or a field that an older release would not know, or would pass over, is of a new version.
Since the second a market's declaration may have limits.
"""


class CommandTooNew(Exception):
    """A newer release wrote a command that this one would not decide as it was meant."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"a command is of version {version}, this release decides up to {COMMANDS_VERSION}: "
            "upgrade matching (and whoever audits) before the gateways and the operator's commands"
        )


class Origin(msgspec.Struct, frozen=True):
    """Where the record came from: what makes a redelivery recognisable."""

    topic: str
    partition: int
    offset: int


class Command(msgspec.Struct, frozen=True, tag_field="command", kw_only=True, omit_defaults=True):
    """What every command has; `causation_id` is the `ce_id` of the event it came from."""

    market: _Market
    participant: _Sender
    causation_id: str
    sent_at_ms: int
    origin: Origin | None = None
    key_id: str = ""
    """The key that the event was verified with; empty for the operator, and where nobody signs."""

    needs_version: int = 1
    """The least that a reader must know to decide the command as it was meant."""


class DeclareMarket(Command, frozen=True, tag="declare-market", kw_only=True):
    """The operator declares a market; the fields are those of the contract's `MarketTerms`."""

    policy: str
    currency: str
    sessions: str
    min_ttl_seconds: int
    max_ttl_seconds: int
    match_validity_seconds: int
    default_call_seconds: int
    public_buyer: bool
    increase_notice_seconds: int = 0
    closure_notice_seconds: int = 0
    hold_capacity: bool = False
    denied_changes: str = "defer"
    max_deferral_seconds: int = 86_400
    max_open_sessions: int | None = None
    max_stored_offers: int | None = None
    max_session_requests: int | None = None
    providers_hidden: bool = False
    rules_version: int = 2
    """Of the rules that decide; no term: a market that stands keeps its own."""


class DeclareRates(Command, frozen=True, tag="declare-rates", kw_only=True):
    """The operator declares what a unit of each currency is worth in the market's own, times 1e9.

    They rank offers of several currencies; no rate ever changes what an offer binds to.
    """

    version: int
    rates_nano: dict[str, int]


class ControlMarket(Command, frozen=True, tag="control-market", kw_only=True):
    """The operator pauses, resumes or closes the market, suspends or readmits a participant.

    Or has another policy, or another version of the rules: `subject` says which.
    """

    action: str
    subject: str | None = None


class ControlAccess(Command, frozen=True, tag="control-access", kw_only=True):
    """The operator revokes a key, or suspends or readmits a participant, in a whole partition.

    `subject` is the key's id or the participant's. A key may be revoked from a time to come on.
    """

    action: str
    subject: str
    from_ms: int = 0


class PublishOffer(Command, frozen=True, tag="publish-offer", kw_only=True):
    """Store an offer, or replace it by a greater revision."""

    offer_id: str
    revision: int
    currency: str
    service: Terms
    effective_at_ms: int | None = None
    firmness: str = "firm"
    pool: str | None = None
    audience: tuple[str, ...] | None = None


class WithdrawOffer(Command, frozen=True, tag="withdraw-offer", kw_only=True):
    """Take an offer out of the book."""

    offer_id: str
    revision: int
    effective_at_ms: int | None = None


class PublishCapacity(Command, frozen=True, tag="publish-capacity", kw_only=True):
    """Store how much a pool holds, or change it by a greater revision."""

    pool: str
    revision: int
    units: int | None
    period: str
    channels: int | None


class ReadBook(Command, frozen=True, tag="read-book", kw_only=True):
    """Read a page of the stored set; changes nothing."""

    read_id: str
    most: int
    after: str | None = None


class OpenSession(Command, frozen=True, tag="open-session", kw_only=True):
    """Open a session for the participant."""

    session_id: str
    ttl_seconds: int


class SubmitRequest(Command, frozen=True, tag="submit-request", kw_only=True):
    """Match a request and show the offers."""

    request_id: str
    session_id: str | None
    service: Need
    max_matches: int | None
    wish: Wish = Wish()


class AcceptOffer(Command, frozen=True, tag="accept-offer", kw_only=True):
    """Sell one shown offer to the participant."""

    acceptance_id: str
    session_id: str | None
    request_id: str
    provider: str
    offer_id: str
    revision: int


class TellOutcome(Command, frozen=True, tag="tell-outcome", kw_only=True):
    """Answer what became of an acceptance; changes nothing."""

    acceptance_id: str


class CloseSession(Command, frozen=True, tag="close-session", kw_only=True):
    """End a session, by its buyer or because its deadline has come."""

    session_id: str
    buyer: str
    reason: str


class RefuseEvent(Command, frozen=True, tag="refuse-event", kw_only=True):
    """Tell the participant that its event broke the contract; decided at the gateway."""

    refusal: str
    detail: str
    subject: str


AnyCommand = (
    DeclareMarket
    | DeclareRates
    | ControlMarket
    | ControlAccess
    | PublishCapacity
    | ReadBook
    | PublishOffer
    | WithdrawOffer
    | OpenSession
    | SubmitRequest
    | AcceptOffer
    | TellOutcome
    | CloseSession
    | RefuseEvent
)

_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)


class _Versioned(msgspec.Struct, frozen=True):
    needs_version: int = 1


_VERSIONS: msgspec.json.Decoder[_Versioned] = msgspec.json.Decoder(_Versioned)


def encode(command: AnyCommand) -> bytes:
    """Write a command as the value of a `market-log` record."""
    return _ENCODER.encode(command)


def decode(value: bytes) -> AnyCommand:
    """Read a `market-log` value.

    Raises:
        CommandTooNew: a newer release wrote it.
        msgspec.MsgspecError: the log holds what no gateway of ours wrote: it is corrupt.
    """
    try:
        command = _DECODER.decode(value)
    except msgspec.MsgspecError:
        _check(_version_of(value))
        raise
    except RecursionError as deep:
        raise msgspec.DecodeError("it is nested too deep") from deep
    _check(command.needs_version)
    return command


def _version_of(value: bytes) -> int:
    """Give the version of what cannot be read as a command; the first if it says none."""
    try:
        return _VERSIONS.decode(value).needs_version
    except (msgspec.MsgspecError, RecursionError):
        return 1


def _check(version: int) -> None:
    if version > COMMANDS_VERSION:
        raise CommandTooNew(version)
