"""The service families of the contract, each named once here; each has one file."""

from typing import Annotated, Final

from pydantic import Discriminator, Field, Tag

from strowger.contract.ethernet import EthernetCost, EthernetDemand, EthernetLine, EthernetShown
from strowger.contract.internet import InternetAccess, InternetCost, InternetDemand, InternetShown
from strowger.contract.sms import SmsCost, SmsDelivery, SmsDemand, SmsShown
from strowger.contract.voice import (
    VoiceCost,
    VoiceDemand,
    VoiceShown,
    VoiceSold,
    VoiceTermination,
)

VOICE: Final = "voice"
"""What a service is that names no family: the first release knew no other."""


def _family(service: object) -> object:
    """Tell the family of a service, as it was sent or as a model."""
    if isinstance(service, dict):
        return service.get("family", VOICE)
    return getattr(service, "family", None)


_BY_FAMILY: Final = Discriminator(
    _family,
    custom_error_type="unknown_family",
    custom_error_message="the service is of no family that is traded here",
)

OfferedService = Annotated[
    Annotated[VoiceTermination, Tag(VOICE)]
    | Annotated[InternetAccess, Tag("internet")]
    | Annotated[EthernetLine, Tag("ethernet")]
    | Annotated[SmsDelivery, Tag("sms")],
    _BY_FAMILY,
]
RequestedService = Annotated[
    Annotated[VoiceDemand, Tag(VOICE)]
    | Annotated[InternetDemand, Tag("internet")]
    | Annotated[EthernetDemand, Tag("ethernet")]
    | Annotated[SmsDemand, Tag("sms")],
    _BY_FAMILY,
]
ShownService = Annotated[
    VoiceShown | InternetShown | EthernetShown | SmsShown, Field(discriminator="family")
]
SoldService = Annotated[
    VoiceSold | InternetShown | EthernetShown | SmsShown, Field(discriminator="family")
]
CostBasis = Annotated[
    VoiceCost | InternetCost | EthernetCost | SmsCost, Field(discriminator="family")
]
