"""How long to look: `bounded` by default; `--hypothesis-profile=thorough` for hours of machines."""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "bounded",
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", settings.get_profile("bounded"), max_examples=5000)


def pytest_configure(config: pytest.Config) -> None:
    """Take the bounded profile unless another is asked for."""
    if not config.getoption("--hypothesis-profile"):
        settings.load_profile("bounded")
