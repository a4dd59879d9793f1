"""Look up places: countries, and metros in them; a site is as its operator calls it.

Source: the airports and metropolitan areas with IATA codes that the package `airportsdata` carries,
each with its country. An airport's city is a metro by the airport's code, one with several airports
also by the code of its area. The data change between releases, which is why the market core never
looks there.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import ClassVar

import airportsdata

from strowger.contract.refusals import Refusal
from strowger.gateways.countries import is_country
from strowger.gateways.unknown import Unknown


class UnknownPlace(Unknown):
    """No such country, or no such metro in it."""

    refusal: ClassVar[Refusal] = Refusal.UNKNOWN_PLACE


def check_place(place: str) -> None:
    """Hold a place such as `GB/LON/thn2` to the reference data.

    Raises:
        UnknownPlace: its country or its metro is not known, or the metro lies in another country.
    """
    country, *parts = place.split("/")
    if not is_country(country):
        raise UnknownPlace(f"{country} is no country's code")
    for metro in parts[:1]:
        lies_in = _metros().get(metro)
        if lies_in is None:
            raise UnknownPlace(f"{metro} is no airport's or metropolitan area's code")
        if lies_in != country:
            raise UnknownPlace(f"{metro} lies in {lies_in}, not in {country}")


@cache
def _metros() -> Mapping[str, str]:
    """Give the country of each IATA code; loaded once, when the first metro is looked up."""
    airports = airportsdata.load("IATA")
    found = {code: airport["country"] for code, airport in airports.items()}
    for code, area in airportsdata.load_iata_macs().items():
        # An area has the country of its airports: of SLU, Castries, the list of areas says SL.
        found[code] = next(airports[each]["country"] for each in area["airports"])
    return MappingProxyType(found)
