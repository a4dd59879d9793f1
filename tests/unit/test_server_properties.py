"""The settings of the embedded broker, alone and as one of three."""

from pathlib import Path

from strowger.broker.server_properties import Node, Ports, server_properties


def _settings(node: Node) -> dict[str, str]:
    text = server_properties(Path("/data"), node, broker="b", root="r")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    pairs = [line.partition("=") for line in lines]
    assert len({key for key, _, _ in pairs}) == len(pairs), "a key stands twice"
    return {key: value for key, _, value in pairs}


def test_a_lone_broker_keeps_one_copy_and_is_met_where_it_listens() -> None:
    """One node needs nobody else: all is on it, and it meets itself as a client."""
    said = _settings(Node.alone(Ports(broker=1, controller=2)))

    assert said["controller.quorum.voters"] == "1@127.0.0.1:2"
    assert said["listeners"] == "CLIENTS://127.0.0.1:1,CONTROLLER://127.0.0.1:2"
    assert said["advertised.listeners"] == "CLIENTS://127.0.0.1:1"
    assert said["inter.broker.listener.name"] == "CLIENTS"
    assert said["transaction.state.log.replication.factor"] == "1"
    assert said["transaction.state.log.min.isr"] == "1"


def test_one_of_three_keeps_three_copies_and_acknowledges_with_two() -> None:
    """So one of them may be lost, and nothing that was acknowledged with it."""
    cluster = {
        each: Ports(broker=each, controller=10 + each, peers=20 + each) for each in (1, 2, 3)
    }
    said = _settings(Node(2, cluster, met_at=99))

    assert said["node.id"] == "2"
    assert said["controller.quorum.voters"] == "1@127.0.0.1:11,2@127.0.0.1:12,3@127.0.0.1:13"
    for topic in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
        assert said[f"{topic}.replication.factor"] == "3"
    assert said["transaction.state.log.min.isr"] == "2"


def test_clients_may_be_sent_elsewhere_but_brokers_meet_each_other_as_they_are() -> None:
    """A proxy before a broker stands between it and its clients alone, never among brokers."""
    cluster = {each: Ports(broker=each, controller=10 + each, peers=20 + each) for each in (1, 2)}
    said = _settings(Node(2, cluster, met_at=99))

    assert said["listeners"].startswith("CLIENTS://127.0.0.1:2,PEERS://127.0.0.1:22,")
    assert said["advertised.listeners"] == "CLIENTS://127.0.0.1:99,PEERS://127.0.0.1:22"
    assert said["inter.broker.listener.name"] == "PEERS"
