"""Scripts: what a few participants with few ids do in one market, so that they often collide.

A step is a few integers. The director turns it into a command, knowing what was sent and shown
before; smaller integers are plainer choices, so that a failing script shrinks to a plain one.
"""

from random import Random
from typing import Final

from hypothesis import strategies as st

from tests.property.script_operator import POLICIES
from tests.property.script_steps import ELAPSED_MS, KINDS, SENT_MS, Step

_BYTES_OF_CHOICES: Final = 16
_TIME_PASSES: Final = 0.3

DECLARE: Final = Step(KINDS.index("declare"), 0, 0, 0)


CLOSING: Final = Step(KINDS.index("close market"), 0, 0, 0)


def declaring(
    policy: str,
    *,
    notice: bool = False,
    required: bool = False,
    holding: bool = False,
    limited: bool = False,
    hiding: bool = False,
) -> Step:
    """Declare a market of a policy; it may want changes announced ahead, or all trade in sessions.

    It may hold what sessions were shown, limit what each participant has, and hide its providers.

    The numbers are those of the choices that a declaration makes: the first ones, and the last.
    """
    kinds = len(POLICIES)
    choices = POLICIES.index(policy) + kinds * (notice + 2 * required + 4 * holding + 672 * limited)
    choices += kinds * 672 * 4 * hiding
    return DECLARE._replace(choices=choices)


NOTICE: Final = declaring("open", notice=True)
"""Declares a market that wants increases and closures announced ahead."""

_SHOWN: Final = tuple(Step(KINDS.index(kind), 0, 0, 0) for kind in ("publish", "open", "request"))
OPENINGS: Final[tuple[tuple[Step, ...], ...]] = (
    *((declaring(policy), *_SHOWN) for policy in POLICIES),
    *((declaring(policy),) for policy in POLICIES),
    *((declaring(policy, required=True), *_SHOWN) for policy in ("open", "guarded", "sealed")),
    *((declaring(policy, holding=True), *_SHOWN) for policy in POLICIES),
    *((declaring(policy, notice=True), *_SHOWN) for policy in ("open", "guarded", "snapshot")),
    *((declaring(policy, limited=True), *_SHOWN) for policy in POLICIES),
    *((declaring(policy, hiding=True), *_SHOWN) for policy in POLICIES),
    (DECLARE, *(Step(KINDS.index("schedule"), 0, 0, 0) for _ in range(17))),
    (),
)
"""How scripts begin: under each policy with offers shown, or just declared; with sessions required,
with notice wanted, with capacity held, with more scheduled than there may be, or not even declared.
"""


def _number(choices: bytes) -> int:
    return int.from_bytes(choices, "little")


_STEPS: Final = st.builds(
    Step,
    st.integers(0, len(KINDS) - 1),
    st.binary(min_size=_BYTES_OF_CHOICES, max_size=_BYTES_OF_CHOICES).map(_number),
    st.integers(0, len(ELAPSED_MS) - 1),
    st.integers(0, len(SENT_MS) - 1),
)


def scripts(most_steps: int = 60) -> st.SearchStrategy[list[Step]]:
    """Give scripts."""
    return st.builds(
        lambda opening, steps: [*opening, *steps],
        st.sampled_from(OPENINGS),
        st.lists(_STEPS, min_size=most_steps // 4, max_size=most_steps),
    )


def long_script(seed: int, steps: int, opening: Step = DECLARE) -> list[Step]:
    """Give one long script, the same for the same seed on any machine; its market closes last."""
    random = Random(seed)  # noqa: S311 - reproducible, guarding nothing
    drawn = (
        Step(
            random.randrange(len(KINDS) - 1),
            _number(random.randbytes(_BYTES_OF_CHOICES)),
            random.randrange(len(ELAPSED_MS)) if random.random() < _TIME_PASSES else 0,
            random.randrange(len(SENT_MS)),
        )
        for _ in range(steps)
    )
    return [opening, *drawn, CLOSING]
