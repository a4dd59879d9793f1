"""Why a ledger's file cannot be used; each message says what to do."""


class LedgerError(Exception):
    """The ledger's file, or what it holds, cannot be used."""


class LedgerMissing(LedgerError):
    """There is no ledger in that place."""


class SchemaTooNew(LedgerError):
    """A newer release wrote the file."""


class SchemaTooOld(LedgerError):
    """An older release wrote the file, and only the ledger service may migrate it."""


class NotInLedger(LedgerError):
    """The ledger has nothing of what was asked for."""


class SeveralOfThem(LedgerError):
    """What was asked for is in the ledger more than once: of several markets or participants."""


class AheadOfTopic(LedgerError):
    """The ledger has read further than `decisions` goes: the topic was made anew."""


class OtherTopic(LedgerError):
    """The ledger's last decision is not the one that `decisions` has in its place."""


class DecisionsGone(LedgerError):
    """Retention deleted decisions that the ledger has not read."""


class LedgerDamaged(LedgerError):
    """SQLite cannot make sense of the file."""


class LedgerInUse(LedgerError):
    """The ledger service, or a reader, holds the file that was to be replaced."""


class LogBeginsLater(LedgerError):
    """What `decisions` has begins after its first record: a ledger can't be made of it alone."""


class BackupExists(LedgerError):
    """There is a file already where a back-up was to be written."""
