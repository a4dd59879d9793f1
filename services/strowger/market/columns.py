"""The columns of the index: what of a stored revision decides matching, as integers in a row.

A row is a place in its bucket's block of 64-bit integers; the offer itself is not looked at again
until it is on a page, or is one of the few that no column can tell.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Final

import numpy as np
import numpy.typing as npt

from strowger.contract.attributes import Attribute, Value
from strowger.contract.normal import Step, Tariff, Terms
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

_UNDER_NONE: Final = (FAR, 0, 0)
"""What stands for prices under a term where there are none."""

_SETS: Final = 10_000
"""So many sets of words are known by what the columns hold for them."""

Block = npt.NDArray[np.int64]
"""Rows, column by column."""

Places = npt.NDArray[np.intp]
"""Rows of a block, by place."""


class Untold(Exception):
    """A value that the columns cannot tell: its family is matched without them."""


class Names(dict[object, int]):
    """Numbers names in the order of their first coming; the numbers decide nothing but equality.

    `names[name]` gives a name's number, a new one for a new name.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: list[object] = []

    def __missing__(self, name: object) -> int:
        """Give a new name the next number."""
        number = self[name] = len(self.names)
        self.names.append(name)
        return number

    def known(self, name: object) -> int:
        """Give a name's number; -1 for one that never came."""
        return self.get(name, NONE)


class Layout:
    """A family's columns."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.places = {name: ATTRIBUTES + at for at, name in enumerate(sorted(family.attributes))}
        self.width = ATTRIBUTES + len(self.places)
        self.empty: Block = np.empty((self.width, 0), np.int64)
        self.packed = Struct(f"{self.width}q").pack
        """Gives a row in bytes, as a block holds it."""
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
        self._bits_of: dict[tuple[str, Value], int] = {}
        """What the columns hold for sets that came before: there are few, and each comes often."""
        self.sets_at: set[int] = set()
        """The columns, from the first attribute on, whose values are sets."""
        self.absent = {name: absent(mark) for name, mark in family.attributes.items()}
        self._blank = [absent(mark) for _, mark in sorted(family.attributes.items())]

    def row(self, offer: Offer, revised: Revised, terms: Terms, until_ms: int | None) -> list[int]:
        """Give a revision's row."""
        tariff, audience, pool = terms.tariff, revised.audience, revised.pool
        recurring_nano = tariff.recurring_nano
        left = None if terms.capacity is None else max(0, terms.capacity - offer.sold - offer.held)
        most = self.family.most(terms, left)
        row = [
            revised.since,
            revised.from_ms,
            FAR if until_ms is None else until_ms,
            self._deck(offer.provider, terms.deck),
            NONE if audience is None else self.audiences[audience],
            NONE if pool is None else self.pools[offer.provider, pool],
            self.currencies[revised.currency],
            (FIRM if revised.firmness == "firm" else 0) | (MANIFOLD if _manifold(tariff) else 0),
            FAR if most is None else most,
            0 if recurring_nano is not None else tariff.steps[0].months,
            _usage_nano(tariff) if tariff.tiers else tariff.usage_nano,
            tariff.fee_nano,
            tariff.minimum,
            tariff.increment,
            self.family.metering(terms),
            tariff.one_off_nano,
            NONE if recurring_nano is None else recurring_nano,
            *(_under_terms(tariff.steps) if tariff.steps else _UNDER_NONE),
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
        if isinstance(value, str):
            return self.words[value]
        if isinstance(value, int):
            return value
        bits = self._bits_of.get((name, value))
        if bits is None:
            bits = self._bits(name, value)
            if len(self._bits_of) < _SETS:
                self._bits_of[name, value] = bits
        return bits

    def _bits(self, name: str, words: Sequence[str]) -> int:
        names = self._sets.get(name)
        if names is None:
            names = self._sets[name] = Names()
            self.sets_at.add(self.places[name] - ATTRIBUTES)
        bits = 0
        for word in words:
            number = names[word]
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

    def _deck(self, provider: str, deck: str) -> int:
        number = self.decks.get((provider, deck))
        if number is None:
            number = self.decks[provider, deck]
            self.decks_of.setdefault(provider, []).append(number)
        return number


def absent(mark: Attribute) -> int:
    """Give what stands for an attribute that is not given: it passes no floor, no ceiling."""
    return FAR if mark.better == "lower" else ABSENT


def _manifold(tariff: Tariff) -> bool:
    return bool(tariff.tiers or tariff.minimum_nano or len(tariff.steps) > 1)


def _usage_nano(tariff: Tariff) -> int:
    """Give what the price of usage is not below in any tier."""
    return min([tier.price_nano for tier in tariff.tiers])


def _under_terms(steps: Sequence[Step]) -> tuple[int, int, int]:
    """Give from which term on a month has another price, and it; of several, what none is below."""
    return (
        steps[0].months,
        min([step.recurring_nano for step in steps]),
        min([step.one_off_nano for step in steps]),
    )


def _fits(row: Sequence[int]) -> bool:
    return min(row) >= -FAR and max(row) <= FAR
