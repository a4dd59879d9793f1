"""What a decision means for the ledger's tables: rows for statements that may be run again."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from strowger.contract.fields import plain, to_millis
from strowger.contract.outbound import (
    AcceptanceConfirmed,
    Decision,
    Event,
    EventRefused,
    MarketDeclared,
    OfferRemoved,
    OffersMatched,
    OfferStored,
    SessionEnded,
    SessionGranted,
)

Value = str | int | None
Row = tuple[Value, ...]

_DECIDED: Final = """
    INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING
"""
_MENTIONED: Final = "INSERT INTO mentions VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_DECLARED: Final = "INSERT INTO markets VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
# A smaller revision may follow: the market had forgotten the withdrawn offer of this id.
_OFFERED: Final = """
    INSERT INTO offers VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (market, provider, offer_id) DO UPDATE SET
        revision = excluded.revision, state = excluded.state,
        changed_at_ms = excluded.changed_at_ms,
        partition = excluded.partition, "offset" = excluded."offset"
    WHERE excluded."offset" > offers."offset"
"""
# A later deadline under the same id is a new session: the market had forgotten the old one.
_GRANTED: Final = """
    INSERT INTO sessions VALUES (?, ?, ?, ?, ?, NULL, NULL, ?, ?)
    ON CONFLICT (market, buyer, session_id) DO UPDATE SET
        opened_at_ms = excluded.opened_at_ms, deadline_ms = excluded.deadline_ms,
        ended_at_ms = NULL, end_reason = NULL,
        partition = excluded.partition, "offset" = excluded."offset"
    WHERE excluded.deadline_ms > sessions.deadline_ms
"""
_ENDED: Final = """
    UPDATE sessions SET ended_at_ms = ?, end_reason = ?
    WHERE market = ? AND buyer = ? AND session_id = ?
        AND ended_at_ms IS NULL AND opened_at_ms <= ?
"""
_MATCHED: Final = "INSERT OR REPLACE INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SOLD: Final = """
    INSERT INTO acceptances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING
"""

STATEMENTS: Final = (
    _DECIDED,
    _MENTIONED,
    _DECLARED,
    _OFFERED,
    _GRANTED,
    _ENDED,
    _MATCHED,
    _SOLD,
)
"""In the order in which a batch runs them: a session is granted before it ends."""

_NAMED: Final = (
    "contract_id",
    "acceptance_id",
    "request_id",
    "session_id",
    "offer_id",
    "causation_id",
)


class _Body(msgspec.Struct):
    event: msgspec.Raw


_BODY: Final = msgspec.json.Decoder(_Body)


class Place(NamedTuple):
    """Where a decision stands on `decisions`."""

    partition: int
    offset: int


class Batch:
    """The rows of some decisions, by the statement that writes them."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.last: dict[int, tuple[int, str]] = {}
        """By partition: the offset of its last decision, and that decision's event id."""

    def add(self, place: Place, value: bytes) -> None:
        """Take in one record of `decisions`, as it stands there.

        Raises:
            pydantic.ValidationError: it is not a decision; matching did not write it.
        """
        decision = Decision.model_validate_json(value)
        event = decision.event
        self.rows[_DECIDED].append(_decided(place, decision, bytes(_BODY.decode(value).event)))
        for named in _mentioned(event):
            self.rows[_MENTIONED].append((named, *place))
        if not decision.repeat:
            self._project(place, decision)
        self.last[place.partition] = (place.offset, decision.event_id)

    def _project(self, place: Place, decision: Decision) -> None:
        market, at_ms = decision.market, to_millis(decision.at)
        owner = decision.recipient or decision.participant
        match decision.event:
            case MarketDeclared(terms=terms):
                said = (terms.policy, terms.currency, terms.sessions, terms.model_dump_json())
                self.rows[_DECLARED].append((market, *said, at_ms, *place))
            case OfferStored(offer_id=offer_id, revision=revision):
                offer = (market, owner, offer_id, revision, "standing", at_ms)
                self.rows[_OFFERED].append((*offer, *place))
            case OfferRemoved(offer_id=offer_id, revision=revision):
                offer = (market, owner, offer_id, revision, "withdrawn", at_ms)
                self.rows[_OFFERED].append((*offer, *place))
            case SessionGranted(session_id=session_id, deadline=deadline):
                session = (market, owner, session_id, at_ms, to_millis(deadline))
                self.rows[_GRANTED].append((*session, *place))
            case SessionEnded(session_id=session_id, reason=reason):
                self.rows[_ENDED].append((at_ms, reason, market, owner, session_id, at_ms))
            case OffersMatched() as answer:
                self.rows[_MATCHED].append((market, owner, *_matched(answer), *place))
            case AcceptanceConfirmed() as sale:
                self.rows[_SOLD].append((*_sold(sale, owner), *place))


def _decided(place: Place, decision: Decision, event: bytes) -> Row:
    said = decision.event
    return (
        *place,
        decision.market,
        decision.sequence,
        decision.log_offset,
        to_millis(decision.at),
        decision.rules_version,
        decision.command,
        decision.participant,
        decision.role,
        int(decision.repeat),
        decision.recipient,
        decision.event_id,
        said.causation_id,
        said.type,
        str(said.refusal) if isinstance(said, EventRefused) else None,
        event.decode(),
    )


def _mentioned(event: Event) -> Iterator[str]:
    for name in _NAMED:
        named = getattr(event, name, None)
        if named is not None:
            yield named
    if isinstance(event, EventRefused):
        _, _, named = event.subject.partition(" ")
        if named:
            yield named


def _matched(answer: OffersMatched) -> Row:
    cheapest = plain(answer.matches[0].cost) if answer.matches else None
    return (
        answer.request_id,
        answer.session_id,
        to_millis(answer.at),
        answer.currency,
        answer.able,
        len(answer.matches),
        cheapest,
    )


def _sold(sale: AcceptanceConfirmed, buyer: str) -> Row:
    return (
        sale.market,
        sale.contract_id,
        to_millis(sale.at),
        buyer,
        sale.acceptance_id,
        sale.session_id,
        sale.request_id,
        sale.provider,
        sale.offer_id,
        sale.revision,
        sale.service.prefix,
        sale.service.minutes,
        plain(sale.service.rate_per_minute),
        plain(sale.cost),
        sale.currency,
    )
