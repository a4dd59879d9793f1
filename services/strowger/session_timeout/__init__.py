"""The session-timeout processor: makes time pass in quiet markets. It decides nothing."""
