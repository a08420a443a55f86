"""A snapshot on disk and in a bucket."""
