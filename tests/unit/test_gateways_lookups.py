"""What gateways look up: numbers, places, networks."""

import subprocess
import sys
from typing import Any, Literal

import airportsdata
import pytest

from strowger.contract.commands import PublishOffer, RefuseEvent, SubmitRequest
from strowger.contract.service import Offered
from strowger.gateways.lookups import look_up
from strowger.gateways.networks import UnknownNetwork, check_network, country_of_network
from strowger.gateways.numbers import NotE164, country_of
from strowger.gateways.places import UnknownPlace, check_place
from tests.gateway_records import (
    DEMAND,
    LINE,
    MESSAGES,
    OFFER,
    REQUEST,
    SERVICE,
    record,
    refused,
    verdict,
)

INTERNET = {"family": "internet", "place": "DE/FRA", "port_mbps": 10_000}
TRAFFIC = {"family": "internet", "place": "DE/FRA", "expected_p95_mbps": 300}
LINE_WANTED = {"family": "ethernet", "a": "GB", "z": "FR", "min_cir_mbps": 100}
SMS = {"family": "sms", "network": "234", "price_per_message": "0.03"}


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+442079460000", "GB"),
        ("+12025550123", "US"),
        ("+77012345678", "KZ"),
        ("+390236618300", "IT"),
        ("+883510001234567", None),
    ],
)
def test_a_number_has_a_country_or_none(number: str, country: str | None) -> None:
    """Codes shared by several countries are told apart; international networks have no country."""
    assert country_of(number) == country


@pytest.mark.parametrize(
    "number", ["+4402079460000", "+99912345678", "+4412", "+1234567", "+4420794600001234"]
)
def test_what_cannot_be_dialled_from_abroad_is_no_number(number: str) -> None:
    """A country code not in use, a wrong length, or a national prefix is refused, not mended."""
    with pytest.raises(NotE164):
        country_of(number)


@pytest.mark.parametrize("place", ["GB", "GB/LON", "GB/LHR", "GB/LON/thn2", "AQ", "XK/PRN", "VA"])
def test_a_place_is_a_country_and_a_metro_in_it(place: str) -> None:
    """Metropolitan areas and airports alike; a site is taken as its operator calls it."""
    check_place(place)


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("UK", "UK is no country's code"),
        ("EU/BRU", "EU is no country's code"),
        ("GB/PAR", "PAR lies in FR, not in GB"),
        ("GB/QQQ/thn2", "QQQ is no airport's or metropolitan area's code"),
        ("AC", "AC is no country's code"),
    ],
)
def test_a_place_that_there_is_not_is_told(place: str, why: str) -> None:
    """Which part of it is not known, and where the metro lies instead."""
    with pytest.raises(UnknownPlace, match=why):
        check_place(place)


def test_every_airport_and_its_area_lie_in_a_country_that_is_known() -> None:
    """The two sources agree on what a country is: else no offer could name such a metro."""
    airports = airportsdata.load("IATA")
    for code, airport in airports.items():
        check_place(f"{airport['country']}/{code}")
    for code, area in airportsdata.load_iata_macs().items():
        for each in area["airports"]:
            check_place(f"{airports[each]['country']}/{code}")


@pytest.mark.parametrize(
    ("network", "country"),
    [
        ("234-15", "GB"),
        ("234-999", "GB"),
        ("362-51", "SX"),
        ("362-69", "CW"),
        ("362-999", None),
    ],
)
def test_a_network_has_the_country_of_its_mcc(network: str, country: str | None) -> None:
    """An MNC that is not listed is taken; of an MCC that is shared nobody can tell whose it is."""
    assert country_of_network(network) == country


@pytest.mark.parametrize("network", ["234-15", "234-999", "234", "362", "GB", "XK"])
def test_an_sms_offer_is_for_a_network_an_mcc_or_a_country(network: str) -> None:
    """Each form is held to the list that it is of."""
    check_network(network)


@pytest.mark.parametrize("network", ["201-15", "201", "UK", "ZZ"])
def test_a_network_that_there_is_not_is_told(network: str) -> None:
    """An MCC not in use, or a country that ISO does not name."""
    with pytest.raises(UnknownNetwork, match=network[:2]):
        check_network(network)


@pytest.mark.parametrize(
    ("service", "looked_up", "scope"),
    [
        (DEMAND, "GB", ("442079460000",)),
        ({**DEMAND, "origin": "+12025550123"}, "GB", ("442079460000",)),
        ({"minutes": 1, "codes": ["4420", "33", "4420"]}, None, ("33", "4420")),
        (TRAFFIC, None, ("DE/FRA",)),
        (LINE_WANTED, None, ("FR", "GB")),
        (MESSAGES, "GB", ("234-15",)),
        ({**MESSAGES, "network": "362-999"}, None, ("362-999",)),
    ],
)
def test_what_was_looked_up_travels_with_the_request(
    service: dict[str, Any], looked_up: str | None, scope: tuple[str, ...]
) -> None:
    """The market never looks anything up: the country comes with the need."""
    command = verdict(record("request-submitted", {**REQUEST, "service": service}))
    assert isinstance(command, SubmitRequest)
    assert command.service.looked_up == looked_up
    assert command.service.scope == scope


@pytest.mark.parametrize(
    ("service", "refusal"),
    [
        ({**DEMAND, "destination": "+4412"}, "not_e164"),
        ({**DEMAND, "origin": "+4412"}, "not_e164"),
        ({"minutes": 1, "codes": ["44"], "origin": "+4412"}, "not_e164"),
        ({**TRAFFIC, "place": "DE/PAR"}, "unknown_place"),
        ({**LINE_WANTED, "a": "UK"}, "unknown_place"),
        ({**LINE_WANTED, "z": "GB/PAR"}, "unknown_place"),
        ({**MESSAGES, "network": "201-15"}, "unknown_network"),
    ],
)
def test_a_request_for_what_there_is_not_is_refused(service: dict[str, Any], refusal: str) -> None:
    """The buyer hears that it is the number, the place or the network."""
    body = {**REQUEST, "service": service}
    assert refused(record("request-submitted", body)) == (refusal, "request r-1")


@pytest.mark.parametrize(
    ("service", "refusal"),
    [
        (SERVICE, None),
        (INTERNET, None),
        (LINE, None),
        (SMS, None),
        ({**INTERNET, "place": "DE/PAR"}, "unknown_place"),
        ({**LINE, "a": "UK"}, "unknown_place"),
        ({**LINE, "z": "GB/PAR"}, "unknown_place"),
        ({**SMS, "network": "201"}, "unknown_network"),
        ({**SMS, "network": "UK"}, "unknown_network"),
    ],
)
def test_an_offer_of_what_there_is_not_is_refused(
    service: dict[str, Any], refusal: str | None
) -> None:
    """The provider hears of it before anybody could be shown the offer."""
    command = verdict(record("offer-published", {**OFFER, "service": service}))
    if refusal is None:
        assert isinstance(command, PublishOffer)
    else:
        assert isinstance(command, RefuseEvent)
        assert (command.refusal, command.subject) == (refusal, "offer o-1")


class _Wavelength(Offered):
    """A family that is in no table."""

    FAMILY = "wavelength"
    family: Literal["wavelength"] = "wavelength"

    def scope(self) -> tuple[str, ...]:
        """Give a place that no list has."""
        return ("ZZ",)


def test_a_new_family_needs_no_look_up() -> None:
    """What the table does not name is taken as it is."""
    assert look_up(_Wavelength()) is None


def test_nothing_is_loaded_before_it_is_needed() -> None:
    """A service that starts, or that only takes voice, reads no list of airports or countries."""
    code = (
        "from strowger.gateways import countries, offer_published, places, request_submitted;"
        "print(places._metros.cache_info().currsize, countries._codes.cache_info().currsize)"
    )
    ran = subprocess.run(  # noqa: S603 - our own interpreter and our own line
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["0", "0"]
    check_place("GB/LON")
    check_place("GB/LON")
