"""What services tell of themselves: metrics, health, spans. Nothing here decides anything."""
