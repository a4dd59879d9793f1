"""Fuzzing of what parses a participant's bytes."""
