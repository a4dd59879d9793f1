"""The one embedded broker of a test run, and the settings that point at it."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from strowger.broker import authorisation
from strowger.broker.embedded import EmbeddedBroker
from strowger.settings import PREFIX, Settings

# No deadline an example: on two busy cores it would judge the machine. Imported here and not at
# the first use for another reason as well: CPython 3.11 can fail with a SystemError when garbage
# collection formats a traceback while a module is being parsed, and late imports meet that.
hypothesis.settings.register_profile("strowger", deadline=None, print_blob=True)
hypothesis.settings.load_profile("strowger")

_WITH_A_BROKER = ("integration", "e2e", "faults")
_THE_RUNS_OWN = frozenset({"broker", "exchange"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests on the run's broker in one process, and those that start their own in another.

    So there is one broker a run, one exchange on it, and one more beside it at the most. Where
    tests run in several processes, everything else runs between these.
    """
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] in _WITH_A_BROKER:
            shares = not _THE_RUNS_OWN.isdisjoint(getattr(item, "fixturenames", ()))
            item.add_marker(pytest.mark.xdist_group("broker" if shares else "own-broker"))


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    """Keep the developer's own `STROWGER_*` out of every test, save where the jars are kept.

    What is not about who sends is tested unsigned; a test that is about it, and the exchange as its
    users meet it, ask for authentication.
    """
    kept = {f"{PREFIX}CACHE_DIR", f"{PREFIX}MAVEN_REPOSITORY"}
    with pytest.MonkeyPatch.context() as patch:
        for key in list(os.environ):
            if key.upper().startswith(PREFIX) and key not in kept:
                patch.delenv(key)
        patch.setenv(f"{PREFIX}AUTHENTICATION", "off")
        yield


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """Give the run's home, and remove it at the end; pytest would keep those of three runs."""
    with tempfile.TemporaryDirectory(prefix="strowger-test-") as path:
        yield Path(path)


@pytest.fixture(scope="session")
def broker(home: Path, _no_settings_from_outside: None) -> Iterator[EmbeddedBroker]:
    """Start the run's broker at the first test that wants it; stop it whatever happens.

    The jars stay in the user's own cache, so that a run does not fetch them again.
    """
    embedded = EmbeddedBroker.from_settings(Settings(home=home))
    embedded.start(wipe=True)
    try:
        yield embedded
    finally:
        embedded.stop()


@pytest.fixture(scope="session")
def bootstrap(broker: EmbeddedBroker) -> str:
    """Give the broker's address, met as its root; topics on it are unique to each test."""
    return broker.as_root()


@pytest.fixture(scope="session")
def settings(home: Path, bootstrap: str) -> Settings:
    """Give the settings of an exchange on the run's broker, each service with its own rights."""
    settings = Settings(home=home, bootstrap=bootstrap)
    asyncio.run(authorisation.apply(bootstrap, settings.secrets_dir))
    return settings
