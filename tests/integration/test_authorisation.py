"""What the broker itself lets whom do: asked with a Kafka client, past all code of ours."""

import asyncio
from dataclasses import dataclass

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)
from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from strowger.broker import authorisation, connections, provisioning
from strowger.broker.access import (
    OPERATOR,
    Access,
    Bootstrap,
    Credentials,
    access_of,
    meet,
    path_of,
    user_of,
)
from strowger.broker.authorisation import AuthorisationRefused
from strowger.broker.rights import SERVICES
from strowger.contract import topics
from strowger.service import SERVICES as ALL_SERVICES
from strowger.settings import Settings
from tests.support import eventually, unique

INBOUND = [topic.name for topic in topics.INBOUND_TOPICS]
EVERY = [topic.name for topic in topics.ALL]

_ANSWER_SECONDS = 20.0
_HEARD = (KafkaError._PARTITION_EOF, KafkaError.TOPIC_AUTHORIZATION_FAILED)  # noqa: SLF001 - its public name


@dataclass(frozen=True)
class Users:
    """A provider, another, a buyer and an analyst, each with an inbox, and the run's broker."""

    settings: Settings
    root: str
    provider: str
    other: str
    buyer: str
    analyst: str

    def met_by(self, user: str) -> Bootstrap:
        """Give the broker as a user meets it."""
        return meet(self.settings, self.root, user)


@pytest.fixture(scope="module")
def users(bootstrap: str, settings: Settings) -> Users:
    """Add participants as an operator does."""
    roles = {name: unique(name) for name in ("provider", "other", "buyer", "analyst")}

    async def add() -> None:
        await provisioning.apply(bootstrap, topics.ALL)
        await provisioning.ensure_inboxes(bootstrap, roles.values())
        for role, name in roles.items():
            can = ["provider" if role == "other" else role]
            await authorisation.grant(bootstrap, name, can, secrets_dir=settings.secrets_dir)

    asyncio.run(add())
    return Users(settings, bootstrap, **roles)


def _written(bootstrap: Bootstrap, names: list[str]) -> set[str]:
    """Write to each topic, and give those where the broker let us."""
    done: set[str] = set()
    producer = Producer({"bootstrap.servers": str(bootstrap), **_as(bootstrap)})

    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is None:
            done.add(str(message.topic()))
        elif error.code() != KafkaError.TOPIC_AUTHORIZATION_FAILED:
            raise KafkaException(error)

    for name in names:
        producer.produce(name, b"not an event", on_delivery=delivered)
    assert producer.flush(_ANSWER_SECONDS) == 0
    return done


def _read(bootstrap: Bootstrap, names: list[str]) -> set[str]:
    """Read each topic from its start, and give those where the broker let us."""
    told: dict[str, bool] = {}
    consumer = Consumer(
        {
            "bootstrap.servers": str(bootstrap),
            "group.id": _user(bootstrap),  # librdkafka asks for one, and for the right to it
            "enable.partition.eof": True,
            **_as(bootstrap),
        }
    )
    # Of a topic that we may not even know of, a consumer that waits hears nothing.
    known = [name for name in names if consumer.list_topics(name).topics[name].error is None]
    consumer.assign([TopicPartition(name, 0, 0) for name in known])
    while told.keys() < set(known):
        message = consumer.poll(_ANSWER_SECONDS)
        assert message is not None, f"nothing heard of {set(known) - told.keys()}"
        error = message.error()
        if error is not None and error.code() not in _HEARD:
            raise KafkaException(error)
        denied = error is not None and error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
        told[str(message.topic())] = not denied
    consumer.close()
    return {name for name, could in told.items() if could}


def _may_write(user: str) -> AclBinding:
    """Let a user write commands past every gateway."""
    return AclBinding(
        ResourceType.TOPIC,
        topics.MARKET_LOG.name,
        ResourcePatternType.LITERAL,
        f"User:{user}",
        "*",
        AclOperation.WRITE,
        AclPermissionType.ALLOW,
    )


def _user(bootstrap: Bootstrap) -> str:
    credentials = access_of(bootstrap).credentials
    assert credentials is not None
    return credentials.username


def _as(bootstrap: Bootstrap) -> dict[str, str]:
    return access_of(bootstrap).for_librdkafka()


def _inboxes(users: Users) -> list[str]:
    return [topics.inbox(name).name for name in (users.provider, users.other, users.buyer)]


def test_a_provider_writes_its_inbound_topics_alone(users: Users) -> None:
    """Not a buyer's, not the log, no table, no decision, no inbox, not even its own."""
    provider = users.met_by(users.provider)
    written = _written(provider, [*EVERY, *_inboxes(users)])
    assert written == {topic.name for topic in topics.INBOUND_TOPICS if "provider" in topic.writers}
    assert topics.OFFER_PUBLISHED.name in written


def test_a_provider_reads_its_own_inbox_and_no_stored_set(users: Users) -> None:
    """The broker denies it `offer-book`, `decisions`, `market-log` and another's inbox."""
    provider = users.met_by(users.provider)
    read = _read(provider, [*EVERY, *_inboxes(users)])
    meant = {topic.name for topic in topics.ALL if "provider" in topic.readers}
    assert read == {topics.inbox(users.provider).name} | meant
    assert not read & {
        topics.OFFER_BOOK.name,
        topics.DECISIONS.name,
        topics.MARKET_LOG.name,
        topics.inbox(users.other).name,
    }


def test_a_buyer_writes_and_reads_what_is_a_buyers(users: Users) -> None:
    """It can't offer, and it can't read what other buyers ask."""
    buyer = users.met_by(users.buyer)
    assert _written(buyer, [*EVERY, *_inboxes(users)]) == {
        topic.name for topic in topics.INBOUND_TOPICS if "buyer" in topic.writers
    }
    read = _read(buyer, [*INBOUND, topics.DECISIONS.name, *_inboxes(users)])
    assert read == {topics.inbox(users.buyer).name}


async def test_an_analyst_reads_sales_and_writes_nothing(users: Users) -> None:
    """Its group is of its own name, so it can't move another's place."""
    analyst = users.met_by(users.analyst)
    assert _written(analyst, EVERY) == set()
    assert _read(analyst, EVERY) == {topics.ACCEPTANCE_CONFIRMED.name}
    async with connections.consumer(
        analyst,
        topics.ACCEPTANCE_CONFIRMED.name,
        client_id="test",
        group_id=f"{users.analyst}.revenue",
    ) as consumer:
        await consumer.getmany(timeout_ms=100)
    stranger = connections.consumer(
        analyst, topics.ACCEPTANCE_CONFIRMED.name, client_id="test", group_id="matching"
    )
    with pytest.raises(GroupAuthorizationFailedError):
        await stranger.start()
    await stranger.stop()


@pytest.mark.parametrize("kind", ["nobody", "unknown", "wrong password"])
async def test_a_stranger_is_denied_everything(users: Users, kind: str) -> None:
    """Without a name, under no known one, or with a guessed password, not even topics are told."""
    access = {
        "nobody": Access(),
        "unknown": Access("SASL_PLAINTEXT", Credentials.fresh(unique("x"), "SCRAM-SHA-256")),
        "wrong password": Access(
            "SASL_PLAINTEXT", Credentials.fresh(users.provider, "SCRAM-SHA-256")
        ),
    }[kind]
    stranger = connections.producer(Bootstrap(users.root, access), client_id="test")
    with pytest.raises(KafkaConnectionError):
        await stranger.start()
    await stranger.stop()


async def test_no_participant_can_take_matching_over(users: Users) -> None:
    """A transactional id fences whoever had it: matching's is for matching alone."""
    zombie = connections.transactional_producer(
        users.met_by(users.provider), transactional_id="matching-0"
    )
    with pytest.raises(TransactionalIdAuthorizationFailed):
        await zombie.start()
    await zombie.stop()


async def test_no_participant_can_give_itself_rights(users: Users) -> None:
    """Users, rights and topics are root's to make."""
    provider = users.met_by(users.provider)
    admin = AdminClient({"bootstrap.servers": str(provider), **_as(provider)})
    for answer in admin.create_acls([_may_write(users.provider)]).values():
        with pytest.raises(KafkaException, match="CLUSTER_AUTHORIZATION_FAILED"):
            await asyncio.wrap_future(answer)
    with pytest.raises(provisioning.ProvisioningRefused):
        await provisioning.ensure_inboxes(provider, [unique("own")])


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_has_its_own_topics_alone(users: Users, service: str) -> None:
    """Whoever got hold of a gateway's password can't write a decision, nor read another topic."""
    part = "gateway" if service.startswith("gateway-") else service
    can = await _rights(users.met_by(user_of(service)), EVERY)
    elsewhere = {
        topic.name
        for topic in topics.INBOUND_TOPICS
        if part == "gateway" and service != f"gateway-{topic.name}"
    }
    assert {name for name in EVERY if "WRITE" in can[name]} == {
        topic.name for topic in topics.ALL if part in topic.writers
    }
    assert {name for name in EVERY if "READ" in can[name]} == {
        topic.name for topic in topics.ALL if part in topic.readers
    } - elsewhere
    assert not {"CREATE", "DELETE", "ALTER", "ALTER_CONFIGS"} & set().union(*can.values())


async def _rights(bootstrap: Bootstrap, names: list[str]) -> dict[str, set[str]]:
    """Ask the broker what we may do with each topic, without doing it."""
    access = access_of(bootstrap).for_librdkafka()
    admin = AdminClient({"bootstrap.servers": str(bootstrap), **access})
    asked = admin.describe_topics(
        TopicCollection(names), include_authorized_operations=True, request_timeout=10
    )
    can: dict[str, set[str]] = {}
    for name, answer in asked.items():
        try:
            described = await asyncio.wrap_future(answer)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_AUTHORIZATION_FAILED:
                raise
            can[name] = set()
        else:
            can[name] = {operation.name for operation in described.authorized_operations}
    return can


def test_every_service_has_rights() -> None:
    """A service that is added to the exchange is added to the users, too."""
    assert set(SERVICES) == set(ALL_SERVICES)


async def test_rights_are_kept_as_the_registry_says(users: Users) -> None:
    """What somebody added is found and taken away, what is missing given; again changes nothing."""
    secrets_dir = users.settings.secrets_dir
    user = user_of("ledger")
    access = access_of(users.root).for_librdkafka()
    admin = AdminClient({"bootstrap.servers": str(users.root), **access})
    for answer in admin.create_acls([_may_write(user)]).values():
        await asyncio.wrap_future(answer)

    async def found() -> bool:
        difference = await authorisation.difference(users.root)
        return difference.superfluous == (f"{user}: write topic {topics.MARKET_LOG.name}",)

    await eventually(found)
    assert (await authorisation.apply(users.root, secrets_dir)).superfluous
    assert (await authorisation.apply(users.root, secrets_dir)).is_empty
    assert (await authorisation.difference(users.root)).is_empty


async def test_a_participant_that_is_withdrawn_is_a_stranger(users: Users) -> None:
    """Its rights end at once, and it can't log in again; granted anew, it can."""
    name, secrets_dir = unique("gone"), users.settings.secrets_dir
    await authorisation.grant(users.root, name, ["provider"], secrets_dir=secrets_dir)
    met = users.met_by(name)
    async with connections.producer(met, client_id="test") as producer:
        await producer.send_and_wait(topics.OFFER_PUBLISHED.name, b"not an event")
        await authorisation.withdraw(users.root, name)
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(topics.OFFER_PUBLISHED.name, b"not an event")
    again = connections.producer(met, client_id="test")
    with pytest.raises(KafkaConnectionError):
        await again.start()
    await again.stop()
    await authorisation.grant(users.root, name, ["provider"], secrets_dir=secrets_dir)
    async with connections.producer(met, client_id="test") as producer:
        await producer.send_and_wait(topics.OFFER_PUBLISHED.name, b"not an event")


async def test_another_role_is_other_rights(users: Users) -> None:
    """Granting replaces what was granted before."""
    name, secrets_dir = unique("changing"), users.settings.secrets_dir
    await authorisation.grant(users.root, name, ["provider"], secrets_dir=secrets_dir)
    await authorisation.grant(users.root, name, ["buyer"], secrets_dir=secrets_dir)
    can = await _rights(users.met_by(name), INBOUND)
    assert {topic for topic in INBOUND if "WRITE" in can[topic]} == {
        topic.name for topic in topics.INBOUND_TOPICS if "buyer" in topic.writers
    }
    with pytest.raises(ValueError, match="king"):
        await authorisation.grant(users.root, name, ["king"], secrets_dir=secrets_dir)


async def test_the_operator_commands_and_reads_but_makes_no_users(users: Users) -> None:
    """It writes to the log of commands, and reads decisions and dead letters."""
    can = await _rights(users.met_by(OPERATOR), EVERY)
    assert {name for name in EVERY if "WRITE" in can[name]} == {
        topic.name for topic in topics.ALL if "operator" in topic.writers
    }
    assert "READ" in can[topics.DEAD_LETTERS.name]
    with pytest.raises(AuthorisationRefused):
        await authorisation.difference(users.met_by(OPERATOR))


def test_passwords_are_for_their_owner_alone(users: Users) -> None:
    """Every file is mode 0600 in a directory of 0700; the broker's own settings too."""
    files = list(users.settings.secrets_dir.iterdir())
    assert path_of(users.settings.secrets_dir, users.provider) in files
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert users.settings.secrets_dir.stat().st_mode & 0o777 == 0o700
    properties = users.settings.broker_dir / "server.properties"
    assert properties.stat().st_mode & 0o777 == 0o600
