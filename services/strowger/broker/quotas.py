"""Quotas of participants on the broker, which slows down who is above its own (KIP-546).

aiokafka knows how to ask for quotas, not how to set them: that request is spelled here. Neither
confluent-kafka nor kafka-python's admin client has either.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import DescribeClientQuotasRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int16, Int32, Schema, String

from strowger.broker import connections
from strowger.contract.participants import QUOTAS

_USER: Final = "user"
_ANY_NAME: Final = 2
_TEXT: Final = String("utf-8")

Quotas = Mapping[str, float]


class _AlterResponse(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "entries",
            Array(
                ("error_code", Int16),
                ("error_message", _TEXT),
                ("entity", Array(("entity_type", _TEXT), ("entity_name", _TEXT))),
            ),
        ),
    )


class _AlterStruct(RequestStruct):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _AlterResponse
    SCHEMA = Schema(
        (
            "entries",
            Array(
                ("entity", Array(("entity_type", _TEXT), ("entity_name", _TEXT))),
                ("ops", Array(("key", _TEXT), ("value", Float64), ("remove", Boolean))),
            ),
        ),
        ("validate_only", Boolean),
    )


class _Alter(Request[_AlterStruct]):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 49

    def __init__(self, entries: list[Any]) -> None:
        self._entries = entries

    def build(self, request_struct_class: type[_AlterStruct]) -> _AlterStruct:
        return request_struct_class(self._entries, False)  # noqa: FBT003 - the protocol's order


async def described(bootstrap: str) -> dict[str, Quotas]:
    """Give the quotas of each user that has any.

    Raises:
        KafkaError: the broker can't be asked, or says no.
    """
    async with _client(bootstrap) as client:
        wanted = DescribeClientQuotasRequest([(_USER, _ANY_NAME, None)], True)  # noqa: FBT003 - the protocol's order
        answer = await client.send(client.get_random_node(), wanted)
    if answer.error_code:
        raise for_code(answer.error_code)(answer.error_message)
    return {
        name: dict(values)
        for entity, values in answer.entries
        for kind, name in entity
        if kind == _USER and name is not None
    }


def unlike(standing: Mapping[str, Quotas], participants: Iterable[str]) -> tuple[str, ...]:
    """Give the participants whose quotas are other than the contract's."""
    return tuple(each for each in sorted(participants) if standing.get(each, {}) != dict(QUOTAS))


async def put(bootstrap: str, participants: Iterable[str], quotas: Quotas = QUOTAS) -> None:
    """Give each participant these quotas and no other, from now on; none takes them away.

    Raises:
        KafkaError: the broker can't be asked, or says no.
    """
    names = list(participants)
    if not names:
        return
    standing = await described(bootstrap)
    entries = []
    for name in names:
        gone = [(key, 0.0, True) for key in standing.get(name, {}) if key not in quotas]
        kept = [(key, float(value), False) for key, value in quotas.items()]
        entries.append(([(_USER, name)], kept + gone))
    async with _client(bootstrap) as client:
        answer = await client.send(client.get_random_node(), _Alter(entries))
    for code, message, _ in answer.entries:
        if code:
            raise for_code(code)(message)


@asynccontextmanager
async def _client(bootstrap: str) -> AsyncIterator[Any]:
    client = AIOKafkaClient(**connections.to(bootstrap), client_id="strowger-quotas")
    try:
        await client.bootstrap()
        yield client
    finally:
        await client.close()
