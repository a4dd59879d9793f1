"""What tests of every kind share."""

import asyncio
import inspect
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar, overload

_Seen = TypeVar("_Seen")

_POLL_SECONDS: Final = 0.02


@overload
async def eventually(
    condition: Callable[[], Awaitable[_Seen]],
    *,
    timeout_seconds: float = 10,
    because: str | None = None,
) -> _Seen: ...
@overload
async def eventually(
    condition: Callable[[], _Seen],
    *,
    timeout_seconds: float = 10,
    because: str | None = None,
) -> _Seen: ...
async def eventually(
    condition: Callable[[], object],
    *,
    timeout_seconds: float = 10,
    because: str | None = None,
) -> object:
    """Wait until `condition` gives something true, and give that back.

    An AssertionError inside it counts as "not yet", and is shown if it never comes true.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        failure: AssertionError | None = None
        seen: object = None
        try:
            seen = condition()
            if inspect.isawaitable(seen):
                seen = await seen
        except AssertionError as error:
            failure = error
        if failure is None and seen:
            return seen
        if time.monotonic() > deadline:
            what = because or getattr(condition, "__qualname__", repr(condition))
            raise AssertionError(
                f"not within {timeout_seconds:g} s: {what}; last seen: {failure or seen!r}"
            ) from failure
        await asyncio.sleep(_POLL_SECONDS)


def unique(prefix: str) -> str:
    """Give a name that no other test uses, for a topic, a group or a participant."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"
