"""What providers do in a script: publish, replace, schedule and withdraw offers, share pools."""

from strowger.contract.commands import AcceptOffer, AnyCommand, PublishOffer
from tests.commands import NOON_MS, Commands
from tests.property.script_services import FAMILIES, Choices, offered, priced_apart, repriced
from tests.property.script_steps import DAY_MS


class Providers:
    """Makes the commands of two providers with few offers, knowing what they published before."""

    def __init__(self, commands: Commands) -> None:
        self.now_ms = NOON_MS
        self._commands = commands
        self._shown: list[AcceptOffer] = []
        self._published: dict[tuple[str, str], PublishOffer] = {}
        self._revisions: dict[tuple[str, str], int] = {}
        self._family = "voice"
        self._due: list[int] = []

    def _capacity(self, choices: Choices) -> AnyCommand:
        provider, pool = choices.of("acme", "initech"), choices.mostly("pool-1", "pool-2")
        return self._commands.capacity(
            pool,
            self._revision(choices, provider, pool),
            provider=provider,
            units=choices.of(150, 300, 100, None),
            period=choices.of("total", "month"),
            channels=choices.of(None, 30, 10),
        )

    def _offer(self, choices: Choices, *sources: str) -> tuple[str, str]:
        if choices.of(*sources) == "shown" and self._shown:
            shown = choices.of(*self._shown[-2:])
            return shown.provider, shown.offer_id
        family = choices.of(*(self._family,) * 12, *FAMILIES)
        kind = "of" if family == "voice" else family
        return choices.of("acme", "initech"), f"{kind}-{choices.of(1, 2, 3)}"

    def _revision(self, choices: Choices, provider: str, offer_id: str) -> int:
        last = self._revisions.get((provider, offer_id), 0)
        revision = choices.of(last + 1, last + 1, last + 1, last + 1, max(1, last), 2)
        self._revisions[provider, offer_id] = max(last, revision)
        return revision

    def _effective_at(self, choices: Choices) -> int | None:
        ahead_ms: int | None = choices.mostly(
            *(None, 1000, 2000, 10_000, 9_999, 5_000, 4_999),
            *(30_000, -1000, DAY_MS, 366 * DAY_MS, 366 * DAY_MS + 1),
        )
        if ahead_ms is None:
            return None
        self._due = [*self._due[-20:], self.now_ms + ahead_ms]
        return self.now_ms + ahead_ms

    def _publish(self, choices: Choices) -> AnyCommand:
        self._family = choices.of(*(self._family,) * 8, *FAMILIES)
        provider, offer_id = self._offer(choices, "any", "shown")
        currency = choices.mostly("EUR", "USD", "USD", "GBP")
        service = offered(choices, self._family)
        before = self._published.get((provider, offer_id))
        shown = self._shown[-1:] and self._published.get(
            (self._shown[-1].provider, self._shown[-1].offer_id)
        )
        how = choices.of("anew", "repriced", "anew", "apart")
        if how == "repriced" and before:
            service, currency = repriced(choices, before.service), before.currency
        elif how == "apart" and shown:
            service, provider = priced_apart(choices, shown.service), shown.participant
        command = self._commands.offer(
            offer_id,
            self._revision(choices, provider, offer_id),
            service,
            provider=provider,
            currency=currency,
            effective_at_ms=self._effective_at(choices),
            firmness=choices.mostly("firm", "budgetary", "firm_subject_to_feasibility"),
            pool=choices.of(None, None, None, "pool-1", "pool-1", "pool-2"),
            audience=choices.mostly(None, ("globex",), ("globex", "hooli")),
        )
        self._published[provider, offer_id] = command
        return command

    def _schedule(self, choices: Choices) -> AnyCommand:
        """Publish behind what is to come, so that schedules grow until they are full."""
        due_ms = max((*self._due, self.now_ms)) + 1000
        self._due.append(due_ms)
        revision = self._revision(Choices(0), "acme", "of-1")
        service = offered(choices, self._family)
        return self._commands.offer("of-1", revision, service, effective_at_ms=due_ms)

    def _withdraw(self, choices: Choices) -> AnyCommand:
        provider, offer_id = self._offer(choices, "shown", "any")
        return self._commands.withdraw(
            offer_id,
            self._revision(choices, provider, offer_id),
            provider=provider,
            effective_at_ms=self._effective_at(choices),
        )
