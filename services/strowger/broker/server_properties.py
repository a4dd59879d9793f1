"""The embedded broker's `server.properties`: nodes of combined roles, on this machine only."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict

from strowger.broker.access import BROKER, ROOT


class Ports(BaseModel):
    """Where it listens; kept in its data directory so that a restart serves the same address."""

    model_config = ConfigDict(frozen=True)

    broker: int
    controller: int
    peers: int | None = None
    """Where the other brokers of a cluster meet it; a lone one meets itself as a client."""

    @property
    def bootstrap(self) -> str:
        """Give the address for clients."""
        return f"127.0.0.1:{self.broker}"


_AMONG_OTHERS: Final = """\
# A broker that died is noticed after 6 s, and leads again soon after it is back.
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=1000
leader.imbalance.check.interval.seconds=10
"""
_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
_PLAIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule required"


@dataclass(frozen=True)
class Node:
    """One broker of a cluster, which is its controllers' quorum as well, and where all of it is."""

    id: int
    cluster: Mapping[int, Ports]
    """The ports of every node by its id, this one's too."""

    met_at: int | None = None
    """The port that clients are sent to, where something stands before its own."""

    @classmethod
    def alone(cls, ports: Ports) -> Self:
        """Give the one node of a cluster of one."""
        return cls(1, {1: ports})

    @property
    def ports(self) -> Ports:
        """Give this node's own ports."""
        return self.cluster[self.id]

    @property
    def copies(self) -> int:
        """How many brokers keep a copy of what Kafka itself stores: three, or as many as are."""
        return min(3, len(self.cluster))

    @property
    def least_copies(self) -> int:
        """How many of the copies must have a record before it is acknowledged."""
        return max(1, self.copies - 1)

    def listening(self) -> str:
        """Write where it listens, where it is met, and at which of both by its peers."""
        ports, here = self.ports, "127.0.0.1"
        listeners = {"CLIENTS": ports.broker}
        if ports.peers is not None:
            listeners["PEERS"] = ports.peers
        advertised = listeners | {"CLIENTS": self.met_at or ports.broker}
        listeners["CONTROLLER"] = ports.controller
        voters = (f"{each}@{here}:{its.controller}" for each, its in sorted(self.cluster.items()))
        return f"""\
node.id={self.id}
controller.quorum.voters={",".join(voters)}
listeners={",".join(f"{name}://{here}:{port}" for name, port in listeners.items())}
advertised.listeners={",".join(f"{name}://{here}:{port}" for name, port in advertised.items())}
listener.security.protocol.map={",".join(f"{name}:SASL_PLAINTEXT" for name in listeners)}
controller.listener.names=CONTROLLER
inter.broker.listener.name={"CLIENTS" if ports.peers is None else "PEERS"}"""


def server_properties(store: Path, node: Node, *, broker: str, root: str) -> str:
    """Write the settings of a broker that keeps its data in `store`.

    `broker` and `root` are the passwords of the two users that it knows from the start: itself, and
    who makes all others. So the file is for its owner's eyes alone. Brokers of one cluster have the
    same two.
    """
    itself = f'username="{BROKER}" password="{broker}" user_{BROKER}="{broker}"'
    return f"""\
# Written at each start; changes made here are lost.
process.roles=broker,controller
{node.listening()}

# Whoever connects says who it is, and may do what a rule lets it; without a rule, nothing.
# Users are kept in Kafka itself (SCRAM), so the two that it starts with can't be: they are here.
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:{BROKER};User:{ROOT}
listener.name.clients.sasl.enabled.mechanisms=SCRAM-SHA-256,PLAIN
listener.name.controller.sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.clients.scram-sha-256.sasl.jaas.config={_SCRAM}
listener.name.clients.plain.sasl.jaas.config={_PLAIN} {itself} user_{ROOT}="{root}";
listener.name.controller.plain.sasl.jaas.config={_PLAIN} {itself};
listener.name.peers.sasl.enabled.mechanisms=PLAIN
listener.name.peers.plain.sasl.jaas.config={_PLAIN} {itself};

# A backslash would begin an escape; a path on the systems we support holds none.
log.dirs={store}

# Topics come from the registry alone: a misspelt one is an error, not a new topic.
auto.create.topics.enable=false

# The internal topics, cut to so few nodes; few partitions start and fail over faster.
offsets.topic.replication.factor={node.copies}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={node.copies}
transaction.state.log.min.isr={node.least_copies}
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor={node.copies}
share.coordinator.state.topic.min.isr={node.least_copies}
share.coordinator.state.topic.num.partitions=1

# A lone consumer gets its partitions at once, and a dead one may be noticed within a second.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
# Two seconds make a quota: with the usual eleven, who rested for ten may send ten times as much.
quota.window.num=2
# An exchange that stood still for a long holiday goes on where it was: ten years, not seven days.
offsets.retention.minutes=5256000

# A transaction whose owner died is ended within a second of its timeout, not ten.
transaction.max.timeout.ms=60000
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000

{"" if len(node.cluster) == 1 else _AMONG_OTHERS}
# The default would take 128 of our 512 MB for compaction.
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
background.threads=2
"""
