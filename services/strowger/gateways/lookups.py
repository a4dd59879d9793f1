"""Which reference data each family's offers and requests are held to.

A family that is not named here needs none: a new one has nothing to do here.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from strowger.contract.ethernet import EthernetDemand, EthernetLine
from strowger.contract.internet import InternetAccess, InternetDemand
from strowger.contract.service import Offered, Requested
from strowger.contract.sms import SmsDelivery, SmsDemand
from strowger.contract.voice import VoiceDemand
from strowger.gateways.networks import check_network, country_of_network
from strowger.gateways.numbers import country_of
from strowger.gateways.places import check_place


def look_up(service: Offered | Requested) -> str | None:
    """Give the country of what is asked for, if that can be told of this family.

    Raises:
        Unknown: the service names a number, a place or a network that there is not.
    """
    family = _LOOKUPS.get(type(service))
    return family(service) if family else None


def _number(voice: VoiceDemand) -> str | None:
    if voice.origin is not None:
        country_of(voice.origin)
    return None if voice.destination is None else country_of(voice.destination)


def _place(internet: InternetAccess | InternetDemand) -> None:
    check_place(internet.place)


def _both_ends(line: EthernetLine | EthernetDemand) -> None:
    check_place(line.a)
    check_place(line.z)


def _network(offered: SmsDelivery) -> None:
    check_network(offered.network)


def _country(asked: SmsDemand) -> str | None:
    return country_of_network(asked.network)


_LOOKUPS: Final[Mapping[type[Offered | Requested], Callable[[Any], str | None]]] = MappingProxyType(
    {
        VoiceDemand: _number,
        InternetAccess: _place,
        InternetDemand: _place,
        EthernetLine: _both_ends,
        EthernetDemand: _both_ends,
        SmsDelivery: _network,
        SmsDemand: _country,
    }
)
