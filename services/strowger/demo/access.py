"""What a provider does in a market whose policy holds it off, and how it is answered."""

from contextlib import aclosing
from decimal import Decimal
from typing import Final

from strowger.cli.shared.output import amount
from strowger.client import Matches, ProviderClient
from strowger.contract.book import BookRead
from strowger.contract.outbound import ChangeTaken, OfferStored
from strowger.contract.voice import VoiceTermination
from strowger.demo.calls import rate_of
from strowger.demo.cast import CURRENCY, LONDON
from strowger.demo.narrator import expect

_CODE_DIGITS: Final = 4


async def change(
    carrier: ProviderClient, market: str, offer_id: str, rate: str
) -> OfferStored | ChangeTaken:
    """Publish calls to London at this price a minute, in a deck of the offer's own."""
    service = VoiceTermination(
        prefix=LONDON.number[1 : 1 + _CODE_DIGITS], deck=offer_id, rate_per_minute=Decimal(rate)
    )
    return await carrier.publish(market, offer_id, currency=CURRENCY, service=service)


async def read(carrier: ProviderClient, market: str) -> BookRead:
    """Read the stored set, of which one page is enough here."""
    async with aclosing(carrier.book_pages(market)) as pages:
        return await anext(pages)


def prices(matches: Matches) -> list[str]:
    """Give the prices a minute that were shown, in their order."""
    return [amount(rate_of(shown)) for shown in matches]


def expect_taken(answer: OfferStored | ChangeTaken) -> None:
    """Stop the play where a change was answered by what became of it."""
    expect(isinstance(answer, ChangeTaken), "a change was to be taken without a word of sessions")
