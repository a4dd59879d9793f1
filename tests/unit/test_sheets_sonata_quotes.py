"""MEF LSO Sonata quotes: mapped to Ethernet offers that end with them, or left out by pointer."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strowger.cli.shared.importing import Asked, planned
from strowger.cli.shared.place import place
from strowger.contract.charges import Charges, TermStep
from strowger.contract.ethernet import EthernetLine
from strowger.contract.inbound import OfferPublished, OfferWithdrawn
from strowger.contract.market_terms import MarketTerms
from strowger.sheets import Reading, SheetUnreadable
from strowger.sheets.pointing import document_of
from strowger.sheets.sonata import Said, Sonata, read_sonata

DATA = Path(__file__).parents[1] / "data"
AVAILABILITY = (DATA / "mef-sonata-availability-response.json").read_text("utf-8")
PRICING = (DATA / "mef-sonata-pricing-response.json").read_text("utf-8")
SAID = Said("GB/LON", "FR/PAR")
PROFILE = "ingressBandwidthProfilePerClassOfServiceName"
FLOW = "quoteItem.0.product.productConfiguration.evcEndPoint"
UNTIL = datetime(2027, 3, 1, tzinfo=UTC)


def quote(**changes: object) -> dict[str, Any]:
    """Give a quote response of one line, in the shape of MEF's quote management API."""
    configuration = {
        "@type": "urn:mef:lso:spec:cantata-sonata:epl-evc:v1.0.0:all",
        "listOfCosNames": ["low"],
        "maximumFrameSize": 1522,
        "carrierEthernetSls": [
            {
                "slsCosNameEntry": [
                    {
                        "cosName": "low",
                        "oneWayFrameDelayPmMetric": [
                            {
                                "oneWayFdObjective": {
                                    "shortDurationValue": 1500,
                                    "shortDurationUnits": "US",
                                }
                            }
                        ],
                        "oneWayFrameLossRatioPmMetric": [{"oneWayFlrObjective": 0.001}],
                        "oneWayAvailabilityPmMetric": [{"oneWayAvailabilityObjective": 99.95}],
                    }
                ]
            }
        ],
        **{
            f"evcEndPoint{end}": {
                PROFILE: [
                    {
                        "classOfServiceName": "low",
                        "bwpFlow": {
                            "cir": {"irValue": 1, "irUnits": "GBPS"},
                            "eir": {"irValue": 500_000, "irUnits": "KBPS"},
                        },
                    }
                ]
            }
            for end in "AZ"
        },
    }
    item = {
        "id": "item-001",
        "action": "add",
        "state": "approved.orderable",
        "product": {"productConfiguration": configuration},
        "quoteItemTerm": [{"duration": {"amount": 1, "units": "calendarYears"}}],
        "quoteItemPrice": [
            {
                "priceType": "recurring",
                "recurringChargePeriod": "month",
                "price": {"dutyFreeAmount": {"unit": "USD", "value": 950.5}},
            },
            {
                "priceType": "nonRecurring",
                "price": {"dutyFreeAmount": {"unit": "USD", "value": 250}},
            },
        ],
    }
    return {
        "id": "q-7",
        "state": "approved.orderable",
        "quoteLevel": "firm",
        "validFor": {"endDateTime": "2027-03-01T00:00:00Z"},
        "quoteItem": [item],
        **changes,
    }


def quoted(document: dict[str, Any]) -> Sonata:
    """Read one quote."""
    return read_sonata([("quote.json", json.dumps(document))], SAID)


def test_a_quote_makes_an_offer_that_ends_with_it() -> None:
    """Qualities, price, level and validity of a quote are those of the offer."""
    (wanted,) = quoted(quote()).wanted
    assert (wanted.offer_id, wanted.currency) == ("q-7.item-001", "USD")
    assert (wanted.firmness, wanted.until) == ("firm", UNTIL)
    assert wanted.service == EthernetLine(
        a="GB/LON",
        z="FR/PAR",
        deck="q-7.item-001",
        cir_mbps=1000,
        eir_mbps=500,
        interfaces="uni-uni",
        vlan_mode="port",
        class_of_service="low",
        max_frame_bytes=1522,
        delay_ms=Decimal("1.5"),
        loss_percent=Decimal("0.001"),
        availability_percent=Decimal("99.95"),
        charges=Charges(
            terms=(TermStep(months=12, recurring=Decimal("950.5"), one_off=Decimal(250)),)
        ),
    )


def test_a_quote_whose_other_items_are_priced_makes_no_offer() -> None:
    """The line alone would be too cheap: the buyer pays for the ports as well."""
    document = quote()
    port = {"id": "item-002", "quoteItemPrice": document["quoteItem"][0]["quoteItemPrice"]}
    document["quoteItem"].append(port)
    found = quoted(document)
    assert not found.wanted
    assert "priced apart" in found.left_out[0].reason


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("state", "expired", "can be ordered"),
        ("quoteLevel", "wish", "quote level"),
        ("quoteItem.0.action", "modify", "not about a new product"),
        ("quoteItem.0.product.productConfiguration.@type", "urn:x:eplan-evc:v1", "lines known"),
        (
            f"{FLOW}Z.{PROFILE}.0.bwpFlow.cir.irValue",
            2,
            "other bandwidths",
        ),
        (
            f"{FLOW}Z.{PROFILE}.0.classOfServiceName",
            "high",
            "several classes",
        ),
        (
            f"{FLOW}A.{PROFILE}.0.bwpFlow.cir.irUnits",
            "BPS",
            "whole number",
        ),
        ("quoteItem.0.product.productConfiguration.maximumFrameSize", 99, "max_frame_bytes"),
        ("quoteItem.0.quoteItemPrice.0.price.dutyFreeAmount.value", -1, "recurring"),
    ],
)
def test_an_item_that_is_no_offer_says_why(path: str, value: object, reason: str) -> None:
    """What can't be ordered, is no line, or has no one bandwidth is left out with the reason."""
    document = quote()
    *way, last = path.split(".")
    at: Any = document
    for step in way:
        at = at[int(step)] if step.isdigit() else at[step]
    at[last] = value
    found = quoted(document)
    assert not found.wanted
    assert reason in found.left_out[0].reason


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "NaN", '{"quoteItem": 1}', "[" * 100_000, '{"pricingAndTerms": {}}']
)
def test_a_file_that_is_no_response_is_refused(text: str) -> None:
    """What is no JSON, or none of the responses, says so."""
    with pytest.raises(SheetUnreadable):
        read_sonata([("x.json", text)], SAID)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@given(data=st.data())
def test_any_change_to_a_response_is_an_offer_or_left_out(data: st.DataObject) -> None:
    """Whatever stands in whatever place, reading ends in offers, lists, or SheetUnreadable."""
    document: Any = data.draw(st.sampled_from([json.loads(PRICING), quote()]))
    at = document
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = data.draw(st.sampled_from(keys))
        beneath = at[key]
        if not beneath or not isinstance(beneath, dict | list) or data.draw(st.booleans()):
            at[key] = data.draw(JSON)
            break
        at = beneath
    try:
        found = read_sonata([("a.json", AVAILABILITY), ("b.json", json.dumps(document))], SAID)
    except SheetUnreadable:
        return
    assert found.wanted or found.left_out


@pytest.mark.parametrize("text", ["1e999999999", "123456789012345678901234567890"])
def test_a_number_beyond_measure_is_no_number(text: str) -> None:
    """A number with a billion digits is not expanded."""
    document = json.dumps(quote()).replace("950.5", text)
    assert document_of(document)
    found = read_sonata([("quote.json", document)], SAID)
    assert not found.wanted


async def test_a_quotes_end_is_published_as_a_withdrawal(tmp_path: Path) -> None:
    """An offer has no end of its own: what ends is withdrawn from then, a revision later."""
    file = tmp_path / "quote.json"
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    end = {"endDateTime": later.isoformat().replace("+00:00", "Z")}
    file.write_text(json.dumps(quote(validFor=end)))
    here = place(home=tmp_path, market="lines", provider="x")
    asked = Asked(Reading(), ("GB/LON", "FR/PAR"))
    terms = MarketTerms(market="lines", currency="USD")
    plan = await planned([file], asked, here, terms)
    published, withdrawn = plan.events("lines")
    assert isinstance(published, OfferPublished)
    assert isinstance(withdrawn, OfferWithdrawn)
    assert published.firmness == "firm"
    assert withdrawn.revision == published.revision + 1
    assert withdrawn.effective_at == later

    closing = terms.model_copy(update={"closure_notice_seconds": 31 * 86_400})
    held = await planned([file], asked, here, closing)
    assert held.events("lines") == []
    assert held.diff.counts["blocked"] == 1
