"""Look up mobile networks by MCC and MNC (ITU-T E.212).

Source: the countries of codes that the package `phone_iso3166` carries. Codes of networks come and
go faster than such lists, so a network code that is not listed is taken; a country code (MCC) is
not. The data change between releases, which is why the market core never looks there.
"""

from typing import ClassVar

from phone_iso3166.e212 import networks

from strowger.contract.refusals import Refusal
from strowger.gateways.countries import is_country
from strowger.gateways.unknown import Unknown


class UnknownNetwork(Unknown):
    """No country has this MCC or this code."""

    refusal: ClassVar[Refusal] = Refusal.UNKNOWN_NETWORK


def country_of_network(network: str) -> str | None:
    """Give the ISO 3166 code of a network such as `234-15`.

    None where countries share its MCC and its MNC is not listed: nobody can tell whose it is.

    Raises:
        UnknownNetwork: its MCC is not in use.
    """
    mcc, _, mnc = network.partition("-")
    found = _countries_of(mcc)
    return found if isinstance(found, str) else found.get(int(mnc))


def check_network(network: str) -> None:
    """Hold what an offer is for, `234-15`, `234` or `GB`, to the reference data.

    Raises:
        UnknownNetwork: its MCC is not in use, or it is no country's code.
    """
    if network.isalpha():
        if not is_country(network):
            raise UnknownNetwork(f"{network} is no country's code")
    else:
        _countries_of(network.partition("-")[0])


def _countries_of(mcc: str) -> str | dict[int, str]:
    """Give the country of an MCC, or the countries of the MNCs under one that several share."""
    found = networks.get(int(mcc))
    if found is None:
        raise UnknownNetwork(f"{mcc} is no MCC in use")
    return found
