"""Who may do what on Kafka, made from the topic registry: whatever isn't here, the broker denies.

A participant's user is called as the participant; a service's `exchange.<service>`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from strowger.broker.access import OPERATOR, user_of
from strowger.contract.participants import Role
from strowger.contract.topics import (
    ALL,
    INBOUND_TOPICS,
    INBOX_PREFIX,
    SESSION_TIMEOUT_APP,
    Topic,
    inbox,
)

GATEWAYS: Final = tuple(f"gateway-{topic.name}" for topic in INBOUND_TOPICS)
SERVICES: Final = ("matching", "ledger", "notifier", SESSION_TIMEOUT_APP, *GATEWAYS)

_IN_A_GROUP: Final = frozenset({"matching", "notifier", SESSION_TIMEOUT_APP, *GATEWAYS})
_OFFERS: Final = "gateway-offer-published"

NOTIFIER: Final = "notifier"
NOTIFIER_REPLAYS: Final = "notifier-replays"
"""The transactions in which notices among the dead letters are sent again, and noted as sent."""

Kind = Literal["topic", "group", "transactional_id"]
Operation = Literal["read", "write", "describe"]


@dataclass(frozen=True, order=True)
class Right:
    """One thing that a user may do; `prefixed` says that the name is how many names begin."""

    kind: Kind
    name: str
    operation: Operation
    prefixed: bool = False

    def __str__(self) -> str:
        return f"{self.operation} {self.kind} {self.name}{'*' if self.prefixed else ''}"


Rights = frozenset[Right]


def of_service(service: str) -> Rights:
    """Give a service's rights: its topics as the registry has them, its group, its transactions."""
    parts = {"gateway" if service in GATEWAYS else service}
    rights = set(_on_topics(parts, [topic for topic in ALL if _concerns(topic, service)]))
    if service in _IN_A_GROUP:
        rights.add(Right("group", service, "read"))
    if service == "matching":
        rights.add(Right("transactional_id", "matching-", "write", prefixed=True))
    if service == "notifier":
        rights.add(Right("topic", INBOX_PREFIX, "write", prefixed=True))
        rights.add(Right("transactional_id", NOTIFIER_REPLAYS, "write"))
    if service == _OFFERS:
        rights.add(Right("group", "matching", "describe"))  # its brake asks how far that is
    return frozenset(rights)


def of_participant(participant: str, roles: Iterable[str]) -> Rights:
    """Give a participant's rights: its own inbox, its roles' topics, groups of its own name.

    Raises:
        ValueError: no role has such a name.
    """
    asked = {Role(role).value for role in roles}
    return frozenset(
        {
            *_on_topics(asked, ALL),
            Right("topic", inbox(participant).name, "read"),
            Right("group", participant, "read"),
            Right("group", f"{participant}.", "read", prefixed=True),
        }
    )


def of_operator() -> Rights:
    """Give the rights of the operator's commands: its topics, and to see how far each group is."""
    groups = {Right("group", service, "describe") for service in _IN_A_GROUP}
    return frozenset(_on_topics({"operator"}, ALL)) | groups


def of_the_exchange() -> dict[str, Rights]:
    """Give the rights of every user of the exchange's own."""
    return {user_of(name): of_service(name) for name in SERVICES} | {OPERATOR: of_operator()}


def _on_topics(parts: set[str], topics: Iterable[Topic]) -> Iterable[Right]:
    for topic in topics:
        if parts & set(topic.readers):
            yield Right("topic", topic.name, "read")
        if parts & set(topic.writers):
            yield Right("topic", topic.name, "write")


def _concerns(topic: Topic, service: str) -> bool:
    """Say that an inbound topic is its own gateway's, and no other's."""
    return topic not in INBOUND_TOPICS or service not in GATEWAYS or service.endswith(topic.name)
