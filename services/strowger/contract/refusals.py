"""Every way the exchange says no. The value is what partners see."""

from enum import StrEnum
from typing import Self


class Refusal(StrEnum):
    """Why the exchange said no, whether sending it again may help, and what to do.

    A refusal with `retry` is not remembered: the same id may be sent again. The others are final.
    """

    retry: bool
    advice: str

    def __new__(cls, value: str, retry: bool, advice: str) -> Self:  # noqa: FBT001 - enum members are positional
        """Make a member of its wire value, its `retry` and its advice."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.retry = retry
        member.advice = advice
        return member

    # Of the event itself
    MALFORMED = "malformed", False, "Correct the fields named here and send it as a new event."
    NOT_E164 = (
        "not_e164",
        False,
        "Give the number in full international form, such as +442079460000.",
    )
    STALE_EVENT = (
        "stale_event",
        False,
        "It is too old to be decided safely; send it as a new event.",
    )
    CLOCK_AHEAD = (
        "clock_ahead",
        True,
        "Its time is in the future; set the sender's clock and resend.",
    )
    ID_REUSED = "id_reused", False, "This id stands for other content; choose a new id."
    NOT_ALLOWED = "not_allowed", False, "Only another role may send this."
    TOO_MANY_EVENTS = (
        "too_many_events",
        True,
        "You send more events a second than is taken of you; send it again, more slowly.",
    )

    # Of markets
    UNKNOWN_MARKET = "unknown_market", True, "Check the name, or ask the operator to declare it."
    MARKET_DECLARED_OTHERWISE = (
        "market_declared_otherwise",
        False,
        "The market stands with other terms; declare one under a new name.",
    )

    UNKNOWN_RULES = "unknown_rules", False, "Name a version of the rules that this release knows."

    RATES_NOT_NEWER = "rates_not_newer", False, "Declare rates under a greater version."

    MARKET_PAUSED = "market_paused", True, "Wait until the operator resumes the market."
    MARKET_CLOSED = "market_closed", False, "The operator has closed this market for good."
    SUSPENDED = "suspended", True, "Ask the operator, who has suspended you in this market."

    KEY_REVOKED = (
        "key_revoked",
        True,
        "The operator has revoked the key this was signed with; sign it with another.",
    )

    # Of offers
    BOOK_SEALED = "book_sealed", True, "Wait until no session is open, then send it again."
    BOOK_CHANGED = "book_changed", True, "The book changed between pages; read it from the start."
    CURRENCY_MISMATCH = (
        "currency_mismatch",
        False,
        "Price the offer in the market's currency, or in one that it has a rate for.",
    )
    STALE_REVISION = "stale_revision", False, "Send a revision greater than the one that stands."
    OFFER_UNKNOWN = "offer_unknown", True, "No offer of yours has this id; publish it first."
    POOL_UNKNOWN = "pool_unknown", True, "Publish the pool's capacity first, then the offer again."
    NOTICE_TOO_SHORT = (
        "notice_too_short",
        False,
        "Let an increase or a closure take effect no sooner than the market's notice.",
    )
    TOO_FAR_AHEAD = "too_far_ahead", False, "Let it take effect within a year."
    SCHEDULE_FULL = (
        "schedule_full",
        True,
        "Wait until some of the offer's scheduled revisions have taken effect.",
    )
    UNKNOWN_PLACE = (
        "unknown_place",
        False,
        "Name a country by ISO 3166 and a metro in it by IATA, such as GB/LON.",
    )

    TOO_MANY_OFFERS = (
        "too_many_offers",
        True,
        "You have as many stored as this market takes of one provider; withdraw some first.",
    )

    # Of sessions
    TTL_OUT_OF_BOUNDS = "ttl_out_of_bounds", False, "Ask for a ttl within the market's bounds."
    SESSION_REQUIRED = "session_required", False, "This market trades in sessions; open one first."
    SESSION_UNKNOWN = (
        "session_unknown",
        True,
        "Wait until the session is granted, then send it again.",
    )
    SESSION_ENDED = "session_ended", False, "Open a new session and submit the request in it."
    SESSION_NOT_DUE = "session_not_due", True, "The deadline has not come by market time."
    NOT_YOUR_SESSION = "not_your_session", False, "Only the buyer who opened a session may use it."

    POLICY_CHANGING = (
        "policy_changing",
        True,
        "The market changes its policy once the open sessions have ended; open one then.",
    )
    CHANGES_WAITING = (
        "changes_waiting",
        True,
        "Providers' changes have waited long; ask for a shorter session, or again soon.",
    )

    TOO_MANY_SESSIONS = (
        "too_many_sessions",
        True,
        "You have as many open as this market grants a buyer; close one, or wait until one ends.",
    )

    # Of requests and acceptances
    TOO_MANY_REQUESTS = (
        "too_many_requests",
        False,
        "The session has made as many requests as this market takes; open a new session.",
    )
    REQUEST_UNKNOWN = "request_unknown", True, "Wait for the request's answer, then send it again."
    OTHER_SESSION = "other_session", False, "Accept in the session that the request was made in."
    UNKNOWN_NETWORK = (
        "unknown_network",
        False,
        "Name a network by MCC and MNC, such as 234-15, or a country by ISO 3166.",
    )
    UNKNOWN_ATTRIBUTE = (
        "unknown_attribute",
        False,
        "Rank by numbers of which more, or less, is better for this kind of service.",
    )
    CONTINUATION_INVALID = (
        "continuation_invalid",
        False,
        "Give as `after` the `next` of an answer to the same service and wishes.",
    )
    ANSWER_TOO_LARGE = "answer_too_large", False, "Ask for fewer offers with max_matches."
    PROVIDERS_HIDDEN = (
        "providers_hidden",
        False,
        "Who sells is told once you have bought: exclude nobody, and name an offer as shown.",
    )
    NOT_SHOWN = "not_shown", False, "Accept an offer, at its revision, that the answer showed."
    MATCH_EXPIRED = "match_expired", False, "The match's validity has passed; submit a new request."
    OFFER_CHANGED = (
        "offer_changed",
        False,
        "It was replaced after it was shown; submit a new request.",
    )
    NOT_FIRM = "not_firm", False, "Only a firm offer can be accepted; ask its provider for one."
    OFFER_GONE = "offer_gone", False, "It was withdrawn after it was shown; submit a new request."
    CAPACITY_EXHAUSTED = (
        "capacity_exhausted",
        False,
        "Accept another offer, or ask for less.",
    )
    ACCEPTANCE_UNKNOWN = (
        "acceptance_unknown",
        True,
        "Nothing was decided under this id within the time that outcomes are remembered.",
    )

    # Of ours
    INTERNAL_FAULT = "internal_fault", True, "The exchange failed on this and raised an alarm."


class DeadLetterReason(StrEnum):
    """Why a record could not even be refused: nobody to tell, or nothing to read."""

    TOO_LARGE = "too_large"
    NOT_A_CLOUDEVENT = "not_a_cloudevent"
    UNKNOWN_SENDER = "unknown_sender"
    UNKNOWN_TYPE = "unknown_type"
    NOT_JSON = "not_json"
    NO_MARKET = "no_market"
    NO_INBOX = "no_inbox"
    NOT_A_COMMAND = "not_a_command"
    UNSIGNED = "unsigned"
    BAD_SIGNATURE = "bad_signature"
    UNKNOWN_KEY = "unknown_key"
    KEY_EXPIRED = "key_expired"
    TOO_MANY_EVENTS = "too_many_events"
    TOO_COMPLEX = "too_complex"
