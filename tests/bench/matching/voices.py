"""Voice offers and requests, drawn at random around given dial codes and prices."""

import random
from collections.abc import Callable
from typing import Final

from strowger.contract.attributes import Value
from strowger.contract.normal import Asked, Need, Tariff, Terms, Wish
from tests.bench.matching.shape import Asking, asking

CODECS: Final = ("amr-nb", "amr-wb", "g711a", "g711u", "g722", "g729", "opus")
CLI: Final = ("guaranteed", "passed", "none")


class VoiceMix:
    """Offers for the dial codes that `prefix` draws, at the prices that `rate` draws for them."""

    def __init__(
        self, chance: random.Random, prefix: Callable[[], str], rate: Callable[[str], int]
    ) -> None:
        self._chance = chance
        self._prefix = prefix
        self._rate = rate

    def new(self) -> Terms:
        """Draw a new offer's service."""
        return self._terms(self._prefix())

    def reprice(self, old: Terms) -> Terms:
        """Draw other prices and qualities for an offer of the same scope and deck."""
        new = self._terms(old.scope[0])
        return Terms("voice", old.scope, old.deck, new.attributes, new.tariff, old.capacity)

    def ask(self) -> Asking:
        """Draw a request for a number under one of the dial codes."""
        chance = self._chance
        code = self._prefix()
        number = code + str(10 ** (12 - len(code)) + chance.randrange(10 ** (12 - len(code))))[1:]
        clauses = [
            Asked("asr_percent", "floor", chance.randint(2500, 6500)),
            Asked("acd_seconds", "floor", chance.randint(60, 250)),
            Asked("pdd_ms", "ceiling", chance.randint(3000, 8000) * 1000),
        ]
        if chance.random() < 0.5:
            clauses.append(Asked("channels", "floor", chance.choice((30, 60, 120))))
        if chance.random() < 0.3:
            clauses.append(Asked("codecs", "cover", (chance.choice(CODECS),)))
        if chance.random() < 0.3:
            clauses.append(Asked("cli", "same", chance.choice(CLI)))
        need = Need(
            "voice",
            (number,),
            quantity=chance.choice((1_000, 10_000, 100_000)),
            clauses=tuple(clauses),
            extra={"call_seconds": chance.choice((45, 90, 180, 240))},
        )
        return asking(need, Wish(near_misses=0))

    def _terms(self, code: str) -> Terms:
        chance = self._chance
        attributes = self._qualities()
        minimum, increment = chance.choice(((1, 1), (1, 1), (6, 6), (30, 6), (60, 60)))
        tariff = Tariff(
            usage_nano=self._rate(code),
            fee_nano=chance.choice((0, 0, 0, 0, 5_000_000)),
            minimum=minimum,
            increment=increment,
        )
        deck = chance.choice(("standard", "premium"))
        capacity = chance.randint(1, 40) * 50_000 if chance.random() < 0.2 else None
        return Terms("voice", (code,), deck, attributes, tariff, capacity)

    def _qualities(self) -> dict[str, Value]:
        chance = self._chance
        attributes: dict[str, Value] = {}
        if chance.random() < 0.9:
            attributes["acd_seconds"] = chance.randint(60, 400)
            attributes["asr_percent"] = chance.randint(2000, 8000)
        if chance.random() < 0.7:
            attributes["channels"] = chance.choice((30, 60, 120, 480, 1920))
        if chance.random() < 0.8:
            attributes["cli"] = chance.choice(CLI)
        if chance.random() < 0.7:
            attributes["codecs"] = tuple(sorted(chance.sample(CODECS, chance.randint(1, 4))))
        if chance.random() < 0.8:
            attributes["pdd_ms"] = chance.randint(500, 9000) * 1000
        return attributes
