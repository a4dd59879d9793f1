"""Places: a country, a metro in it, a site in that, as `GB/LON/thn2` tells them."""


def and_around(place: str) -> list[str]:
    """Give a place and those it lies in, the most exact first: `GB/LON`, `GB`."""
    parts = place.split("/")
    return ["/".join(parts[:level]) for level in range(len(parts), 0, -1)]
