from strowger.ordering import awaited, in_order_of_start, in_order_of_stop
from strowger.service import SERVICES

GATEWAYS = [name for name in SERVICES if name.startswith("gateway-")]


def test_gateways_start_when_those_behind_them_are_there() -> None:
    """What is taken in is decided and told at once."""
    first, then = in_order_of_start(SERVICES)
    assert then == GATEWAYS
    assert sorted(first + then) == sorted(SERVICES)
    assert [name for name in first if awaited(name)] == ["matching", "ledger", "notifier"]


def test_services_stop_along_the_way_of_an_event() -> None:
    """Who takes events in, then who decides, standbys as well, then who tells; each once."""
    stages = in_order_of_stop([*SERVICES, "matching-standby"])
    assert stages == [
        ["session-timeout", *GATEWAYS],
        ["matching", "matching-standby"],
        ["ledger", "notifier"],
    ]
