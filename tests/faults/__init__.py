"""Real faults on real processes: three brokers, the whole exchange, and what is done to both."""
