"""One decision of a market, as the exchange keeps it."""

from typing import ClassVar, Final, Literal

from strowger.contract.fields import MarketId, Outbound, ParticipantId, Timestamp
from strowger.contract.outbound import Event


class Ground(Outbound):
    """An earlier command that a decision rests on: where in `market-log`, and what it is of."""

    subject: str
    """The kind and id, for example `session s-1` or `offer standard:44 of carrier-x`."""

    log_offset: int


class Decision(Outbound):
    """One decision of a market, as `decisions` keeps it for notifier, ledger and audit.

    `role` is `answer` for the one final decision on a command and `notice` for what it, or the
    passing of time, led to for somebody. `recipient` is whose inbox the event goes to, if any's.
    `repeat` marks an answer given again, to the same content under the same id: nothing happened.
    `rests_on` names the commands that made what it was decided by: the market's terms, the session,
    the request, the offers at their revisions; for an answer given again, the one answered first.
    """

    TYPE: ClassVar[str] = "strowger.decision.v1"
    market: MarketId
    sequence: int
    log_offset: int
    at: Timestamp
    rules_version: int
    command: str
    participant: str
    role: Literal["answer", "notice"]
    repeat: bool = False
    recipient: ParticipantId | None
    event_id: str
    rests_on: tuple[Ground, ...] = ()
    event: Event

    @property
    def encoded(self) -> bytes:
        """The decision as JSON, about the bytes that its event is encoded as."""
        about = self.model_dump_json(exclude=_EVENT_ALONE).encode()
        return b'%b,"event":%b}' % (about[:-1], self.event.encoded)


_EVENT_ALONE: Final = {"event"}
"""The field of a decision that stands last, and is most of its bytes."""
