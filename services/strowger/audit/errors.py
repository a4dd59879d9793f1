"""Why an audit cannot be made; each message says what to do."""


class AuditError(Exception):
    """What there is cannot be audited; nothing is said of whether it is right."""


class TopicsMissing(AuditError):
    """There is no exchange's log on this broker."""


class LogCut(AuditError):
    """Retention deleted the beginning of what the audit needs."""


class LogMadeAnew(AuditError):
    """The log ends before what was decided of it, or has a gap: it is not the log that decided."""


class TransactionOpen(AuditError):
    """A transaction stays open, and nobody can read past it."""


class CheckpointUnusable(AuditError):
    """A checkpoint's file is damaged, of another release, or not of this log."""


class ReleaseTooOld(AuditError):
    """A newer release has written what this one does not know: audit with that release."""
