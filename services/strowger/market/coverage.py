"""Requests for a set of dial codes: which of them one offer applies to, wholly."""

from collections.abc import Iterator
from typing import NamedTuple

from strowger.contract.normal import Need, Terms
from strowger.market.families import Family
from strowger.market.scopes import Deck, Item, Scopes, Viewer
from strowger.market.voice import number_keys


class Covered(NamedTuple):
    """The codes asked for, and those of them that one offer applies to; both in order."""

    asked: tuple[str, ...]
    covered: tuple[str, ...]


def cover(
    scopes: Scopes, family: Family, need: Need, viewer: Viewer
) -> Iterator[tuple[Item, Covered]]:
    """Give every offer selected for a code, with the codes that it covers.

    It covers a code if it is what its deck selects for it, and the deck prices no longer code that
    begins with it apart. Each deck is looked through once, however many codes are asked for.
    """
    asked = family.codes(need)
    origin = str(need.extra.get("origin", ""))
    covered: dict[tuple[tuple[str, ...], int], tuple[Item, list[str]]] = {}
    apart: dict[Deck, set[str]] = {}
    for code in asked:
        lookups = [(key,) for key in number_keys(code, origin)]
        for item in scopes.select(family.name, lookups, viewer):
            _, codes = covered.setdefault((item.key, item.revised.revision), (item, []))
            deck = _deck(item)
            if deck not in apart:
                apart[deck] = _priced_apart(scopes, need, deck, asked, viewer)
            if code not in apart[deck]:
                codes.append(code)
    for item, codes in covered.values():
        yield item, Covered(asked, tuple(codes))


def longer_codes(
    scopes: Scopes, item: Item, code: str, origin: str, viewer: Viewer
) -> Iterator[tuple[str, int]]:
    """Give the longer codes that an offer's deck prices apart, each with when its price began."""
    family, deck = _terms(item).family, _deck(item)
    for key in scopes.scopes_of(family, deck):
        longer, _, from_origin = key.partition("<")
        if len(longer) > len(code) and longer.startswith(code) and origin.startswith(from_origin):
            for other in scopes.at(family, key, deck):
                if viewer.sees(other):
                    yield longer, other.revised.from_ms


def _priced_apart(
    scopes: Scopes, need: Need, deck: Deck, asked: tuple[str, ...], viewer: Viewer
) -> set[str]:
    """Give the codes asked for under which a deck prices longer ones apart."""
    origin = str(need.extra.get("origin", ""))
    left, found = set(asked), set[str]()
    lengths = sorted({len(code) for code in asked})
    for key in scopes.scopes_of(need.family, deck):
        longer, _, from_origin = key.partition("<")
        leading = {longer[:length] for length in lengths if length < len(longer)} & left
        if (
            leading
            and origin.startswith(from_origin)
            and any(map(viewer.sees, scopes.at(need.family, key, deck)))
        ):
            left -= leading
            found |= leading
    return found


def _deck(item: Item) -> Deck:
    return item.provider, _terms(item).deck


def _terms(item: Item) -> Terms:
    if item.revised.terms is None:
        raise TypeError("a closure applies nowhere")
    return item.revised.terms
