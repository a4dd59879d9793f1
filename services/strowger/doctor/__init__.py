"""The doctor: look at a whole exchange from outside, and say what is wrong and what to do."""
