"""Pairs measured and judged, stories put together."""
