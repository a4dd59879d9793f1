"""The ledger: what was decided, in SQLite, for people, the portal and auditors to query."""
