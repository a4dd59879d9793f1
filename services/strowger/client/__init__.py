"""The SDK: trade on the exchange as a provider or a buyer, or follow what is sold.

>>> async with BuyerClient("globex", bootstrap="localhost:9092") as buyer:  # doctest: +SKIP
...     async with buyer.session("voice", ttl=60) as session:
...         matches = await session.request(to="+442079460000", minutes=1000)
...         try:
...             confirmation = await session.accept(matches[0])
...         except refused.CapacityExhausted:
...             confirmation = await session.accept(matches[1])
...         except OutcomeUnknown as unknown:
...             confirmation = await buyer.outcome(unknown.id)
"""

from strowger.client import refused
from strowger.client.acceptances import acceptances
from strowger.client.bulk import DeliveryReport
from strowger.client.buyer import BuyerClient
from strowger.client.errors import (
    ClientError,
    FeedClosed,
    FeedIncomplete,
    InboxFailed,
    InboxGap,
    InboxMissing,
    NoticesLost,
    NotSent,
    OutcomeUnknown,
)
from strowger.client.feed import BookFeed
from strowger.client.matches import Matches, ShownOffer
from strowger.client.notices import Notice, Notices
from strowger.client.provider import ProviderClient
from strowger.client.refused import Refused
from strowger.client.session import Session
from strowger.client.wishes import Wishes

__all__ = [
    "BookFeed",
    "BuyerClient",
    "ClientError",
    "DeliveryReport",
    "FeedClosed",
    "FeedIncomplete",
    "InboxFailed",
    "InboxGap",
    "InboxMissing",
    "Matches",
    "NotSent",
    "Notice",
    "Notices",
    "NoticesLost",
    "OutcomeUnknown",
    "ProviderClient",
    "Refused",
    "Session",
    "ShownOffer",
    "Wishes",
    "acceptances",
    "refused",
]
