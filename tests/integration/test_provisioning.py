from dataclasses import replace

import pytest

from strowger.broker import provisioning
from strowger.contract import topics
from strowger.contract.topics import Topic
from tests.support import unique

DAY_MS = "86400000"


def _topic(**config: str) -> Topic:
    return Topic(
        unique("provisioned"),
        key="any",
        writers=(),
        readers=(),
        purpose="a test",
        partitions=3,
        config=config,
    )


async def test_applying_the_registry_twice_changes_nothing(bootstrap: str) -> None:
    """The first run makes what is missing; the second finds everything as it should be."""
    await provisioning.apply(bootstrap, topics.ALL)

    again = await provisioning.apply(bootstrap, topics.ALL)

    assert (again.created, again.changed_config, again.refused) == ((), (), {})
    assert set(again.unchanged) == {topic.name for topic in topics.ALL}


async def test_a_changed_setting_is_applied_and_an_unlisted_one_taken_back(bootstrap: str) -> None:
    """A topic carries exactly the registry's settings once `apply` has returned."""
    before = _topic(**{"retention.ms": DAY_MS, "segment.ms": DAY_MS})
    after = replace(before, config={"retention.ms": str(2 * int(DAY_MS))})
    await provisioning.apply(bootstrap, [before])

    report = await provisioning.apply(bootstrap, [after])

    assert report.changed_config == (after.name,)
    assert (await provisioning.apply(bootstrap, [after])).unchanged == (after.name,)


async def test_another_partition_count_is_refused_and_left_as_it_is(bootstrap: str) -> None:
    """A count never changes; the others topics are provisioned all the same."""
    made, other = _topic(), _topic()
    await provisioning.apply(bootstrap, [made])

    with pytest.raises(
        provisioning.ProvisioningRefused, match="has 3 partitions, the registry says 4"
    ) as refusal:
        await provisioning.apply(bootstrap, [replace(made, partitions=4), other])

    assert refusal.value.report.created == (other.name,)
    assert set(refusal.value.report.refused) == {made.name}
    assert (await provisioning.apply(bootstrap, [made])).unchanged == (made.name,)


async def test_a_setting_that_the_broker_does_not_know_is_refused_with_its_words(
    bootstrap: str,
) -> None:
    """What the broker says is what the operator reads."""
    with pytest.raises(
        provisioning.ProvisioningRefused, match=r"Unknown topic config name: no\.such"
    ):
        await provisioning.apply(bootstrap, [_topic(**{"no.such": "1"})])


async def test_a_participant_gets_one_inbox(bootstrap: str) -> None:
    """An inbox is made once, however often it is asked for."""
    participant = unique("buyer")

    first = await provisioning.ensure_inboxes(bootstrap, [participant])
    second = await provisioning.ensure_inboxes(bootstrap, [participant])

    assert first.created == second.unchanged == (f"inbox.{participant}",)
