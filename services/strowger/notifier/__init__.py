"""Answers and notices, from `decisions` into each participant's inbox."""
