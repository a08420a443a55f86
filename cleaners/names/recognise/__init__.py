"""Names found in running text."""
