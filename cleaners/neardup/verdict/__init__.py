"""Pairs measured and judged, clusters put together."""
