"""A carrier lowers a price; the next request sees it."""

from decimal import Decimal
from typing import Final

from strowger.cli.shared.output import amount
from strowger.client import refused
from strowger.contract.voice import VoiceTermination
from strowger.demo.calls import calls_of, rate_of
from strowger.demo.cast import CURRENCY, LONDON, MARKET
from strowger.demo.narrator import expect, saw
from strowger.demo.stage import Stage

TITLE = "A new price is seen by the very next request"

_CARRIER: Final = "carrier-a"
_HALF: Final = Decimal(2)


async def play(stage: Stage) -> None:
    """Halve the best price as another carrier, ask again, and accept what was shown before."""
    async with stage.buyer.session(MARKET, ttl=60) as session, stage.provider(_CARRIER) as carrier:
        before = await session.request(to=LONDON.number, minutes=1_000)
        old = next(shown for shown in before if shown.provider == _CARRIER)
        rate = (rate_of(before[0]) / _HALF).quantize(Decimal("0.000001"))
        await carrier.publish(
            MARKET,
            old.offer_id,
            currency=CURRENCY,
            service=VoiceTermination(
                prefix=calls_of(old).prefix, deck=calls_of(old).deck, rate_per_minute=rate
            ),
        )
        saw(
            f"{_CARRIER} was rank {old.rank} at {amount(rate_of(old))} a minute "
            f"and publishes {amount(rate)}"
        )
        after = await session.request(to=LONDON.number, minutes=1_000)
        expect(
            (after[0].provider, rate_of(after[0])) == (_CARRIER, rate),
            "the new price was to be rank 1 of the next request",
        )
        saw(f"the next request shows it at rank 1, for {amount(after[0].cost)} {CURRENCY}")
        try:
            await session.accept(old)
        except refused.OfferChanged as no:
            saw(f"the price shown before is gone: [red]{no.refusal}[/red]. {no.message}")
        else:
            expect(truth=False, otherwise="a replaced revision was sold")
