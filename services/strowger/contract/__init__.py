"""What crosses the wire: events, envelope, topics, refusals. Imports nothing else of ours."""
