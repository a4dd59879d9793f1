"""Offers, pools and requests of every family, at random: few scopes, many ties, many edges."""

import random
from collections.abc import Callable
from typing import Final

from strowger.contract.attributes import Value
from strowger.contract.commands import SubmitRequest
from strowger.contract.normal import Asked, Need, Ranking, Step, Tariff, Terms, Tier, Wish
from strowger.market.book import Book
from strowger.market.entities import MarketState, Offer, Pool, Revised
from strowger.market.registry import FAMILIES

MARKET: Final = "market"
NOW_MS: Final = 1_790_000_000_000
FAMILY_NAMES: Final = ("voice", "internet", "ethernet", "sms")

_BUYERS: Final = ("globex", "hooli")
_PROVIDERS: Final = ("acme", "initech", "umbrella")
_PLACES: Final = ("GB", "GB/LON", "GB/LON/x", "US", "US/NYC", "US/NYC/y")
_NUMBERS: Final = ("442", "4420", "44", "4")
_NETWORKS: Final = ("234-15", "234", "GB")
_EUR: Final = 10**9


class Chance:
    """Draws everything that a market can hold."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)  # noqa: S311 - a test, not a secret
        self._stored = 0

    def state(self) -> MarketState:
        """Draw a market."""
        return MarketState(
            policy="open",
            currency="EUR",
            sessions="optional",
            min_ttl_seconds=1,
            max_ttl_seconds=3600,
            match_validity_seconds=60,
            default_call_seconds=180,
            public_buyer=False,
            declared_at_ms=0,
            clock_ms=NOW_MS,
            sequence=0,
            rates_nano=self.draw.choice(({}, {"USD": 900_000_001}, {"USD": _EUR, "GBP": 1})),
        )

    def fill(self, book: Book, family: str, offers: int) -> None:
        """Store pools, and offers of a family, most of them in force."""
        for provider in _PROVIDERS:
            if self.draw.random() < 0.7:
                book.put_pool(self.pool(provider))
        for number in range(offers):
            book.put_offer(self.offer(family, number))

    def pool(self, provider: str) -> Pool:
        """Draw a provider's pool, of last month or of this."""
        return Pool(
            provider,
            "pool",
            1,
            "",
            units=self.draw.choice((None, 0, 100, 1000)),
            period=self.draw.choice(("month", "total")),
            channels=self.draw.choice((None, 0, 5, 50)),
            sold=self.draw.choice((0, 50)),
            month=self.draw.choice(("2026-08", "2026-09")),
            channels_sold=self.draw.choice((0, 1)),
        )

    def offer(self, family: str, number: int) -> Offer:
        """Draw an offer with its schedule."""
        count = self.draw.choice((1, 1, 1, 2, 3))
        starts = sorted(self.draw.sample((-9, -5, 0, 1, 5), count))
        revisions = tuple(
            self._revised(family, place + 1, NOW_MS + start) for place, start in enumerate(starts)
        )
        provider = self.draw.choice(_PROVIDERS)
        return Offer(provider, f"of-{number}", revisions, sold=self.draw.choice((0, 0, 60)))

    def command(self, family: str) -> SubmitRequest:
        """Draw a request."""
        return SubmitRequest(
            market=MARKET,
            participant=self.draw.choice(_BUYERS),
            causation_id="",
            sent_at_ms=0,
            request_id="r-1",
            session_id=None,
            service=self.need(family),
            max_matches=self.draw.choice((1, 2, 5, None)),
            wish=self.wish(family),
        )

    def need(self, family: str) -> Need:
        """Draw what is asked for."""
        chance = self.draw
        scope, extra, looked_up = _ASKED[family](chance)
        return Need(
            family,
            scope,
            quantity=chance.choice((1, 50, 100, 700)),
            channels=chance.choice((0, 0, 3)),
            clauses=tuple(self._clause(family) for _ in range(chance.choice((0, 0, 1, 1, 2, 3)))),
            looked_up=looked_up,
            extra=extra,
        )

    def wish(self, family: str) -> Wish:
        """Draw terms, ceilings and a ranking."""
        chance = self.draw
        return Wish(
            comparison_months=chance.choice((1, 12, 36)),
            max_term_months=chance.choice((1, 12, 24)),
            max_cost_nano=chance.choice((None, None, None, 5 * _EUR, 100 * _EUR)),
            undetermined_passes=chance.random() < 0.4,
            firm_only=chance.random() < 0.2,
            exclude_providers=chance.choice(((), (), ("acme",), ("acme", "nobody"))),
            ranking=self._ranking(family),
            near_misses=chance.choice((0, 3, 10)),
        )

    def _revised(self, family: str, revision: int, from_ms: int) -> Revised:
        chance = self.draw
        self._stored += 1
        return Revised(
            revision,
            "digest",
            from_ms,
            self._stored,
            currency=chance.choice(("EUR", "EUR", "EUR", "USD", "GBP")),
            terms=self.terms(family) if chance.random() < 0.9 else None,
            firmness=chance.choice(("firm", "firm", "budgetary")),
            pool=chance.choice((None, None, "pool")),
            audience=chance.choice((None, None, None, ("globex",), ("hooli", "globex"))),
        )

    def terms(self, family: str) -> Terms:
        """Draw an offered service."""
        chance = self.draw
        scope = _OFFERED[family](chance)
        names = sorted(FAMILIES[family].attributes)
        attributes = {name: self._value(name) for name in names if chance.random() < 0.6}
        extra: dict[str, int | str] = {}
        if family == "internet":
            attributes["commit_mbps"] = chance.choice((0, 10, 60, 100))
            extra["ceiling_mbps"] = chance.choice((60, 100, 1000))
        if family == "sms" and chance.random() < 0.4:
            extra["charged"] = "delivered"
        return Terms(
            family,
            scope,
            chance.choice(("standard", "premium")),
            dict(sorted(attributes.items())),
            self._tariff(),
            chance.choice((None, None, 0, 80, 100, 5000)),
            extra,
        )

    def _tariff(self) -> Tariff:
        chance = self.draw
        prices = (0, 1, _EUR // 100, _EUR // 100 + 1, _EUR // 3)
        months = sorted(chance.sample((12, 24, 36), chance.choice((0, 0, 0, 1, 2))))
        steps = tuple(Step(each, chance.choice(prices), chance.choice(prices)) for each in months)
        starts = (0, 10, 90)[: chance.choice((0, 0, 0, 1, 3))]
        return Tariff(
            usage_nano=chance.choice(prices),
            fee_nano=chance.choice((0, 0, 7)),
            minimum=chance.choice((0, 1, 30)),
            increment=chance.choice((1, 6, 60)),
            one_off_nano=chance.choice((0, 0, _EUR)),
            recurring_nano=None if steps and chance.random() < 0.5 else chance.choice(prices),
            steps=steps,
            tiers=tuple(Tier(start, chance.choice(prices)) for start in starts),
            volume=chance.random() < 0.5,
            minimum_nano=chance.choice((0, 0, 0, _EUR)),
        )

    def _value(self, name: str) -> Value:
        chance = self.draw
        if name in _WORDS:
            return chance.choice(_WORDS[name])
        if name in _SETS:
            words = _SETS[name]
            return tuple(sorted(chance.sample(words, chance.randint(1, len(words)))))
        return chance.choice((0, 10, 100, 9_000))

    def _clause(self, family: str) -> Asked:
        name = self.draw.choice(sorted(FAMILIES[family].attributes))
        if name in _WORDS:
            return Asked(name, "same", self._value(name))
        if name in _SETS:
            return Asked(name, "cover", self._value(name))
        test = self.draw.choice(("floor", "ceiling"))
        return Asked(name, "floor" if test == "floor" else "ceiling", self._value(name))

    def _ranking(self, family: str) -> Ranking:
        chance = self.draw
        marks = FAMILIES[family].attributes
        names = [name for name in sorted(marks) if marks[name].better]
        by = chance.choice(("cost", "cost", "quality", "weighted"))
        named = chance.sample(names, min(len(names), chance.choice((1, 2))))
        if by == "quality":
            return Ranking(by, attributes=tuple(named))
        if by == "weighted":
            weights = (0, 1, 12_345_678, 10**12)
            return Ranking(by, weights=tuple((name, chance.choice(weights)) for name in named))
        return Ranking()


_Asked = tuple[tuple[str, ...], dict[str, int | str], str | None]


def _asked_voice(chance: random.Random) -> _Asked:
    extra: dict[str, int | str] = {}
    if chance.random() < 0.5:
        extra["origin"] = chance.choice(("33123456", "331", "49"))
    if chance.random() < 0.5:
        extra["call_seconds"] = chance.choice((1, 45, 180))
    if chance.random() < 0.1:
        extra["codes"] = 1
        return tuple(sorted(chance.sample(_NUMBERS, 2))), extra, None
    return (chance.choice(("442079460000", "4420", "49301")),), extra, None


def _offered_voice(chance: random.Random) -> tuple[str, ...]:
    origin = chance.choice(((), (), ("33",), ("331",)))
    return (chance.choice(_NUMBERS), *origin)


def _pair(chance: random.Random) -> tuple[str, ...]:
    return tuple(sorted(chance.choices(_PLACES, k=2)))


_OFFERED: Final[dict[str, Callable[[random.Random], tuple[str, ...]]]] = {
    "voice": _offered_voice,
    "internet": lambda chance: (chance.choice(_PLACES),),
    "ethernet": _pair,
    "sms": lambda chance: (chance.choice(_NETWORKS),),
}

_ASKED: Final[dict[str, Callable[[random.Random], _Asked]]] = {
    "voice": _asked_voice,
    "internet": lambda chance: ((chance.choice(_PLACES),), {}, None),
    "ethernet": lambda chance: (_pair(chance), {}, None),
    "sms": lambda chance: (("234-15",), {}, chance.choice((None, "GB"))),
}

_WORDS: Final = {
    "cli": ("guaranteed", "passed", "none"),
    "interfaces": ("uni-uni", "enni-uni"),
    "class_of_service": ("high", "low"),
    "vlan_mode": ("port", "vlan"),
    "route_class": ("direct", "grey"),
    "dlr": ("handset", "network"),
}

_SETS: Final = {
    "codecs": ("g711a", "g729", "opus"),
    "ip_versions": ("ipv4", "ipv6"),
    "routes": ("default", "full"),
    "sender_types": ("alphanumeric", "short-code"),
}
