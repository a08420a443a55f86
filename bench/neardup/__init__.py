"""Near-duplicates measured: a corpus with known copies, the peers, the comparison."""
