"""Parts a, c and d: let one process after another read what stands in the topics."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from strowger import keys
from strowger.broker.access import Bootstrap, access_of
from strowger.settings import Settings
from tests.bench.path.exchange import BUYER
from tests.bench.path.ratios import Line, Lines
from tests.bench.path.work import PASSWORD, Job

_ROOT: Final = Path(__file__).parents[3]
_PEERS: Final = _ROOT / ".venv-peers" / "bin" / "python"
_OURS: Final = Path(sys.executable)
_WORKER: Final = ("worker", _OURS)
_MODULES: Final = {
    "faststream": ("peer_faststream", _PEERS),
    "quix": ("peer_quix", _PEERS),
    "faust": ("peer_faust", _OURS),
}
_WORKER_SECONDS: Final = 1200


class Loops:
    """Starts one worker after another on what stands in the topics."""

    def __init__(self, settings: Settings, root: Bootstrap) -> None:
        self._settings = settings
        self._root = root
        self._started = 0

    def alternate(
        self, kinds: Sequence[str], records: int, half: str = "matching", *, signed: bool = True
    ) -> Lines:
        """Run every kind once in the order given, and once in the other."""
        lines: Lines = {kind: [] for kind in kinds}
        for kind in (*kinds, *reversed(kinds)):
            lines[kind].append(self.run(kind, records, half, signed=signed))
        return lines

    def run(self, kind: str, records: int, half: str = "matching", *, signed: bool = True) -> Line:
        """Run one worker in a process and a consumer group of its own; give what it measured."""
        self._started += 1
        user = access_of(self._root).credentials
        if user is None:
            raise TypeError("the broker is met without a user")
        key = keys.kept(self._settings.keys_dir, BUYER)
        job = Job(
            kind,
            half,
            str(self._root),
            user.username,
            f"bench-{kind}-{self._started}",
            records,
            BUYER,
            key.public.x if signed and key is not None else None,
        )
        module, python = _MODULES.get(kind, _WORKER)
        # Faust and Quix Streams leave directories where they are started.
        with tempfile.TemporaryDirectory(prefix="strowger-") as folder:
            done = subprocess.run(  # noqa: S603 - our own module
                [python, "-m", f"tests.bench.path.{module}", json.dumps(asdict(job))],
                cwd=folder,
                env={
                    **os.environ,
                    PASSWORD: user.password.get_secret_value(),
                    "PYTHONPATH": f"{_ROOT / 'services'}{os.pathsep}{_ROOT}",
                    "PYTHONWARNINGS": "ignore",
                },
                stdout=subprocess.PIPE,
                timeout=_WORKER_SECONDS,
                check=True,
            )
        told: Line = json.loads(done.stdout.splitlines()[-1])
        sys.stderr.write(f"... {half}, {kind}: {told}\n")
        return told
