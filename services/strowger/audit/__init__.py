"""The audit: decide `market-log` again, and hold everything that was recorded against it."""
