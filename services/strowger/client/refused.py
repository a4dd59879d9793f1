"""An exception a refusal: what the exchange said no to, and why."""

from collections.abc import Mapping
from typing import ClassVar, Final

from strowger.client.errors import ClientError
from strowger.contract.outbound import EventRefused
from strowger.contract.refusals import Refusal


class Refused(ClientError):
    """The exchange said no. `refusal` is the rule, `retry` whether trying again may help.

    A refusal that only a newer exchange knows is raised as `Refused` itself.
    """

    REFUSAL: ClassVar[Refusal]

    def __init__(self, event: EventRefused) -> None:
        super().__init__(f"{event.subject}: {event.refusal}: {event.message}")
        self.event = event

    @property
    def refusal(self) -> str:
        """Give the rule: a `Refusal`, or the word of a newer exchange."""
        return self.event.refusal

    @property
    def retry(self) -> bool:
        """Say whether sending it again may help."""
        return self.event.retry

    @property
    def message(self) -> str:
        """Give the exchange's own words: what was wrong, and what to do."""
        return self.event.message


class Malformed(Refused):
    """The event broke its schema; the message names the fields."""

    REFUSAL = Refusal.MALFORMED


class NotE164(Refused):
    """The number is not in full international form."""

    REFUSAL = Refusal.NOT_E164


class StaleEvent(Refused):
    """The event came too late to be decided safely."""

    REFUSAL = Refusal.STALE_EVENT


class ClockAhead(Refused):
    """The event's time lies in the future."""

    REFUSAL = Refusal.CLOCK_AHEAD


class IdReused(Refused):
    """The id stands for other content."""

    REFUSAL = Refusal.ID_REUSED


class NotAllowed(Refused):
    """Only another role may send this."""

    REFUSAL = Refusal.NOT_ALLOWED


class TooManyEvents(Refused):
    """More events a second came from this participant than are taken of it."""

    REFUSAL = Refusal.TOO_MANY_EVENTS


class UnknownMarket(Refused):
    """No market of this name is declared."""

    REFUSAL = Refusal.UNKNOWN_MARKET


class MarketDeclaredOtherwise(Refused):
    """The market stands with other terms."""

    REFUSAL = Refusal.MARKET_DECLARED_OTHERWISE


class UnknownRules(Refused):
    """No version of the rules has this number, as far as the exchange's release knows."""

    REFUSAL = Refusal.UNKNOWN_RULES


class RatesNotNewer(Refused):
    """The market's rates stand at this version, or at a greater one."""

    REFUSAL = Refusal.RATES_NOT_NEWER


class MarketPaused(Refused):
    """The operator has paused the market."""

    REFUSAL = Refusal.MARKET_PAUSED


class MarketClosed(Refused):
    """The operator has closed the market for good."""

    REFUSAL = Refusal.MARKET_CLOSED


class Suspended(Refused):
    """The operator has suspended the participant in this market."""

    REFUSAL = Refusal.SUSPENDED


class KeyRevoked(Refused):
    """The operator has revoked the key that the event was signed with."""

    REFUSAL = Refusal.KEY_REVOKED


class BookSealed(Refused):
    """The market lets nobody read or change the stored set while a session is open."""

    REFUSAL = Refusal.BOOK_SEALED


class BookChanged(Refused):
    """The stored set changed between two pages."""

    REFUSAL = Refusal.BOOK_CHANGED


class CurrencyMismatch(Refused):
    """The market has no rate for the offer's currency."""

    REFUSAL = Refusal.CURRENCY_MISMATCH


class StaleRevision(Refused):
    """A greater revision of the offer stands."""

    REFUSAL = Refusal.STALE_REVISION


class OfferUnknown(Refused):
    """The provider has no offer of this id."""

    REFUSAL = Refusal.OFFER_UNKNOWN


class PoolUnknown(Refused):
    """The provider has published no capacity pool of this name."""

    REFUSAL = Refusal.POOL_UNKNOWN


class NoticeTooShort(Refused):
    """An increase or a closure would take effect sooner than the market's notice."""

    REFUSAL = Refusal.NOTICE_TOO_SHORT


class TooFarAhead(Refused):
    """The revision would take effect too far in the future."""

    REFUSAL = Refusal.TOO_FAR_AHEAD


class ScheduleFull(Refused):
    """The offer has as many scheduled revisions as it can."""

    REFUSAL = Refusal.SCHEDULE_FULL


class UnknownPlace(Refused):
    """No such country, or no such metro in it."""

    REFUSAL = Refusal.UNKNOWN_PLACE


class TtlOutOfBounds(Refused):
    """The market does not grant sessions of this length."""

    REFUSAL = Refusal.TTL_OUT_OF_BOUNDS


class SessionRequired(Refused):
    """The market trades in sessions only."""

    REFUSAL = Refusal.SESSION_REQUIRED


class SessionUnknown(Refused):
    """The buyer has no session of this id."""

    REFUSAL = Refusal.SESSION_UNKNOWN


class SessionEnded(Refused):
    """The session has ended, by its buyer or by time."""

    REFUSAL = Refusal.SESSION_ENDED


class SessionNotDue(Refused):
    """The session's deadline has not come."""

    REFUSAL = Refusal.SESSION_NOT_DUE


class NotYourSession(Refused):
    """The session is another buyer's."""

    REFUSAL = Refusal.NOT_YOUR_SESSION


class PolicyChanging(Refused):
    """The market changes its policy once the open sessions have ended."""

    REFUSAL = Refusal.POLICY_CHANGING


class ChangesWaiting(Refused):
    """The session would make providers' changes wait too long."""

    REFUSAL = Refusal.CHANGES_WAITING


class TooManyOffers(Refused):
    """The provider has as many offers, or pools, stored as the market takes of one."""

    REFUSAL = Refusal.TOO_MANY_OFFERS


class TooManySessions(Refused):
    """The buyer has as many sessions open as the market grants."""

    REFUSAL = Refusal.TOO_MANY_SESSIONS


class TooManyRequests(Refused):
    """The session has made as many requests as the market takes."""

    REFUSAL = Refusal.TOO_MANY_REQUESTS


class RequestUnknown(Refused):
    """The buyer has no request of this id."""

    REFUSAL = Refusal.REQUEST_UNKNOWN


class OtherSession(Refused):
    """The request was made in another session, or in none."""

    REFUSAL = Refusal.OTHER_SESSION


class UnknownNetwork(Refused):
    """No country is known for the mobile network's code."""

    REFUSAL = Refusal.UNKNOWN_NETWORK


class UnknownAttribute(Refused):
    """The service has no such attribute, or none that can be ranked by."""

    REFUSAL = Refusal.UNKNOWN_ATTRIBUTE


class ContinuationInvalid(Refused):
    """The continuation is of another request."""

    REFUSAL = Refusal.CONTINUATION_INVALID


class AnswerTooLarge(Refused):
    """So many offers match that the answer would not fit a record."""

    REFUSAL = Refusal.ANSWER_TOO_LARGE


class ProvidersHidden(Refused):
    """The market hides its providers: none can be excluded, nor named by an acceptance."""

    REFUSAL = Refusal.PROVIDERS_HIDDEN


class NotShown(Refused):
    """The request's answer did not show this offer at this revision."""

    REFUSAL = Refusal.NOT_SHOWN


class MatchExpired(Refused):
    """The match was shown too long ago."""

    REFUSAL = Refusal.MATCH_EXPIRED


class OfferChanged(Refused):
    """The offer was replaced after it was shown."""

    REFUSAL = Refusal.OFFER_CHANGED


class NotFirm(Refused):
    """The offer does not bind its provider: it is no firm one."""

    REFUSAL = Refusal.NOT_FIRM


class OfferGone(Refused):
    """The offer was withdrawn after it was shown."""

    REFUSAL = Refusal.OFFER_GONE


class CapacityExhausted(Refused):
    """Less is left of the offer than the request needs."""

    REFUSAL = Refusal.CAPACITY_EXHAUSTED


class AcceptanceUnknown(Refused):
    """Nothing is remembered under this acceptance id."""

    REFUSAL = Refusal.ACCEPTANCE_UNKNOWN


class InternalFault(Refused):
    """The exchange failed on this event."""

    REFUSAL = Refusal.INTERNAL_FAULT


BY_REFUSAL: Final[Mapping[str, type[Refused]]] = {
    kind.REFUSAL: kind for kind in Refused.__subclasses__()
}
"""Which exception stands for which refusal."""


def refused(event: EventRefused) -> Refused:
    """Make the exception that stands for a refusal."""
    return BY_REFUSAL.get(event.refusal, Refused)(event)
