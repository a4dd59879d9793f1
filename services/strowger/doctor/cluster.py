"""What the broker tells: whether it answers, which it is, what it was made to be, its clock."""

import time
from collections.abc import Sequence
from typing import Final

import msgspec
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import ApiVersionRequest

from strowger import __version__
from strowger.broker import authorisation, connections, provisioning
from strowger.broker.access import OPERATOR, ROOT, NoCredentials, access_of
from strowger.broker.authorisation import Difference
from strowger.broker.jars import KAFKA_VERSION
from strowger.contract.commands import COMMANDS_VERSION
from strowger.contract.participants import MAX_AHEAD_MS
from strowger.contract.topics import ALL, CLOCK_PROBES
from strowger.doctor.findings import Exchange, Finding, failed, ok, warning
from strowger.matching.position import STATE_VERSION, StateTooNew
from strowger.matching.positions import last_positions

REACH_SECONDS: Final = 5.0
_CLIENT: Final = "strowger-doctor"

_FETCH: Final = 1
_FETCH_SINCE_4: Final = 4
"""The oldest version of Fetch that Kafka knows from 4.0 on (KIP-896): older ones know older."""

_SKEW_WARNING_MS: Final = 1_000
_LOG_APPEND_TIME: Final = 1

_MENDED: Final = "`strowger topics diff` shows it, `strowger topics apply` mends it"


async def broker(exchange: Exchange) -> Sequence[Finding]:
    """Ask the broker for its metadata, and for which requests it knows.

    Raises:
        BrokerUnavailable: it does not answer.
        NoCredentials: the operator's password isn't kept here.
    """
    bootstrap = exchange.meet(OPERATOR)
    await connections.wait_for_broker(bootstrap, REACH_SECONDS)
    client = AIOKafkaClient(**connections.to(bootstrap), client_id=_CLIENT)
    await client.bootstrap()
    try:
        nodes = [node.nodeId for node in client.cluster.brokers()]
        answer = await client.send(nodes[0], ApiVersionRequest())
    finally:
        await client.close()
    oldest = {api: least for api, least, _ in answer.api_versions}
    said = f"{len(nodes)} at {bootstrap}"
    if oldest.get(_FETCH, 0) < _FETCH_SINCE_4:
        advice = f"Strowger is made and tested with Kafka {KAFKA_VERSION}: upgrade the cluster"
        return [warning("broker", f"{said}, older than Kafka 4.0", advice)]
    return [ok("broker", f"{said}, Kafka 4.0 or newer (made and tested with {KAFKA_VERSION})")]


async def topics(exchange: Exchange) -> Sequence[Finding]:
    """Compare topics, users and rights with the registry, as `strowger topics diff` does."""
    try:
        root = exchange.meet(ROOT)
    except NoCredentials:
        advice = "run `strowger topics diff` where the password of the broker's root is kept"
        return [warning("topics", "not compared: that takes the broker's root", advice)]
    wrong = [f"{name} {what}" for name, what in (await provisioning.difference(root, ALL)).items()]
    found = [failed("topics", "; ".join(wrong), _MENDED)] if wrong else []
    if access_of(root).credentials is None:
        return [*found, warning("rights", "this Kafka asks nobody who it is", _OPEN)]
    rights = await authorisation.difference(root)
    found += of_rights(rights)
    return found or [ok("topics", f"{len(ALL)} topics, users and rights as declared")]


_OPEN: Final = "for a development machine and nowhere else"


def of_rights(rights: Difference) -> list[Finding]:
    """Say of users and rights what is missing and what too much."""
    said = [f"no user {user}" for user in rights.users]
    said += [f"missing: {right}" for right in rights.missing]
    found = [failed("rights", "; ".join(said), _MENDED)] if said else []
    if rights.superfluous:
        found.append(failed("rights", f"too much: {'; '.join(rights.superfluous)}", _MENDED))
    return found


async def state(exchange: Exchange) -> Sequence[Finding]:
    """Read the position of each partition: whether this release can go on from it."""
    try:
        positions = await last_positions(exchange.meet(OPERATOR))
    except (msgspec.MsgspecError, StateTooNew) as problem:
        advice = "run the release that wrote it, or a newer one"
        return [failed("state", f"a position is not this release's: {problem}", advice)]
    rows = sum(position.rows for position in positions.values())
    decided = sum(position.next_offset for position in positions.values())
    return [
        ok(
            "state",
            f"{decided:,} commands, {rows:,} rows; release {__version__} reads it (state version "
            f"{STATE_VERSION}, commands version {COMMANDS_VERSION})",
        )
    ]


async def clock(exchange: Exchange) -> Sequence[Finding]:
    """Have the broker stamp a record, and compare that with this machine's clock."""
    async with connections.producer(exchange.meet(OPERATOR), client_id=_CLIENT) as producer:
        await producer.send_and_wait(CLOCK_PROBES.name, b"")  # the first one also connects
        before_ms = time.time() * 1000
        stamped = await producer.send_and_wait(CLOCK_PROBES.name, b"")
        after_ms = time.time() * 1000
    if stamped.timestamp_type != _LOG_APPEND_TIME:
        return [failed("clock", f"{CLOCK_PROBES.name} isn't stamped by the broker", _MENDED)]
    ahead_ms = round((before_ms + after_ms) / 2 - stamped.timestamp)
    return [of_skew(ahead_ms, round((after_ms - before_ms) / 2))]


def of_skew(ahead_ms: int, within_ms: int) -> Finding:
    """Judge how far this machine's clock is ahead of the broker's, known to so many ms."""
    side = "ahead of" if ahead_ms >= 0 else "behind"
    said = f"this machine's is {abs(ahead_ms):,} ms {side} the broker's, to {within_ms:,} ms"
    least_ms = abs(ahead_ms) - within_ms
    if least_ms > MAX_AHEAD_MS:
        return failed("clock", said, "set the clocks (NTP): what is signed here is refused")
    if least_ms > _SKEW_WARNING_MS:
        return warning("clock", said, "set the clocks (NTP): deadlines are by the broker's")
    return ok("clock", said)
