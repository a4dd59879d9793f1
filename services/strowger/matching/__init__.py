"""Matching: one process owns a partition of `market-log` and decides everything in it, in order."""
