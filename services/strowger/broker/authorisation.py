"""Users and their rights on the broker, made and kept as the registry says.

confluent-kafka does it, since aiokafka's admin client knows neither users nor ACLs.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from strowger.broker import quotas, rights
from strowger.broker.access import OURS, Credentials, access_of
from strowger.broker.connections import wait_for_broker
from strowger.broker.errors import BrokerError, BrokerUnavailable
from strowger.broker.rights import Right, Rights

_PRINCIPAL: Final = "User:"
_SCRAM_ITERATIONS: Final = 4096
"""Kafka's least. More would slow the guessing of weak passwords; ours are 256 random bits."""

_REQUEST_SECONDS: Final = 15.0
_LOOK_SECONDS: Final = 0.05
_VISIBLE_SECONDS: Final = 15

_EVERY: Final = AclBindingFilter(
    ResourceType.ANY,
    None,  # type: ignore[arg-type] # None is any, which the library's types don't say
    ResourcePatternType.ANY,
    None,  # type: ignore[arg-type] # as above
    None,  # type: ignore[arg-type] # as above
    AclOperation.ANY,
    AclPermissionType.ANY,
)


class AuthorisationRefused(BrokerError):
    """The broker did not make a user or a right; the message carries its reason."""


@dataclass(frozen=True)
class Difference:
    """What a broker has other than it should: users it doesn't know, rights by who has them."""

    users: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    superfluous: tuple[str, ...] = ()
    quotas: tuple[str, ...] = ()
    """Participants with other quotas than the contract's."""

    @classmethod
    def of(cls, several: Iterable["Difference"]) -> Self:
        """Give several as one."""
        some = tuple(several)
        return cls(
            tuple(user for each in some for user in each.users),
            tuple(right for each in some for right in each.missing),
            tuple(right for each in some for right in each.superfluous),
            tuple(name for each in some for name in each.quotas),
        )

    @property
    def is_empty(self) -> bool:
        """Say whether everything is as it should be."""
        return not (self.users or self.missing or self.superfluous or self.quotas)


async def apply(bootstrap: str, secrets_dir: Path) -> Difference:
    """Give the exchange's services and operator their users and rights; say what was changed.

    Every participant gets its quotas, too. A password that is kept in `secrets_dir` stays; who has
    none gets a fresh one, kept there.

    Raises:
        BrokerUnavailable: no broker answers, or it does not show what it accepted.
        AuthorisationRefused: the broker said no.
    """
    settled = await _settle(bootstrap, rights.of_the_exchange(), secrets_dir)
    async with _admin(bootstrap) as admin:
        changed = await _limit(bootstrap, _participants(await _users(admin)))
    return replace(settled, quotas=changed)


async def grant(
    bootstrap: str, participant: str, roles: Iterable[str], *, secrets_dir: Path
) -> Difference:
    """Give a participant its user, its quotas, and just the rights of these roles.

    What was changed is said.

    Its password is kept in `secrets_dir`, to be handed over as the file it is. Granting again
    changes the rights to those of the new roles, and leaves a password alone that is kept here.

    Raises:
        ValueError: no role has such a name.
        BrokerUnavailable: no broker answers, or it does not show what it accepted.
        AuthorisationRefused: the broker said no.
    """
    wanted = {participant: rights.of_participant(participant, roles)}
    settled = await _settle(bootstrap, wanted, secrets_dir)
    return replace(settled, quotas=await _limit(bootstrap, [participant]))


async def withdraw(bootstrap: str, participant: str) -> None:
    """Take every right of a participant away at once, and its user: it can't log in again.

    Raises:
        BrokerUnavailable: no broker answers, or it does not show what it accepted.
        AuthorisationRefused: the broker said no.
    """
    async with _admin(bootstrap) as admin:
        await _delete(admin, await _bindings(admin, {participant}))
        if participant in await _users(admin):
            deletion = UserScramCredentialDeletion(participant, ScramMechanism.SCRAM_SHA_256)
            await _all(admin.alter_user_scram_credentials([deletion]).values())
    await quotas.put(bootstrap, [participant], {})


async def difference(bootstrap: str) -> Difference:
    """Compare the exchange's users and rights, and all quotas, with what they should be.

    Nothing is changed.

    Raises:
        BrokerUnavailable: no broker answers.
    """
    wanted = rights.of_the_exchange()
    async with _admin(bootstrap) as admin:
        found = await _compare(admin, wanted)
        participants = _participants(await _users(admin))
    return replace(found, quotas=quotas.unlike(await quotas.described(bootstrap), participants))


async def _limit(bootstrap: str, participants: Iterable[str]) -> tuple[str, ...]:
    """Set the quotas of participants that have others; give them, once the broker shows it."""
    names = tuple(participants)
    changed = quotas.unlike(await quotas.described(bootstrap), names)
    await quotas.put(bootstrap, changed)

    async def shown() -> bool:
        return not quotas.unlike(await quotas.described(bootstrap), names)

    await _until(shown)
    return changed


def _participants(users: Iterable[str]) -> list[str]:
    return [user for user in users if not user.startswith(OURS)]


async def _settle(bootstrap: str, wanted: Mapping[str, Rights], secrets_dir: Path) -> Difference:
    async with _admin(bootstrap) as admin:
        should, have = _all_bindings(wanted), await _bindings(admin, wanted.keys())
        known = await _users(admin)
        users = [
            user
            for user in wanted
            if user not in known or Credentials.load(secrets_dir, user) is None
        ]
        if users:
            await _all(
                admin.alter_user_scram_credentials(
                    [_upsertion(user, secrets_dir) for user in users]
                ).values()
            )
        if should - have:
            await _all(admin.create_acls(list(should - have)).values())
        await _delete(admin, have - should)

        async def shown() -> bool:
            return (await _compare(admin, wanted)).is_empty

        await _until(shown)
    return Difference(tuple(users), _words(should - have), _words(have - should))


async def _compare(admin: AdminClient, wanted: Mapping[str, Rights]) -> Difference:
    should, have = _all_bindings(wanted), await _bindings(admin, wanted.keys())
    known = await _users(admin)
    users = tuple(user for user in wanted if user not in known)
    return Difference(users, _words(should - have), _words(have - should))


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AdminClient]:
    # First as ourselves: librdkafka tells of a wrong password by a log line and a timeout.
    await wait_for_broker(bootstrap, timeout_seconds=15)
    admin = AdminClient(
        {
            "bootstrap.servers": str(bootstrap),
            "client.id": "strowger-authorisation",
            "log_level": 3,  # what it tells beyond errors is about itself
            **access_of(bootstrap).for_librdkafka(),
        }
    )
    # Denied to see users, confluent-kafka 2.16 ends the process: so what we may is asked first.
    cluster = await _one(
        admin.describe_cluster(include_authorized_operations=True, request_timeout=_REQUEST_SECONDS)
    )
    if AclOperation.ALTER not in (cluster.authorized_operations or ()):
        raise AuthorisationRefused("to make users and rights takes the broker's root")
    yield admin


async def _users(admin: AdminClient) -> set[str]:
    found = admin.describe_user_scram_credentials(request_timeout=_REQUEST_SECONDS)
    return set(await _one(found))


async def _bindings(admin: AdminClient, users: Iterable[str]) -> set[AclBinding]:
    """Give every rule that names one of these users."""
    principals = {_PRINCIPAL + user for user in users}
    found = await _one(admin.describe_acls(_EVERY, request_timeout=_REQUEST_SECONDS))
    return {binding for binding in found if binding.principal in principals}


async def _delete(admin: AdminClient, bindings: Iterable[AclBinding]) -> None:
    filters = [AclBindingFilter(*binding._to_tuple()) for binding in bindings]  # noqa: SLF001 - what it is compared by
    if filters:
        await _all(admin.delete_acls(filters).values())


def _upsertion(user: str, secrets_dir: Path) -> UserScramCredentialUpsertion:
    credentials = Credentials.load(secrets_dir, user)
    if credentials is None:
        credentials = Credentials.fresh(user, "SCRAM-SHA-256")
        credentials.save(secrets_dir)
    return UserScramCredentialUpsertion(
        user,
        ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, _SCRAM_ITERATIONS),
        credentials.password.get_secret_value().encode(),
    )


def _all_bindings(wanted: Mapping[str, Rights]) -> set[AclBinding]:
    return {_binding(user, right) for user, some in wanted.items() for right in some}


def _binding(user: str, right: Right) -> AclBinding:
    return AclBinding(
        ResourceType[right.kind.upper()],
        right.name,
        ResourcePatternType.PREFIXED if right.prefixed else ResourcePatternType.LITERAL,
        _PRINCIPAL + user,
        "*",
        AclOperation[right.operation.upper()],
        AclPermissionType.ALLOW,
    )


def _words(bindings: Iterable[AclBinding]) -> tuple[str, ...]:
    return tuple(sorted(_word(binding) for binding in bindings))


def _word(binding: AclBinding) -> str:
    said = "" if binding.permission_type is AclPermissionType.ALLOW else "never "
    star = "*" if binding.resource_pattern_type is ResourcePatternType.PREFIXED else ""
    user = binding.principal.removeprefix(_PRINCIPAL)
    kind, operation = ResourceType(binding.restype).name, AclOperation(binding.operation).name
    return f"{user}: {said}{operation.lower()} {kind.lower()} {binding.name}{star}"


async def _one(asked: object) -> Any:  # noqa: ANN401 - as untyped as the library leaves it
    if not isinstance(asked, Future):
        raise TypeError("asked after one thing, the library answers by one future")
    try:
        return await asyncio.wrap_future(asked)
    except KafkaException as error:
        raise AuthorisationRefused(f"the broker refused: {error.args[0].str()}") from error


async def _all(asked: Iterable["Future[Any]"]) -> None:
    for each in asked:
        await _one(each)


async def _until(shown: Callable[[], Awaitable[bool]]) -> None:
    """Wait until the broker shows what its controller has acknowledged: it lags a little."""
    try:
        async with asyncio.timeout(_VISIBLE_SECONDS):
            while not await shown():  # noqa: ASYNC110 - Kafka has no event for it
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        raise BrokerUnavailable("the broker accepted a right but does not show it") from None
