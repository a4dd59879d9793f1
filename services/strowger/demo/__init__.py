"""The demo: the whole exchange on one machine, played scene by scene on real destinations."""
