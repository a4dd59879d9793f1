"""The embedded broker's `server.properties`: one node, combined roles, this machine only."""

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from strowger.broker.access import BROKER, ROOT


class Ports(BaseModel):
    """Where it listens; kept in its data directory so that a restart serves the same address."""

    model_config = ConfigDict(frozen=True)

    broker: int
    controller: int

    @property
    def bootstrap(self) -> str:
        """Give the address for clients."""
        return f"127.0.0.1:{self.broker}"


_SCRAM: Final = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
_PLAIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule required"


def server_properties(store: Path, ports: Ports, *, broker: str, root: str) -> str:
    """Write the settings of a broker that keeps its data in `store`.

    `broker` and `root` are the passwords of the two users that it knows from the start: itself, and
    who makes all others. So the file is for its owner's eyes alone.
    """
    itself = f'username="{BROKER}" password="{broker}" user_{BROKER}="{broker}"'
    return f"""\
# Written at each start; changes made here are lost.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{ports.controller}
listeners=CLIENTS://127.0.0.1:{ports.broker},CONTROLLER://127.0.0.1:{ports.controller}
advertised.listeners=CLIENTS://127.0.0.1:{ports.broker}
listener.security.protocol.map=CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=CLIENTS

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

# A backslash would begin an escape; a path on the systems we support holds none.
log.dirs={store}

# Topics come from the registry alone: a misspelt one is an error, not a new topic.
auto.create.topics.enable=false

# The internal topics, cut to one node; few partitions start and fail over faster.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1

# A lone consumer gets its partitions at once, and a dead one may be noticed within a second.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
# An exchange that stood still for a long holiday goes on where it was: ten years, not seven days.
offsets.retention.minutes=5256000

# A transaction whose owner died is ended within a second of its timeout, not ten.
transaction.max.timeout.ms=60000
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000

# The default would take 128 of our 512 MB for compaction.
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
background.threads=2
"""
