"""Offers at rest: packed as arrays without names, a third of the size of the objects.

What is packed is never written to a topic, so that its form may change with any release.
"""

import msgspec

from strowger.contract.normal import Tariff, Terms
from strowger.market.entities import Key, Offer, Revised


class _Tariff(Tariff, frozen=True, array_like=True, gc=False):
    pass


class _Terms(Terms, frozen=True, array_like=True, gc=False):
    tariff: _Tariff = _Tariff()


class _Revised(Revised, frozen=True, array_like=True, gc=False):
    terms: _Terms | None = None


class _Offer(Offer, frozen=True, array_like=True, tag=False):
    revisions: tuple[_Revised, ...]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[_Offer] = msgspec.msgpack.Decoder(_Offer)


def pack(offer: Offer) -> bytes:
    """Make an offer small; its key tells whose it is and which."""
    packed = msgspec.convert(offer, _Offer, from_attributes=True)
    packed = msgspec.structs.replace(packed, provider="", offer_id="")
    return _ENCODER.encode(packed)


def unpack(key: Key, data: bytes) -> Offer:
    """Give the packed offer of a row."""
    offer = msgspec.convert(_DECODER.decode(data), Offer, from_attributes=True)
    return msgspec.structs.replace(offer, provider=key[2], offer_id=key[3])
