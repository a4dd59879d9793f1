"""Commands for tests of the core and of matching: usual values, named where a test cares."""

from collections.abc import Mapping
from typing import Final, TypedDict, Unpack

import msgspec

from strowger.contract.attributes import Value
from strowger.contract.commands import (
    EXCHANGE,
    OPERATOR,
    SESSION_TIMEOUT,
    AcceptOffer,
    CloseSession,
    ControlAccess,
    ControlMarket,
    DeclareMarket,
    DeclareRates,
    OpenSession,
    Origin,
    PublishCapacity,
    PublishOffer,
    ReadBook,
    RefuseEvent,
    SubmitRequest,
    TellOutcome,
    WithdrawOffer,
)
from strowger.contract.normal import Asked, Need, Terms, Wish
from strowger.market.rules import NEWEST_RULES
from tests.services import NUMBER, Charged, Published, Requested, Wished, voice, voice_need

__all__ = ["BUYER", "MARKET", "NOON_MS", "NUMBER", "PROVIDER", "Commands"]

MARKET: Final = "voice-eu"
BUYER: Final = "globex"
PROVIDER: Final = "acme"
NOON_MS: Final = 1_790_000_000_000
"""Where market time starts in tests."""


class _Envelope(TypedDict):
    market: str
    participant: str
    causation_id: str
    sent_at_ms: int


class Commands:
    """Makes commands of one market, each with a `causation_id` of its own."""

    def __init__(self, market: str = MARKET, sent_at_ms: int = NOON_MS) -> None:
        self.market = market
        self.sent_at_ms = sent_at_ms
        self._made = 0

    def declare(
        self,
        *,
        participant: str = OPERATOR,
        currency: str = "EUR",
        sessions: str = "optional",
        min_ttl_seconds: int = 1,
        max_ttl_seconds: int = 3600,
        match_validity_seconds: int = 60,
        default_call_seconds: int = 180,
        public_buyer: bool = False,
        increase_notice_seconds: int = 0,
        closure_notice_seconds: int = 0,
        policy: str = "open",
        hold_capacity: bool = False,
        denied_changes: str = "defer",
        max_deferral_seconds: int = 86_400,
        max_open_sessions: int | None = None,
        max_stored_offers: int | None = None,
        max_session_requests: int | None = None,
        providers_hidden: bool = False,
        rules_version: int = NEWEST_RULES,
    ) -> DeclareMarket:
        """Declare the market."""
        return DeclareMarket(
            **self._from(participant),
            policy=policy,
            hold_capacity=hold_capacity,
            denied_changes=denied_changes,
            max_deferral_seconds=max_deferral_seconds,
            max_open_sessions=max_open_sessions,
            max_stored_offers=max_stored_offers,
            max_session_requests=max_session_requests,
            currency=currency,
            sessions=sessions,
            min_ttl_seconds=min_ttl_seconds,
            max_ttl_seconds=max_ttl_seconds,
            match_validity_seconds=match_validity_seconds,
            default_call_seconds=default_call_seconds,
            public_buyer=public_buyer,
            increase_notice_seconds=increase_notice_seconds,
            closure_notice_seconds=closure_notice_seconds,
            providers_hidden=providers_hidden,
            rules_version=rules_version,
        )

    def offer(
        self,
        offer_id: str = "of-1",
        revision: int = 1,
        service: Terms | None = None,
        *,
        provider: str = PROVIDER,
        currency: str = "EUR",
        effective_at_ms: int | None = None,
        firmness: str = "firm",
        pool: str | None = None,
        audience: tuple[str, ...] | None = None,
        origin: Origin | None = None,
    ) -> PublishOffer:
        """Publish an offer of any service, of voice unless one is given; see `tests.services`."""
        return PublishOffer(
            **self._from(provider),
            origin=origin,
            offer_id=offer_id,
            revision=revision,
            currency=currency,
            service=service or voice(),
            effective_at_ms=effective_at_ms,
            firmness=firmness,
            pool=pool,
            audience=audience,
        )

    def publish(
        self,
        offer_id: str = "of-1",
        revision: int = 1,
        *,
        prefix: str = "44",
        voice_origin: str | None = None,
        deck: str = "standard",
        rate_nano: int = 10_000_000,
        minimum_seconds: int = 1,
        increment_seconds: int = 1,
        connect_fee_nano: int = 0,
        capacity_minutes: int | None = None,
        attributes: Mapping[str, Value] | None = None,
        charged: Charged | None = None,
        **published: Unpack[Published],
    ) -> PublishOffer:
        """Publish an offer of voice."""
        service = voice(
            prefix,
            voice_origin,
            deck=deck,
            rate_nano=rate_nano,
            minimum_seconds=minimum_seconds,
            increment_seconds=increment_seconds,
            connect_fee_nano=connect_fee_nano,
            capacity_minutes=capacity_minutes,
            attributes=attributes,
            **(charged or {}),
        )
        return self.offer(offer_id, revision, service, **published)

    def withdraw(
        self,
        offer_id: str = "of-1",
        revision: int = 2,
        *,
        provider: str = PROVIDER,
        effective_at_ms: int | None = None,
    ) -> WithdrawOffer:
        """Withdraw an offer."""
        return WithdrawOffer(
            **self._from(provider),
            offer_id=offer_id,
            revision=revision,
            effective_at_ms=effective_at_ms,
        )

    def capacity(
        self,
        pool: str = "pool-1",
        revision: int = 1,
        *,
        provider: str = PROVIDER,
        units: int | None = 1000,
        period: str = "total",
        channels: int | None = None,
    ) -> PublishCapacity:
        """Publish how much a pool holds."""
        return PublishCapacity(
            **self._from(provider),
            pool=pool,
            revision=revision,
            units=units,
            period=period,
            channels=channels,
        )

    def rates(
        self, version: int = 1, *, participant: str = OPERATOR, **rates_nano: int
    ) -> DeclareRates:
        """Declare rates, such as `USD=900_000_000`; that one where none is given."""
        return DeclareRates(
            **self._from(participant),
            version=version,
            rates_nano=rates_nano or {"USD": 900_000_000},
        )

    def control(
        self, action: str, subject: str | None = None, *, participant: str = OPERATOR
    ) -> ControlMarket:
        """Control the market: pause, resume, close, suspend, readmit, its policy or rules."""
        return ControlMarket(**self._from(participant), action=action, subject=subject)

    def access(
        self, action: str, subject: str, *, from_ms: int = 0, participant: str = OPERATOR
    ) -> ControlAccess:
        """Control access to every market: revoke a key, suspend or readmit a participant."""
        stamp = self._from(participant)
        stamp["market"] = EXCHANGE
        return ControlAccess(**stamp, action=action, subject=subject, from_ms=from_ms)

    def read(
        self,
        read_id: str = "b-1",
        *,
        provider: str = PROVIDER,
        most: int = 200,
        after: str | None = None,
    ) -> ReadBook:
        """Read a page of the stored set."""
        return ReadBook(**self._from(provider), read_id=read_id, most=most, after=after)

    def open(
        self, session_id: str = "s-1", ttl_seconds: int = 60, *, buyer: str = BUYER
    ) -> OpenSession:
        """Open a session."""
        return OpenSession(
            **self._from(buyer),
            session_id=session_id,
            ttl_seconds=ttl_seconds,
        )

    def ask(
        self,
        request_id: str = "r-1",
        session_id: str | None = "s-1",
        service: Need | None = None,
        *,
        buyer: str = BUYER,
        max_matches: int | None = None,
        country: str | None = "GB",
        **wished: Unpack[Wished],
    ) -> SubmitRequest:
        """Request any service, voice unless one is given; see `tests.services`."""
        return SubmitRequest(
            **self._from(buyer),
            request_id=request_id,
            session_id=session_id,
            service=_looked_up(service or voice_need(), country),
            max_matches=max_matches,
            wish=Wish(**wished),
        )

    def request(
        self,
        request_id: str = "r-1",
        session_id: str | None = "s-1",
        *,
        destination: str = NUMBER,
        codes: tuple[str, ...] | None = None,
        origin: str | None = None,
        minutes: int = 100,
        call_seconds: int | None = None,
        channels: int = 0,
        clauses: tuple[Asked, ...] = (),
        **asked: Unpack[Requested],
    ) -> SubmitRequest:
        """Request voice."""
        service = voice_need(
            destination,
            codes=codes,
            origin=origin,
            minutes=minutes,
            call_seconds=call_seconds,
            channels=channels,
            clauses=clauses,
        )
        return self.ask(request_id, session_id, service, **asked)

    def accept(
        self,
        acceptance_id: str = "a-1",
        session_id: str | None = "s-1",
        request_id: str = "r-1",
        *,
        buyer: str = BUYER,
        provider: str = PROVIDER,
        offer_id: str = "of-1",
        revision: int = 1,
    ) -> AcceptOffer:
        """Accept an offer."""
        return AcceptOffer(
            **self._from(buyer),
            acceptance_id=acceptance_id,
            session_id=session_id,
            request_id=request_id,
            provider=provider,
            offer_id=offer_id,
            revision=revision,
        )

    def close(
        self, session_id: str = "s-1", *, buyer: str = BUYER, sender: str | None = None
    ) -> CloseSession:
        """Close a session, by its buyer unless another sender is named."""
        return CloseSession(
            **self._from(sender or buyer),
            session_id=session_id,
            buyer=buyer,
            reason="timed_out" if sender == SESSION_TIMEOUT else "terminated",
        )

    def outcome(self, acceptance_id: str = "a-1", *, buyer: str = BUYER) -> TellOutcome:
        """Ask what became of an acceptance."""
        return TellOutcome(
            **self._from(buyer),
            acceptance_id=acceptance_id,
        )

    def refuse(self, refusal: str = "malformed", *, sender: str = BUYER) -> RefuseEvent:
        """Refuse an event at the gateway."""
        return RefuseEvent(
            **self._from(sender),
            refusal=refusal,
            detail="minutes: Field required",
            subject="request r-1",
        )

    def _from(self, participant: str) -> _Envelope:
        self._made += 1
        return {
            "market": self.market,
            "participant": participant,
            "causation_id": f"{self.market}-event-{self._made}",
            "sent_at_ms": self.sent_at_ms,
        }


def _looked_up(need: Need, country: str | None) -> Need:
    return need if need.looked_up else msgspec.structs.replace(need, looked_up=country)
