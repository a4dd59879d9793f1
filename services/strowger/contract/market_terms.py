"""What a market declares of itself."""

from typing import Annotated, Literal

from pydantic import Field

from strowger.contract.fields import Currency, MarketId, Outbound

Limit = Annotated[int | None, Field(ge=1, le=1_000_000_000, exclude_if=lambda most: most is None)]
"""How many at most; none is no limit, and isn't written, as it wasn't before there were any."""

Hiding = Annotated[bool, Field(exclude_if=lambda hides: not hides)]
"""Whether something is hidden; isn't written where it isn't, as it wasn't before it could be."""


class MarketTerms(Outbound):
    """What a market declares of itself; only the operator declares markets.

    `sessions` is `required`, or `optional` where a request may stand on its own. The bounds of a
    session's life and the validity of a match shown without one are in seconds of market time.

    `policy` says what providers may do with the stored set while sessions are open. `open`: read
    and change all of it, at once. `guarded`: neither read nor change the offers that an open
    session was shown; changes wait until it ends. `sealed`: neither read nor change any while a
    session is open; changes wait, or are refused (`denied_changes`). `snapshot`: read and change
    all of it, while each session sees the book as it stood when it opened.
    """

    market: MarketId
    policy: Literal["open", "guarded", "sealed", "snapshot"] = "open"
    currency: Currency
    sessions: Literal["required", "optional"] = "required"
    min_ttl_seconds: Annotated[int, Field(ge=1, le=86_400)] = 1
    max_ttl_seconds: Annotated[int, Field(ge=1, le=86_400)] = 3600
    match_validity_seconds: Annotated[int, Field(ge=1, le=86_400)] = 60
    default_call_seconds: Annotated[int, Field(ge=1, le=86_400)] = 180
    public_buyer: bool = False
    """Whether `acceptance-confirmed` names the buyer to analytics consumers."""

    increase_notice_seconds: Annotated[int, Field(ge=0, le=31_536_000)] = 0
    """How long ahead of its effect an increase of a price must be published."""

    hold_capacity: bool = False
    """Whether what a session is shown is held for it, to the quantity asked, until it ends."""

    denied_changes: Literal["defer", "refuse"] = "defer"
    """What becomes of a change that a sealed market denies; guarded markets always defer."""

    max_deferral_seconds: Annotated[int, Field(ge=1, le=604_800)] = 86_400
    """How long a change may wait in a sealed market: no session is granted beyond that."""

    closure_notice_seconds: Annotated[int, Field(ge=0, le=31_536_000)] = 0
    """How long ahead of its effect a withdrawal, or a change of scope, must be published."""

    max_open_sessions: Limit = None
    """How many sessions a buyer may have open at once; as the other limits, left out if none."""

    max_stored_offers: Limit = None
    """How many offers, and how many pools, a provider may have stored at once."""

    max_session_requests: Limit = None
    """How many requests a session may make, pages of answers included."""

    providers_hidden: Hiding = False
    """Whether buyers learn who sells only by a confirmed acceptance; left out if not."""
