"""Time and memory of whole runs, over growing corpora and beside peers."""
