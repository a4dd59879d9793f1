import pytest

from tests.support import eventually


async def test_eventually_gives_what_the_condition_gave_once_it_is_true() -> None:
    """It polls until the condition holds; an assertion that fails meanwhile is no failure."""
    seen = iter([0, 0, 7])

    def condition() -> int:
        value = next(seen)
        assert value, "not yet"
        return value

    assert await eventually(condition) == 7


async def test_eventually_tells_what_it_waited_for_and_what_it_last_saw() -> None:
    """A failure names the wait and the last value, so that no debugger is needed."""

    async def condition() -> list[str]:
        return []

    with pytest.raises(AssertionError, match=r"not within 0.05 s: the answer; last seen: \[\]"):
        await eventually(condition, timeout_seconds=0.05, because="the answer")
