"""Ethernet lines and requests of them, drawn at random: few pairs of places, rare qualities."""

import random
from typing import Final

from strowger.contract.attributes import Value
from strowger.contract.normal import Asked, Need, Step, Tariff, Terms, Wish
from tests.bench.matching.chances import Zipf
from tests.bench.matching.shape import Asking, asking

CLASSES: Final = tuple(f"class-{number:03d}" for number in range(120))
INTERFACES: Final = ("uni-uni", "enni-uni", "enni-enni")


class LineMix:
    """Offers of lines, a pair of places for some two thousand of them."""

    def __init__(self, chance: random.Random, offers: int) -> None:
        self._chance = chance
        metros = [f"{chr(65 + n % 26)}{chr(65 + n // 26)}/M{n:02d}" for n in range(40)]
        sites = [f"{metro}/site{n}" for metro in metros for n in range(3)]
        places = metros + sites
        pairs = {tuple(sorted(chance.sample(places, 2))) for _ in range(max(10, offers // 2000))}
        self._scopes = sorted(pairs)
        self._zipf = Zipf(len(self._scopes), 0.7, chance)
        self._words = Zipf(len(CLASSES), 1.2, chance)

    def new(self) -> Terms:
        """Draw a new offer's service."""
        return self._terms(self._scopes[self._zipf.draw()])

    def reprice(self, old: Terms) -> Terms:
        """Draw other prices and qualities for an offer of the same scope and deck."""
        new = self._terms(old.scope)
        return Terms("ethernet", old.scope, old.deck, new.attributes, new.tariff, old.capacity)

    def ask(self) -> Asking:
        """Draw a request that names one rare quality."""
        chance = self._chance
        a, z = (
            place if place.count("/") > 1 else f"{place}/site{chance.randrange(3)}"
            for place in self._scopes[self._zipf.draw()]
        )
        cir = chance.choice((10, 50, 100))
        clauses = [Asked("cir_mbps", "floor", cir)]
        rare = [
            Asked("class_of_service", "same", CLASSES[chance.randrange(20, len(CLASSES))]),
            Asked("delay_ms", "ceiling", chance.randint(5_000, 50_000)),
            Asked("loss_percent", "ceiling", chance.randint(500, 8_000)),
            Asked("availability_percent", "floor", chance.randint(9_905_000, 9_995_000)),
            Asked("install_days", "ceiling", chance.randint(10, 60)),
        ]
        clauses.append(chance.choice(rare))
        if chance.random() < 0.3:
            clauses.append(Asked("interfaces", "same", chance.choice(INTERFACES)))
        need = Need("ethernet", tuple(sorted((a, z))), quantity=cir, clauses=tuple(clauses))
        wish = Wish(
            comparison_months=chance.choice((12, 36)),
            max_term_months=chance.choice((1, 12, 36)),
            near_misses=0,
        )
        return asking(need, wish)

    def _terms(self, scope: tuple[str, ...]) -> Terms:
        chance = self._chance
        attributes = self._qualities()
        recurring = chance.randint(100, 20_000) * 10**9
        steps: tuple[Step, ...] = ()
        if chance.random() < 0.5:
            steps = (Step(chance.choice((12, 24, 36)), recurring * 4 // 5, 0),)
        tariff = Tariff(
            one_off_nano=chance.choice((0, 500, 1500)) * 10**9,
            recurring_nano=None if steps and chance.random() < 0.3 else recurring,
            steps=steps,
        )
        capacity = chance.randint(1, 20) * 500 if chance.random() < 0.2 else None
        return Terms("ethernet", scope, "standard", attributes, tariff, capacity)

    def _qualities(self) -> dict[str, Value]:
        chance = self._chance
        attributes: dict[str, Value] = {}
        if chance.random() < 0.03:
            attributes["availability_percent"] = chance.randint(9_900_000, 10_000_000)
        attributes["cir_mbps"] = chance.choice((10, 50, 100, 500, 1000, 10_000))
        attributes["class_of_service"] = CLASSES[self._words.draw()]
        if chance.random() < 0.02:
            attributes["delay_ms"] = chance.randint(1_000, 60_000)
        attributes["eir_mbps"] = 0
        if chance.random() < 0.05:
            attributes["install_days"] = chance.randint(1, 90)
        if chance.random() < 0.7:
            attributes["interfaces"] = chance.choice(INTERFACES)
        if chance.random() < 0.02:
            attributes["loss_percent"] = chance.randint(0, 10_000)
        if chance.random() < 0.3:
            attributes["max_frame_bytes"] = chance.choice((1522, 2000, 9000, 9600))
        return attributes
