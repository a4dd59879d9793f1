"""The tests; a package, since one of our libraries installs a package of this name too."""
