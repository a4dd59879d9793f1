"""mokaccino, a percolator: stored offers are its queries, a request is a document that they match.

What it expresses: scopes, floors, ceilings, sets, words, capacity. A document names every scope
that applies and the value of each clause; where a clause is not asked, a value that every offer
passes, and an offer that says nothing to a clause matches that value alone. What it cannot
express: that a deck's more specific scope wins, and ranking. Its candidates go through Python here
for both, with the cost in exact integers. Its Python binding cannot remove a query either: the
queries of replaced offers stay, and their ids are passed over.
"""

from typing import Final

from mokaccino import Document, Percolator, Query

from strowger.contract.attributes import Value
from strowger.contract.normal import Tariff, Terms
from tests.bench.matching.shape import CALL_SECONDS, PAGE, Answer, Asking, Stored, key_of, keys_of

ANY: Final = "any"
MOST: Final = 2**31 - 1

_FLOORS: Final = {
    "voice": ("asr_percent", "acd_seconds", "channels"),
    "ethernet": ("cir_mbps", "availability_percent"),
}
_CEILINGS: Final = {
    "voice": ("pdd_ms",),
    "ethernet": ("delay_ms", "loss_percent", "install_days"),
}
_WORDS: Final = {"voice": ("codecs", "cli"), "ethernet": ("class_of_service", "interfaces")}


class Mokaccino:
    """Offers as queries of one percolator."""

    name = "mokaccino"

    def __init__(self, family: str) -> None:
        self._family = family
        self._percolator = Percolator()
        self._offers: dict[int, Stored] = {}
        self._query_of: dict[int, int] = {}
        self._decks: dict[tuple[int, str], dict[str, int]] = {}
        self._next = 0

    def load(self, offers: list[Stored]) -> None:
        """Add a query for each offer, then have them optimised."""
        for offer in offers:
            self.put(offer)
        self._percolator = self._percolator.optimized()

    def put(self, offer: Stored) -> None:
        """Add the offer's query; pass over the one before it."""
        self._forget(offer.number)
        self._percolator.add_query_id(_query(offer.terms), self._next)
        self._offers[self._next] = offer
        self._query_of[offer.number] = self._next
        scopes = self._decks.setdefault((offer.provider, offer.terms.deck), {})
        key = key_of(offer.terms)
        scopes[key] = scopes.get(key, 0) + 1
        self._next += 1

    def remove(self, offer: Stored) -> None:
        """Pass over the offer's query."""
        self._forget(offer.number)

    def ask(self, asking: Asking) -> Answer:
        """Percolate the request, leave out what a finer scope of a deck replaces, and rank."""
        levels = dict(keys_of(asking.need))
        able = []
        for found in self._percolator.percolate_list(_document(asking, levels, self._family)):
            offer = self._offers.get(found)
            if offer is None:
                continue
            level = levels[key_of(offer.terms)]
            scopes = self._decks[offer.provider, offer.terms.deck]
            if any(levels.get(key, 0) > level for key in scopes):
                continue
            cost_nano = cost(offer.terms, asking)
            if cost_nano is not None:
                place = (cost_nano, offer.from_ms, offer.since, offer.provider, offer.number)
                able.append(place)
        able.sort()
        first = tuple((place[0], place[3], place[4]) for place in able[:PAGE])
        return Answer(len(able), first)

    def told(self, answered: Answer) -> Answer:
        """Give the answer as it is."""
        return answered

    def _forget(self, number: int) -> None:
        old = self._offers.pop(self._query_of.pop(number, -1), None)
        if old is None:
            return
        scopes = self._decks[old.provider, old.terms.deck]
        key = key_of(old.terms)
        scopes[key] -= 1
        if not scopes[key]:
            del scopes[key]


def cost(terms: Terms, asking: Asking) -> int | None:
    """Work out the ranking cost, as the harness's SQL does; none where no term is eligible."""
    tariff, months = terms.tariff, asking.wish.comparison_months
    if terms.family == "ethernet":
        return _fixed(tariff, months, asking.wish.max_term_months)
    seconds = int(asking.need.extra.get("call_seconds", CALL_SECONDS))
    calls = -(-asking.need.quantity * 60 // seconds) * months
    billed = max(tariff.minimum, -(-seconds // tariff.increment) * tariff.increment)
    return calls * tariff.fee_nano + (2 * calls * tariff.usage_nano * billed + 60) // 120


def _fixed(tariff: Tariff, months: int, longest: int) -> int | None:
    fixed = [
        step.one_off_nano + step.recurring_nano * months
        for step in tariff.steps
        if step.months <= longest
    ]
    if tariff.recurring_nano is not None:
        fixed.append(tariff.one_off_nano + tariff.recurring_nano * months)
    return min(fixed, default=None)


def _query(terms: Terms) -> Query:
    attributes, family = terms.attributes, terms.family
    capacity = MOST if terms.capacity is None else min(MOST, terms.capacity)
    parts = [Query.from_kv("scope", key_of(terms)), Query.from_kle("quantity", capacity)]
    parts += [Query.from_kle(name, _number(attributes.get(name), 0)) for name in _FLOORS[family]]
    parts += [
        Query.from_kge(name, _number(attributes.get(name), MOST)) for name in _CEILINGS[family]
    ]
    for name in _WORDS[family]:
        value = attributes.get(name, ())
        words = value if isinstance(value, tuple) else (str(value),)
        parts.append(Query.from_or([Query.from_kv(name, word) for word in (ANY, *words)]))
    return Query.from_and(parts)


def _number(value: Value | None, absent: int) -> int:
    return value if isinstance(value, int) else absent


def _document(asking: Asking, levels: dict[str, int], family: str) -> Document:
    document = Document()
    for key in levels:
        document.add_value("scope", key)
    document.add_value("quantity", str(asking.need.quantity))
    asked = {clause.attribute: clause.value for clause in asking.need.clauses}
    for name in _FLOORS[family]:
        document.add_value(name, str(asked.get(name, 0)))
    for name in _CEILINGS[family]:
        document.add_value(name, str(asked.get(name, MOST)))
    for name in _WORDS[family]:
        value = asked.get(name, ANY)
        document.add_value(name, value[0] if isinstance(value, tuple) else str(value))
    return document
