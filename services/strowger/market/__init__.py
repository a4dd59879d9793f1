"""The pure core: offers, sessions, matching, policies. No I/O, no clock, no asyncio."""
