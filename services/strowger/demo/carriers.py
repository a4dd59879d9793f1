"""Five simulated carriers: real destinations and prices, times a seeded spread that is nobody's."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import as_file, files
from typing import Final

from strowger.contract.inbound import OfferPublished
from strowger.sheets import GoodRow, RateSheet, read_sheet_file

SEED: Final = 1891
"""The seed of every spread: the year of Strowger's patent, and no more than that."""

_PER_MILLE: Final = Decimal(1000)
_FINEST_PRICE: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Carrier:
    """A simulated carrier: its prices are the real ones times `cheapest` to `dearest` per mille."""

    name: str
    cheapest: int
    dearest: int
    minimum_seconds: int
    increment_seconds: int
    connect_fee: Decimal
    capacity_minutes: int | None


CARRIERS: Final = (
    Carrier("carrier-a", 900, 1100, 1, 1, Decimal(0), None),
    Carrier("carrier-b", 850, 1150, 30, 6, Decimal(0), 1_000_000),
    Carrier("carrier-c", 800, 1050, 60, 60, Decimal(0), 500_000),
    Carrier("carrier-d", 780, 1000, 1, 1, Decimal("0.005"), 250_000),
    Carrier("carrier-e", 950, 1250, 6, 6, Decimal(0), None),
)


def real_rates() -> RateSheet:
    """Read the real destinations and prices that come with the package (`data/README.md`)."""
    with as_file(files("strowger.demo") / "data" / "pstn-rates.csv") as path:
        return read_sheet_file(path)


def offers_of(
    carrier: Carrier, rows: Iterable[GoodRow], *, market: str, currency: str, revision: int
) -> Iterator[OfferPublished]:
    """Give a carrier's offer for each row; the same seed always gives the same prices."""
    spread = random.Random(f"{SEED}:{carrier.name}")  # noqa: S311 - a simulation, not a secret
    for row in rows:
        factor = Decimal(spread.randint(carrier.cheapest, carrier.dearest)) / _PER_MILLE
        rate = (row.service.rate_per_minute * factor).quantize(_FINEST_PRICE)
        yield OfferPublished(
            market=market,
            offer_id=row.offer_id,
            revision=revision,
            currency=currency,
            service=row.service.model_copy(
                update={
                    "rate_per_minute": rate,
                    "minimum_seconds": carrier.minimum_seconds,
                    "increment_seconds": carrier.increment_seconds,
                    "connect_fee": carrier.connect_fee,
                    "capacity_minutes": carrier.capacity_minutes,
                }
            ),
        )
