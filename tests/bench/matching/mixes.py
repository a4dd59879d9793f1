"""Seeded mixes of offers, requests and changes; the same seed always gives the same run.

`skewed`: voice; offers and requests fall on dial codes by Zipf's law, so that one code has a tenth
of the book. `rare`: Ethernet lines; few pairs of places, attributes that few offers give and words
that few offers have. `sparse`: voice; so many dial codes that each has a handful of offers. `real`:
voice; the dial codes and prices of the rate sheet that the demonstration comes with.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from strowger.contract.fields import to_nano
from strowger.contract.normal import Terms
from strowger.demo.carriers import real_rates
from tests.bench.matching.chances import Zipf
from tests.bench.matching.lines import LineMix
from tests.bench.matching.shape import START_MS, Asking, Operation, Removed, Stored
from tests.bench.matching.voices import VoiceMix

CHANGES: Final = 0.1
"""The part of operations that are changes: of ten, eight reprice, one withdraws, one is new."""

NAMES: Final = ("skewed", "rare", "sparse", "real")


@dataclass(frozen=True, slots=True)
class Mix:
    """Offers to start from, and operations in their order."""

    name: str
    offers: list[Stored]
    operations: list[Operation]


class Kind(Protocol):
    """Draws what a mix is made of."""

    def new(self) -> Terms:
        """Draw a new offer's service."""

    def reprice(self, old: Terms) -> Terms:
        """Draw other prices and qualities for an offer of the same scope and deck."""

    def ask(self) -> Asking:
        """Draw a request."""


def make(name: str, *, offers: int, operations: int, seed: int) -> Mix:
    """Make a mix of so many offers and operations."""
    chance = random.Random(f"{seed}:{name}")  # noqa: S311 - a simulation, not a secret
    kind = _KINDS[name](chance, offers)
    providers = max(20, offers // 200)
    stored = [
        Stored(chance.randrange(providers), n, n, START_MS, kind.new()) for n in range(offers)
    ]
    standing = stored.copy()
    made: list[Operation] = []
    for count in range(operations):
        if chance.random() >= CHANGES:
            made.append(kind.ask())
            continue
        since = offers + count
        place = chance.randrange(len(standing))
        old = standing[place]
        match chance.randrange(10):
            case 0:
                made.append(Removed(old))
                standing[place] = standing[-1]
                standing.pop()
            case 1:
                offer = Stored(
                    chance.randrange(providers), since, since, START_MS + count, kind.new()
                )
                made.append(offer)
                standing.append(offer)
            case _:
                terms = kind.reprice(old.terms)
                offer = Stored(old.provider, old.number, since, START_MS + count, terms)
                made.append(offer)
                standing[place] = offer
    return Mix(name, stored, made)


def _skewed(chance: random.Random, offers: int) -> Kind:
    prefixes = _distinct(chance, max(20, offers // 50), lengths=(2, 3, 4, 5, 6, 7))
    zipf = Zipf(len(prefixes), 1.0, chance)
    return VoiceMix(
        chance,
        prefix=lambda: prefixes[zipf.draw()],
        rate=lambda _: int(chance.lognormvariate(0, 0.6) * 20_000) * 1000,
    )


def _sparse(chance: random.Random, offers: int) -> Kind:
    prefixes = _distinct(chance, max(20, offers // 3), lengths=(4, 5, 6, 7, 8, 9))
    return VoiceMix(
        chance,
        prefix=lambda: chance.choice(prefixes),
        rate=lambda _: int(chance.lognormvariate(0, 0.6) * 20_000) * 1000,
    )


def _real(chance: random.Random, offers: int) -> Kind:
    del offers
    rates = {row.service.prefix: to_nano(row.service.rate_per_minute) for row in real_rates().good}
    prefixes = list(rates)
    return VoiceMix(
        chance,
        prefix=lambda: chance.choice(prefixes),
        rate=lambda prefix: rates[prefix] * chance.randint(700, 1300) // 1_000_000 * 1000,
    )


def _distinct(chance: random.Random, count: int, lengths: Sequence[int]) -> list[str]:
    """Give distinct dial codes, the short ones of which lead many of the long ones."""
    made: dict[str, None] = {}
    longest = 0
    while len(made) < count:
        length = lengths[min(chance.randrange(len(lengths)), longest // 2 + 1)]
        code = str(chance.randint(10 ** (length - 1), 10**length - 1))
        made[code] = None
        longest += len(made) % 7 == 0
    return list(made)


_KINDS: Final[dict[str, Callable[[random.Random, int], Kind]]] = {
    "skewed": _skewed,
    "rare": LineMix,
    "sparse": _sparse,
    "real": _real,
}
