"""Decides a long script in a process of its own: prints a digest of every byte that came out.

Run as `python -m tests.property.replay SEED STEPS`.
"""

import sys
from hashlib import blake2b

from strowger.market.entities import encode, encode_key
from strowger.market.markets import Markets
from tests.property.script_director import Director
from tests.property.scripts import long_script


def replay(seed: int, steps: int) -> str:
    """Digest the decisions on one long script, and the table that they leave, as 32 digits."""
    markets, director = Markets(), Director()
    digest = blake2b(digest_size=16)
    for offset, step in enumerate(long_script(seed, steps)):
        command, at_ms = director.direct(step)
        decisions = markets.apply(command, at_ms, offset)
        director.heard(decisions)
        for decision in decisions:
            digest.update(decision.model_dump_json().encode())
        for told in markets.drain_feed():
            digest.update(encode_key(told.key))
            digest.update(told.event.model_dump_json().encode() if told.event else b"")
    for key, value in sorted((encode_key(key), encode(row)) for key, row in markets.dump()):
        digest.update(key + value)
    return digest.hexdigest()


if __name__ == "__main__":
    sys.stdout.write(replay(int(sys.argv[1]), int(sys.argv[2])))
