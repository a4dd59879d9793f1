"""What a decision means for the ledger's tables: rows for statements that may be run again."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from strowger.contract.decision import Decision, Ground
from strowger.contract.fields import plain, to_millis
from strowger.contract.matches import OffersMatched
from strowger.contract.outbound import (
    CapacityStored,
    ChangeTaken,
    Event,
    EventRefused,
    MarketDeclared,
    OfferRemoved,
    OfferStored,
    RatesDeclared,
    SessionEnded,
    SessionGranted,
)
from strowger.contract.sales import AcceptanceConfirmed

Value = str | int | None
Row = tuple[Value, ...]
Named = Mapping[str, Value]

_DECIDED: Final = """
    INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING
"""
_MENTIONED: Final = "INSERT INTO mentions VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_DECLARED: Final = "INSERT INTO markets VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
# One whose time comes with another's replaces it, whatever their revisions: the market may have
# forgotten a withdrawn offer of this id.
_OFFERED: Final = """
    INSERT INTO revisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (market, provider, offer_id, effective_at_ms) DO UPDATE SET
        revision = excluded.revision, state = excluded.state,
        changed_at_ms = excluded.changed_at_ms,
        partition = excluded.partition, "offset" = excluded."offset"
    WHERE excluded."offset" > revisions."offset"
"""
# A revision drops those scheduled for its time or later; what is past goes, too.
_REPLACED: Final = """
    DELETE FROM revisions
    WHERE market = :market AND provider = :provider AND offer_id = :offer_id
        AND (effective_at_ms >= :effective_at_ms AND "offset" < :offset
            OR effective_at_ms < (
                SELECT max(effective_at_ms) FROM revisions
                WHERE market = :market AND provider = :provider AND offer_id = :offer_id
                    AND effective_at_ms <= :at_ms
            ))
"""
_POOLED: Final = """
    INSERT INTO pools VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (market, provider, pool) DO UPDATE SET
        revision = excluded.revision, changed_at_ms = excluded.changed_at_ms,
        partition = excluded.partition, "offset" = excluded."offset"
    WHERE excluded."offset" > pools."offset"
"""
_RATED: Final = "INSERT INTO rates VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
# A later deadline under the same id is a new session: the market had forgotten the old one.
_GRANTED: Final = """
    INSERT INTO sessions VALUES (?, ?, ?, ?, ?, NULL, NULL, ?, ?, NULL)
    ON CONFLICT (market, buyer, session_id) DO UPDATE SET
        opened_at_ms = excluded.opened_at_ms, deadline_ms = excluded.deadline_ms,
        ended_at_ms = NULL, end_reason = NULL, ended_by = NULL,
        partition = excluded.partition, "offset" = excluded."offset"
    WHERE excluded.deadline_ms > sessions.deadline_ms
"""
_ENDED: Final = """
    UPDATE sessions SET ended_at_ms = ?, end_reason = ?, ended_by = ?
    WHERE market = ? AND buyer = ? AND session_id = ?
        AND ended_at_ms IS NULL AND opened_at_ms <= ?
"""
_MATCHED: Final = """
    INSERT OR REPLACE INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_SOLD: Final = """
    INSERT INTO acceptances VALUES (
        ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
        ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
    ) ON CONFLICT DO NOTHING
"""

STATEMENTS: Final = (
    _DECIDED,
    _MENTIONED,
    _DECLARED,
    _OFFERED,
    _REPLACED,
    _POOLED,
    _RATED,
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
    "pool",
    "causation_id",
)


_STORIES: Final = frozenset({"session", "request", "acceptance"})
"""What a story can be told of."""


_PUBLISHING: Final = "publish-offer"
"""The command by which a change that was taken is an offer, and no withdrawal."""


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
        self.rows: dict[str, list[Row | Named]] = defaultdict(list)
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
        for named in {*_mentioned(event), *_rested_on(decision.rests_on)}:
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
            case RatesDeclared(version=version) as declared:
                rates = json.dumps(declared.model_dump(mode="json")["rates"])
                self.rows[_RATED].append((market, version, rates, at_ms, *place))
            case CapacityStored(pool=pool, revision=revision):
                self.rows[_POOLED].append((market, owner, pool, revision, at_ms, *place))
            case OfferStored() | OfferRemoved() as change:
                offer = (market, owner, change.offer_id, change.revision)
                stands = isinstance(change, OfferStored)
                self._offer(place, offer, at_ms, to_millis(change.effective_at), stands=stands)
            case ChangeTaken() as change:
                self._taken(place, decision, change)
            case SessionGranted(session_id=session_id, deadline=deadline):
                session = (market, owner, session_id, at_ms, to_millis(deadline))
                self.rows[_GRANTED].append((*session, *place))
            case SessionEnded(session_id=session_id, reason=reason, ended_by=by):
                self.rows[_ENDED].append((at_ms, reason, by, market, owner, session_id, at_ms))
            case OffersMatched() as answer:
                self.rows[_MATCHED].append(
                    (market, owner, *_matched(answer), *place, *_page(answer))
                )
            case AcceptanceConfirmed() as sale:
                # A sale that was withheld is told again when its session ends, then to nobody.
                self.rows[_SOLD].append((*_sold(sale, sale.buyer or owner), *place))

    def _taken(self, place: Place, decision: Decision, change: ChangeTaken) -> None:
        """Take a change for made that may have to wait: from when it counts nobody is told."""
        market, owner, at_ms = decision.market, decision.participant, to_millis(decision.at)
        kind, _, name = change.subject.partition(" ")
        if kind == "offer":
            offer = (market, owner, name, change.revision)
            stands = decision.command == _PUBLISHING
            self._offer(place, offer, at_ms, at_ms, stands=stands)
        elif kind == "capacity":
            self.rows[_POOLED].append((market, owner, name, change.revision, at_ms, *place))

    def _offer(
        self,
        place: Place,
        offer: tuple[str, str, str, int],
        at_ms: int,
        effective_at_ms: int,
        *,
        stands: bool,
    ) -> None:
        state = "standing" if stands else "withdrawn"
        self.rows[_OFFERED].append((*offer, state, effective_at_ms, at_ms, *place))
        market, provider, offer_id, _ = offer
        self.rows[_REPLACED].append(
            {
                "market": market,
                "provider": provider,
                "offer_id": offer_id,
                "effective_at_ms": effective_at_ms,
                "at_ms": at_ms,
                "offset": place.offset,
            }
        )


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
        json.dumps([each.model_dump() for each in decision.rests_on]),
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


def _rested_on(grounds: Iterable[Ground]) -> Iterator[str]:
    """Name what a decision belongs to beside what it names: a refused acceptance, its request."""
    for ground in grounds:
        kind, _, named = ground.subject.partition(" ")
        if kind in _STORIES:
            yield named


def _matched(answer: OffersMatched) -> Row:
    cheapest = min((match.ranking_cost for match in answer.matches), default=None)
    return (
        answer.request_id,
        answer.session_id,
        to_millis(answer.at),
        answer.currency,
        answer.able,
        len(answer.matches),
        None if cheapest is None else plain(cheapest),
    )


def _page(answer: OffersMatched) -> Row:
    return len(answer.near_misses), int(answer.next is not None), answer.rates_version


def _sold(sale: AcceptanceConfirmed, buyer: str) -> Row:
    # As the wire has it, where money is text.
    told = sale.model_dump(mode="json")
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
        sale.service.family,
        json.dumps(told["service"]),
        sale.quantity,
        sale.channels,
        sale.currency,
        plain(sale.cost),
        plain(sale.ranking_cost),
        sale.rates_version,
        json.dumps(told["prices"]),
        json.dumps(told["lines"]),
        sale.comparison_months,
        sale.term_months,
        int(sale.renewal_assumed),
        json.dumps(told["excludes"]),
        to_millis(sale.effective_at),
        to_millis(sale.starts_at),
        None if sale.ends_at is None else to_millis(sale.ends_at),
    )
