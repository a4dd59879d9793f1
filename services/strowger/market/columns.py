"""The columns of the index: what of a stored revision decides matching, as integers in a row.

A row is a place in its bucket's block of 64-bit integers; the offer itself is not looked at again
until it is on a page, or is one of the few that no column can tell.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from strowger.contract.attributes import Attribute, Value
from strowger.contract.normal import Tariff, Terms
from strowger.market.entities import Offer, Revised
from strowger.market.families import Family

FAR: Final = 1 << 62
"""No limit, no end; as an attribute of which less is better: not given."""

ABSENT: Final = -FAR
"""As any other attribute: not given."""

NONE: Final = -1
"""No pool, no audience, no price without a term."""

(SINCE, FROM, UNTIL, DECK, AUDIENCE, POOL, CURRENCY, KIND, MOST, SHORTEST) = range(10)
(USAGE, FEE, MINIMUM, INCREMENT, METERING) = range(10, 15)
(ONE_OFF, RECURRING, STEP_MONTHS, STEP_RECURRING, STEP_ONE_OFF) = range(15, 20)
ATTRIBUTES: Final = 20
"""Where the family's own attributes begin."""

FIRM: Final = 1
MANIFOLD: Final = 2
"""A kind of row: its prices have tiers, a minimum or several terms; its columns bound its cost."""

_WORD_BITS: Final = 62

Block = npt.NDArray[np.int64]
"""Rows, column by column."""

Places = npt.NDArray[np.intp]
"""Rows of a block, by place."""


class Untold(Exception):
    """A value that the columns cannot tell: its family is matched without them."""


class Names:
    """Numbers names in the order of their first coming; the numbers decide nothing but equality."""

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}
        self.names: list[object] = []

    def number(self, name: object) -> int:
        """Give a name's number, a new one for a new name."""
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self.names)
            self.names.append(name)
        return number

    def known(self, name: object) -> int:
        """Give a name's number; -1 for one that never came."""
        return self._numbers.get(name, NONE)


class Layout:
    """A family's columns."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.places = {name: ATTRIBUTES + at for at, name in enumerate(sorted(family.attributes))}
        self.width = ATTRIBUTES + len(self.places)
        self.kinds: dict[str, type] = {}
        """Of what kind an attribute's values are: all of one, as the contract type says."""
        self.words = Names()
        self.decks = Names()
        self.audiences = Names()
        self.pools = Names()
        self.currencies = Names()
        self.decks_of: dict[str, list[int]] = {}
        """By provider, the numbers of its decks."""
        self.told = True
        """Whether the columns tell all that was ever stored; if not, they are not asked."""
        self._sets: dict[str, Names] = {}
        self.sets_at: set[int] = set()
        """The columns, from the first attribute on, whose values are sets."""
        self.absent = {name: absent(mark) for name, mark in family.attributes.items()}
        self._blank = [absent(mark) for _, mark in sorted(family.attributes.items())]

    def row(self, offer: Offer, revised: Revised, terms: Terms, until_ms: int | None) -> list[int]:
        """Give a revision's row."""
        tariff = terms.tariff
        left = None if terms.capacity is None else max(0, terms.capacity - offer.sold - offer.held)
        most = self.family.most(terms, left)
        audience, pool = revised.audience, revised.pool
        row = [
            revised.since,
            revised.from_ms,
            FAR if until_ms is None else until_ms,
            self._deck((offer.provider, terms.deck)),
            NONE if audience is None else self.audiences.number(audience),
            NONE if pool is None else self.pools.number((offer.provider, pool)),
            self.currencies.number(revised.currency),
            FIRM * (revised.firmness == "firm") + MANIFOLD * _manifold(tariff),
            FAR if most is None else most,
            0 if tariff.recurring_nano is not None else tariff.steps[0].months,
            *_prices(tariff),
            self.family.metering(terms),
            *_terms(tariff),
            *self._blank,
        ]
        places, kinds = self.places, self.kinds
        for name, value in terms.attributes.items():
            if type(value) is int and kinds.get(name) is int:  # most are, and need no more
                row[places[name]] = value
                continue
            try:
                row[places[name]] = self._told(name, value)
            except (KeyError, Untold):
                self.told = False
        if not _fits(row):
            self.told = False
            row[USAGE:] = [0] * (self.width - USAGE)
            row[MOST] = FAR
        return row

    def _told(self, name: str, value: Value) -> int:
        kind = type(value)
        if self.kinds.setdefault(name, kind) is not kind:
            raise Untold(name)
        if isinstance(value, int):
            return value
        if isinstance(value, str):
            return self.words.number(value)
        return self._bits(name, value)

    def _bits(self, name: str, words: Sequence[str]) -> int:
        names = self._sets.get(name)
        if names is None:
            names = self._sets[name] = Names()
            self.sets_at.add(self.places[name] - ATTRIBUTES)
        bits = 0
        for word in words:
            number = names.number(word)
            if number >= _WORD_BITS:
                raise Untold(name)
            bits |= 1 << number
        return bits

    def known(self, name: str, value: Value) -> int | None:
        """Give what a column holds for a value; none if no offer ever had it."""
        if isinstance(value, int):
            return value
        if isinstance(value, str):
            number = self.words.known(value)
            return None if number == NONE else number
        names = self._sets.get(name, Names())
        numbers = [names.known(word) for word in value]
        return None if NONE in numbers else sum(1 << number for number in set(numbers))

    def _deck(self, deck: tuple[str, str]) -> int:
        number = self.decks.known(deck)
        if number == NONE:
            number = self.decks.number(deck)
            self.decks_of.setdefault(deck[0], []).append(number)
        return number


def absent(mark: Attribute) -> int:
    """Give what stands for an attribute that is not given: it passes no floor, no ceiling."""
    return FAR if mark.better == "lower" else ABSENT


def _manifold(tariff: Tariff) -> bool:
    return bool(tariff.tiers or tariff.minimum_nano or len(tariff.steps) > 1)


def _prices(tariff: Tariff) -> tuple[int, int, int, int]:
    usage_nano = tariff.usage_nano
    if tariff.tiers:
        usage_nano = min([tier.price_nano for tier in tariff.tiers])
    return usage_nano, tariff.fee_nano, tariff.minimum, tariff.increment


def _terms(tariff: Tariff) -> tuple[int, int, int, int, int]:
    """Give what a month costs without a term and with one; of several, what none is below."""
    none_nano = NONE if tariff.recurring_nano is None else tariff.recurring_nano
    steps = tariff.steps
    if not steps:
        return tariff.one_off_nano, none_nano, FAR, 0, 0
    return (
        tariff.one_off_nano,
        none_nano,
        steps[0].months,
        min(step.recurring_nano for step in steps),
        min(step.one_off_nano for step in steps),
    )


def _fits(row: Sequence[int]) -> bool:
    return min(row) >= -FAR and max(row) <= FAR
