"""A document as stripping sees it: tokens, units, phrases, and cutting it."""
