"""Strowger: an exchange for telecom services on Apache Kafka."""

__version__ = "0.1.0"
