"""Bugs to plant in the exchange, each of which the checker must see by what the exchange does."""
