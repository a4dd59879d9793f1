"""MEF LSO Sonata's samples: mapped to Ethernet offers; what has no place is listed by pointer."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from strowger.contract.charges import Charges, TermStep
from strowger.contract.ethernet import EthernetLine
from strowger.sheets.sonata import Said, Sonata, read_sonata

DATA = Path(__file__).parents[1] / "data"
AVAILABILITY = (DATA / "mef-sonata-availability-response.json").read_text("utf-8")
PRICING = (DATA / "mef-sonata-pricing-response.json").read_text("utf-8")
SAID = Said("GB/LON", "FR/PAR")


def samples(pricing: str = PRICING, said: Said = SAID) -> Sonata:
    """Read MEF's own samples, which price the second of three configurations."""
    return read_sonata([("availability.json", AVAILABILITY), ("pricing.json", pricing)], said)


def changed(text: str, **members: object) -> str:
    """Change members of the first `pricingAndTerms`, or of the whole document."""
    document = json.loads(text)
    for name, value in members.items():
        document["pricingAndTerms"][0][name] = value
    return json.dumps(document)


def test_the_samples_make_the_offer_that_they_price() -> None:
    """Bandwidth, class, frame size and both terms are taken from MEF's own samples."""
    (wanted,) = samples().wanted
    assert (wanted.offer_id, wanted.currency, wanted.firmness) == ("PC-ID-0002", "EUR", "budgetary")
    assert wanted.service == EthernetLine(
        a="GB/LON",
        z="FR/PAR",
        deck="PC-ID-0002",
        cir_mbps=200,
        eir_mbps=0,
        interfaces="enni-uni",
        class_of_service="high",
        max_frame_bytes=1526,
        charges=Charges(
            terms=(
                TermStep(months=12, recurring=Decimal(100), one_off=Decimal(0)),
                TermStep(months=36, recurring=Decimal(80), one_off=Decimal(0)),
            )
        ),
    )


def test_a_configuration_without_a_price_makes_no_offer() -> None:
    """The samples price one of three configurations: the others are left out, each by its place."""
    left_out = samples().left_out
    assert [(each.file, each.pointer) for each in left_out] == [
        ("availability.json", "/availableProductOfferingConfigurations/0"),
        ("availability.json", "/availableProductOfferingConfigurations/2"),
    ]
    assert all("no price" in each.reason for each in left_out)


def leaves(value: object, pointer: str) -> Iterator[str]:
    """Give the pointers of all leaves, by another walk than the one that is tested."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves(member, f"{pointer}/{name}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from leaves(member, f"{pointer}/{index}")
    else:
        yield pointer


def test_every_field_is_mapped_or_listed() -> None:
    """What an offer has no place for is listed with its value and why; nothing is dropped."""
    found = samples()
    listed = {(each.file, each.pointer): each for each in found.unmapped}
    tax = listed["pricing.json", "/pricingAndTerms/0/price/0/price/taxRate"]
    assert (tax.value, tax.reason) == (10, "taxes are not part of an offer")
    second = "/availableProductOfferingConfigurations/1"
    interval = listed["availability.json", f"{second}/installationInterval/amount"]
    assert "no commitment" in interval.reason
    assert ("availability.json", "/productRelationship/0/id") in listed

    flow = f"{second}/productConfiguration/uniEp/ingressBandwidthProfilePerClassOfServiceName/0"
    taken = {
        "/action",
        f"{second}/productConfigurationIdentifier",
        f"{second}/productConfiguration/@type",
        f"{second}/productConfiguration/maximumFrameSize",
        f"{second}/productConfiguration/listOfClassOfServiceNames/0",
        f"{flow}/classOfServiceName",
        *(
            f"{flow}/bwpFlow/{rate}/{part}"
            for rate in ("cir", "eir")
            for part in ("irValue", "irUnits")
        ),
    }
    left_out = [each.pointer for each in found.left_out]
    unread = {pointer for file, pointer in listed if file == "availability.json"}
    everything = {
        pointer
        for pointer in leaves(json.loads(AVAILABILITY), "")
        if not any(pointer.startswith(f"{gone}/") for gone in left_out)
    }
    assert unread == everything - taken


PRICE = {"dutyFreeAmount": {"unit": "EUR", "value": 100}}
YEARLY = {"priceType": "recurring", "recurringChargePeriod": "year", "price": PRICE}


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"subjectToAdditionalNonrecurringCharges": True}, "charges that are not said"),
        (
            {"price": [{"priceType": "usageBased", "price": PRICE}]},
            "neither a one-off charge nor one by the month",
        ),
        (
            {
                "price": [
                    {"priceType": "recurring", "recurringChargePeriod": "year", "price": PRICE}
                ]
            },
            "neither a one-off charge nor one by the month",
        ),
        ({"price": [{"priceType": "nonRecurring", "price": {}}]}, "no amount without taxes"),
        ({"term": {"duration": {"amount": 30, "units": "calendarDays"}}}, "whole months"),
        ({"term": {"duration": {"amount": 36, "units": "calendarMonths"}}}, "two prices"),
        (
            {
                "price": [
                    {
                        "priceType": "nonRecurring",
                        "price": {"dutyFreeAmount": {"unit": "USD", "value": 1}},
                    }
                ]
            },
            "several currencies",
        ),
    ],
)
def test_a_price_without_a_place_leaves_the_offer_out(
    members: dict[str, object], reason: str
) -> None:
    """An offer that left a price out would say too little: there is none then."""
    found = samples(changed(PRICING, **members))
    assert not found.wanted
    assert any(reason in each.reason and each.file == "pricing.json" for each in found.left_out)


def test_amounts_are_exact_and_one_off_charges_are_added() -> None:
    """A price of 0.1 is a tenth, never a binary fraction; a term of a month is no term."""
    charge = {"dutyFreeAmount": {"unit": "EUR", "value": 0.1}}
    (wanted,) = samples(
        changed(
            PRICING,
            term={"duration": {"amount": 1, "units": "calendarMonths"}},
            price=[
                {"priceType": "recurring", "recurringChargePeriod": "month", "price": charge},
                {"priceType": "nonRecurring", "price": charge},
                {"priceType": "nonRecurring", "price": charge},
            ],
        )
    ).wanted
    assert isinstance(wanted.service, EthernetLine)
    charges = wanted.service.charges
    assert (charges.recurring, charges.one_off) == (Decimal("0.1"), Decimal("0.2"))
    assert [step.months for step in charges.terms] == [36]


def test_a_person_may_say_that_discovered_prices_bind() -> None:
    """Discovery names no quote level: without a word its prices are budgetary."""
    (wanted,) = samples(said=Said("GB", "FR", firmness="firm")).wanted
    assert wanted.firmness == "firm"
