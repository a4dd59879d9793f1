"""The examples of every event: a sale of voice, a reading of the book, the other families."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from strowger.contract.generate.example import Example
from strowger.contract.generate.example_book import following, guarded, reading
from strowger.contract.generate.example_ethernet import ethernet
from strowger.contract.generate.example_internet import internet
from strowger.contract.generate.example_sale import sale
from strowger.contract.generate.example_sms import sms
from strowger.contract.generate.schemas import AnyEvent, name_of
from strowger.contract.inbound import InboundEvent


def _order(example: Example) -> bool:
    return not isinstance(example.event, InboundEvent)


EXAMPLES: Final[Mapping[type[AnyEvent], Example]] = MappingProxyType(
    {
        type(example.event): example
        for example in sorted((*sale(), *reading(), *following()), key=_order)
    }
)
"""One of each event, by its model, the inbound ones first."""

VARIANTS: Final[Mapping[str, Example]] = MappingProxyType(
    {
        f"{name_of(type(example.event))}.{label}": example
        for label, example in (*internet(), *ethernet(), *sms(), *guarded())
    }
)
"""More of some events, by name and what tells them apart: `offer-published.v1.sms`."""


def examples_of(event: type[AnyEvent]) -> tuple[Example, ...]:
    """Give every example of an event."""
    return EXAMPLES[event], *(each for each in VARIANTS.values() if type(each.event) is event)
