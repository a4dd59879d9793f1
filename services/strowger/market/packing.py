"""Offers at rest: packed as arrays without names, a third of the size of the objects.

What is packed is never written to a topic, so that its form may change with any release.
"""

from typing import Any

import msgspec
from msgspec.structs import astuple

from strowger.contract.normal import Tariff, Terms
from strowger.market.entities import Key, Offer, Revised


class _Tariff(Tariff, frozen=True, array_like=True, gc=False):
    pass


class _Terms(Terms, frozen=True, array_like=True, gc=False):
    tariff: _Tariff = _Tariff()


class _Revised(Revised, frozen=True, array_like=True, gc=False):
    terms: _Terms | None = None


class _Offer(Offer, frozen=True, array_like=True, tag=False, gc=False):
    revisions: tuple[_Revised, ...]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[_Offer] = msgspec.msgpack.Decoder(_Offer)


_REVISIONS_AT = Offer.__struct_fields__.index("revisions")
_TERMS_AT = Revised.__struct_fields__.index("terms")
_TARIFF_AT = Terms.__struct_fields__.index("tariff")


def pack(offer: Offer) -> bytes:
    """Make an offer small; its key tells whose it is and which."""
    values = list(astuple(offer))
    values[:2] = "", ""
    values[_REVISIONS_AT] = [_packed(revised) for revised in offer.revisions]
    return _ENCODER.encode(values)


def _packed(revised: Revised) -> list[Any]:
    values = list(astuple(revised))
    if revised.terms is not None:
        values[_TERMS_AT] = terms = list(astuple(revised.terms))
        terms[_TARIFF_AT] = astuple(revised.terms.tariff)
    return values


def unpack(key: Key, data: bytes) -> Offer:
    """Give the packed offer of a row."""
    values = list(astuple(_DECODER.decode(data)))
    values[:2] = key[2:]
    values[_REVISIONS_AT] = tuple([_unpacked(revised) for revised in values[_REVISIONS_AT]])
    return Offer(*values)


def _unpacked(revised: Revised) -> Revised:
    values = list(astuple(revised))
    if revised.terms is not None:
        values[_TERMS_AT] = terms = list(astuple(revised.terms))
        terms[_TARIFF_AT] = Tariff(*astuple(revised.terms.tariff))
        values[_TERMS_AT] = Terms(*terms)
    return Revised(*values)
