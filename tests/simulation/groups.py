"""The coordinator of groups: who is a member, which partitions each has, what was committed."""

import asyncio
from dataclasses import dataclass, field

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError

from tests.simulation.transactions import Offsets


@dataclass(eq=False)
class Member:
    """A consumer as its group knows it."""

    group: str
    topic: str
    session_timeout_seconds: float
    generation: int = -1
    assigned: frozenset[TopicPartition] = frozenset()
    must_join: asyncio.Event = field(default_factory=asyncio.Event)
    heard_at: float = 0.0


@dataclass
class _Group:
    generation: int = 0
    members: list[Member] = field(default_factory=list)
    joined: list[Member] = field(default_factory=list)
    round: asyncio.Event = field(default_factory=asyncio.Event)
    offsets: Offsets = field(default_factory=dict)


class Groups:
    """All groups; partitions are dealt out anew whenever a member comes or goes."""

    def __init__(self, partitions: dict[str, int]) -> None:
        self._partitions = partitions
        self._groups: dict[str, _Group] = {}

    def committed(self, group: str) -> Offsets:
        """Give what a group has committed."""
        return self._group(group).offsets

    def commit_in_transaction(self, group: str, offsets: Offsets) -> None:
        """Take over offsets that a transaction committed: they are not fenced by the group."""
        self._group(group).offsets.update(offsets)

    def commit(self, member: Member, offsets: Offsets) -> None:
        """Take over what a member consumed.

        Raises:
            CommitFailedError: the member is none any more, or partitions were dealt out anew.
        """
        group = self._group(member.group)
        if member not in group.members or member.generation != group.generation:
            raise CommitFailedError("the group has gone on without this member")
        group.offsets.update(offsets)

    def enter(self, member: Member) -> None:
        """Take a member in; everybody must join the next round."""
        self._group(member.group).members.append(member)
        self._call(member.group)

    def leave(self, member: Member) -> None:
        """Let a member go."""
        group = self._group(member.group)
        if member in group.members:
            group.members.remove(member)
            self._call(member.group)

    def shuffle(self, name: str) -> None:
        """Deal the partitions of a group out anew, for no reason that it knows."""
        self._call(name)

    def hear(self, member: Member) -> bool:
        """Note a heartbeat; say whether the member is still known."""
        member.heard_at = asyncio.get_running_loop().time()
        return member in self._group(member.group).members

    def expire(self) -> None:
        """Put out members that were not heard of for too long."""
        now = asyncio.get_running_loop().time()
        for group in list(self._groups.values()):
            for member in list(group.members):
                if now - member.heard_at > member.session_timeout_seconds:
                    self.leave(member)

    async def join(self, member: Member) -> frozenset[TopicPartition]:
        """Wait for all members that live to join the round; give what this one gets.

        Raises:
            CommitFailedError: the member was put out meanwhile.
        """
        group = self._group(member.group)
        member.must_join.clear()
        if member not in group.joined:
            group.joined.append(member)
        self._deal(group)
        while member.generation != group.generation or member in group.joined:
            if member not in group.members:
                raise CommitFailedError("put out while joining")
            round_of = group.round
            await round_of.wait()
        return member.assigned

    def _group(self, name: str) -> _Group:
        return self._groups.setdefault(name, _Group())

    def _call(self, name: str) -> None:
        group = self._group(name)
        group.joined = [member for member in group.joined if member in group.members]
        for member in group.members:
            if member not in group.joined:
                member.must_join.set()
        self._deal(group)
        self._next_round(group)

    def _deal(self, group: _Group) -> None:
        """Deal out once everybody has joined."""
        if not group.members or len(group.joined) < len(group.members):
            return
        group.generation += 1
        topic = group.members[0].topic
        places = [TopicPartition(topic, each) for each in range(self._partitions[topic])]
        for at, member in enumerate(group.members):
            member.generation = group.generation
            member.assigned = frozenset(places[at :: len(group.members)])
        group.joined = []
        self._next_round(group)

    def _next_round(self, group: _Group) -> None:
        done, group.round = group.round, asyncio.Event()
        done.set()
