"""SMS, application to person: what is offered and what is asked for."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, Field, StringConstraints

from strowger.contract.attributes import Attribute, Clause
from strowger.contract.fields import Outbound, Percent, Price, to_nano
from strowger.contract.normal import Tariff
from strowger.contract.service import Offered, Requested, Shown

Network = Annotated[str, StringConstraints(pattern=r"^([2-7][0-9]{2}(-[0-9]{2,3})?|[A-Z]{2})$")]
"""A mobile network, `234-15` (MCC and MNC, ITU-T E.212); all of an MCC, `234`; or of a country."""

OneNetwork = Annotated[str, StringConstraints(pattern=r"^[2-7][0-9]{2}-[0-9]{2,3}$")]
Sender = Literal["alphanumeric", "long-number", "short-code"]
Senders = Annotated[tuple[Sender, ...], Field(min_length=1, max_length=3)]
RouteClass = Literal["direct", "hubbed", "grey"]
Dlr = Literal["handset", "network", "none"]
"""What a delivery report tells: that the handset has it, that a network took it, or nothing."""

Messages = Annotated[int, Field(ge=1, le=10**12)]


class _Qualities(BaseModel):
    charged: Literal["submitted", "delivered"] = "submitted"
    """Whether each submitted or each delivered message is paid."""

    delivery_rate_percent: Annotated[Percent, Attribute("%", "higher", 2)] | None = None
    sender_types: Annotated[Senders, Attribute()] | None = None
    route_class: Annotated[RouteClass, Attribute()] | None = None
    tps: Annotated[int, Field(ge=1, le=10**6), Attribute("messages/s", "higher")] | None = None
    dlr: Annotated[Dlr, Attribute()] | None = None


class SmsDelivery(_Qualities, Offered):
    """Messages to the subscribers of a network, of an MCC, or of a country.

    A provider's offer for the network replaces its default for the MCC, and that its default for
    the country, within the same deck.
    """

    FAMILY: ClassVar[str] = "sms"
    family: Literal["sms"] = "sms"
    network: Network
    price_per_message: Price
    capacity_messages: Messages | None = None
    """Committed messages that can be sold in all; none means unlimited."""

    def scope(self) -> tuple[str, ...]:
        """Give the network, MCC or country."""
        return (self.network,)

    def usage_tariff(self) -> Tariff:
        """Give the price of a message."""
        return Tariff(usage_nano=to_nano(self.price_per_message))

    def capacity(self) -> int | None:
        """Give the messages that can be sold."""
        return self.capacity_messages

    def extra(self) -> dict[str, int | str]:
        """Say which messages are paid."""
        return {} if self.charged == "submitted" else {"charged": self.charged}


class SmsDemand(Requested):
    """Messages to arrive at the subscribers of one network.

    An offer charged by submitted message is compared at its price / its delivery rate: what the
    messages cost that have to be submitted for so many to arrive.
    """

    OFFERED: ClassVar[type[Offered]] = SmsDelivery
    family: Literal["sms"] = "sms"
    network: OneNetwork
    messages: Messages
    """Messages to be delivered, a month where the request compares several."""

    min_delivery_rate_percent: (
        Annotated[Percent, Clause("floor", "delivery_rate_percent")] | None
    ) = None
    sender_types: Annotated[Senders, Clause("cover", "sender_types")] | None = None
    route_class: Annotated[RouteClass, Clause("same", "route_class")] | None = None
    min_tps: Annotated[int, Field(ge=1, le=10**6), Clause("floor", "tps")] | None = None
    dlr: Annotated[Dlr, Clause("same", "dlr")] | None = None

    def scope(self) -> tuple[str, ...]:
        """Give the network."""
        return (self.network,)

    def quantity(self) -> int:
        """Give the messages to be delivered."""
        return self.messages


class SmsCost(Outbound):
    """How a month's usage came about: messages / delivery rate where submission is charged.

    `charged_messages` is an exact fraction where that is no whole number, such as `100000/99`.
    """

    family: Literal["sms"] = "sms"
    charged: str
    delivered_messages: int
    delivery_rate_percent: str | None
    charged_messages: str


class SmsShown(_Qualities, Shown):
    """The SMS offer as a match shows it and a sale freezes it."""

    FAMILY: ClassVar[str] = "sms"
    family: Literal["sms"] = "sms"
    network: str
