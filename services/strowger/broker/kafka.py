"""Kafka's own programs, run by the Java that came as a wheel."""

import base64
import os
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from strowger.broker import jars
from strowger.broker.errors import BrokerDied

_JVM: Final = (
    "-XX:+UseSerialGC",
    # The first compiler only: measured, it starts a fifth sooner with a third less processor time,
    # and a broker that writes 300,000 records is no slower for it.
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
)


def java(cache_dir: Path, *, repository: str | None, heap_mb: int) -> list[str]:
    """Give the command that runs a class of Kafka's, all but the class; see `jars` for errors."""
    found = jars.class_path(cache_dir, repository=repository)
    path = os.pathsep.join(str(jar) for jar in found)
    return [str(jars.java()), f"-Xmx{heap_mb}m", *_JVM, "-cp", path]


def fresh_cluster_id() -> str:
    """Make an id for a new cluster."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def format_store(java: Sequence[str], store: Path, properties: Path, cluster_id: str) -> None:
    """Make a store ready for its first start; one that was is left alone.

    Raises:
        BrokerDied: it could not be.
    """
    if (store / "meta.properties").exists():
        return
    done = subprocess.run(  # noqa: S603 - the command is ours, and no shell reads it
        [
            *java,
            "kafka.tools.StorageTool",
            "format",
            # With `=`, since an id may begin with a dash.
            f"--cluster-id={cluster_id}",
            "--config",
            str(properties),
        ],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        raise BrokerDied(f"{store} could not be made ready:\n{done.stdout}")
