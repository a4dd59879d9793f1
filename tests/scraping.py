"""Read a page of metrics as a scraper does."""

import math

from prometheus_client.parser import text_string_to_metric_families


def samples(page: str, name: str, **labels: str) -> list[float]:
    """Give the values of the samples of this name that have these labels, among others."""
    return [
        sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]


def value(page: str, name: str, *, default: float = math.nan, **labels: str) -> float:
    """Give what the samples of this name with these labels add up to.

    Raises:
        AssertionError: there are none, and no default.
    """
    found = samples(page, name, **labels)
    if not found and not math.isnan(default):
        return default
    assert found, f"no {name} with {labels}"
    return sum(found)
