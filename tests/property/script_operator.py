"""What the operator does in a script: declare, pause, suspend, close; what providers read."""

from typing import Final, TypedDict

from strowger.contract.commands import AnyCommand, ControlMarket
from tests.commands import Commands
from tests.property.script_providers import Providers
from tests.property.script_services import Choices

REFUSING: Final = ", refusing"
POLICIES: Final = ("open", "guarded", "sealed", "snapshot", f"sealed{REFUSING}")


class _Limits(TypedDict, total=False):
    max_open_sessions: int
    max_stored_offers: int
    max_session_requests: int


_FEW: Final = _Limits(max_open_sessions=1, max_stored_offers=2, max_session_requests=2)
_FEWER: Final = _Limits(max_stored_offers=3, max_session_requests=1)


class Operator(Providers):
    """Makes the commands of the operator, knowing what it halted, and of who reads the book."""

    def __init__(self, commands: Commands) -> None:
        super().__init__(commands)
        self._halts: list[ControlMarket] = []
        self._books: list[str] = []
        self._versions = 0

    def _declare(self, choices: Choices) -> AnyCommand:
        policy = choices.of(*POLICIES)
        notice_seconds = choices.of(0, 10)
        sessions = choices.of("optional", "required")
        return self._commands.declare(
            policy=policy.removesuffix(REFUSING),
            denied_changes="refuse" if policy.endswith(REFUSING) else "defer",
            max_deferral_seconds=30,
            sessions=sessions,
            hold_capacity=choices.of(False, True),  # noqa: FBT003 - two values to choose from
            participant=choices.of("service:operator", "service:operator", "acme"),
            min_ttl_seconds=2,
            max_ttl_seconds=30,
            match_validity_seconds=10,
            default_call_seconds=choices.of(60, 90),
            public_buyer=choices.of(False, True),  # noqa: FBT003 - two values to choose from
            increase_notice_seconds=notice_seconds,
            closure_notice_seconds=notice_seconds // 2,
            rules_version=choices.of(4, 4, 3, 2, 4, 4, 1),
            **choices.of(_Limits(), _FEW, _Limits(), _FEWER),
            providers_hidden=choices.of(False, True, False),  # noqa: FBT003 - two to choose from
        )

    def _rates(self, choices: Choices) -> AnyCommand:
        version = choices.of(self._versions + 1, max(1, self._versions), 1)
        self._versions = max(self._versions, version)
        sender = choices.of("service:operator", "service:operator", "service:operator", "acme")
        if choices.mostly("USD", "GBP") == "GBP":
            return self._commands.rates(version, participant=sender, GBP=1_100_000_001)
        worth = choices.of(500_000_000, 900_000_001, 1_000_000_000)
        return self._commands.rates(version, participant=sender, USD=worth)

    def _control(self, choices: Choices) -> AnyCommand:
        """Halt the market or somebody, or undo the last halt; or have another policy."""
        if self._halts and choices.mostly("undo", "more") == "undo":
            return self._halts.pop()
        what = choices.of(*("halt",) * 14, "policy", "rules")
        if what == "policy":
            return self._commands.control("policy", choices.mostly(*POLICIES))
        if what == "rules":
            return self._commands.control("rules", choices.mostly("4", "3", "5", "2"))
        who = choices.of("acme", "initech", "acme", "globex")
        halt, undoing = choices.of(
            (("suspend", who), ("readmit", who)),
            (("suspend", who), ("readmit", who)),
            (("pause", None), ("resume", None)),
            (("stop", None), ("resume", None)),
            (("suspend", None), ("readmit", "hooli")),
        )
        self._halts.append(self._commands.control(*undoing))
        sender = choices.mostly("service:operator", "acme")
        return self._commands.control(*halt, participant=sender)

    def _close_market(self, choices: Choices) -> AnyCommand:
        if choices.of("close", "not yet", "not yet") == "close":
            return self._commands.control("close")
        return self._refuse(choices)

    def _refuse(self, choices: Choices) -> AnyCommand:
        return self._commands.refuse(choices.of("malformed", "not_e164"))

    def _read(self, choices: Choices) -> AnyCommand:
        provider = choices.of("acme", "initech")
        return self._commands.read(
            choices.of("b-1", "b-2"),
            provider=provider,
            most=choices.of(1, 2, 500, 3),
            after=choices.mostly(None, "garbage"),
        )

    def _read_on(self, choices: Choices) -> AnyCommand:
        """Ask for the page behind one, the last mostly; at times cut short, or as somebody else."""
        if not self._books:
            return self._read(choices)
        following = choices.of(*reversed(self._books[-2:]))
        if choices.mostly("whole", "cut") == "cut":
            following = following[: len(following) // 2]
        return self._commands.read(
            choices.of("b-3", "b-4"),
            provider=choices.of("acme", "initech"),
            most=choices.of(1, 2, 500),
            after=following,
        )
