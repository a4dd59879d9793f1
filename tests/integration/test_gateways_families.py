import asyncio
import copy
import json

import pytest

from strowger.broker.provisioning import apply
from strowger.contract.commands import PublishCapacity, PublishOffer, RefuseEvent, SubmitRequest
from strowger.contract.generate.example import Example
from strowger.contract.generate.examples import VARIANTS, examples_of
from strowger.contract.inbound import (
    CapacityPublished,
    InboundEvent,
    OfferPublished,
    RequestSubmitted,
)
from strowger.contract.topics import ALL, OFFER_PUBLISHED, REQUEST_SUBMITTED
from strowger.gateways import offer_published, request_submitted
from strowger.settings import Settings
from tests.integration.topics import headers, logged, send
from tests.running import running
from tests.support import eventually, unique


@pytest.fixture(scope="module", autouse=True)
def _topics(bootstrap: str) -> None:
    asyncio.run(apply(bootstrap, ALL))


async def test_every_family_goes_through(bootstrap: str, settings: Settings) -> None:
    """Offers, pools and requests of all families reach the log; an unknown place is refused."""
    market = unique("data")
    offers = [(each.event.TYPE, each.body) for each in of_type(OfferPublished, CapacityPublished)]
    requests = [(each.event.TYPE, each.body) for each in of_type(RequestSubmitted)]
    nowhere = copy.deepcopy(VARIANTS["offer-published.v1.internet"].body)
    nowhere["service"]["place"] = "DE/LON"
    async with running(settings, offer_published.GATEWAY.name, request_submitted.GATEWAY.name):
        for topic, sent in (
            (OFFER_PUBLISHED, [*offers, (OfferPublished.TYPE, nowhere)]),
            (REQUEST_SUBMITTED, requests),
        ):
            records = [
                (headers(kind), json.dumps(body | {"market": market}).encode())
                for kind, body in sent
            ]
            await send(bootstrap, topic.name, *records)
        found = await eventually(logged(bootstrap, market, len(offers) + len(requests) + 1))
    published = [each.service.family for each in found if isinstance(each, PublishOffer)]
    requested = [each.service.family for each in found if isinstance(each, SubmitRequest)]
    assert sorted(set(published)) == ["ethernet", "internet", "sms", "voice"]
    assert len(published) == sum(kind == OfferPublished.TYPE for kind, _ in offers)
    assert sorted(requested) == ["ethernet", "internet", "sms", "voice"]
    assert [each.pool for each in found if isinstance(each, PublishCapacity)] == ["gb"]
    (refused,) = (each for each in found if isinstance(each, RefuseEvent))
    assert (refused.refusal, refused.subject) == ("unknown_place", "offer transit-fra")


def of_type(*types: type[InboundEvent]) -> list[Example]:
    """Give the published examples of some events."""
    return [each for kind in types for each in examples_of(kind)]
