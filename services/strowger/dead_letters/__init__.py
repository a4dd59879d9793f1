"""Dead letters for the operator: read, replayed once in the order they came, dropped."""
