"""One gateway an inbound topic: validate, authenticate, normalise, or dead-letter."""
