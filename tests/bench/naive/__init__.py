"""The exchange written the obvious way on Faust, by its agents and tables."""
