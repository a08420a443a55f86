"""Word lists, kinds of names, and how two names relate."""
