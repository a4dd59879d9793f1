"""The embedded broker's `server.properties`: one node, combined roles, this machine only."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict


class Ports(BaseModel):
    """Where it listens; kept in its data directory so that a restart serves the same address."""

    model_config = ConfigDict(frozen=True)

    broker: int
    controller: int

    @property
    def bootstrap(self) -> str:
        """Give the address for clients."""
        return f"127.0.0.1:{self.broker}"


def server_properties(store: Path, ports: Ports) -> str:
    """Write the settings of a broker that keeps its data in `store`."""
    return f"""\
# Written at each start; changes made here are lost.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{ports.controller}
listeners=PLAINTEXT://127.0.0.1:{ports.broker},CONTROLLER://127.0.0.1:{ports.controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{ports.broker}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
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
