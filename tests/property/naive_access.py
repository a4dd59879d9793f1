"""What the operator of the naive market takes from whom, in every market alike."""

from strowger.contract import commands as said
from tests.property.naive_grounds import NaiveGrounds
from tests.property.naive_rows import Told
from tests.property.naive_words import Facts, instant


class NaiveAccess(NaiveGrounds):
    """Keys revoked, participants barred."""

    def _control_access(self, command: said.ControlAccess, at_ms: int) -> Told:
        facts: Facts = {
            "market": "exchange",
            "causation_id": command.causation_id,
            "at": instant(at_ms),
        }
        before = dict(self.revoked), dict(self.barred)
        refusal = self._change_access(command)
        if refusal is not None:
            subject = f"access {command.subject}"
            facts |= {"type": "event-refused", "refusal": refusal, "retry": False}
            facts |= {"subject": subject}
        else:
            coming = command.from_ms > at_ms
            facts |= {"type": "access-controlled", "action": command.action}
            facts |= {"subject": command.subject}
            facts |= {"effective_at": instant(command.from_ms) if coming else None}
        repeat = refusal is None and before == (self.revoked, self.barred)
        sender, at = command.participant, instant(at_ms)
        return Told(facts, None, sender, "control-access", "answer", repeat, at, 0, [])

    def _change_access(self, command: said.ControlAccess) -> str | None:
        if command.participant != said.OPERATOR:
            return "not_allowed"
        match command.action:
            case "revoke":
                standing = self.revoked.get(command.subject)
                if standing is None or command.from_ms < standing[0]:
                    self.revoked[command.subject] = (command.from_ms, self.place)
            case "suspend":
                self.barred.setdefault(command.subject, self.place)
            case "readmit":
                self.barred.pop(command.subject, None)
            case _:
                return "malformed"
        return None
