# noqa: INP001 - a script that whoever runs the compose file calls once
"""Print fresh passwords for docker-compose.yml: `(umask 077; python deploy/passwords.py > .env)`.

They are of the two users that Kafka has from the start: itself, and who makes all others.
"""

import secrets
import sys

for name in ("STROWGER_BROKER_PASSWORD", "STROWGER_ROOT_PASSWORD"):
    sys.stdout.write(f"{name}={secrets.token_urlsafe(32)}\n")
