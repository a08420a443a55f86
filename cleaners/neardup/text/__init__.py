"""Texts to folded words and shingles."""
