"""The whole exchange in one process: the real services over a simulated log and clock."""
